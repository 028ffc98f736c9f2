"""The order of chunks, whatever wire they came over."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from reqllm_fixtures.checking.explaining import came
from reqllm_fixtures.checking.report import Report
from reqllm_fixtures.checking.sequence import Key, Sequence, Step, Table
from reqllm_fixtures.checking.usage import UsageRules

_KEY = ("choice", "index")
TABLE = Table(
    MappingProxyType(
        {
            "text_delta": Step("adds", "block", _KEY),
            "reasoning_delta": Step("adds", "block", _KEY),
            "tool_call_delta": Step("adds", "block", _KEY),
            "text_start": Step("opens", "block", _KEY),
            "reasoning_start": Step("opens", "block", _KEY),
            "tool_call_start": Step("opens", "block", _KEY),
            "text_end": Step("closes", "block", _KEY),
            "reasoning_end": Step("closes", "block", _KEY),
            "tool_call_end": Step("closes", "block", _KEY),
            "stream_start": Step("starts"),
            "finish": Step("ends"),
            "error": Step("fails"),
        }
    ),
    is_numbered=False,  # but together with what is no block, below
    kind_path="$.kind",
)


class _Call:
    """A tool call that is open."""

    def __init__(self, call_id: Any) -> None:
        self.id = call_id
        self.pieces: list[str] = []


class ChunkRules:
    """The rules of one stream."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._sequence = Sequence(TABLE, report)
        self._usage = UsageRules(report, ())
        self._kinds: dict[Key, str] = {}
        self._calls: dict[Key, _Call] = {}
        self._numbers: dict[Any, set[Any]] = {}
        self._has_custom = False  # what the provider runs itself takes numbers, told or not

    @property
    def ended(self) -> bool:
        """Whether the last chunk came."""
        return self._sequence.ended

    def take(self, kind: str, value: dict[str, Any]) -> None:
        """Take the next chunk, as `as_dict()` gives it."""
        placed = {"choice": 0, "index": 0, **value}
        key = self._sequence.take(kind, placed)
        if key is not None:
            self._take_part(kind, key, value)
        if kind == "custom":
            self._has_custom = True
        elif key is not None or "index" in value:
            self._take_number(placed["choice"], placed["index"])
        if kind == "usage":
            self._usage.add_up(
                value.get("usage"), "$.usage", ("input_tokens", "output_tokens"), "total_tokens"
            )

    def end(self) -> None:
        """Take the end of the chunks."""
        self._sequence.end(has_reason=False)

    def _take_number(self, choice: Any, index: Any) -> None:
        if type(choice) is not int or type(index) is not int:
            return  # the schema's business
        known = self._numbers.setdefault(choice, set())
        if index not in known and index != len(known) and not self._has_custom:
            said = f"expected block {len(known)} of choice {choice}, came {index}"
            self._report.add("index-order", "$.index", said)
        known.add(index)

    def _take_part(self, kind: str, key: Key, value: dict[str, Any]) -> None:
        block, _, part = kind.rpartition("_")
        if part == "start":
            self._kinds[key] = block
            if block == "tool_call":
                self._calls[key] = _Call(value.get("id"))
            return
        begun = self._kinds.get(key)
        if begun is not None and begun != block:
            said = f"expected {begun}_{part} in a block that began as {begun}, came {kind}"
            self._report.add("delta-mismatch", "$.kind", said)
        elif block == "tool_call" and key in self._calls:
            self._take_call(part, self._calls[key], value)

    def _take_call(self, part: str, call: _Call, value: dict[str, Any]) -> None:
        if value.get("id") != call.id:
            said = f"expected {came(call.id)} as at its start, came {came(value.get('id'))}"
            self._report.add("id-changed", "$.id", said)
        piece = value.get("arguments_delta")
        if isinstance(piece, str):
            call.pieces.append(piece)
        joined = "".join(call.pieces) if part == "end" else ""
        if part == "end" and value.get("arguments_raw", "") != joined:
            said = f"expected {came(joined)}, which its pieces join to, came "
            said += came(value.get("arguments_raw", ""))
            self._report.add("arguments-differ", "$.arguments_raw", said)
