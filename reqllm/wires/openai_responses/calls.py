"""What a Responses answer calls, what the provider ran itself, and its other items. Pure."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any

from reqllm import chunk as c
from reqllm.wires.common.blocks import BlockWriter, ToolBlock
from reqllm.wires.common.fields import NOTHING, as_list, as_object, as_string, filled
from reqllm.wires.common.json_text import compact, parse_json
from reqllm.wires.common.surrogates import whole_text
from reqllm.wires.openai_responses.items import Item
from reqllm.wires.openai_responses.tools import CALLS, ITEM_ID, ITEM_TYPE, OUTPUTS, CallKind
from reqllm.wires.openai_responses.words import CUT_OFF, WIRE, odd_status, others

_CALL_KEYS = frozenset(("id", "type", "status", "call_id", "name"))
# Tools that the caller answers, all of them.
_OWN_TOOLS = frozenset(("", "function", "custom"))
# Tools that bring others, which are not told beside them.
_BRINGING = ("namespace", "tool_search")
_IMAGE_TYPES = {"svg": "image/svg+xml", "jpg": "image/jpeg"}


class Calls:
    """Writes the calls, results and other items of one answer."""

    def __init__(self, write: BlockWriter, warn_once: Callable[[str, str], None]) -> None:
        self._write = write
        self.warn_once = warn_once
        self._offered: dict[str, frozenset[str]] = {}
        self._last_search: str | None = None

    def offer(self, tools: Any) -> None:
        """Take the tools that were offered, as the answer repeats them.

        xAI and Perplexity call tools of their own as if they were the caller's. They are told
        by not being among these, beside tools that the provider runs.
        """
        offered = [as_object(tool) for tool in as_list(tools)]
        kinds = {as_string(tool.get("type")) for tool in offered}
        if kinds - _OWN_TOOLS and kinds.isdisjoint(_BRINGING):
            for kind, call in (("custom", "custom_tool_call"), ("function", "function_call")):
                self._offered[call] = frozenset(
                    as_string(tool.get("name")) for tool in offered if tool.get("type") == kind
                )

    # Calls.
    def begin(self, item: Item) -> None:
        """Begin a call as far as it is known."""
        kind, known = CALLS[item.kind], item.known
        executed = self._is_executed(kind, item)
        name = _name(kind, known)
        # In the middle of a call only its item's id is known, which may not be the call's.
        call_id = _call_id(known) if name or not item.is_implied else None
        item.tool = tool = self._write.start_tool(0, call_id, name, provider_executed=executed)
        tool.custom = item.kind == "custom_tool_call" and not executed
        if tool.custom:
            tool.metadata["type"] = "custom"  # told with its end: the text is no JSON
        if kind.composed is not None:
            item.composed = kind.composed(known)
        self._write.arguments(tool, as_string(known.get(kind.member)) if not item.composed else "")

    def _is_executed(self, kind: CallKind, item: Item) -> bool:
        offered = self._offered.get(item.kind)
        if offered is None:
            return kind.executed(item.known)
        # A function that the caller is to answer is told while its arguments are yet to come.
        is_over = item.kind != "function_call" or item.known.get("status") == "completed"
        return is_over and _name(kind, item.known) not in offered

    def grow(self, item: Item, delta: Any, number: int = 0) -> None:
        """Add a fragment of the arguments; `number` is that of a command among several."""
        tool = item.tool
        if tool is None or not isinstance(delta, str):
            return
        if item.composed is not None:
            delta = item.composed.grow(delta, number)
        self._write.arguments(tool, delta)

    def settle(self, item: Item, arguments: Any) -> None:
        """Take what the provider says that all of the arguments are."""
        tool = item.tool
        if tool is None or arguments in NOTHING:
            return
        if isinstance(arguments, str):
            self._settle_text(tool, arguments)
        else:
            if item.composed is not None and isinstance(arguments, Mapping):
                self._write.arguments(tool, item.composed.close(arguments))
            self._settle_value(tool, whole_text(arguments))

    def _settle_text(self, tool: ToolBlock, whole: str) -> None:
        whole, said = whole_text(whole), "".join(tool.raw)
        tool.held = ""
        tool.whole = None
        if whole.startswith(said):
            self._write.arguments(tool, whole[len(said) :])
        else:
            self._differ(tool, whole)

    def _settle_value(self, tool: ToolBlock, whole: Any) -> None:
        if not tool.raw:
            self._write.arguments(tool, compact(whole))
            return
        try:
            said = parse_json("".join(tool.raw))
        except ValueError:
            said = None
        if said != _without_nulls(whole):
            self._differ(tool, compact(whole))

    def _differ(self, tool: ToolBlock, whole: str) -> None:
        tool.whole = whole
        self.warn_once(
            "arguments_differ",
            f"the arguments of tool call {tool.id!r} at its end are not what its deltas said; "
            "the end counts",
        )

    def finish(self, item: Item) -> None:
        """End a call of a whole answer, of which the provider did not say that it is whole."""
        if item.composed is not None and item.tool is not None:
            self._write.arguments(item.tool, item.composed.close({}))

    def _settle_cut(self, tool: ToolBlock, arguments: Any) -> None:
        """Take arguments that were cut off: whatever they look like, they are no whole JSON."""
        if not tool.raw and isinstance(arguments, Mapping):
            self._write.arguments(tool, compact(whole_text(arguments))[:-1])

    def take_call(self, item: Item) -> None:
        """Take a call that is whole, and end it; hand out the result if the item holds it."""
        kind, known, tool = CALLS[item.kind], item.known, item.tool
        if tool is None:
            return
        if not tool.started:
            call_id = _call_id(known)
            tool.id, tool.synthetic_id = call_id or tool.id, call_id is None
            tool.name = _name(kind, known)
            if tool.name:
                self._write.announce(tool)
        arguments = kind.arguments_of(known)
        if known.get("status") == CUT_OFF and not isinstance(arguments, str):
            self._settle_cut(tool, arguments)
        else:
            self.settle(item, arguments)
        tool.metadata.update(_metadata(kind, item, tool))
        self._write.close(tool)
        if item.kind == "tool_search_call":
            self._last_search = tool.id
        if tool.provider_executed and kind.holds_result:
            self._result(tool.id, tool.name, known)

    def _result(self, call_id: str, name: str, item: dict[str, Any]) -> None:
        failed = item.get("status") in ("failed", "incomplete") or bool(item.get("error"))
        self._write.out.append(c.ToolResult(call_id, item, name, failed, self._write.next_index(0)))
        if item.get("type") == "image_generation_call" and filled(item.get("result")):
            self._image(item)

    def _image(self, item: dict[str, Any]) -> None:
        text = item["result"].rstrip("=")
        try:
            data = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
        except (binascii.Error, ValueError):
            self.warn_once("bad_base64", "an image was no base64; left out")
            return
        kind = filled(item.get("output_format")) or "png"
        media_type = _IMAGE_TYPES.get(kind, f"image/{kind}")
        self._write.out.append(
            c.FileChunk(
                self._write.next_index(0),
                media_type=media_type,
                data=data,
                id=filled(item.get("id")),
            )
        )

    # Items that are no calls.
    def take_other(self, item: Item) -> None:
        """Take an item that is whole and no call: it is kept as it came."""
        known, index = item.known, item.index
        if item.kind in OUTPUTS:
            call_id = (
                filled(known.get("call_id")) or self._last_search or as_string(known.get("id"))
            )
            self._write.out.append(
                c.ToolResult(
                    call_id,
                    known,
                    item.kind.removesuffix("_output").removesuffix("_call"),
                    known.get("status") in ("failed", "incomplete"),
                    index,
                )
            )
            return
        if item.kind == "mcp_approval_request":
            request_id = as_string(known.get("id"))
            self._write.out.append(c.ToolApprovalRequest(request_id, request_id, index, 0, known))
        self._write.out.append(c.CustomChunk(f"{WIRE}.{item.kind}", known, index))


def _call_id(item: dict[str, Any]) -> str | None:
    return filled(item.get("call_id")) or filled(item.get("id"))


def _name(kind: CallKind, item: dict[str, Any]) -> str:
    return kind.name or as_string(item.get("name"))


def _metadata(kind: CallKind, item: Item, tool: ToolBlock) -> dict[str, Any]:
    """Return what must be known of a call when it goes back."""
    known = item.known
    own = {} if item.kind == "function_call" or tool.custom else {ITEM_TYPE: item.kind}
    named = {**own, **({ITEM_ID: item.id} if item.id else {})}
    if tool.provider_executed and kind.holds_result:
        return {**named, **{key: known[key] for key in ("server_label",) if known.get(key)}}
    rest = others(known, _CALL_KEYS | {kind.member, "actions"})
    return {**named, **odd_status(known), **rest}


def _without_nulls(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {key: item for key, item in value.items() if item is not None}
