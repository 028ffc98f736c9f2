"""Reads captured bodies with Google's SDK, from memory: nothing touches the network."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx2
from google import genai
from google.genai.types import HttpOptions

from tests.corpus import Capture

from .answers import Answer, Said, ToolUse


def as_events(capture: Capture) -> bytes:
    """Return the body as server-sent events: the SDK asks for nothing else and reads no array."""
    if not capture.body.startswith(b"["):
        return capture.body
    events = json.loads(capture.body)
    return b"".join(b"data: %b\r\n\r\n" % json.dumps(event).encode() for event in events)


def _client(body: bytes) -> genai.Client:
    def respond(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=body)

    http = httpx2.Client(transport=httpx2.MockTransport(respond), trust_env=False)
    options = HttpOptions(base_url="http://in.memory", httpx_client=http)
    return genai.Client(api_key="none", http_options=options)


def gemini_events(capture: Capture) -> list[Any]:
    """Return the SDK's events. Raises its APIError for an error inside the stream."""
    client = _client(as_events(capture))
    return list(client.models.generate_content_stream(model="any", contents="x"))


def gemini_answer(events: list[Any]) -> tuple[Answer, list[str], list[Any]]:
    """Put the SDK's events together: the answer, its signatures in order, and what Google ran."""
    answer, signatures, ran = Answer(), list[str](), list[Any]()
    for event in events:
        answer.id = answer.id or event.response_id
        answer.model = answer.model or event.model_version
        if event.usage_metadata is not None:
            answer.usage = {**answer.usage, **_plain(event.usage_metadata)}
        for candidate in event.candidates or ():
            said = answer.choices.setdefault(candidate.index or 0, Said())
            if candidate.finish_reason is not None:
                said.finish = candidate.finish_reason.value
            for part in (candidate.content.parts if candidate.content else None) or ():
                _take_part(part, said, ran)
                if part.thought_signature:
                    signatures.append(_plain(part)["thoughtSignature"])
    return answer, signatures, ran


def _take_part(part: Any, said: Said, ran: list[Any]) -> None:
    if part.thought:
        said.reasoning += part.text or ""
    else:
        said.text += part.text or ""
    if part.function_call is not None:
        call = part.function_call
        said.tools.append(ToolUse(call.id, call.name, call.args or {}))
    if part.inline_data is not None:
        said.audio += part.inline_data.data
    for name in ("executableCode", "codeExecutionResult"):
        ran += [value for key, value in _plain(part).items() if key == name]


def _plain(value: Any) -> dict[str, Any]:
    """Return a value of the SDK's as it stands on the wire."""
    plain: dict[str, Any] = value.model_dump(mode="json", by_alias=True, exclude_none=True)
    return plain


def same_base64(text: str) -> bytes:
    """Return what a text is the base64 of, in either alphabet, with or without its padding."""
    text = text.replace("-", "+").replace("_", "/")
    return base64.b64decode(text + "=" * (-len(text) % 4))


def interaction_events(capture: Capture) -> list[dict[str, Any]]:
    """Return the events of an interaction as the SDK reads them."""
    stream = _client(capture.body).interactions.create(model="any", input="x", stream=True)
    return [event.model_dump(mode="json", exclude_none=True) for event in stream]
