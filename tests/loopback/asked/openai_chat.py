"""Reads requests of `openai-chat`."""

from __future__ import annotations

from .ask import Ask, Called, Offered, Result, Turn
from .reading import Fields, conversation, json_or_text

ROLES = ("system", "developer", "user", "assistant", "tool")
EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")


def read(body: Fields) -> Ask:
    """Return what the body asks."""
    body.need("model", "messages")
    body.number("temperature", 0, 2)
    messages = body.each("messages")
    wanted = body.fields("stream_options")
    effort = body.word("reasoning_effort", EFFORTS)
    schema = body.fields("response_format").fields("json_schema").object("schema")
    return Ask(
        model=body.text("model"),
        system="\n".join(text(m) for m in messages if _is_system(m)),
        turns=conversation((turn(m) for m in messages if not _is_system(m)), body.at("messages")),
        tools=tuple(offered(tool.fields("function")) for tool in body.each("tools")),
        may_call=body.value.get("tool_choice") != "none",
        max_tokens=body.whole("max_completion_tokens") or body.whole("max_tokens"),
        stop=body.texts("stop"),
        schema=schema,
        thinks=effort not in ("", "none"),
        include_usage=wanted.flag("include_usage"),
        obfuscation=wanted.flag("include_obfuscation", default=True),
    )


def offered(function: Fields) -> Offered:
    """A tool, as it is described within `function`."""
    function.need("name")
    return Offered(function.text("name"), function.object("parameters") or {})


def text(message: Fields) -> str:
    """The text of a message."""
    return "".join(part.text("text") for part in message.parts("content"))


def turn(message: Fields) -> Turn:
    """A message that is not the system's."""
    if message.word("role", ROLES) == "tool":
        message.need("tool_call_id")
        value = json_or_text(text(message))
        return Turn(role="user", results=(Result(message.text("tool_call_id"), value),))
    images = [p.fields("image_url").bytes("url") for p in message.parts("content") if _shows(p)]
    calls = [_called(call) for call in message.each("tool_calls")]
    role = "assistant" if message.text("role") == "assistant" else "user"
    return Turn(role=role, text=text(message), images=tuple(images), calls=tuple(calls))


def _is_system(message: Fields) -> bool:
    message.need("role")
    return message.word("role", ROLES) in ("system", "developer")


def _shows(part: Fields) -> bool:
    return part.text("type") == "image_url"


def _called(call: Fields) -> Called:
    call.need("id", "function")
    function = call.fields("function")
    return Called(call.text("id"), function.text("name"), json_or_text(function.text("arguments")))
