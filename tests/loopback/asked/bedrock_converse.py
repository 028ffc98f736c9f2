"""Reads requests of `bedrock-converse`."""

from __future__ import annotations

import json

from .ask import Ask, Called, Offered, Result, Turn
from .reading import Fields, conversation, json_or_text

ROLES = ("user", "assistant")


def read(body: Fields) -> Ask:
    """Return what the body asks; the address names the model."""
    body.need("messages")
    config = body.fields("inferenceConfig")
    config.number("temperature", 0, 1)
    tools = body.fields("toolConfig").each("tools")
    thinking = body.fields("additionalModelRequestFields").fields("thinking")
    return Ask(
        system="\n".join(part.text("text") for part in body.each("system")),
        turns=conversation(map(_turn, body.each("messages")), body.at("messages")),
        tools=tuple(_offered(tool.fields("toolSpec")) for tool in tools if tool.has("toolSpec")),
        max_tokens=config.whole("maxTokens"),
        stop=config.texts("stopSequences"),
        schema=_schema(body.fields("outputConfig").fields("textFormat").fields("structure")),
        thinks=thinking.text("type") not in ("", "disabled"),
    )


def _schema(structure: Fields) -> dict[str, object] | None:
    """The schema, which goes as a text of JSON."""
    written = structure.fields("jsonSchema")
    if not written.has("schema"):
        return None
    try:
        schema = json.loads(written.text("schema"))
    except (ValueError, RecursionError):
        schema = None
    if not isinstance(schema, dict):
        raise written.wrong("schema", "expected a JSON Schema as a text of JSON")
    return schema


def _offered(tool: Fields) -> Offered:
    tool.need("name", "inputSchema")
    return Offered(tool.text("name"), tool.fields("inputSchema").object("json") or {})


def _turn(message: Fields) -> Turn:
    message.need("role", "content")
    blocks = message.each("content")
    images = [b.fields("image").fields("source").bytes("bytes") for b in blocks if b.has("image")]
    return Turn(
        role="assistant" if message.word("role", ROLES) == "assistant" else "user",
        text="".join(block.text("text") for block in blocks),
        images=tuple(images),
        calls=tuple(_called(b.fields("toolUse")) for b in blocks if b.has("toolUse")),
        results=tuple(_result(b.fields("toolResult")) for b in blocks if b.has("toolResult")),
    )


def _called(call: Fields) -> Called:
    call.need("toolUseId", "name", "input")
    return Called(call.text("toolUseId"), call.text("name"), call.value["input"])


def _result(result: Fields) -> Result:
    result.need("toolUseId", "content")
    parts = result.each("content")
    values = [p.value["json"] if p.has("json") else json_or_text(p.text("text")) for p in parts]
    return Result(result.text("toolUseId"), values[0] if len(values) == 1 else values)
