"""Reads requests of `anthropic-messages`, and of Claude on Bedrock."""

from __future__ import annotations

from .ask import Ask, Called, Offered, Result, Turn
from .reading import Fields, conversation, json_or_text

ROLES = ("user", "assistant", "system")
EFFORTS = ("low", "medium", "high", "xhigh", "max")
THINKING = ("adaptive", "enabled", "disabled", "between_tools")


def read(body: Fields) -> Ask:
    """Return what the body asks."""
    body.need("model")
    return read_claude(body)


def read_claude(body: Fields) -> Ask:
    """Return what a body asks that need not name its model."""
    body.need("max_tokens", "messages")
    body.number("temperature", 0, 1)
    config = body.fields("output_config")
    config.word("effort", EFFORTS)
    thinking = body.fields("thinking")
    thinks = thinking.word("type", THINKING) not in ("", "disabled")
    return Ask(
        model=body.text("model"),
        system="\n".join(part.text("text") for part in body.parts("system")),
        turns=conversation(map(_turn, body.each("messages")), body.at("messages")),
        tools=tuple(_offered(tool) for tool in body.each("tools")),
        may_call=body.fields("tool_choice").text("type") != "none",
        max_tokens=body.whole("max_tokens"),
        stop=body.texts("stop_sequences"),
        schema=config.fields("format").object("schema"),
        thinks=thinks,
        shows_thoughts=thinking.text("display") != "omitted",
    )


def _offered(tool: Fields) -> Offered:
    tool.need("name", "input_schema")
    return Offered(tool.text("name"), tool.object("input_schema") or {})


def _turn(message: Fields) -> Turn:
    message.need("role", "content")
    blocks = message.parts("content")
    return Turn(
        role="assistant" if message.word("role", ROLES) == "assistant" else "user",
        text="".join(block.text("text") for block in blocks),
        images=tuple(b.fields("source").bytes("data") for b in _of("image", blocks)),
        calls=tuple(_called(block) for block in _of("tool_use", blocks)),
        results=tuple(_result(block) for block in _of("tool_result", blocks)),
    )


def _of(kind: str, blocks: list[Fields]) -> list[Fields]:
    return [block for block in blocks if block.text("type") == kind]


def _called(block: Fields) -> Called:
    block.need("id", "name")
    return Called(block.text("id"), block.text("name"), block.object("input"))


def _result(block: Fields) -> Result:
    block.need("tool_use_id")
    said = "".join(part.text("text") for part in block.parts("content"))
    return Result(block.text("tool_use_id"), json_or_text(said))
