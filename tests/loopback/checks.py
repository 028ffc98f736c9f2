"""What a provider checks before it answers; each check raises the refusal that it would send."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from .messages import Request
from .problems import refusal
from .wires import Wire

AUTHENTICATION = "authentication_error"
VERSIONS = ("2023-06-01", "2026-10-21")
SAMPLING = ("temperature", "top_p", "top_k")  # refused since 2026-10-21
ROLES = {
    "openai-chat": {"system", "developer", "user", "assistant", "tool", "function"},
    "anthropic-messages": {"system", "user", "assistant"},
}


def check(wire: Wire, request: Request, keys: Collection[str]) -> dict[str, Any]:
    """The body, when the key, the headers and the body are in order."""
    if wire == "openai-chat":
        _chat_key(request, keys)
    else:
        _messages_key(request, keys)
        _version(request)
    body = _body(wire, request)
    _fields(wire, body)
    if wire == "anthropic-messages":
        _messages_fields(body, request.header("anthropic-version") or "")
    return body


def _bearer(request: Request) -> str | None:
    scheme, _, key = (request.header("authorization") or "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else None


def _chat_key(request: Request, keys: Collection[str]) -> None:
    key = _bearer(request)
    if not key:
        raise refusal(401, "You didn't provide an API key.")
    if key not in keys:
        # The provider shows the ends of the key that it refuses.
        shown = f"{key[:4]}{'*' * 8}{key[-4:]}"
        raise refusal(401, f"Incorrect API key provided: {shown}.", code="invalid_api_key")


def _messages_key(request: Request, keys: Collection[str]) -> None:
    named = request.header("x-api-key")  # wins over the other
    key = named or _bearer(request)
    if not key:
        raise refusal(401, "x-api-key header is required", kind=AUTHENTICATION)
    if key not in keys:
        what = "x-api-key" if named else "bearer token"
        raise refusal(401, f"invalid {what}", kind=AUTHENTICATION)


def _version(request: Request) -> None:
    version = request.header("anthropic-version")
    if version is None:
        raise refusal(400, "anthropic-version: header is required")
    if version not in VERSIONS:
        raise refusal(400, f'anthropic-version: "{version}" is not a valid version')


def _body(wire: Wire, request: Request) -> dict[str, Any]:
    try:
        body = request.json
    except ValueError:
        body = None
    if isinstance(body, dict):
        return body
    if wire == "openai-chat":
        raise refusal(400, "We could not parse the JSON body of your request.")
    raise refusal(400, "The request body is not valid JSON")


def _fields(wire: Wire, body: dict[str, Any]) -> None:
    if not isinstance(body.get("model"), str):
        _missing(wire, "model")
    messages = body.get("messages")
    if not isinstance(messages, list):
        _missing(wire, "messages")
    if not messages:
        if wire == "openai-chat":
            text = "Invalid 'messages': empty array. Expected at least one item."
            raise refusal(400, text, code="empty_array", param="messages")
        raise refusal(400, "messages: at least one message is required")
    for number, message in enumerate(messages):
        if not isinstance(message, dict) or message.get("role") not in ROLES[wire]:
            _invalid(wire, f"messages.{number}.role", "an unknown role")
    if not isinstance(body.get("stream", False), bool):
        _invalid(wire, "stream", "not a boolean")


def _messages_fields(body: dict[str, Any], version: str) -> None:
    if "max_tokens" not in body:
        _missing("anthropic-messages", "max_tokens")
    if not isinstance(body["max_tokens"], int) or body["max_tokens"] < 1:
        _invalid("anthropic-messages", "max_tokens", "not a positive integer")
    refused = [name for name in SAMPLING if name in body]
    if refused and version == "2026-10-21":
        raise refusal(400, f"{refused[0]}: Extra inputs are not permitted")


def _missing(wire: Wire, name: str) -> None:
    if wire == "openai-chat":
        text = f"Missing required parameter: '{name}'."
        raise refusal(400, text, code="missing_required_parameter", param=name)
    raise refusal(400, f"{name}: Field required")


def _invalid(wire: Wire, name: str, what: str) -> None:
    if wire == "openai-chat":
        raise refusal(400, f"Invalid '{name}': {what}.", code="invalid_value", param=name)
    raise refusal(400, f"{name}: {what}")
