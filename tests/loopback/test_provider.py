"""The provider checks requests as the real ones do, streams, fails, and repeats itself."""

from __future__ import annotations

import itertools
import json
from typing import Any

import httpx
import pytest

from .capture import Captured, capture
from .catalogue import SKY
from .faults import ELSEWHERE, FAULTS
from .messages import Answer, Headers, Request
from .pacing import Rhythm
from .provider import KEY, LoopbackProvider
from .server import LoopbackServer
from .wires import Wire

PATH: dict[Wire, str] = {
    "openai-chat": "/v1/chat/completions",
    "anthropic-messages": "/v1/messages",
}
WIRES: list[Wire] = list(PATH)
BEARER = ("authorization", f"Bearer {KEY}")
VERSION = ("anthropic-version", "2026-10-21")
HEADERS: dict[Wire, Headers] = {
    "openai-chat": (BEARER,),
    "anthropic-messages": (BEARER, VERSION),
}


def body(model: str = "text", prompt: Any = "Hello!", **more: Any) -> bytes:
    """A request that both wires accept."""
    messages = [{"role": "user", "content": prompt}]
    asked = {"model": model, "max_tokens": 99, "messages": messages, "stream": True} | more
    return json.dumps(asked).encode()


def ask(server: LoopbackServer, wire: Wire, data: bytes, headers: Headers | None = None) -> Any:
    """Send it with httpx."""
    given = HEADERS[wire] if headers is None else headers
    return capture(server.url + PATH[wire], given, data)


def request(wire: Wire, data: bytes) -> Request:
    """The same as a value, for a handler without a server."""
    return Request(method="POST", target=PATH[wire], headers=HEADERS[wire], body=data, connection=1)


def said(answer: Captured) -> dict[str, Any]:
    """The error object of an answer."""
    error: dict[str, Any] = json.loads(answer.body)["error"]
    return error


@pytest.mark.parametrize("wire", WIRES)
def test_streams_and_wholes(provider: LoopbackServer, wire: Wire) -> None:
    """The body's `stream` must choose between events and one object."""
    stream = ask(provider, wire, body())
    assert dict(stream.headers)["content-type"] == "text/event-stream; charset=utf-8"
    assert (stream.status, stream.end) == (200, "eof")
    whole = ask(provider, wire, body(stream=False))
    assert dict(whole.headers)["content-type"] == "application/json"
    assert json.loads(whole.body)["id"]


@pytest.mark.parametrize("wire", WIRES)
def test_prompt_chooses_for_a_real_model(provider: LoopbackServer, wire: Wire) -> None:
    """A real model's name must be answered by the prompt, as text or as parts, and be dated."""
    model = {"openai-chat": "gpt-5-mini", "anthropic-messages": "claude-haiku-4-5"}[wire]
    parts = [{"type": "text", "text": "Why is the SKY blue?"}]
    for prompt in ("Why is the sky blue?", parts):
        answer = ask(provider, wire, body(model, prompt, stream=False))
        assert SKY in answer.body.decode()
        assert json.loads(answer.body)["model"].startswith(f"{model}-20")
    other = ask(provider, wire, body(model, "Good morning", stream=False))
    assert b"Hello! How can I help you today?" in other.body


@pytest.mark.parametrize(
    ("headers", "status", "message"),
    [
        ((), 401, "You didn't provide an API key."),
        ((("authorization", KEY),), 401, "You didn't provide an API key."),
        ((("x-api-key", KEY),), 401, "You didn't provide an API key."),
        (
            (("authorization", "Bearer wrong-key-7777"),),
            401,
            "Incorrect API key provided: wron********7777.",
        ),
        ((BEARER,), 200, None),
    ],
)
def test_key_of_chat(
    provider: LoopbackServer, headers: Headers, status: int, message: str | None
) -> None:
    """Only a bearer key must open the chat wire; a refusal shows no more than the key's ends."""
    answer = ask(provider, "openai-chat", body(), headers)
    assert answer.status == status
    if message:
        assert said(answer)["message"] == message


@pytest.mark.parametrize(
    ("headers", "status", "message"),
    [
        ((VERSION,), 401, "x-api-key header is required"),
        ((("x-api-key", "wrong"), BEARER, VERSION), 401, "invalid x-api-key"),
        ((("authorization", "Bearer wrong"), VERSION), 401, "invalid bearer token"),
        ((BEARER,), 400, "anthropic-version: header is required"),
        (
            (BEARER, ("anthropic-version", "1999-01-01")),
            400,
            'anthropic-version: "1999-01-01" is not a valid version',
        ),
        ((("x-api-key", KEY), VERSION), 200, None),
        ((BEARER, ("anthropic-version", "2023-06-01")), 200, None),
    ],
)
def test_key_and_version_of_messages(
    provider: LoopbackServer, headers: Headers, status: int, message: str | None
) -> None:
    """Either key header must do, `x-api-key` wins over the other, and a version is needed."""
    answer = ask(provider, "anthropic-messages", body(), headers)
    assert answer.status == status
    if message:
        assert said(answer)["message"] == message


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize(
    ("data", "about"),
    [
        (b"{not json", "JSON"),
        (b"[]", "JSON"),
        (body(model=None), "model"),  # type: ignore[arg-type]
        (body(messages=None), "messages"),
        (body(messages=[]), "messages"),
        (body(messages=[{"role": "wizard"}]), "role"),
        (body(messages=["hello"]), "role"),
        (body(stream="yes"), "stream"),
    ],
)
def test_invalid_requests(provider: LoopbackServer, wire: Wire, data: bytes, about: str) -> None:
    """Each defect must get a 400 that names it, with the wire's own type."""
    answer = ask(provider, wire, data)
    assert (answer.status, said(answer)["type"]) == (400, "invalid_request_error")
    assert about in said(answer)["message"]


def test_invalid_requests_of_messages(provider: LoopbackServer) -> None:
    """The messages wire must insist on max_tokens, and refuse sampling since 2026-10-21."""
    wire: Wire = "anthropic-messages"
    for change in ({"max_tokens": 0}, {"temperature": 1.0}):
        assert ask(provider, wire, body(**change)).status == 400
    without = json.loads(body())
    del without["max_tokens"]
    answer = ask(provider, wire, json.dumps(without).encode())
    assert said(answer)["message"] == "max_tokens: Field required"
    old = (BEARER, ("anthropic-version", "2023-06-01"))
    assert ask(provider, wire, body(temperature=1.0), old).status == 200


def test_other_addresses(provider: LoopbackServer, http: httpx.Client) -> None:
    """Any other path is 404, any other method 405, as JSON."""
    assert http.post(f"{provider.url}/v1/elsewhere").status_code == 404
    answer = http.get(f"{provider.url}/v1/messages")
    assert (answer.status_code, answer.json()["type"]) == (405, "error")


@pytest.mark.parametrize("wire", WIRES)
def test_error_without_stream_is_a_status(provider: LoopbackServer, wire: Wire) -> None:
    """An answer that would fail in the middle must be a 500 when asked for whole."""
    assert ask(provider, wire, body("error_mid", stream=False)).status == 500


@pytest.mark.parametrize("wire", WIRES)
def test_flaky(wire: Wire) -> None:
    """A flaky model must fail once, and then answer."""
    with LoopbackServer(LoopbackProvider()) as server:
        statuses = [ask(server, wire, body("flaky-503")).status for _ in range(3)]
    assert statuses == [503, 200, 200]


@pytest.mark.parametrize("wire", WIRES)
def test_same_seed_same_answer(wire: Wire) -> None:
    """Seed and request must decide every byte and silence, whatever was asked before."""

    def answers(seed: int, *models: str) -> list[Answer]:
        provider = LoopbackProvider(seed=seed, speed=1.0)
        return [provider(request(wire, body(model))) for model in models]

    first, again, other = answers(1, "sky")[0], answers(1, "text", "sky")[1], answers(2, "sky")[0]
    turned = json.dumps(dict(reversed(json.loads(body("sky")).items()))).encode()
    assert LoopbackProvider(seed=1, speed=1.0)(request(wire, turned)) == first
    assert first == again
    assert first != other
    assert sum(write.after for write in first.body) > 3


@pytest.mark.parametrize("wire", WIRES)
def test_leaving_early_stops_the_answer(wire: Wire, http: httpx.Client) -> None:
    """A client that breaks out must be noticed long before the answer would have ended."""
    with LoopbackServer(LoopbackProvider(speed=1.0, rhythm=Rhythm(first=0.01))) as server:
        url, headers = server.url + PATH[wire], list(HEADERS[wire])
        with http.stream("POST", url, content=body("sky"), headers=headers) as response:
            next(response.iter_raw())
        assert server.wait_for(lambda: server.exchanges[0].over)
        left = server.exchanges[0].client_left_after
    assert left is not None
    assert (0 < left.bytes < 4000, left.seconds < 2) == (True, True)


ENDS: dict[str, str] = {
    "reset": "ReadError",
    "close": "RemoteProtocolError",
    "no_last_chunk": "RemoteProtocolError",
    "short": "RemoteProtocolError",
    "done_reset": "ReadError",
}
STALLS = [name for name in FAULTS if name.startswith(("stall", "done_stall"))]
FOR_EVER = ["comments", "pings", "words", "tool_arguments"]
HEADLESS = ["no_head", "no_head_reset", "stall_head"]
ORDINARY = [name for name in FAULTS if name not in {*STALLS, *FOR_EVER, *HEADLESS}]


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("name", ORDINARY)
def test_faults_end_as_named(provider: LoopbackServer, wire: Wire, name: str) -> None:
    """Each fault must reach httpx as the error it is named for, or as a clean end."""
    answer = ask(provider, wire, body(f"fault-{name}"))
    assert (answer.end if answer.end == "eof" else answer.end[0]) == ENDS.get(name, "eof")
    assert answer.body or name in ("nothing", "empty_500", "no_content", "redirect")


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("name", ["no_head", "no_head_reset"])
def test_no_answer_at_all(provider: LoopbackServer, wire: Wire, name: str) -> None:
    """A connection that ends before any head must be an error of opening."""
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        ask(provider, wire, body(f"fault-{name}"))


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("name", [name for name in STALLS if name != "stall_head"])
def test_stalls(provider: LoopbackServer, wire: Wire, name: str) -> None:
    """A stall must deliver what precedes it, and then nothing: not even an end."""
    url = provider.url + PATH[wire]
    answer = capture(url, HEADERS[wire], body(f"fault-{name}"), timeout=0.1)
    assert answer.end[0] == "ReadTimeout"
    assert bool(answer.body) == (name != "stall_first")
    whole = answer.body.endswith(b"\n\n") or not answer.body
    assert whole == (name not in ("stall_event", "stall_character"))
    if name == "stall_character":
        with pytest.raises(UnicodeDecodeError):
            answer.body.decode()


@pytest.mark.parametrize("wire", WIRES)
def test_stall_before_the_head(provider: LoopbackServer, wire: Wire) -> None:
    """Silence from the start must time out while opening."""
    url = provider.url + PATH[wire]
    with pytest.raises(httpx.ReadTimeout):
        capture(url, HEADERS[wire], body("fault-stall_head"), timeout=0.1)


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("name", FOR_EVER)
def test_without_end(provider: LoopbackServer, http: httpx.Client, wire: Wire, name: str) -> None:
    """Those that go on for ever must keep the beat until the client leaves."""
    url, headers = provider.url + PATH[wire], list(HEADERS[wire])
    with http.stream("POST", url, content=body(f"fault-{name}"), headers=headers) as response:
        pieces = itertools.pairwise(response.iter_raw())
        assert next(piece for before, piece in pieces if before == piece)
    exchange = provider.exchanges[-1]
    assert provider.wait_for(lambda: exchange.over)
    assert exchange.client_left_after is not None


def test_redirect_leaves_this_address(provider: LoopbackServer) -> None:
    """A redirect must point to another port, where a key must never be sent."""
    answer = ask(provider, "openai-chat", body("fault-redirect"))
    assert (answer.status, dict(answer.headers)["location"]) == (307, ELSEWHERE)
