"""Reads requests of `gemini-interactions`."""

from __future__ import annotations

from .ask import Ask, Called, Offered, Result, Turn
from .gemini import plain_schema
from .reading import Fields, conversation, json_or_text

LEVELS = ("minimal", "low", "medium", "high", "xhigh")


def read(body: Fields) -> Ask:
    """Return what the body asks."""
    body.need("model", "input")
    config = body.fields("generation_config")
    config.number("temperature", 0, 2)
    level = config.word("thinking_level", LEVELS)
    schema = body.fields("response_format").object("schema")
    return Ask(
        model=body.text("model").removeprefix("models/"),
        system=body.text("system_instruction"),
        turns=conversation(map(_turn, _steps(body)), body.at("input")),
        tools=tuple(_offered(tool) for tool in body.each("tools")),
        may_call=config.value.get("tool_choice") != "none",
        max_tokens=config.whole("max_output_tokens"),
        stop=config.texts("stop_sequences"),
        schema=None if schema is None else plain_schema(schema),
        thinks=level not in ("", "minimal"),
        shows_thoughts=config.text("thinking_summaries") == "auto",
    )


def _steps(body: Fields) -> list[Fields]:
    """The input may be a text, or the contents of one step."""
    given = body.value["input"]
    if isinstance(given, list) and given and body.each("input")[0].text("type") in CONTENTS:
        return [Fields({"type": "user_input", "content": given}, body.at("input"))]
    if isinstance(given, str):
        content = [{"type": "text", "text": given}]
        return [Fields({"type": "user_input", "content": content}, body.at("input"))]
    return body.each("input")


CONTENTS = ("text", "image", "audio", "video", "document")
SPOKEN = {"user_input": "user", "model_output": "assistant"}


def _turn(step: Fields) -> Turn:
    match step.text("type"):
        case "user_input" | "model_output" as kind:
            step.need("content")
            parts = step.parts("content")
            images = [part.bytes("data") for part in parts if part.text("type") == "image"]
            text = "".join(part.text("text") for part in parts)
            return Turn(role=SPOKEN[kind], text=text, images=tuple(images))
        case "function_call":
            step.need("id", "name")
            call = Called(step.text("id"), step.text("name"), step.object("arguments"))
            return Turn(role="assistant", calls=(call,))
        case "function_result":
            step.need("call_id", "result")
            return Turn(role="user", results=(Result(step.text("call_id"), _answered(step)),))
        case "thought":
            return Turn(role="assistant")
    raise step.wrong("type", f"unknown step {step.text('type')!r}")


def _answered(step: Fields) -> object:
    result = step.value["result"]
    if isinstance(result, dict):
        return result
    return json_or_text("".join(part.text("text") for part in step.parts("result")))


def _offered(tool: Fields) -> Offered:
    tool.need("type", "name")
    return Offered(tool.text("name"), plain_schema(tool.object("parameters") or {}))
