"""Reads requests of `gemini`; a member may be written in camel or in snake case."""

from __future__ import annotations

import re
from typing import Any

from .ask import Ask, Called, Offered, Result, Turn
from .reading import Fields, conversation

ROLES = ("user", "model", "function")
# Members whose own members are named by the user.
THE_USERS = (
    "args",
    "response",
    "parameters",
    "parametersJsonSchema",
    "responseSchema",
    "responseJsonSchema",
)
LEVELS = ("MINIMAL", "LOW", "MEDIUM", "HIGH", "XHIGH")


def read(body: Fields) -> Ask:
    """Return what the body asks; the address names the model."""
    body = Fields(_in_camel(body.value), body.place)
    body.need("contents")
    config = body.fields("generationConfig")
    config.number("temperature", 0, 2)
    thinking = config.fields("thinkingConfig")
    level = thinking.text("thinkingLevel").upper()
    if level and level not in LEVELS:
        raise thinking.wrong("thinkingLevel", f"expected one of {', '.join(LEVELS)}")
    calling = body.fields("toolConfig").fields("functionCallingConfig")
    functions = [f for tool in body.each("tools") for f in tool.each("functionDeclarations")]
    system = body.fields("systemInstruction").each("parts")
    return Ask(
        system="".join(part.text("text") for part in system),
        turns=conversation(map(_turn, body.each("contents")), body.at("contents")),
        tools=tuple(_offered(function) for function in functions),
        may_call=calling.text("mode") != "NONE",
        max_tokens=config.whole("maxOutputTokens"),
        stop=config.texts("stopSequences"),
        schema=_schema(config, "response"),
        thinks=thinking.whole("thinkingBudget", -1) not in (None, 0) or bool(level),
        shows_thoughts=thinking.flag("includeThoughts"),
    )


def _in_camel(value: Any) -> Any:
    """Members written in snake case, as Google's SDK does now and then, in camel case."""
    if isinstance(value, list):
        return [_in_camel(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    named = {re.sub(r"_([a-z])", lambda m: m[1].upper(), key): key for key in value}
    return {
        name: value[key] if name in THE_USERS else _in_camel(value[key])
        for name, key in named.items()
    }


def plain_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema in Google's own words, which shouts its types, as JSON Schema."""

    def plain(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {name: plain(entry, name) for name, entry in value.items()}
        if isinstance(value, list):
            return [plain(entry) for entry in value]
        return value.lower() if key == "type" and isinstance(value, str) else value

    return {name: plain(value, name) for name, value in schema.items()}


def _schema(fields: Fields, what: str) -> dict[str, Any] | None:
    """The newer form is JSON Schema, the older Google's own."""
    newer = fields.object(f"{what}JsonSchema")
    older = fields.object(f"{what}Schema" if what == "response" else what)
    return newer if older is None else plain_schema(older)


def _offered(function: Fields) -> Offered:
    function.need("name")
    if not re.fullmatch(r"[\w.:-]{1,128}", function.text("name")):
        raise function.wrong("name", "is no name of a function")
    return Offered(function.text("name"), _schema(function, "parameters") or {})


def _turn(content: Fields) -> Turn:
    content.need("parts")
    role = content.word("role", ROLES)
    parts = content.each("parts")
    return Turn(
        role="assistant" if role == "model" else "user",
        text="".join(part.text("text") for part in parts if not part.flag("thought")),
        images=tuple(_image(p.fields("inlineData")) for p in parts if p.has("inlineData")),
        calls=tuple(_called(p.fields("functionCall")) for p in parts if p.has("functionCall")),
        results=tuple(
            _result(part.fields("functionResponse"))
            for part in parts
            if part.has("functionResponse")
        ),
    )


def _image(inline: Fields) -> bytes:
    inline.need("mimeType", "data")
    return inline.bytes("data", web=True)


def _called(call: Fields) -> Called:
    call.need("name")
    return Called(call.text("name"), call.text("name"), call.object("args"))


def _result(response: Fields) -> Result:
    response.need("name", "response")
    return Result(response.text("name"), response.object("response"))
