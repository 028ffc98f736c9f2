"""The order of OpenAI's Responses streams."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from reqllm_fixtures.checking.block_rules import BlockRules
from reqllm_fixtures.checking.checked_wire import CheckedWire
from reqllm_fixtures.checking.constants import Constants
from reqllm_fixtures.checking.explaining import came
from reqllm_fixtures.checking.report import Report
from reqllm_fixtures.checking.sequence import Key, Step, Table
from reqllm_fixtures.checking.usage import UsageRules
from reqllm_fixtures.checking.wires.foreign import foreign_error

_ITEM = ("output_index",)
_PART = ("output_index", "content_index")
_SUMMARY = ("output_index", "summary_index")
_IN_ITEM = Step("adds", "item", _ITEM)
_IN_PART = Step("adds", "part", _PART)
_IN_SUMMARY = Step("adds", "summary", _SUMMARY)
# What is whole, and by which field: the join of the deltas that came before.
_WHOLES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "response.output_text.done": ("response.output_text.delta", "text"),
        "response.refusal.done": ("response.refusal.delta", "refusal"),
        "response.reasoning_text.done": ("response.reasoning_text.delta", "text"),
        "response.reasoning.done": ("response.reasoning.delta", "text"),
        "response.reasoning_summary_text.done": ("response.reasoning_summary_text.delta", "text"),
        "response.function_call_arguments.done": (
            "response.function_call_arguments.delta",
            "arguments",
        ),
        "response.mcp_call_arguments.done": ("response.mcp_call_arguments.delta", "arguments"),
        "response.custom_tool_call_input.done": ("response.custom_tool_call_input.delta", "input"),
        "response.code_interpreter_call_code.done": (
            "response.code_interpreter_call_code.delta",
            "code",
        ),
    }
)
_DELTAS = frozenset(delta for delta, _ in _WHOLES.values())
_ARGUMENTS = "response.function_call_arguments.delta"
_CALLS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "code_interpreter_call": ("in_progress", "interpreting", "completed"),
        "file_search_call": ("in_progress", "searching", "completed"),
        "web_search_call": ("in_progress", "searching", "completed"),
        "image_generation_call": ("in_progress", "generating", "partial_image", "completed"),
        "mcp_call": ("in_progress", "completed", "failed"),
        "mcp_list_tools": ("in_progress", "completed", "failed"),
        "shell_call_command": ("added", "delta", "done"),
        "shell_call_output_content": ("delta", "done"),
        "apply_patch_call_operation_diff": ("delta", "done"),
        "function_call_arguments": ("delta", "done"),
        "mcp_call_arguments": ("delta", "done"),
        "custom_tool_call_input": ("delta", "done"),
        "code_interpreter_call_code": ("delta", "done"),
        "compaction": ("compacting",),
    }
)
TABLE = Table(
    MappingProxyType(
        {
            "response.output_text.delta": _IN_PART,
            "response.output_text.done": _IN_PART,
            "response.output_text.annotation.added": _IN_PART,
            "response.refusal.delta": _IN_PART,
            "response.refusal.done": _IN_PART,
            "response.reasoning_text.delta": _IN_PART,
            "response.reasoning_text.done": _IN_PART,
            "response.reasoning.delta": _IN_PART,
            "response.reasoning.done": _IN_PART,
            "response.reasoning_part.added": Step("opens", "part", _PART),
            "response.reasoning_part.done": Step("closes", "part", _PART),
            "response.content_part.added": Step("opens", "part", _PART),
            "response.content_part.done": Step("closes", "part", _PART),
            "response.reasoning_summary_text.delta": _IN_SUMMARY,
            "response.reasoning_summary_text.done": _IN_SUMMARY,
            "response.reasoning_summary_part.added": Step("opens", "summary", _SUMMARY),
            "response.reasoning_summary_part.done": Step("closes", "summary", _SUMMARY),
            "response.output_item.added": Step("opens", "item", _ITEM),
            "response.output_item.done": Step("closes", "item", _ITEM),
            **{
                f"response.{call}.{step}": _IN_ITEM
                for call, steps in _CALLS.items()
                for step in steps
            },
            "response.created": Step("starts"),
            "response.queued": Step("adds"),
            "response.in_progress": Step("adds"),
            "response.completed": Step("ends"),
            "response.incomplete": Step("ends"),
            "response.done": Step("ends"),
            "response.failed": Step("fails"),
            "response.cancelled": Step("fails"),
            "error": Step("passes"),  # response.failed may follow
            "keepalive": Step("passes"),
        }
    ),
    implied_by_parts=frozenset({"part", "summary"}),
)


_OLDER_FORM = "response.delta"


def kind_of(value: dict[str, Any], name: str) -> str | None:
    """Name what an event is; in an older form, which a proxy sends, events have no types."""
    kind = value.get("type")
    if kind is None and value.get("object") == _OLDER_FORM:
        return _OLDER_FORM
    is_typed = isinstance(kind, str) and value.get("object") != "error"
    return kind if is_typed else foreign_error(value, name)


class OpenAIResponsesRules(BlockRules):
    """The rules of one stream."""

    def __init__(self, report: Report) -> None:
        super().__init__(report, TABLE, "$.delta")
        self._usage = UsageRules(report, ())
        self._number: int | None = None
        self._is_first = True
        self._constants = Constants(report)
        self._pieces: dict[tuple[str, Key], list[str]] = {}
        self._is_over = False  # said by other means than the last event
        self._status: Any = None

    def take(self, kind: str, value: dict[str, Any]) -> None:
        """Take the next event."""
        self._take_number(value.get("sequence_number"), is_start=kind == "response.created")
        key = self._sequence.take(kind, value)
        if key is not None:
            self._take_part(kind, key, value)
        elif kind == "error":
            self._is_over = True
        elif kind == _OLDER_FORM and isinstance(value.get("delta"), dict):
            self._is_over = value["delta"].get("type") == "response.stop"
        response = value.get("response")
        if isinstance(response, dict):
            self._take_response(response)

    def end(self, *, is_done: bool) -> None:
        """Take the end of the body."""
        if not self._is_over:
            self._sequence.end(has_reason=False)
        if self._status == "completed":
            self._arguments.check()

    def _take_number(self, number: Any, *, is_start: bool) -> None:
        expected = 0 if self._number is None else self._number + 1
        if type(number) is not int:
            self._is_first = False
            return
        if self._is_first and number > 0 and not is_start:
            self._sequence.resume()  # the rest of a stream that broke off or ran in the background
        if number != expected and (self._is_first or self._number is not None):
            self._report.add(
                "sequence-number", "$.sequence_number", f"expected {expected}, came {number}"
            )
        self._is_first = False
        self._number = number

    def _take_response(self, response: dict[str, Any]) -> None:
        self._constants.hold("response", response.get("id"), "$.response.id")
        self._status = response.get("status")
        usage = response.get("usage")
        if usage is not None:
            self._usage.add_up(
                usage, "$.response.usage", ("input_tokens", "output_tokens"), "total_tokens"
            )

    def _take_part(self, kind: str, key: Key, value: dict[str, Any]) -> None:
        item = value.get("item")
        number = key[1][0]
        if isinstance(item, dict):
            self._constants.hold(number, item.get("id"), "$.item.id")
        elif "item_id" in value:
            self._constants.hold(number, value["item_id"], "$.item_id")
        if kind in _DELTAS:
            piece = value.get("delta")
            if isinstance(piece, str):
                self._pieces.setdefault((kind, key), []).append(piece)
                if kind == _ARGUMENTS:
                    self._arguments.add(key, piece)
        elif kind in _WHOLES:
            self._take_whole(kind, key, value)

    def _take_whole(self, kind: str, key: Key, value: dict[str, Any]) -> None:
        delta, name = _WHOLES[kind]
        joined = "".join(self._pieces.get((delta, key), ()))
        whole = value.get(name)
        if isinstance(whole, str) and whole != joined:
            said = f"expected {came(joined)}, which its pieces join to, came {came(whole)}"
            self._report.add("arguments-differ", f"$.{name}", said)


WIRE = CheckedWire("openai-responses", OpenAIResponsesRules, kind_of, is_named=True)
