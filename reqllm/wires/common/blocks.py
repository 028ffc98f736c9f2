"""The open blocks of one answer: starts and ends them, and writes the chunks.

A decoder says what it reads; this keeps the promises that every stream makes: each delta
between its own start and end, ordinals without gaps, arguments parsed once and strictly,
no half characters, nothing left open.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

from reqllm import chunk as c
from reqllm.wires.common.json_text import parse_arguments
from reqllm.wires.common.surrogates import REPLACEMENT, has_surrogate, join_surrogates


class Block:
    """One open block of text, reasoning or refusal."""

    __slots__ = (
        "choice",
        "data",
        "held",
        "index",
        "kind",
        "metadata",
        "raw",
        "redacted",
        "signature",
        "whole",
    )

    def __init__(self, kind: str, index: int, choice: int) -> None:
        self.kind = kind
        self.index = index
        self.choice = choice
        self.held = ""
        self.signature: str | None = None
        self.data: str | None = None
        self.redacted = False
        self.metadata: dict[str, Any] = {}
        self.raw: list[str] | None = None
        """What was handed out, where it is wanted again."""
        self.whole: str | None = None
        """The provider's last word on all of it, where that is not what the pieces say."""


class ToolBlock(Block):
    """One open tool call; `started` once its name is known and handed out."""

    __slots__ = ("custom", "id", "name", "provider_executed", "started", "synthetic_id")

    raw: list[str]

    def __init__(self, index: int, choice: int, call_id: str | None, name: str) -> None:
        super().__init__("tool_call", index, choice)
        self.synthetic_id = call_id is None
        self.id = f"call_{index}" if call_id is None else call_id
        self.name = name
        self.raw = []
        self.started = False
        self.provider_executed = False
        self.custom = False
        """The arguments are free text, not JSON."""

    @property
    def arguments_raw(self) -> str:
        return "".join(self.raw) if self.whole is None else self.whole


class UnknownBlock:
    """A block of a kind that has no place of its own: kept, and handed out whole."""

    def __init__(self, kind: str, content: Mapping[str, Any]) -> None:
        self.kind = kind
        self.content = dict(content)

    def merge(self, delta: Mapping[str, Any]) -> None:
        """Take a delta: text is appended, anything else replaces."""
        for key, value in delta.items():
            old = self.content.get(key)
            if key == "type":
                continue
            both_text = isinstance(old, str) and isinstance(value, str)
            self.content[key] = old + value if both_text else value


Repair = Callable[[str], str | Mapping[str, Any] | None]
"""Takes the raw arguments of a tool call that are no JSON object, and returns them mended, as JSON
text or as the object itself; `None` if it cannot."""


class BlockWriter:
    """Writes chunks to `out`; the decoder swaps `out` for each batch of events."""

    def __init__(self, repair: Repair | None = None) -> None:
        self._repair = repair
        self.out: list[c.StreamChunk] = []
        self.open: list[Block] = []
        self._next: dict[int, int] = {}
        # Of a thousand streams, empty sets would be work for the garbage collector; empty dicts
        # are none.
        self.any_tool_call: dict[int, None] = {}
        """The choices that called a tool."""
        self.any_refusal: dict[int, None] = {}
        self.opened = 0

    def warn(self, code: str, message: str) -> None:
        self.out.append(c.WarningChunk(code, message))

    def next_index(self, choice: int) -> int:
        """Return the ordinal for a block that begins now."""
        index = self._next.get(choice, 0)
        self._next[choice] = index + 1
        self.opened += 1
        return index

    # Beginnings.
    def start_text(self, choice: int = 0, metadata: Mapping[str, Any] | None = None) -> Block:
        block = Block("text", self.next_index(choice), choice)
        block.metadata = dict(metadata or {})
        self.open.append(block)
        self.out.append(c.TextStart(block.index, choice, block.metadata))
        return block

    def start_reasoning(self, choice: int = 0, *, redacted: bool = False) -> Block:
        block = Block("reasoning", self.next_index(choice), choice)
        block.redacted = redacted
        self.open.append(block)
        self.out.append(c.ReasoningStart(block.index, choice, redacted))
        return block

    def start_refusal(self, choice: int = 0, metadata: Mapping[str, Any] | None = None) -> Block:
        block = Block("refusal", self.next_index(choice), choice)
        block.metadata = dict(metadata or {})
        self.open.append(block)
        self.any_refusal[choice] = None
        return block

    def start_tool(
        self, choice: int, call_id: str | None, name: str, *, provider_executed: bool = False
    ) -> ToolBlock:
        """Open a tool call. Without a name its start is held back until one comes."""
        block = ToolBlock(self.next_index(choice), choice, call_id, name)
        block.provider_executed = provider_executed
        self.open.append(block)
        if not provider_executed:
            self.any_tool_call[choice] = None
        if name:
            self.announce(block)
        return block

    def announce(self, tool: ToolBlock) -> None:
        """Hand out a tool call's start, and the arguments that came before its name."""
        tool.started = True
        self.out.append(
            c.ToolCallStart(
                tool.id,
                tool.name,
                tool.index,
                tool.choice,
                tool.provider_executed,
                tool.synthetic_id,
            )
        )
        if tool.raw:
            self.out.append(c.ToolCallDelta(tool.arguments_raw, tool.id, tool.index, tool.choice))

    # Growth.
    def text(self, block: Block, text: str) -> None:
        """Add text to a text, reasoning or refusal block."""
        if block.held or has_surrogate(text):
            text = self._whole_characters(block, text)
        if text:
            if block.kind == "refusal":
                # It has no start; what there is to say of it comes with its first piece.
                metadata, block.metadata = block.metadata, {}
                self.out.append(c.RefusalDelta(text, block.index, block.choice, metadata))
            else:
                self.out.append(_DELTA[block.kind](text, block.index, block.choice))
            if block.raw is not None:
                block.raw.append(text)

    def arguments(self, tool: ToolBlock, fragment: str) -> None:
        """Add a fragment of arguments to a tool call."""
        if tool.held or has_surrogate(fragment):
            fragment = self._whole_characters(tool, fragment)
        if not fragment:
            return
        tool.raw.append(fragment)
        if tool.started:
            self.out.append(c.ToolCallDelta(fragment, tool.id, tool.index, tool.choice))

    def _whole_characters(self, block: Block, text: str) -> str:
        text, block.held, broken = join_surrogates(block.held, text)
        if broken:
            self.warn("lone_surrogate", "half a character without its other half became U+FFFD")
        return text

    # Ends.
    def close(self, block: Block) -> None:
        """End a block and hand out its end."""
        if block not in self.open:
            return
        if block.held:
            # Its other half will not come any more.
            block.held = ""
            self.warn("lone_surrogate", "half a character without its other half became U+FFFD")
            if isinstance(block, ToolBlock):
                self.arguments(block, REPLACEMENT)
            else:
                self.text(block, REPLACEMENT)
        self.open.remove(block)
        self.out.extend(_ends(block, self))

    def tool_end(self, tool: ToolBlock) -> c.ToolCallEnd:
        """Return the end of a tool call: its arguments strict, mended if that is asked for."""
        raw = tool.arguments_raw
        arguments, invalid = ({}, False) if tool.custom else parse_arguments(raw)
        restated = _restated(tool.raw) if invalid else ""
        if restated:
            again = parse_arguments(restated)
            if not again[1]:
                raw = tool.whole = restated
                arguments, invalid = again
                self.warn(
                    "arguments_differ",
                    f"the pieces of the arguments of tool call {tool.id!r} say the same again; "
                    "what was said last counts",
                )
        if invalid and self._repair is not None:
            mended = self._repaired(tool, raw)
            if mended is not None:
                arguments, invalid = mended, False
                tool.metadata["repaired"] = True
        return _tool_end(tool, raw, arguments, invalid)

    def _repaired(self, tool: ToolBlock, raw: str) -> Mapping[str, Any] | None:
        assert self._repair is not None
        try:
            return _mended(self._repair(raw))
        except Exception as error:  # it is somebody else's, and the stream goes on without it
            self.warn(
                "repair_failed",
                f"repair of the arguments of {tool.id!r} raised {type(error).__name__}: {error}",
            )
            return None

    def close_all(self) -> None:
        """End every open block, in the order in which they began."""
        for block in list(self.open):
            self.close(block)


_DELTA: dict[str, Any] = {
    "text": c.TextDelta,
    "reasoning": c.ReasoningDelta,
}


def _ends(block: Block, writer: BlockWriter) -> list[c.StreamChunk]:
    match block:
        case ToolBlock():
            if not block.started:
                writer.warn("unnamed_tool_call", f"tool call {block.id!r} never got a name")
                writer.announce(block)
            return [writer.tool_end(block)]
        case Block(kind="text"):
            return [c.TextEnd(block.index, block.choice, block.signature, block.whole)]
        case Block(kind="reasoning"):
            return [
                c.ReasoningEnd(
                    block.index,
                    block.choice,
                    block.signature,
                    block.redacted,
                    block.data,
                    block.metadata,
                    block.whole,
                )
            ]
    return []


def _restated(pieces: list[str]) -> str:
    """Return what a server said last that said its arguments more than once; nothing if it did not.

    Some send each time all there was so far, some at the end all of it again, some begin by an
    empty object.
    """
    if len(pieces) < 2:
        return ""
    if all(later.startswith(earlier) for earlier, later in itertools.pairwise(pieces)):
        return pieces[-1]
    if pieces[-1] == "".join(pieces[:-1]):
        return pieces[-1]
    return "".join(pieces[1:]) if pieces[0].strip() == "{}" else ""


def _mended(answer: Any) -> Mapping[str, Any] | None:
    """Return the object that a repair gave, `None` if it gave none."""
    if isinstance(answer, str):
        arguments, invalid = parse_arguments(answer)
        return None if invalid or not answer else arguments
    return answer if isinstance(answer, Mapping) else None


def _tool_end(
    tool: ToolBlock, raw: str, arguments: Mapping[str, Any], invalid: bool
) -> c.ToolCallEnd:
    return c.ToolCallEnd(
        tool.id,
        tool.name,
        arguments,
        raw,
        invalid,
        tool.index,
        tool.choice,
        tool.provider_executed,
        tool.signature,
        tool.metadata,
    )
