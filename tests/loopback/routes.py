"""Whose address a request came to, with which key, and which models are known there."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import parse_qs, unquote

from .asked.reading import Malformed
from .checks import VERSIONS
from .messages import Request
from .wires import Wire

FIXED: dict[str, Wire] = {
    "/v1/chat/completions": "openai-chat",
    "/v1/responses": "openai-responses",
    "/v1/messages": "anthropic-messages",
    "/v1/interactions": "gemini-interactions",
    "/v1beta/interactions": "gemini-interactions",
    "/v2/chat": "cohere-v2",
    "/api/chat": "ollama",
}
# Where the address names the model.
NAMED: dict[re.Pattern[str], Wire] = {
    re.compile(r"/v1(?:beta)?/models/([^/:]+):streamGenerateContent"): "gemini",
    re.compile(r"/model/([^/]+)/converse-stream"): "bedrock-converse",
    re.compile(r"/model/([^/]+)/invoke-with-response-stream"): "bedrock-invoke",
}
_BEDROCK = r"(?:(?:us|eu|apac|global)\.)?(?:anthropic\.claude|amazon\.nova|meta\.llama)[\w.:-]*"
MODELS: dict[Wire, str] = {
    "openai-chat": r"(?:gpt|chatgpt|o[0-9]|codex)[\w.-]*",
    "openai-responses": r"(?:gpt|chatgpt|o[0-9]|codex)[\w.-]*",
    "anthropic-messages": r"claude-[\w.-]+",
    "gemini": r"(?:gemini|gemma)-[\w.-]+",
    "gemini-interactions": r"(?:gemini|gemma)-[\w.-]+",
    "cohere-v2": r"(?:command|c4ai)-[\w.-]+",
    "ollama": r"(?:gpt-oss|llama|qwen|gemma|mistral|deepseek|phi)[\w.:-]*",
    "bedrock-converse": _BEDROCK,
    "bedrock-invoke": _BEDROCK,
}
"""The families of models that each vendor has."""


class Route(NamedTuple):
    """A wire; `model` is empty where the body names it."""

    wire: Wire
    model: str = ""


def route_of(request: Request) -> Route | None:
    """Whose address this is, if anyone's."""
    if request.path in FIXED:
        return Route(FIXED[request.path])
    for pattern, wire in NAMED.items():
        if found := pattern.fullmatch(request.path):
            return Route(wire, unquote(found[1]))
    return None


def key_of(wire: Wire, request: Request) -> str | None:
    """The key, from where this vendor looks for it."""
    scheme, _, bearer = (request.header("authorization") or "").partition(" ")
    key = bearer.strip() if scheme.lower() == "bearer" else None
    if wire == "anthropic-messages":
        return request.header("x-api-key") or key
    if wire.startswith("gemini"):
        query = parse_qs(request.target.partition("?")[2])
        return request.header("x-goog-api-key") or next(iter(query.get("key", ())), None)
    return key


def check_version(request: Request) -> None:
    """Refuse a request that names no version of Anthropic's API, or one that there is not."""
    version = request.header("anthropic-version")
    if version not in VERSIONS:
        wrong = "header is required" if version is None else f"{version!r} is not a valid version"
        raise Malformed(("anthropic-version",), wrong)


def is_known(wire: Wire, model: str) -> bool:
    """Whether the vendor has such a model."""
    return re.fullmatch(MODELS[wire], model) is not None
