"""The loopback server sends exactly what it was told to, and notices what the client does."""

from __future__ import annotations

import gc
import itertools
import socket
import threading
import time
import warnings
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from .messages import Answer, End, Framing, Interim, Write
from .server import LoopbackServer

AB = (Write(b"alpha"), Write("bêta".encode(), 0.02))
ALL = b"alpha" + "bêta".encode()
REQUEST = b"POST /v1/x?y=1 HTTP/1.1\r\nhost: t\r\ncontent-length: 2\r\n\r\n{}"
CHUNKS = b"5\r\nalpha\r\n5\r\nb\xc3\xaata\r\n"


def serve(**answer: object) -> LoopbackServer:
    """A server that always gives this answer."""
    given = Answer(**({"body": AB} | answer))  # type: ignore[arg-type]
    return LoopbackServer(lambda _: given)


def dial(server: LoopbackServer, data: bytes = REQUEST) -> socket.socket:
    """A connected client socket that has sent `data`."""
    address = urlsplit(server.url)
    sock = socket.create_connection((address.hostname, address.port), timeout=2)
    sock.sendall(data)
    return sock


def read_to_end(sock: socket.socket) -> tuple[bytes, str]:
    """Everything until the connection ends, and how it ended."""
    data = b""
    try:
        while piece := sock.recv(65536):
            data += piece
    except ConnectionResetError:
        return data, "reset"
    except TimeoutError:
        return data, "silence"
    return data, "eof"


def raw(server: LoopbackServer, timeout: float = 2.0) -> tuple[bytes, bytes, str]:
    """Head, body as framed, and the ending, as a plain socket sees them."""
    with dial(server) as sock:
        sock.settimeout(timeout)
        data, end = read_to_end(sock)
    head, _, body = data.partition(b"\r\n\r\n")
    return head, body, end


def patience(end: End) -> float:
    """Seconds to wait for bytes: few, where silence is what is expected."""
    return 0.15 if end == "stall" else 2.0


CLOSING = (("connection", "close"),)


@pytest.mark.parametrize(
    ("framing", "end", "body", "how"),
    [
        ("chunked", "clean", CHUNKS + b"0\r\n\r\n", "eof"),
        ("chunked", "no_terminator", CHUNKS, "eof"),
        ("chunked", "close", CHUNKS + b"1\r\n", "eof"),
        ("chunked", "reset", CHUNKS, "reset"),
        ("chunked", "stall", CHUNKS, "silence"),
        ("length", "clean", ALL, "eof"),
        ("length", "close", ALL, "eof"),
        ("length", "reset", ALL, "reset"),
        ("length", "stall", ALL, "silence"),
        ("close", "clean", ALL, "eof"),
        ("close", "reset", ALL, "reset"),
        ("close", "stall", ALL, "silence"),
    ],
)
def test_framing_and_end_as_a_socket_sees_them(
    framing: Framing, end: End, body: bytes, how: str
) -> None:
    """Each framing and end must put these very bytes, and this ending, on the wire."""
    headers = () if framing == "close" else CLOSING
    with serve(framing=framing, end=end, headers=headers) as server:
        head, got, ending = raw(server, timeout=patience(end))
    assert head.startswith(b"HTTP/1.1 200 OK")
    assert (got, ending) == (body, how)


@pytest.mark.parametrize(
    ("framing", "end", "error"),
    [
        ("chunked", "clean", None),
        ("chunked", "no_terminator", httpx.RemoteProtocolError),
        ("chunked", "close", httpx.RemoteProtocolError),
        ("chunked", "reset", httpx.ReadError),
        ("chunked", "stall", httpx.ReadTimeout),
        ("length", "clean", None),
        ("length", "close", httpx.RemoteProtocolError),
        ("length", "reset", httpx.ReadError),
        ("length", "stall", httpx.ReadTimeout),
        ("close", "clean", None),
        ("close", "reset", httpx.ReadError),
        ("close", "stall", httpx.ReadTimeout),
    ],
)
def test_framing_and_end_as_httpx_sees_them(
    framing: Framing, end: End, error: type[Exception] | None
) -> None:
    """httpx must get the whole body first, and then the failure that belongs to the end."""
    got = b""
    with (
        serve(framing=framing, end=end) as server,
        httpx.Client(verify=False, trust_env=False, timeout=patience(end)) as client,
        client.stream("POST", server.url) as response,
    ):
        pieces = response.iter_raw()
        while len(got) < len(ALL):
            got += next(pieces)
        if error is None:
            assert list(pieces) == []
        else:
            with pytest.raises(error):
                next(pieces)
    assert got == ALL


def test_writes_arrive_apart() -> None:
    """Each write must be its own piece, and come no sooner than it was told to."""
    writes = (Write(b"one"), Write(b"two", 0.08), Write(b"three", 0.08))
    with serve(body=writes, framing="close") as server, dial(server) as sock:
        start = time.monotonic()
        assert sock.recv(65536).endswith((b"\r\n\r\n", b"one"))
        pieces = []
        while piece := sock.recv(65536):
            pieces.append(piece)
    assert pieces[-2:] == [b"two", b"three"]
    assert time.monotonic() - start >= 0.15


def test_requests_are_kept() -> None:
    """The server must keep method, target, headers and body of each request, sized or chunked."""
    with serve() as server, httpx.Client(verify=False, trust_env=False) as client:
        client.post(f"{server.url}/a/b?c=d", json={"é": 1}, headers={"X-Mark": "m"})
        client.put(server.url, content=iter([b"[1,", b"2]"]))
        first, second = server.requests
    assert (first.method, first.target, first.path) == ("POST", "/a/b?c=d", "/a/b")
    assert (first.header("x-mark"), first.json) == ("m", {"é": 1})
    assert (second.method, second.json, second.header("absent")) == ("PUT", [1, 2], None)


def test_connection_is_reused() -> None:
    """Clean ends of a counted and of a chunked body must leave the connection usable."""
    answers = itertools.cycle([Answer(body=AB), Answer(body=AB, framing="length")])
    with (
        LoopbackServer(lambda _: next(answers)) as server,
        httpx.Client(verify=False, trust_env=False) as client,
    ):
        assert [client.post(server.url).content for _ in range(4)] == [ALL] * 4
        assert (server.connections, server.open_connections) == (1, 1)
        assert {request.connection for request in server.requests} == {1}


def test_unannounced_hang_up() -> None:
    """With `hang_up` the answer must be whole and the connection gone before the next request."""
    with (
        serve(hang_up=True) as server,
        httpx.Client(verify=False, trust_env=False) as client,
    ):
        assert client.post(server.url).content == ALL
        assert server.wait_for(lambda: server.open_connections == 0)
        assert client.post(server.url).content == ALL
        assert server.connections == 2


def test_client_left_while_the_server_waits() -> None:
    """An early close must stop generation at once, and say after how many bytes and seconds."""
    with (
        serve(body=(Write(b"first"), Write(b"never", 30.0))) as server,
        httpx.Client(verify=False, trust_env=False) as client,
    ):
        with client.stream("POST", server.url) as response:
            assert next(response.iter_raw()) == b"first"
        assert server.wait_for(lambda: server.exchanges[0].over)
        left = server.exchanges[0].client_left_after
    assert left is not None
    assert (left.bytes, left.seconds < 2) == (5, True)


def test_client_left_while_the_server_writes() -> None:
    """A server that never pauses must notice too, even inside an endless body."""

    def endless() -> Iterator[Write]:
        while True:
            yield Write(b"x" * 4096)

    with LoopbackServer(lambda _: Answer(body=endless())) as server:
        with dial(server) as sock:
            sock.recv(4096)
        assert server.wait_for(lambda: server.exchanges[0].over)
        assert server.exchanges[0].client_left_after is not None


def test_client_that_stays_did_not_leave() -> None:
    """A stream read to its end, and one that the server gave up, must not count as left."""
    with serve() as server, httpx.Client(verify=False, trust_env=False) as client:
        client.post(server.url)
        exchange = server.exchanges[0]
        assert server.wait_for(lambda: exchange.over)
        assert (exchange.client_left_after, exchange.sent, exchange.writes) == (None, len(ALL), 2)
    with serve(end="stall") as server, dial(server):
        assert server.wait_for(lambda: bool(server.exchanges))
    assert server.exchanges[0].client_left_after is None


def test_interim_and_trailers_and_late_terminator() -> None:
    """103 before, trailers after and a pause before the terminator must show on the wire."""
    options = {
        "interim": (Interim(headers=(("link", "</x>"),)),),
        "trailers": (("x-check", "7"),),
        "terminator_after": 0.05,
        "headers": CLOSING,
    }
    with serve(**options) as server:
        start = time.monotonic()
        first, rest, end = raw(server)
        assert time.monotonic() - start >= 0.07
    assert first == b"HTTP/1.1 103 Early Hints\r\nlink: </x>"
    assert rest.startswith(b"HTTP/1.1 200 OK\r\n")
    assert (rest.endswith(b"0\r\nx-check: 7\r\n\r\n"), end) == (True, "eof")


def test_lying_length_and_last_words() -> None:
    """A content-length may lie, and bytes may follow that no framing allows."""
    with serve(framing="length", length=99999, end="close") as server:
        head, body, _ = raw(server)
        assert (b"content-length: 99999" in head, body) == (True, ALL)
    with serve(end="stall", last_words=b"1f") as server:
        assert raw(server, timeout=0.1)[1:] == (CHUNKS + b"1f", "silence")


@pytest.mark.parametrize(("end", "how"), [("clean", "eof"), ("reset", "reset")])
def test_no_head_at_all(end: End, how: str) -> None:
    """With `head=False` nothing must be said before the connection ends."""
    with serve(head=False, end=end) as server:
        assert raw(server) == (b"", b"", how)


def test_late_head_and_odd_reason() -> None:
    """The status line may come late and say what it likes."""
    with serve(head_after=0.05, status=599, reason="Odd", headers=CLOSING) as server:
        start = time.monotonic()
        head, _, _ = raw(server)
    assert head.startswith(b"HTTP/1.1 599 Odd\r\n")
    assert time.monotonic() - start >= 0.05


def test_expect_continue() -> None:
    """A client that asks first must be told to go on."""
    asking = REQUEST.replace(b"host: t", b"expect: 100-continue")
    with serve(headers=CLOSING) as server, dial(server, asking) as sock:
        assert read_to_end(sock)[0].startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200")


def test_pipelined_requests() -> None:
    """Two requests sent at once must get two answers, with their pauses, on one connection."""
    last = REQUEST.replace(b"host: t", b"connection: close")
    with serve(framing="length") as server, dial(server, REQUEST + last) as sock:
        data, end = read_to_end(sock)
        assert (data.count(ALL), end) == (2, "eof")
        assert server.connections == 1


def test_nothing_is_left_behind() -> None:
    """Leaving the block must join every thread and close every socket, streams running or not."""
    before = set(threading.enumerate())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with serve(end="stall") as server:
            socks = [dial(server), dial(server), dial(server, b"")]
            assert server.wait_for(lambda: server.open_connections == 3)
        for sock in socks:
            sock.close()
        gc.collect()
    assert set(threading.enumerate()) == before
    assert server.open_connections == 0


def test_failing_handler_fails_the_test() -> None:
    """What a handler raises must come out of the `with` block."""

    def handler(_: object) -> Answer:
        raise LookupError("no such scenario")

    with (
        pytest.raises(LookupError, match="no such scenario"),
        LoopbackServer(handler) as server,
    ):
        assert raw(server)[2] == "eof"


def test_endless_body_cannot_be_counted() -> None:
    """Asking for a content-length of an endless body must be an error, not a hang."""
    with pytest.raises(TypeError, match="counts the body"):
        Answer(body=iter(AB), framing="length").head_bytes()
