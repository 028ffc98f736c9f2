"""More wires on loopback than the provider speaks, who answers all else.

====================================================  =====================================
path                                                  who answers
====================================================  =====================================
/v1beta/models/NAME:generateContent, :stream…         gemini; /v1 too
/v1beta/interactions                                  gemini-interactions; /v1 too
/model/NAME/converse-stream, …/invoke-with-…-stream   bedrock-converse, bedrock-invoke
/mistral/v1/chat/completions                          mistral
/v1/responses                                         openai-responses
/v2/chat                                              cohere-v2
/api/chat                                             ollama
/openai/v1/chat/completions                           the provider, as groq
anything else                                         the provider: openai-chat, anthropic
====================================================  =====================================

The model's name is a scenario of text or of tool calls: text, length, unicode, tools,
parallel_tools, text_and_tools; for most also of thoughts: reasoning, sky. Streams leave in
several writes with a little time between.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any, NamedTuple
from urllib.parse import parse_qs

from . import (
    wire_bedrock,
    wire_bedrock_invoke,
    wire_cohere,
    wire_gemini,
    wire_gemini_interactions,
    wire_mistral,
    wire_ollama,
    wire_responses,
)
from .catalogue import BOTH
from .messages import Answer, Headers, Request
from .pacing import Rhythm, pace
from .problems import json_answer
from .provider import KEY, SSE, LoopbackProvider
from .wording import Options

BRISK = Rhythm(first=0.004, gap=0.002, longest=0.006, mend=0.001)
NDJSON: Headers = (("content-type", "application/x-ndjson"),)
GEMINI = re.compile(
    r"/v1(?:beta)?/models/(?P<model>[\w.-]+):(?P<verb>generate|streamGenerate)Content"
)
BEDROCK = re.compile(
    r"/model/(?:anthropic\.)?(?P<model>[\w.-]+)/(?P<verb>converse|invoke-with-respo)[\w-]+"
)
FRAMES: Headers = (("content-type", "application/vnd.amazon.eventstream"),)
FRAMINGS: dict[ModuleType, Headers] = {
    wire_ollama: NDJSON,
    wire_bedrock: FRAMES,
    wire_bedrock_invoke: FRAMES,
}
GROQ = "/openai"


class Asked(NamedTuple):
    """What a request says, whatever its vendor's words for it."""

    wire: ModuleType
    model: str
    stream: bool
    key: str | None
    refusal: Callable[[int, str], dict[str, Any]]


class LoopbackVendors:
    """A handler for LoopbackServer; it wants `key`, and `speed` 0 does not wait."""

    def __init__(self, *, key: str = KEY, speed: float = 1.0, rhythm: Rhythm = BRISK) -> None:
        self.key, self.speed, self.rhythm = key, speed, rhythm
        self._provider = LoopbackProvider(keys=(key,), speed=speed, rhythm=rhythm)

    def __call__(self, request: Request) -> Answer:
        """Answer one request."""
        asked = _asked(request)
        if asked is None:
            return self._provider(replace(request, target=request.target.removeprefix(GROQ)))
        if asked.key != self.key:
            return json_answer(asked.refusal(401, "The key is not valid."), status=401)
        if asked.model not in BOTH:
            return json_answer(asked.refusal(404, f"No model {asked.model}."), status=404)
        return self._answer(asked, Options(model=asked.model, seed=f"{asked.wire.__name__}"))

    def _answer(self, asked: Asked, options: Options) -> Answer:
        scenario = BOTH[asked.model]
        if not asked.stream:
            return json_answer(asked.wire.whole(scenario, options))
        said = asked.wire.events(scenario, options)
        writes = pace(said, self.rhythm, seed=options.seed, speed=self.speed)
        return Answer(headers=FRAMINGS.get(asked.wire, SSE), body=tuple(writes))


def _asked(request: Request) -> Asked | None:
    """Read a request of the vendors that this module knows."""
    bearer = (request.header("authorization") or "").removeprefix("Bearer ") or None
    if named := GEMINI.fullmatch(request.path):
        stream = named["verb"] == "streamGenerate"
        # Without alt=sse the stream would be one JSON array, which no SDK asks for.
        assert not stream or parse_qs(request.target.partition("?")[2]).get("alt") == ["sse"]
        key = request.header("x-goog-api-key")
        return Asked(wire_gemini, named["model"], stream, key, _gemini_refusal)
    if named := BEDROCK.fullmatch(request.path):
        wire = wire_bedrock if named["verb"] == "converse" else wire_bedrock_invoke
        return Asked(wire, named["model"], True, bearer, lambda _, message: {"message": message})
    if request.path.endswith("/interactions"):
        body, key = request.json, request.header("x-goog-api-key")
        stream = body.get("stream", False)
        return Asked(wire_gemini_interactions, body["model"], stream, key, _gemini_refusal)
    wires = {
        "/mistral/v1/chat/completions": (wire_mistral, False, _mistral_refusal),
        "/v1/responses": (wire_responses, False, _openai_refusal),
        "/v2/chat": (wire_cohere, False, lambda _, message: {"message": message}),
        "/api/chat": (wire_ollama, True, lambda _, message: {"error": message}),
    }
    if request.path not in wires:
        return None
    wire, streams_by_default, refusal = wires[request.path]
    body = request.json
    return Asked(wire, body["model"], body.get("stream", streams_by_default), bearer, refusal)


def _gemini_refusal(status: int, message: str) -> dict[str, Any]:
    kind = {401: "UNAUTHENTICATED", 404: "NOT_FOUND"}[status]
    return {"error": {"code": status, "message": message, "status": kind}}


def _openai_refusal(status: int, message: str) -> dict[str, Any]:
    code = {401: "invalid_api_key", 404: "model_not_found"}[status]
    kind = "invalid_request_error"
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def _mistral_refusal(status: int, message: str) -> dict[str, Any]:
    kind = "invalid_request_error"
    return {"object": "error", "message": message, "type": kind, "param": None, "code": str(status)}
