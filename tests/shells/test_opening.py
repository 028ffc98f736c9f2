"""What goes wrong before a stream begins raises where it is opened, typed, without the key."""

from __future__ import annotations

import gc
import gzip
import json
import socket
import time
import traceback
import warnings
from dataclasses import replace
from typing import Any

import anyio
import httpx
import httpx2
import pytest

import reqllm
from tests.loopback.messages import Answer, Request, Write
from tests.loopback.problems import PROBLEMS
from tests.loopback.provider import KEY
from tests.loopback.server import LoopbackServer

from .answers import HELLO, SSE, always
from .watching import nothing_left
from .ways import LOOPS, Way, everywhere, on_each_loop, on_event_loops

WIRES = {"openai": "openai-chat", "anthropic": "anthropic-messages"}
KINDS = {
    "400": reqllm.InvalidRequestError,
    "401": reqllm.AuthenticationError,
    "403": reqllm.PermissionDeniedError,
    "404": reqllm.NotFoundError,
    "413": reqllm.InvalidRequestError,
    "422": reqllm.InvalidRequestError,
    "429": reqllm.RateLimitError,
    "500": reqllm.ServerError,
    "503": reqllm.OverloadedError,
    "529": reqllm.OverloadedError,
}


async def refusal(way: Way, server: LoopbackServer | None, model: str, **options: Any) -> Any:
    """The error that opening this stream raises."""
    async with way.client(server, **options) as client:
        with pytest.raises(reqllm.ReqLLMError) as caught:
            await way.start(client, model)
    return caught.value


async def failure(way: Way, server: LoopbackServer, model: str, **options: Any) -> Any:
    """The error that opening or else reading this stream raises, and what was read before."""
    async with way.client(server, **options) as client:
        with pytest.raises(reqllm.ReqLLMError) as caught:
            await (await way.start(client, model)).text()
    return caught.value


# Error statuses.
@pytest.mark.parametrize("status", KINDS)
@pytest.mark.parametrize("provider", WIRES)
@on_each_loop
async def test_statuses(way: Way, server: LoopbackServer, provider: str, status: str) -> None:
    """An error status must raise its type, with the provider's own words and request id."""
    error = await refusal(way, server, f"{provider}:error-{status}")
    problem = PROBLEMS[WIRES[provider]][status]
    assert type(error) is KINDS[status]
    assert (error.status, error.http_status) == (int(status), int(status))
    assert problem.message in str(error)
    assert (error.type, error.code) == (problem.kind, problem.code)
    sent = dict(server.exchanges[-1].answer.headers)
    assert error.request_id == (sent.get("request-id") or sent["x-request-id"])
    assert (error.partial, error.before_first_chunk) == (None, True)
    if status == "429":
        assert error.retry_after == (0.025 if provider == "openai" else 1)


@on_each_loop
async def test_spent_quota(way: Way, server: LoopbackServer) -> None:
    """A spent account must not look like a rate limit that passes."""
    error = await refusal(way, server, "openai:error-429-quota", max_retries=3)
    assert (type(error), error.retryable) == (reqllm.QuotaExceededError, False)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("model", "status", "said"),
    [
        ("openai:fault-empty_500", 500, "no message came with it"),
        ("openai:fault-html_502", 502, "a page of HTML, titled '502 Bad Gateway' (502)"),
        ("openai:fault-sse_error", 500, "The server had an error"),
        ("anthropic:fault-sse_error", 500, "Internal server error"),
    ],
)
@on_each_loop
async def test_odd_error_bodies(
    way: Way, server: LoopbackServer, model: str, status: int, said: str
) -> None:
    """An error status must raise whatever its body is: nothing, a page, an event stream."""
    error = await refusal(way, server, model)
    assert (type(error), error.status) == (reqllm.ServerError, status)
    assert said in str(error)


@everywhere
async def test_error_bodies_that_drip(way: Way) -> None:
    """An error body that comes a byte at a time must be waited for no longer than for a head."""
    at_once = always(b'{"error":{"message":"slow"}}', "application/json", status=500)

    def drip(request: Request) -> Answer:
        answer = at_once(request)
        return replace(answer, framing="chunked", body=(*answer.body, *[Write(b" ", 0.05)] * 300))

    with LoopbackServer(drip) as server:
        begun = time.monotonic()
        error = await refusal(way, server, "openai:text", timeout=0.2)
    assert "slow" in str(error)
    assert time.monotonic() - begun < 3


@pytest.mark.parametrize("end", ["clean", "stall", "reset", "close"])
@everywhere
async def test_error_bodies_without_end(way: Way, end: str) -> None:
    """An error body that is huge, stops or breaks must raise by its status, and leave nothing."""
    body = b'{"error":{"message":"big"}}' + b" " * (200_000 if end == "clean" else 10)
    handler = always(body, "application/json", status=500, framing="chunked", end=end)
    with LoopbackServer(handler) as server:
        library_client = way.http()
        client = way.made(
            base_url=server.url,
            api_key=KEY,
            http_client=library_client,
            max_retries=0,
            timeout=0.3 if end == "stall" else 5,
        )
        async with nothing_left(way, library_client):
            with pytest.raises(reqllm.ServerError, match="big") as caught:
                await way.start(client, "openai:text")
            await way.until(lambda: server.open_connections == 0)
        assert caught.value.status == 500
        await way.end(library_client)


# Status 200, and no stream.
PLAIN = "expected an event stream of the wire openai-chat, got "


@pytest.mark.parametrize(
    ("handler", "kind", "said"),
    [
        (always(b'{"error":{"message":"quota exceeded","code":429}}', "application/json"),
         reqllm.RateLimitError, "quota exceeded"),
        (always(b'\n \n{"error":{"message":"late","type":"server_error"}}', ""),
         reqllm.ServerError, "late"),
        (always(b"<html><title>Sign in</title></html>", "text/html"),
         reqllm.NotAStreamError, PLAIN + "HTML beginning with '<html><title>Sign in"),
        (always(gzip.compress(HELLO), "application/octet-stream"),
         reqllm.NotAStreamError, PLAIN + "gzip data"),
        (always(b"", "application/json"), reqllm.EmptyStreamError, "the body was empty"),
        (always(b"", ""), reqllm.EmptyStreamError, "the body was empty"),
        (always(b'{"hello":"world"}', "application/json"), reqllm.NotAStreamError, PLAIN),
        (always(b'{"error":', "application/json"), reqllm.NotAStreamError, PLAIN),
    ],
)  # fmt: skip
@on_each_loop
async def test_ok_and_no_stream(way: Way, handler: Any, kind: type, said: str) -> None:
    """A 200 whose body is no stream must raise where it is opened, and say what it is instead."""
    with LoopbackServer(handler) as server:
        error = await refusal(way, server, "openai:text")
        await way.until(lambda: server.exchanges[-1].over)
    assert type(error) is kind
    assert said in str(error)
    assert error.before_first_chunk


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"error":{"message":"no","code":401}}', reqllm.AuthenticationError),
        (b"Welcome to nginx!\n", reqllm.NotAStreamError),
        (b"<html></html>", reqllm.NotAStreamError),
        (gzip.compress(HELLO), reqllm.NotAStreamError),
        (b"", reqllm.EmptyStreamError),
        (b"data: [DONE]\n\n", reqllm.EmptyStreamError),
        (b": hello\n\n", reqllm.EmptyStreamError),
    ],
)
@on_each_loop
async def test_a_lie_about_the_type(way: Way, body: bytes, kind: type) -> None:
    """A body that is only said to be an event stream must raise when it is read, the same."""
    with LoopbackServer(always(body)) as server:
        error = await failure(way, server, "openai:text")
    assert type(error) is kind


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/json", "application/x"])
@on_each_loop
async def test_a_stream_of_another_type(way: Way, content_type: str) -> None:
    """A stream under a wrong type must be read as the stream that it is."""
    with LoopbackServer(always(HELLO, content_type)) as server:
        async with way.client(server) as client, client.stream("openai:x", "Hi") as response:
            assert (await response.text(), response.state) == ("Hello", "complete")


@pytest.mark.parametrize("provider", WIRES)
@on_each_loop
async def test_a_server_that_does_not_stream(
    way: Way, server: LoopbackServer, provider: str
) -> None:
    """A whole answer must be read as one, with a warning that it was not streamed."""
    async with (
        way.client(server) as client,
        client.stream(f"{provider}:fault-json", "Hi") as response,
    ):
        chunks = [chunk async for chunk in response]
        assert await response.text() == "Hello! How can I help you today?"
        warned = [chunk.code for chunk in chunks if chunk.kind == "warning"]
        assert (response.state, warned) == ("complete", ["server_ignored_stream"])
        assert (await response.usage()).output_tokens


# Other statuses.
@pytest.mark.parametrize(("status", "body"), [(204, b""), (206, HELLO), (304, b"")])
@on_each_loop
async def test_success_of_another_kind(way: Way, status: int, body: bytes) -> None:
    """A status that is neither an error nor 200 must raise, once: trying again is no help."""
    with LoopbackServer(always(body, status=status)) as server:
        error = await refusal(way, server, "openai:text", max_retries=3)
        assert len(server.requests) == 1
    assert isinstance(error, reqllm.APIError)
    assert (error.http_status, error.retryable) == (status, False)
    assert str(error) == f"expected status 200 and a stream, got status {status}"


@pytest.mark.parametrize("provider", WIRES)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@on_each_loop
async def test_redirects(way: Way, provider: str, status: int) -> None:
    """A redirect must never be followed, even by an HTTP client that would: the key is at stake."""
    with LoopbackServer(always(HELLO)) as elsewhere:
        location = (("location", f"{elsewhere.url}/v1/elsewhere"),)
        page = b"<html><title>Moved</title></html>"
        with LoopbackServer(always(page, "text/html", status=status, headers=location)) as server:
            error = await refusal(way, server, f"{provider}:text", http={"follow_redirects": True})
        assert elsewhere.connections == 0
    assert (error.http_status, error.retryable) == (status, False)
    assert f"redirected by status {status} to '{elsewhere.url}/v1/elsewhere'" in str(error)


# No answer at all.
@everywhere
async def test_refused_connection(way: Way) -> None:
    """A refused connection must raise with its cause and the address that was tried."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and never listens; but nobody else gets the port
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        error = await refusal(way, None, "openai:text", base_url=url)
    assert (type(error), error.retryable, error.partial) == (reqllm.TransportError, True, None)
    assert isinstance(error.__cause__, way.library.ConnectError)
    assert f"could not reach {url}/v1/chat/completions (ConnectError" in str(error)


@pytest.mark.parametrize("model", ["openai:fault-no_head", "openai:fault-no_head_reset"])
@on_each_loop
async def test_hanging_up(way: Way, server: LoopbackServer, model: str) -> None:
    """A server that hangs up without a status line must be a failure of the network."""
    error = await refusal(way, server, model)
    assert type(error) is reqllm.TransportError
    assert isinstance(error.__cause__, way.library.TransportError)
    assert str(error).startswith("no answer came from http://127.0.0.1:")


@everywhere
async def test_no_head_in_time(way: Way, server: LoopbackServer) -> None:
    """A server that is silent from the start must be given up by the timeout that is named."""
    error = await refusal(way, server, "openai:fault-stall_head", timeout=0.05)
    assert str(error).startswith(f"no answer came from {server.url}/")
    assert "ReadTimeout after 0.05 s (timeout=0.05)" in str(error)


@everywhere
async def test_no_connection_in_time(way: Way, server: LoopbackServer) -> None:
    """A provider that cannot be reached must be given up by the timeout that is named."""

    def refuse(request: Any) -> Any:
        raise way.library.ConnectTimeout("", request=request)

    transport = {"transport": way.library.MockTransport(refuse)}
    error = await refusal(way, server, "openai:text", connect=0.5, http=transport)
    assert "ConnectTimeout after 0.5 s (connect=0.5)" in str(error)


@everywhere
async def test_no_room_in_the_pool(way: Way, server: LoopbackServer) -> None:
    """A call that waits for a connection of a full pool must be given up, and then fit."""
    limits = {"limits": way.library.Limits(max_connections=1)}
    async with way.client(server, http=limits, timeout=0.3) as client:
        async with client.stream("openai:fault-words", "Hi"):
            with pytest.raises(reqllm.TransportError, match=r"PoolTimeout .*timeout=0.3"):
                await way.start(client, "openai:text")
        async with client.stream("openai:text", "Hi") as response:
            assert await response.text()


# Nothing is sent.


@pytest.mark.parametrize(
    ("model", "context", "options", "kind", "said"),
    [
        ("nobody:m", "Hi", {}, reqllm.UnknownProviderError, "nobody"),
        ("openay:m", "Hi", {}, reqllm.UnknownProviderError, "Did you mean 'openai'"),
        ("openai:", "Hi", {}, reqllm.InvalidModelError, "model"),
        ("openai:text", [], {}, reqllm.InvalidContextError, "message"),
        ("openai:text", 7, {}, reqllm.InvalidContextError, "int"),
        ("openai:text", "Hi", {"tools": [{"name": "f"}]}, reqllm.InvalidToolError, "f"),
        ("openai:text", "Hi", {"temprature": 1}, reqllm.InvalidInputError, "temperature"),
        ("openai:text", "Hi", {"temperature": "hot"}, reqllm.InvalidInputError, "temperature"),
        ("openai:text", "Hi", {"timeout": 0}, reqllm.InvalidInputError, "timeout"),
        ("openai:text", "Hi", {"timeout": "3"}, reqllm.InvalidInputError, "timeout"),
        ("openai:text", "Hi", {"connect": -1}, reqllm.InvalidInputError, "connect"),
        ("openai:text", "Hi", {"on_malformed": "x"}, reqllm.InvalidInputError, "error, skip"),
        ("openai:text", "Hi", {"on_incomplete": "x"}, reqllm.InvalidInputError, "error, return"),
        ("openai:text", "Hi", {"max_event_bytes": 0}, reqllm.InvalidInputError, "max_event_bytes"),
        ("openai:text", "Hi", {"max_event_bytes": "1"}, reqllm.InvalidInputError, "max_event"),
        ("openai:text", "Hi", {"include_raw": "yes"}, reqllm.InvalidInputError, "include_raw"),
    ],
)
@on_each_loop
async def test_calls_that_are_not_sent(
    way: Way,
    server: LoopbackServer,
    model: str,
    context: Any,
    options: dict[str, Any],
    kind: type,
    said: str,
) -> None:
    """A call that cannot be right must raise its type before anything is sent."""
    async with way.client(server) as client:
        with pytest.raises(kind, match=said) as caught:
            await way.start(client, model, context, **options)
    assert isinstance(caught.value, ValueError)
    assert server.connections == 0


@on_each_loop
async def test_models_that_are_no_models(way: Way) -> None:
    """A model that is not written as "provider:model" must raise."""
    client = way.made(api_key=KEY)
    for model in ("gpt-5-mini", "", ":x", 7, None):
        with pytest.raises(reqllm.InvalidInputError):
            client.stream(model, "Hi")
    for wire in ("openai-chatt", "anthropic-messages"):
        with pytest.raises(reqllm.UnknownWireError):
            client.stream("openai:x", "Hi", wire=wire)


def other_kind(way: Way) -> Any:
    """A client of the same library, but async for sync code, and the other way round."""
    twin = way.library.AsyncClient if way.is_sync else way.library.Client
    return twin(verify=False, trust_env=False)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda way: {"first": 1.0}, "expected the timeouts connect, timeout, first_token"),
        (lambda way: {"timeout": -1}, "timeout in seconds"),
        (lambda way: {"max_retries": -1}, "max_retries"),
        (lambda way: {"max_retries": 1.5}, "max_retries"),
        (
            lambda way: {"max_retries": reqllm.Retries(first_delay=-1)},
            "first_delay in sec.* got -1",
        ),
        (lambda way: {"max_retries": reqllm.Retries(longest_asked="9")}, "longest_asked in sec"),
        (lambda way: {"http_client": way.http(), "transport": way.http()._transport}, "got both"),
        (lambda way: {"http_client": object()}, "client or transport of httpx or httpx2"),
        (lambda way: {"transport": json}, "client or transport of httpx or httpx2"),
        (lambda way: {"http_client": other_kind(way)}, "Client takes sync ones"),
        (lambda way: {"transport": other_kind(way)._transport}, "Client takes sync ones"),
        (lambda way: {"transport": way.http()}, "Transport, got"),
        (lambda way: {"headers": {"x-team": "a\nb"}}, "header 'x-team'"),
        (lambda way: {"headers": {"x-team": "é"}}, "header 'x-team'"),
        (lambda way: {"headers": {"x-team": 7}}, "header 'x-team'"),
        (lambda way: {"headers": [("x-team", "a")]}, "a map of names and values, got list"),
        (lambda way: {"headers": {b"x-team": "a"}}, "name of a header, got b'x-team'"),
        (lambda way: {"headers": {"x team": "a"}}, "name of a header, got 'x team'"),
    ],
)
@everywhere
async def test_clients_that_cannot_be(way: Way, made: Any, said: str) -> None:
    """A client that could not send must not come into being."""
    with pytest.raises(reqllm.InvalidInputError, match=said):
        way.made(**made(way))


def test_start_stream_takes_one_way_only() -> None:
    """A client and a path, a foreign client or another provider's model must raise."""

    async def start(**options: Any) -> None:
        await reqllm.start_stream(**{"provider": "openai", "model": "m", "context": "x"} | options)

    way = LOOPS[1]
    for options in (
        {"client": reqllm.AsyncClient(), "fixture_path": "x.yaml"},
        {"client": object()},
        {"client": reqllm.Client()},
        {"client": httpx.Client(verify=False)},
        {"model": reqllm.Model("anthropic", "m")},
        {"model": 7},
    ):
        with pytest.raises(reqllm.InvalidInputError):
            way.run(start, **options)


# Keys, addresses, headers.
@on_each_loop
async def test_where_the_key_comes_from(
    way: Way, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key must be the argument's, else the environment's, else there is none to be sent."""
    monkeypatch.setenv("OPENAI_API_KEY", "from-the-environment")
    for given, sent in (("from-the-argument",) * 2, (None, "from-the-environment")):
        await refusal(way, server, "openai:text", api_key=given)
        assert server.requests[-1].header("authorization") == f"Bearer {sent}"
    monkeypatch.delenv("OPENAI_API_KEY")
    error = await refusal(way, server, "openai:text", api_key=None)
    assert (type(error), len(server.requests)) == (reqllm.MissingKeyError, 2)
    assert "OPENAI_API_KEY" in str(error)


@pytest.mark.parametrize("tail", ["", "/", "/v1", "/v1/", "/v1/chat/completions"])
@on_each_loop
async def test_forms_of_the_base_url(way: Way, server: LoopbackServer, tail: str) -> None:
    """An address must be understood with or without its version, path and last slash."""
    async with (
        way.client(server, base_url=server.url + tail) as client,
        client.stream("openai:text", "Hi") as response,
    ):
        assert await response.text()
    assert server.requests[0].target == "/v1/chat/completions"


@pytest.mark.parametrize("url", ["", "here", "ftp://here", "http://", "http://me:pass@here", 7])
@on_each_loop
async def test_addresses_that_are_none(way: Way, server: LoopbackServer, url: Any) -> None:
    """An address that cannot be reached must raise, and repeat no password."""
    error = await refusal(way, server, "openai:text", base_url=url)
    assert type(error) is reqllm.InvalidInputError
    assert "pass@" not in str(error)


@everywhere
async def test_headers_of_the_user(way: Way, server: LoopbackServer) -> None:
    """A user's headers must be sent above ours, in whatever case they are written."""
    headers = {"X-Team": "blue", "Authorization": f"Bearer {KEY}", "ACCEPT": "text/*"}
    async with (
        way.client(server, headers=headers, api_key="unused-key-123") as client,
        client.stream("openai:text", "Hi") as response,
    ):
        assert await response.text()
    sent = server.requests[0]
    assert sent.header("x-team") == "blue"
    assert [value for name, value in sent.headers if name.lower() == "accept"] == ["text/*"]
    assert [value for name, value in sent.headers if name.lower() == "authorization"] == [
        f"Bearer {KEY}"
    ]


@everywhere
async def test_what_is_sent(way: Way, server: LoopbackServer) -> None:
    """A request must be JSON, ask for a plain event stream, and keep to one of each header."""
    async with way.client(server) as client, client.stream("anthropic:text", "Hi"):
        pass
    (sent,) = server.requests
    assert (sent.method, sent.path, sent.json["stream"]) == ("POST", "/v1/messages", True)
    names = [name.lower() for name, _ in sent.headers]
    assert len(names) == len(set(names))
    assert sent.header("accept") == SSE
    assert sent.header("accept-encoding") == "identity"
    assert sent.header("x-api-key") == KEY


# The key is in no error.
SECRET = "sk-very-secret-0123456789"


def said_by(error: BaseException) -> str:
    """All that an error shows, and that a logger could write down."""
    shown = [repr(vars(error)), repr(error), repr(error.args)]
    return "\n".join([*shown, *traceback.format_exception(error)])


def repeating(status: int, content_type: str, template: str) -> Any:
    """A handler that gives the key back in the body."""
    body = template.replace("KEY", SECRET).encode()
    return always(body, content_type, status=status, headers=(("x-request-id", "req_1"),))


@pytest.mark.parametrize("provider", WIRES)
@pytest.mark.parametrize(
    "handler",
    [
        repeating(401, "application/json", '{"error":{"message":"Incorrect key: KEY."}}'),
        repeating(401, "application/json", '{"error":{"message":"no","KEY":["KEY"]}}'),
        repeating(403, "text/html", "<p>KEY may not</p>"),
        repeating(500, SSE, 'data: {"error":{"message":"KEY"}}\n\n'),
        repeating(200, "application/json", '{"error":{"message":"Bad KEY","code":401}}'),
        repeating(200, "text/html", "<html>KEY"),
        repeating(200, SSE, 'data: {"error":{"message":"Bad KEY","code":401}}\n\n'),
        repeating(200, SSE, 'data: {"choices": KEY}\n\n'),
        always(status=302, headers=(("location", f"http://there/?key={SECRET}"),)),
    ],
)
@on_each_loop
async def test_the_key_is_in_no_error(way: Way, provider: str, handler: Any) -> None:
    """A key that the provider repeats must be in nothing that the error shows."""
    with LoopbackServer(handler) as server:
        error = await failure(way, server, f"{provider}:text", api_key=SECRET)
        assert SECRET in str(server.requests[0].headers)
    assert SECRET not in said_by(error)
    assert "***" in said_by(error)


@on_each_loop
async def test_other_secrets_are_in_no_error(way: Way) -> None:
    """A secret in a header of the user's must be hidden as the key is."""
    for name in ("x-portkey-api-key", "Authorization", "x-gateway-token"):
        with LoopbackServer(repeating(400, "text/plain", "bad KEY")) as server:
            error = await refusal(way, server, "openai:text", headers={name: SECRET})
        assert (SECRET in said_by(error), str(error)) == (False, "bad *** (400)")


@pytest.mark.parametrize("key", ["with\nnewline-key", "ключ-ключ-ключ", "two words-key", " "])
@on_each_loop
async def test_a_bad_key_is_not_shown(way: Way, server: LoopbackServer, key: str) -> None:
    """A key that no header can hold must raise before anything is sent, and not be shown."""
    error = await refusal(way, server, "openai:text", api_key=key)
    assert isinstance(error, reqllm.InvalidInputError)
    assert key == " " or key not in said_by(error)
    assert server.connections == 0


def test_a_client_hides_its_key() -> None:
    """The representation of a client must not show the key."""
    for client in (reqllm.Client(api_key=SECRET), reqllm.AsyncClient(api_key=SECRET)):
        assert SECRET not in repr(client)


@on_each_loop
async def test_words_are_not_taken_for_secrets(way: Way) -> None:
    """A short value in a header that may hold a key must leave an error's words alone."""
    with LoopbackServer(repeating(400, "text/plain", "no such token")) as server:
        error = await refusal(way, server, "openai:text", headers={"x-token-kind": "token"})
    assert str(error) == "no such token (400)"


# Odds and ends.
@everywhere
async def test_a_closed_client(way: Way, server: LoopbackServer) -> None:
    """A client that was closed must be refused by our own error, at once."""
    client = way.made(base_url=server.url, api_key=KEY, http_client=way.http())
    await way.end(client._twin.http_client if way.is_sync else client.http_client)
    with pytest.raises(reqllm.InvalidInputError, match="an HTTP client that is open"):
        await way.start(client, "openai:text")


@pytest.mark.parametrize("library", [httpx, httpx2], ids=lambda library: library.__name__)
def test_a_client_of_an_event_loop_that_ended(library: Any, server: LoopbackServer) -> None:
    """A connection kept from an event loop that ended must be told of, not break anyhow."""
    way = Way("asyncio", library)
    client = way.made(base_url=server.url, api_key=KEY, http_client=way.http(), max_retries=0)

    async def be_refused(client: Any) -> None:
        await way.start(client, "openai:error-400")

    with pytest.raises(reqllm.InvalidRequestError):
        way.run(be_refused, client)
    with pytest.raises(reqllm.InvalidInputError, match="belongs to this event loop"):
        way.run(be_refused, client)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # asyncio's, of the socket it lost
        del client
        gc.collect()


@on_event_loops
async def test_start_stream_keeps_the_timeouts_of_a_client(
    way: Way, server: LoopbackServer
) -> None:
    """`start_stream` must not put its defaults in place of what its client was made with."""
    async with way.client(server, timeout=0.2, metadata_timeout=7) as client:
        for options, seconds in (({}, 0.2), ({"timeout": 0.3}, 0.3)):
            response = await way.start(client, "openai:fault-stall_mid", **options)
            with pytest.raises(reqllm.StreamTimeoutError) as caught:
                await response.text()
            assert caught.value.seconds == seconds
            assert response._metadata_timeout == 7


@on_each_loop
async def test_interim_responses(way: Way, server: LoopbackServer) -> None:
    """A 103 before the answer must be no answer."""
    async with (
        way.client(server) as client,
        client.stream("openai:fault-early_hints", "Hi") as response,
    ):
        assert (await response.text(), response.status) == ("Hello! How can I help you today?", 200)


@on_event_loops
async def test_start_stream_on_another_wire(way: Way, server: LoopbackServer) -> None:
    """`start_stream` asks by the wire that it is told, as `client.stream` does."""
    async with way.client(server) as client:
        response = await reqllm.start_stream(
            "openai", "text", "Hi", client=client, wire="openai-chat"
        )
        assert (await response.text(), response._pump.call.wire) == (
            "Hello! How can I help you today?",
            "openai-chat",
        )
        with pytest.raises(reqllm.UnknownWireError, match="openai speaks"):
            await reqllm.start_stream("openai", "text", "Hi", client=client, wire="gemini")


async def started_with_a_sync_client() -> None:
    await reqllm.start_stream("openai", "text", "Hi", client=reqllm.Client(api_key=KEY))


def test_start_stream_needs_an_async_client() -> None:
    """A sync client is refused by name, with what it is for."""
    with pytest.raises(reqllm.InvalidInputError, match="expected an AsyncClient, got a Client"):
        anyio.run(started_with_a_sync_client)


def test_unknown_wire_of_a_provider() -> None:
    """A provider of somebody's own that names no wire of ours must raise before it is asked."""

    class Odd:
        name = "odd"
        wire = "smoke-signals"

        def encode(self, model: Any, context: Any, options: Any, **_: Any) -> reqllm.WireRequest:
            return reqllm.WireRequest(url=server.url, headers={}, body=b"{}")

    with LoopbackServer(always(HELLO)) as server:
        for way in LOOPS[1:]:

            async def start(way: Way = way) -> None:
                async with way.client(server) as client:
                    await reqllm.start_stream(Odd(), "m", "Hi", client=client)

            with pytest.raises(reqllm.UnknownWireError):
                way.run(start)
        assert server.requests == []
