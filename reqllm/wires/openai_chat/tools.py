"""Which tool call a fragment belongs to, where servers disagree on how to say so. Pure."""

from __future__ import annotations

from typing import Any

from reqllm.wires.common.blocks import BlockWriter, ToolBlock
from reqllm.wires.common.fields import filled
from reqllm.wires.common.json_text import arguments_text, parse_json


class ToolFragment:
    """One entry of a delta's `tool_calls`, whatever shape it has."""

    __slots__ = ("arguments", "call", "custom", "extra", "id", "index", "made", "name", "signature")

    def __init__(self, entry: dict[str, Any]) -> None:
        custom = entry.get("custom")
        self.custom = isinstance(custom, dict)
        function = custom if self.custom else entry.get("function", entry)  # some leave it out
        detail: dict[str, Any] = function if isinstance(function, dict) else {}
        self.index = _integer(entry.get("index"))
        self.call: ToolBlock | None = None
        """The call that it continues, where its place among others tells."""
        # An empty id or name means "as before".
        self.id = filled(entry.get("id"))
        self.name = filled(detail.get("name"))
        arguments = detail.get("input" if self.custom else "arguments")
        self.made = not isinstance(arguments, str)
        """The arguments are not the server's own text, but made from what it sent."""
        self.arguments = arguments_text(arguments)
        extra = entry.get("extra_content")
        self.extra: dict[str, Any] = extra if isinstance(extra, dict) else {}
        google = self.extra.get("google")
        self.signature = google.get("thought_signature") if isinstance(google, dict) else None

    @property
    def is_bare(self) -> bool:
        """Whether it says nothing of which call it is of."""
        return self.index is None and self.id is None and self.name is None

    @property
    def is_empty(self) -> bool:
        """Whether it says nothing at all: some write every member, and leave them empty."""
        says = self.arguments if self.arguments != "{}" or not self.made else ""
        return not (self.id or self.name or says or self.custom or self.extra)


class ToolAssembly:
    """The tool calls of one choice while they grow; they end only when the choice does."""

    def __init__(self, write: BlockWriter, choice: int) -> None:
        self._write = write
        self._choice = choice
        self._by_index: dict[int, ToolBlock] = {}
        self._by_id: dict[str, ToolBlock] = {}
        self._last: ToolBlock | None = None
        self._calls: list[ToolBlock] = []

    def fragments(self, entries: list[Any]) -> list[ToolFragment]:
        """Return what a delta's `tool_calls` are; several bare ones are told by their places."""
        found = [ToolFragment(entry) for entry in entries if isinstance(entry, dict)]
        if 1 < len(found) <= len(self._calls) and all(one.is_bare for one in found):
            for fragment, call in zip(found, self._calls[-len(found) :], strict=True):
                fragment.call = call
        return found

    def find(self, fragment: ToolFragment) -> ToolBlock | None:
        """Return the open call that the fragment continues, `None` if it begins one."""
        if fragment.call is not None:
            return fragment.call
        if fragment.index is None:
            return self._find_without_index(fragment)
        call = self._by_index.get(fragment.index)
        if fragment.name is None:
            return self._find_unnamed(fragment, call)
        if call is None or self._is_another(call, fragment):
            return None
        return call

    def _find_unnamed(self, fragment: ToolFragment, call: ToolBlock | None) -> ToolBlock | None:
        """Return the call of a numbered fragment without a name; `call` has its number so far.

        Some servers number all calls 0 and tell them by their ids, and some number the pieces
        of one call differently.
        """
        if fragment.id is not None and (call is None or call.id != fragment.id):
            call = self._by_id.get(fragment.id, call)
        last = self._last
        if call is None and fragment.id is None and last and not _is_object(last.arguments_raw):
            call = last
        if call is not None and fragment.index is not None:
            self._by_index[fragment.index] = call
        return call

    def _find_without_index(self, fragment: ToolFragment) -> ToolBlock | None:
        if fragment.id is not None:
            return self._by_id.get(fragment.id)
        if fragment.name is not None and self._last is not None and self._last.name:
            return None
        return self._last

    def _is_another(self, call: ToolBlock, fragment: ToolFragment) -> bool:
        """Whether a fragment at a known index begins a call of its own.

        Some servers number every call 0: a new id together with a name, or a name after
        arguments that are whole already, tell them apart.
        """
        if fragment.name is None or not call.name:
            return False
        if fragment.id is not None and not call.synthetic_id:
            return fragment.id != call.id
        return fragment.id is None and _is_object(call.arguments_raw)

    def begin(self, fragment: ToolFragment) -> ToolBlock:
        """Open the call that a fragment begins."""
        call = self._write.start_tool(self._choice, fragment.id, fragment.name or "")
        if fragment.custom:
            call.custom = True
            call.metadata["type"] = "custom"  # told with its end: the text is no JSON
        if fragment.index is not None:
            self._by_index[fragment.index] = call
        if fragment.id is not None:
            self._by_id[fragment.id] = call
        self._last = call
        self._calls.append(call)
        return call

    def take(self, fragment: ToolFragment) -> ToolBlock:
        """Add a fragment to its call; return the call."""
        call = self.find(fragment)
        if call is None:
            call = self.begin(fragment)
        elif fragment.name is not None:
            self._take_name(call, fragment.name)
        self._last = call
        call.signature = fragment.signature or call.signature
        call.metadata.update(fragment.extra)
        self._write.arguments(call, fragment.arguments)
        return call

    def _take_name(self, call: ToolBlock, name: str) -> None:
        if not call.name:
            call.name = name
            self._write.announce(call)
        elif name != call.name and not call.raw:
            # The name itself came in pieces; or the server repeats it whole each time.
            call.name = name if name.startswith(call.name) else call.name + name
            self._write.warn("split_tool_name", f"the name of tool call {call.id!r} came in pieces")


def called_as_claude(delta: dict[str, Any]) -> dict[str, Any]:
    """Return the call in a delta of type `tool_use`, which is how Snowflake has them."""
    function = {"name": delta.get("name"), "arguments": delta.get("input")}
    return {"id": delta.get("tool_use_id"), "function": function}


def _integer(value: Any) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else None


def _is_object(raw: str) -> bool:
    try:
        return isinstance(parse_json(raw), dict)
    except ValueError:
        return False
