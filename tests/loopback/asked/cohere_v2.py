"""Reads requests of `cohere-v2`, which writes its messages as OpenAI does."""

from __future__ import annotations

from . import openai_chat
from .ask import Ask, Turn
from .reading import Fields, conversation

ROLES = ("system", "user", "assistant", "tool")


def read(body: Fields) -> Ask:
    """Return what the body asks."""
    body.need("model", "messages")
    body.number("temperature", 0, 1)
    messages = body.each("messages")
    for message in messages:
        message.need("role")
    system = [openai_chat.text(m) for m in messages if m.word("role", ROLES) == "system"]
    said = (_turn(message) for message in messages if message.text("role") != "system")
    return Ask(
        model=body.text("model"),
        system="\n".join(system),
        turns=conversation(said, body.at("messages")),
        tools=tuple(openai_chat.offered(tool.fields("function")) for tool in body.each("tools")),
        may_call=body.text("tool_choice") != "NONE",
        max_tokens=body.whole("max_tokens"),
        stop=body.texts("stop_sequences"),
        schema=body.fields("response_format").object("json_schema"),
        thinks=body.fields("thinking").word("type", ("enabled", "disabled")) == "enabled",
    )


def _turn(message: Fields) -> Turn:
    """A tool's answer may also come as documents; the text of each is what counts."""
    if message.text("role") != "tool" or isinstance(message.value.get("content"), str):
        return openai_chat.turn(message)
    parts = message.each("content")
    texts = [p.text("text") or p.fields("document").fields("data").text("text") for p in parts]
    plain = {**message.value, "content": "".join(texts)}
    return openai_chat.turn(Fields(plain, message.place))
