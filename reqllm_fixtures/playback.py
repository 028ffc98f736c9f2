"""Plays a recorded interaction to our own client, which reads it as it would read a provider."""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Hashable, Iterator, Sequence
from typing import Any

from msgspec import Struct

from reqllm.cli.summary import Times, is_spoken
from reqllm.errors import ReqLLMError, TransportError
from reqllm.stream_response import SyncStreamResponse
from reqllm.stream_server import StreamServer
from reqllm.streaming import read_response
from reqllm.wires.common.api_errors import api_error, error_body
from reqllm_fixtures.cassette import NO_STATUS, Cassette, EndError, Interaction, RecordedRequest
from reqllm_fixtures.errors import Difference
from reqllm_fixtures.speaking import json_body, parsed
from reqllm_fixtures.transports.transport import replay_transport

AS_RECORDED = "as recorded"
UNDER_OVERLAY = "under the overlay"
_BINARY_SHOWN = 24
_ANYWHERE = "http://recorded.invalid/"


class _Anything:
    """Matches any request: which recording is played was chosen before."""

    def key(self, request: RecordedRequest) -> Hashable:
        return None

    def differences(
        self, recorded: RecordedRequest, asked: RecordedRequest
    ) -> Sequence[Difference]:
        return ()

    def describe(self, request: RecordedRequest) -> str:
        return request.uri


@contextlib.contextmanager
def playing(
    interaction: Interaction, wire: str, *, path: str, pace: float
) -> Iterator[SyncStreamResponse]:
    """Send the recorded request through a replay transport, and hand out the response.

    `path` is what errors call the cassette.
    """
    import httpx

    cassette = Cassette(path, [interaction], matcher=_Anything())
    request = interaction.request
    transport = replay_transport(cassette, httpx, pace=pace)
    # However long was waited while it was recorded: a playback does not give up.
    with httpx.Client(transport=transport, timeout=None) as client:
        asked = client.build_request(
            request.method, _sendable(request.uri, httpx), content=request.body
        )
        http = client.send(asked, stream=True)
        with read_response(http, wire, timeout=None) as response:
            yield response


def _sendable(uri: str, httpx: Any) -> str:
    """Return the address, or another: a file of others may hold one that no client sends to."""
    try:
        url = httpx.URL(uri)
    except httpx.InvalidURL:
        return _ANYWHERE
    return uri if url.scheme in ("http", "https") and url.host else _ANYWHERE


def refusal_of(interaction: Interaction) -> ReqLLMError | None:
    """Return the error that a recorded answer is, `None` if its status is 200."""
    response = interaction.response
    if response.status == 200:
        return None
    if response.status == NO_STATUS:
        end = response.end
        said = f"{end.name}: {end.message}" if isinstance(end, EndError) else "the client left"
        return TransportError(f"no answer began ({said.rstrip(': ')})")
    headers = {name.lower(): value for name, value in response.headers}
    return api_error(error_body(response.body), status=response.status, headers=headers)


def recorded_times(interaction: Interaction, wire: str, of: str = AS_RECORDED) -> Times:
    """Return when the first token and the last chunk came while this was recorded.

    of: what is told of the times; UNDER_OVERLAY for an interaction that an overlay made.
    """
    server = StreamServer(wire)
    first = end = None
    for piece in interaction.response.pieces:
        chunks = server.receive(piece.data)
        if chunks and piece.at_ms:
            end = piece.at_ms / 1000
            if first is None and any(map(is_spoken, chunks)):
                first = end
        if server.state != "open":
            break
    return Times(first, end, of)


class Asked(Struct, frozen=True):
    """What a recorded request asked for, as far as its body tells."""

    model: str = ""
    prompt: str = ""


def asked_by(request: RecordedRequest) -> Asked:
    """Return the model and the last thing that the user said."""
    body = json_body(request)
    model = body.get("model")
    turns: Any = next((body[key] for key in ("messages", "input", "contents") if body.get(key)), [])
    if isinstance(turns, str):
        turns = [{"role": "user", "content": turns}]
    said = ""
    for turn in turns if isinstance(turns, list) else []:
        if isinstance(turn, dict) and turn.get("role", "user") == "user":
            said = _text(turn.get("content", turn.get("parts"))) or said
    return Asked(model if isinstance(model, str) else "", said)


def value_of(body: bytes) -> Any:
    """Return a body as the JSON that it is, as text, or as base64 in an object of its own."""
    document = parsed(body)
    if document is not None:
        return document
    try:
        return body.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(body).decode()}


def readable(body: bytes) -> str:
    """Return a body as text: JSON indented, of what is no text the first bytes."""
    document = parsed(body)
    if document is not None:
        return json.dumps(document, indent=2, ensure_ascii=False)
    try:
        return body.decode()
    except UnicodeDecodeError:
        more = " …" if len(body) > _BINARY_SHOWN else ""
        return f"no text; it begins with {body[:_BINARY_SHOWN].hex(' ')}{more}"


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    texts = [part.get("text") for part in parts if isinstance(part, dict)]
    return " ".join(text for text in texts if isinstance(text, str))
