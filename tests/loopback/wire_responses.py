"""The events of `openai-responses`.

https://platform.openai.com/docs/api-reference/responses-streaming
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

from .scenario import Finish, Part, Reasoning, Refusal, Scenario, Text, ToolCall
from .wire_openai import EPOCH
from .wording import ALPHANUMERIC, Options, arguments_text, compact, cut_arguments

INCOMPLETE: dict[Finish, str] = {
    "length": "max_output_tokens",
    "content_filter": "content_filter",
}

Said = dict[str, Any]


def events(scenario: Scenario, options: Options) -> list[bytes]:
    """The stream as a list of named SSE events."""
    return list(_Responses(scenario, options).stream())


def whole(scenario: Scenario, options: Options) -> Said:
    """The `response` object."""
    return _Responses(scenario, options).end()


class _Responses:
    """One answer on its way out."""

    def __init__(self, scenario: Scenario, options: Options) -> None:
        self.scenario = scenario
        self.options = options
        self.padding = options.chance("obfuscation")
        self.numbers = count()

    def stream(self) -> Iterator[bytes]:
        for kind in ("response.created", "response.in_progress"):
            yield self.event({"type": kind, "response": self.response("in_progress")})
        for place, part in enumerate(self.scenario.parts):
            begun = self.item(part, place, "in_progress")
            yield self.event({"type": "response.output_item.added", "item": begun}, place)
            for said in self.growth(part, place):
                yield self.event(said, place)
            done = self.item(part, place, self.last(place))
            yield self.event({"type": "response.output_item.done", "item": done}, place)
        end = self.end()
        yield self.event({"type": f"response.{end['status']}", "response": end})

    def event(self, said: Said, place: int | None = None) -> bytes:
        """One event: its number, where it belongs, and padding behind a delta."""
        said = {"type": said.pop("type"), "sequence_number": next(self.numbers), **said}
        if place is not None:
            said["output_index"] = place
        if "delta" in said and self.options.obfuscation:
            length = self.padding.randint(1, 14)
            said["obfuscation"] = "".join(self.padding.choices(ALPHANUMERIC, k=length))
        return b"event: %b\ndata: %b\n\n" % (said["type"].encode(), compact(said).encode())

    def response(self, status: str, **more: Any) -> Said:
        return {
            "id": self.options.identifier("resp_", 48).lower(),
            "object": "response",
            "created_at": EPOCH,
            "status": status,
            "error": None,
            "incomplete_details": None,
            "instructions": None,
            "metadata": {},
            "model": self.options.model,
            "output": [],
            "parallel_tool_calls": True,
            "service_tier": "default",
            "temperature": 1.0,
            "tool_choice": "auto",
            "tools": [],
            "top_p": 1.0,
            "usage": None,
            **more,
        }

    def end(self) -> Said:
        """The response as it is at its end."""
        reason = INCOMPLETE.get(self.scenario.finish)
        output = [self.item(p, n, self.last(n)) for n, p in enumerate(self.scenario.parts)]
        return self.response(
            "incomplete" if reason else "completed",
            incomplete_details={"reason": reason} if reason else None,
            output=output,
            usage=self.usage(),
        )

    def last(self, place: int) -> str:
        """The status of an item at its end: one may have been cut off."""
        is_last = place == len(self.scenario.parts) - 1
        return "incomplete" if is_last and self.scenario.finish in INCOMPLETE else "completed"

    def usage(self) -> Said:
        usage = self.scenario.usage
        return {
            "input_tokens": usage.input,
            "input_tokens_details": {
                "cached_tokens": usage.cached,
                "cache_write_tokens": usage.cache_write,
            },
            "output_tokens": usage.output,
            "output_tokens_details": {"reasoning_tokens": usage.reasoning},
            "total_tokens": usage.input + usage.output,
        }

    def item(self, part: Part, place: int, status: str) -> Said:
        """An item as it begins, with nothing in it, or as it is at its end."""
        is_whole = status != "in_progress"
        match part:
            case Text() | Refusal():
                content = [self.part(part, whole=True)] if is_whole else []
                kind, rest = "message", {"role": "assistant", "content": content}
            case Reasoning():
                summary = [{"type": "summary_text", "text": part.text}] if part.text else []
                opaque = {"encrypted_content": part.signature} if part.signature else {}
                kind, rest = "reasoning", {"summary": summary if is_whole else [], **opaque}
                return {"id": self.item_id(part, place), "type": kind, **rest}
            case ToolCall():
                text = arguments_text(part, spaced=False) if is_whole else ""
                call_id = self.options.identifier("call_", 24, place)
                kind = "function_call"
                rest = {"arguments": text, "call_id": call_id, "name": part.name}
            case _:
                raise ValueError(f"openai-responses is not taught to say {type(part).__name__}")
        return {"id": self.item_id(part, place), "type": kind, "status": status, **rest}

    def item_id(self, part: Part, place: int) -> str:
        prefix = {Reasoning: "rs_", ToolCall: "fc_"}.get(type(part), "msg_")
        return self.options.identifier(prefix, 48, place).lower()

    def part(self, part: Text | Refusal, *, whole: bool) -> Said:
        text = part.text if whole else ""
        if isinstance(part, Refusal):
            return {"type": "refusal", "refusal": text}
        return {"type": "output_text", "annotations": [], "logprobs": [], "text": text}

    def growth(self, part: Part, place: int) -> Iterator[Said]:
        """What is said between an item's beginning and its end."""
        where: Said = {"item_id": self.item_id(part, place)}
        match part:
            case Text() | Refusal():
                where["content_index"] = 0
                yield from self.spoken(part, where)
            case Reasoning() if part.text:
                yield from self.thought(part, {**where, "summary_index": 0})
            case ToolCall():
                text = arguments_text(part, spaced=False)
                name = "response.function_call_arguments"
                for piece in cut_arguments(text, self.options.chance(f"arguments {place}")):
                    yield {"type": f"{name}.delta", **where, "delta": piece}
                yield {"type": f"{name}.done", **where, "arguments": text}

    def spoken(self, part: Text | Refusal, where: Said) -> Iterator[Said]:
        is_text = isinstance(part, Text)
        name = "response.output_text" if is_text else "response.refusal"
        more: Said = {"logprobs": []} if is_text else {}
        content = "response.content_part"
        yield {"type": f"{content}.added", **where, "part": self.part(part, whole=False)}
        for word in self.options.cut(part.text, self.options.chance(f"words {part.text}")):
            yield {"type": f"{name}.delta", **where, "delta": word, **more}
        member = "text" if is_text else "refusal"
        yield {"type": f"{name}.done", **where, member: part.text, **more}
        yield {"type": f"{content}.done", **where, "part": self.part(part, whole=True)}

    def thought(self, part: Reasoning, where: Said) -> Iterator[Said]:
        name, summary = "response.reasoning_summary_text", "response.reasoning_summary_part"
        yield {"type": f"{summary}.added", **where, "part": {"type": "summary_text", "text": ""}}
        for word in self.options.cut(part.text, self.options.chance(f"words {part.text}")):
            yield {"type": f"{name}.delta", **where, "delta": word}
        yield {"type": f"{name}.done", **where, "text": part.text}
        whole = {"type": "summary_text", "text": part.text}
        yield {"type": f"{summary}.done", **where, "part": whole}
