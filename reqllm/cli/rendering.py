"""Shows an answer as it arrives: to people, or to programs as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Protocol

from reqllm import chunk as c
from reqllm.cli.summary import Stopwatch, Times, summary
from reqllm.cli.terminal import Terminal, one_line
from reqllm.errors import ReqLLMError
from reqllm.response import Response

_SHOWN_OF_A_VALUE = 200
_PROSE = ("text", "reasoning", "refusal")

REASONING = "dim italic"
TOOL = "cyan"
TOOL_NAME = "bold cyan"
NOTE = "dim"
WARNING = "yellow"
BAD = "bold red"


class View(Protocol):
    """Shows one answer: each chunk, then how it ended."""

    def show(self, chunk: c.StreamChunk) -> None:
        """Show a chunk."""

    def fail(self, error: ReqLLMError) -> None:
        """Show the end of an answer that broke; its error is told elsewhere."""

    def finish(self, answer: Response, times: Times) -> None:
        """Show the end of an answer."""


def view_for(terminal: Terminal, *, as_json: bool) -> View:
    """Return what shows an answer to a program, or to a person."""
    return JsonView(terminal) if as_json else AnswerView(terminal)


def watch(chunks: Iterable[c.StreamChunk], view: View, stopwatch: Stopwatch | None = None) -> None:
    """Show the chunks as they come. Raises what broke the stream, after all that came."""
    try:
        for chunk in chunks:
            if stopwatch is not None:
                stopwatch.note(chunk)
            view.show(chunk)
    except ReqLLMError as error:
        view.fail(error)
        raise


class JsonView:
    """One chunk a line, and nothing else; the error of a stream is its last chunk."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal

    def show(self, chunk: c.StreamChunk) -> None:
        """Write a chunk."""
        self._terminal.json(chunk.as_dict())

    def fail(self, error: ReqLLMError) -> None:
        """Write the chunk that the stream ended with."""
        self.show(c.ErrorChunk(error))

    def finish(self, answer: Response, times: Times) -> None:
        """Write nothing: the last chunk told."""


class _ToolCall:
    """A tool call on the screen."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.raw: list[str] = []
        self.is_current = True
        """All of its arguments so far stand there."""


class AnswerView:
    """Writes an answer for a person to read."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._block: tuple[str, int] | None = None
        self._last_kind = ""
        self._lines = 0
        self._tool_calls: dict[int, _ToolCall] = {}
        self._files: dict[int, tuple[str | None, int]] = {}
        self._sources: list[str] = []
        self._waiting: list[str] = []
        self._warned: set[str] = set()
        self._other_choices: dict[int, list[c.StreamChunk]] = {}

    def show(self, chunk: c.StreamChunk) -> None:
        """Write what a person should see of this chunk."""
        choice: int = getattr(chunk, "choice", 0)
        if choice:
            # Answers side by side cannot be read: the others follow when the first is whole.
            self._other_choices.setdefault(choice, []).append(chunk)
        else:
            self._show(chunk)

    def fail(self, error: ReqLLMError) -> None:
        """Write what had to wait."""
        self._close(() if error.partial is None else error.partial.warnings)

    def finish(self, answer: Response, times: Times) -> None:
        """Write what had to wait, and the line that sums up."""
        self._close(answer.warnings)
        if self._last_kind:
            self._terminal.line()
        self._terminal.facts(summary(answer, times), NOTE)

    def _show(self, chunk: c.StreamChunk) -> None:
        match chunk:
            case c.TextDelta(text, index):
                self._begin("text", index)
                self._terminal.write(text)
            case c.ReasoningDelta(text, index):
                self._begin("reasoning", index)
                self._terminal.write(text, REASONING)
            case c.ReasoningStart(index, redacted=True):
                self._begin("reasoning", index)
                self._terminal.write("(hidden by the provider)", REASONING)
            case c.RefusalDelta(text, index):
                self._begin("refusal", index)
                self._terminal.write(text, WARNING)
            case c.ToolCallStart() | c.ToolCallDelta() | c.ToolCallEnd():
                self._show_tool_call(chunk)
            case c.WarningChunk():
                self._warn(chunk)
            case c.CitationChunk():
                self._sources.append(_source(chunk.citation))
            case c.FileDelta(data, index):
                kind, size = self._files.get(index, (chunk.media_type, 0))
                self._files[index] = (kind, size + len(data))
            case _:
                self._show_whole(chunk)

    # Tool calls grow before one's eyes, unless others begin before they are whole.
    def _show_tool_call(self, chunk: c.ToolCallStart | c.ToolCallDelta | c.ToolCallEnd) -> None:
        index = chunk.index
        match chunk:
            case c.ToolCallStart():
                call = self._tool_calls[index] = _ToolCall(one_line(chunk.name))
                self._name_tool(call, index)
            case c.ToolCallDelta():
                call = self._tool_calls[index]
                call.raw.append(chunk.arguments_delta)
                if self._block == ("tool_call", index):
                    self._terminal.write(chunk.arguments_delta, TOOL)
                else:
                    call.is_current = False
            case c.ToolCallEnd():
                self._end_tool_call(chunk, self._tool_calls.pop(index))

    def _end_tool_call(self, chunk: c.ToolCallEnd, call: _ToolCall) -> None:
        notes = ["not one JSON object"] if chunk.invalid else []
        notes += ["run by the provider"] if chunk.provider_executed else []
        block = ("tool_call", chunk.index)
        if call.is_current and not notes and self._block != block:
            return  # it stands there whole
        if not call.is_current:
            self._begin_again(call, chunk.index)
        elif self._block != block:
            self._name_tool(call, chunk.index)
        elif not call.raw and not chunk.invalid:
            self._terminal.write("{}", TOOL)
        for note in notes:
            self._terminal.write(f" [{note}]", BAD if chunk.invalid else NOTE)
        self._terminal.end_line()

    def _name_tool(self, call: _ToolCall, index: int) -> None:
        self._begin("tool_call", index)
        self._terminal.mark("→ ", TOOL)
        self._terminal.write(f"{call.name} ", TOOL_NAME)

    def _begin_again(self, call: _ToolCall, index: int) -> None:
        self._name_tool(call, index)
        self._terminal.write("".join(call.raw), TOOL)

    def _show_whole(self, chunk: c.StreamChunk) -> None:
        """Write a chunk that is a line of its own."""
        match chunk:
            case c.ToolResult(name=name, result=result, is_error=is_error):
                said = result if isinstance(result, str) else json.dumps(result, default=str)
                label = one_line(name or chunk.tool_call_id) + (" failed" if is_error else "")
                text = f"← {label}: {one_line(said, _SHOWN_OF_A_VALUE)}"
                self._line("tool_result", text, BAD if is_error else NOTE)
            case c.ToolApprovalRequest():
                text = f"[waits for leave to run {one_line(chunk.tool_call_id)}]"
                self._line("approval", text, WARNING)
            case c.FileChunk():
                size = None if chunk.data is None else len(chunk.data)
                self._line("file", _file(chunk.media_type, size, chunk.url), NOTE)
            case c.CustomChunk(index=int()):
                self._line("custom", f"[{one_line(chunk.custom_kind)}]", NOTE)

    # Where on the screen.
    def _begin(self, kind: str, index: int) -> None:
        """Go to where a block is written: under a blank line, with its mark if it has one."""
        if self._block == (kind, index):
            return
        self._leave()
        if self._last_kind and (self._last_kind != kind or kind in _PROSE):
            self._terminal.line()
        self._block, self._last_kind = (kind, index), kind
        if kind == "refusal":
            self._terminal.write("[refusal] ", BAD)
        elif kind == "reasoning" and not self._terminal.is_styled:
            self._terminal.write("[reasoning] ")

    def _line(self, kind: str, text: str, style: str) -> None:
        self._lines += 1
        self._begin(kind, self._lines)
        self._terminal.line(text, style)

    def _leave(self) -> None:
        self._terminal.end_line()
        self._block = None
        for text in self._waiting:
            self._terminal.line(text, WARNING)
        self._waiting = []

    def _warn(self, warning: c.WarningChunk) -> None:
        """Write a warning, not into the middle of a block."""
        text = f"warning: {one_line(warning.message)} [{one_line(warning.code)}]"
        if text not in self._warned:
            self._warned.add(text)
            self._waiting.append(text)
        if self._block is None:
            self._leave()

    # Ends.
    def _close(self, warnings: Iterable[c.WarningChunk]) -> None:
        self._close_choice()
        for choice, chunks in sorted(self._other_choices.items()):
            self._line("choice", f"[choice {choice}]", NOTE)
            for chunk in chunks:
                self._show(chunk)
            self._close_choice()
        for warning in warnings:
            self._warn(warning)

    def _close_choice(self) -> None:
        last = self._block
        # First the one that can be marked where it stands.
        for index, call in sorted(
            self._tool_calls.items(), key=lambda item: ("tool_call", item[0]) != last
        ):
            if not call.is_current or last != ("tool_call", index):
                self._begin_again(call, index)
            self._terminal.write(" [cut off]", BAD)
        self._leave()
        for kind, size in self._files.values():
            self._line("file", _file(kind, size), NOTE)
        for source in self._sources:
            self._line("source", f"source: {source}", NOTE)
        self._leave()
        self._tool_calls, self._files, self._sources = {}, {}, []


def _file(kind: str | None, size: int | None, url: str | None = None) -> str:
    parts = (
        kind and one_line(kind),
        None if size is None else f"{size:,} bytes",
        url and one_line(url),
    )
    return f"[file: {', '.join(part for part in parts if part)}]"


def _source(citation: c.Citation) -> str:
    parts = (citation.title, citation.url, citation.cited_text)
    said = " · ".join(one_line(part, _SHOWN_OF_A_VALUE) for part in parts if part)
    return said or citation.kind
