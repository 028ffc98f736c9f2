"""Reads requests of `openai-responses`."""

from __future__ import annotations

from .ask import Ask, Called, Result, Turn
from .openai_chat import EFFORTS, offered
from .reading import Fields, conversation, json_or_text

ROLES = ("system", "developer", "user", "assistant")


def read(body: Fields) -> Ask:
    """Return what the body asks."""
    body.need("model", "input")
    body.number("temperature", 0, 2)
    items = _items(body)
    reasoning = body.fields("reasoning")
    wanted = body.fields("stream_options")
    system = [body.text("instructions"), *(_text(item) for item in items if _is_system(item))]
    turns = [_turn(item) for item in items if not _is_system(item)]
    return Ask(
        model=body.text("model"),
        system="\n".join(filter(None, system)),
        turns=conversation(turns, body.at("input")),
        tools=tuple(offered(tool) for tool in body.each("tools")),
        may_call=body.value.get("tool_choice") != "none",
        max_tokens=body.whole("max_output_tokens", 16),
        schema=body.fields("text").fields("format").object("schema"),
        thinks=reasoning.word("effort", EFFORTS) not in ("", "none"),
        shows_thoughts=reasoning.has("summary"),
        obfuscation=wanted.flag("include_obfuscation", default=True),
    )


def _items(body: Fields) -> list[Fields]:
    if isinstance(body.value["input"], str):
        return [Fields({"role": "user", "content": body.value["input"]}, body.at("input"))]
    return body.each("input")


def _is_system(item: Fields) -> bool:
    return item.text("type") in ("", "message") and item.text("role") in ("system", "developer")


def _text(item: Fields) -> str:
    return "".join(part.text("text") for part in item.parts("content"))


def _turn(item: Fields) -> Turn:
    match item.text("type"):
        case "function_call":
            item.need("call_id", "name", "arguments")
            arguments = json_or_text(item.text("arguments"))
            call = Called(item.text("call_id"), item.text("name"), arguments)
            return Turn(role="assistant", calls=(call,))
        case "function_call_output":
            item.need("call_id", "output")
            said = "".join(part.text("text") for part in item.parts("output"))
            return Turn(role="user", results=(Result(item.text("call_id"), json_or_text(said)),))
        case "reasoning":
            return Turn(role="assistant")
        case "" | "message":
            return _message(item)
    raise item.wrong("type", f"unknown item {item.text('type')!r}")


def _message(item: Fields) -> Turn:
    item.need("role", "content")
    parts = item.parts("content")
    images = [part.bytes("image_url") for part in parts if part.text("type") == "input_image"]
    role = "assistant" if item.word("role", ROLES) == "assistant" else "user"
    return Turn(role=role, text=_text(item), images=tuple(images))
