"""Reads requests of `ollama`."""

from __future__ import annotations

import binascii
from base64 import b64decode

from .ask import Ask, Called, Result, Turn
from .openai_chat import offered
from .reading import Fields, conversation, json_or_text

ROLES = ("system", "user", "assistant", "tool")
LEVELS = ("high", "medium", "low")


def read(body: Fields) -> Ask:
    """Return what the body asks."""
    body.need("model", "messages")
    settings = body.fields("options")
    settings.number("temperature", float("-inf"), float("inf"))  # any will do, if it is one
    messages = body.each("messages")
    for message in messages:
        message.need("role")
    system = [m.text("content") for m in messages if m.word("role", ROLES) == "system"]
    said = [message for message in messages if message.text("role") != "system"]
    limit = settings.whole("num_predict", -2)  # below 0: none
    return Ask(
        model=body.text("model"),
        system="\n".join(system),
        turns=conversation(map(_turn, said), body.at("messages")),
        tools=tuple(offered(tool.fields("function")) for tool in body.each("tools")),
        max_tokens=limit if limit is not None and limit > 0 else None,
        stop=settings.texts("stop"),
        schema=None if body.value.get("format") in ("", "json") else body.object("format"),
        thinks=_thinks(body),
    )


def _thinks(body: Fields) -> bool:
    if isinstance(body.value.get("think"), str):
        return bool(body.word("think", LEVELS))
    return body.flag("think")


def _turn(message: Fields) -> Turn:
    if message.text("role") == "tool":
        key = message.text("tool_call_id") or message.text("tool_name")
        return Turn(role="user", results=(Result(key, json_or_text(message.text("content"))),))
    calls = [_called(call) for call in message.each("tool_calls")]
    return Turn(
        role="assistant" if message.text("role") == "assistant" else "user",
        text=message.text("content"),
        images=tuple(_image(message, encoded) for encoded in message.texts("images")),
        calls=tuple(call for pair in calls for call in pair),
    )


def _called(call: Fields) -> tuple[Called, ...]:
    """The call under its id, where it has one, and under its name: a result may say either."""
    call.need("function")
    function = call.fields("function")
    function.need("name")
    name, arguments = function.text("name"), function.object("arguments")
    keys = filter(None, (call.text("id"), name))
    return tuple(Called(key, name, arguments) for key in keys)


def _image(message: Fields, encoded: str) -> bytes:
    try:
        return b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise message.wrong("images", "illegal base64 data") from None
