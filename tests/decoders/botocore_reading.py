"""Reads captured bodies with botocore, from memory: nothing touches the network."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.session import Session

from tests.corpus import Capture

from .answers import Said

OPERATIONS = {
    "bedrock-converse": ("converse_stream", {"messages": []}, "stream"),
    "bedrock-invoke": ("invoke_model_with_response_stream", {"body": b"{}"}, "body"),
}


class _Raw:
    """A body as urllib3 would give it, whole."""

    def __init__(self, body: bytes) -> None:
        self.read = lambda *_: body
        self.stream = lambda *_: iter([body])


class _Reader:
    """A client that is answered with captures; making one takes a while."""

    def __init__(self) -> None:
        self._capture: Capture | None = None
        self._client = Session().create_client(
            "bedrock-runtime",
            region_name="us-east-1",
            aws_access_key_id="none",
            aws_secret_access_key="none",
            config=Config(retries={"total_max_attempts": 1}),
        )
        self._client.meta.events.register("before-send", self._respond)

    def _respond(self, **_: Any) -> AWSResponse:
        capture = self._capture
        assert capture is not None
        headers = {name.lower(): value for name, value in capture.meta["response"]["headers"]}
        headers["content-type"] = capture.content_type
        return AWSResponse("http://in.memory", capture.status, headers, _Raw(capture.body))

    def events(self, capture: Capture) -> list[dict[str, Any]]:
        self._capture = capture
        operation, asked, stream = OPERATIONS[capture.wire]
        return list(getattr(self._client, operation)(modelId="any", **asked)[stream])


@cache
def _reader() -> _Reader:
    return _Reader()


def botocore_events(capture: Capture) -> list[dict[str, Any]]:
    """Return botocore's events, each under its name. Raises its errors."""
    return _reader().events(capture)


def converse_blocks(events: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Put the blocks of a Converse stream together, in the form of `our_converse_blocks`."""
    blocks: dict[int, list[Any]] = {}
    for event in events:
        begun = event.get("contentBlockStart", {})
        if "toolUse" in begun.get("start", {}):
            call = begun["start"]["toolUse"]
            blocks[begun["contentBlockIndex"]] = ["tool", call["toolUseId"], call["name"], ""]
        if "contentBlockDelta" in event:
            part = event["contentBlockDelta"]
            _add(blocks, part["contentBlockIndex"], part["delta"])
    return [_block(block) for _, block in sorted(blocks.items()) if any(block[1:])]


def _add(blocks: dict[int, list[Any]], index: int, delta: dict[str, Any]) -> None:
    for kind, part in delta.items():
        match kind:
            case "text":
                blocks.setdefault(index, ["text", "", []])[1] += part
            case "citation":
                blocks.setdefault(index, ["text", "", []])[2].append(part)
            case "toolUse":
                blocks[index][3] += part["input"]
            case "reasoningContent" if "redactedContent" in part:
                blocks.setdefault(index, ["redacted", b""])[1] += part["redactedContent"]
            case "reasoningContent":
                block = blocks.setdefault(index, ["reasoning", "", None])
                block[1] += part.get("text", "")
                block[2] = part.get("signature", block[2])


def _block(block: list[Any]) -> tuple[Any, ...]:
    match block:
        case ["redacted", bytes(data)]:
            return "redacted", data.decode()
        case ["tool", call_id, name, arguments]:
            return "tool", call_id, name, json.loads(arguments or "{}")
    return tuple(block)


def texts_said(events: list[dict[str, Any]]) -> Said:
    """Put together what models say that send text and little else, as plainly as can be."""
    said = Said()
    for event in events:
        for part in (*event.get("outputs", ()), *event.get("generations", ()), event):
            said.text += part.get("outputText") or part.get("generation") or part.get("text") or ""
            said.finish = (
                part.get("completionReason")
                or part.get("stop_reason")
                or part.get("finish_reason")
                or said.finish
            )
        for choice in event.get("choices", ()):
            said.text += choice["delta"].get("content", "")
            said.finish = choice["finish_reason"] or said.finish
    return said
