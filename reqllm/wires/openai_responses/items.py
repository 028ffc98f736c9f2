"""The items of one answer, found by what events say of where they belong. Pure."""

from __future__ import annotations

from typing import Any, TypeAlias

from reqllm.wires.common.blocks import Block, ToolBlock
from reqllm.wires.common.fields import filled
from reqllm.wires.openai_responses.composed import Composed

PartKey: TypeAlias = tuple[str, int]
"""What a part is (text, refusal, summary, content), and its number among its like."""


class Part:
    """One part of a message or of reasoning, and what has been told of it."""

    __slots__ = ("block", "cited", "has_logprobs", "is_settled")

    def __init__(self, block: Block) -> None:
        self.block = block
        self.cited: dict[int, Any] = {}
        self.has_logprobs = False
        self.is_settled = False
        """The provider has said what all of it is."""


class Item:
    """One item of the output while it grows."""

    __slots__ = (
        "composed",
        "id",
        "index",
        "is_done",
        "is_implied",
        "kind",
        "known",
        "parts",
        "spare",
        "tool",
    )

    def __init__(self, kind: str, known: dict[str, Any], *, is_implied: bool = False) -> None:
        self.kind = kind
        self.known = known
        """The item as it was last told."""
        self.id = filled(known.get("id"))
        self.is_implied = is_implied
        """Its beginning never came: the stream was taken up in the middle, or is careless."""
        self.is_done = False
        self.index = -1
        """The ordinal of an item that is one block and handed out whole."""
        self.parts: dict[PartKey, Part] = {}
        self.spare: Block | None = None
        """A block that was begun with the item and waits for its first part."""
        self.tool: ToolBlock | None = None
        self.composed: Composed | None = None


class ItemTable:
    """The items in the order in which they began.

    They are known by their place in the output: gateways give the same item another id in
    each event. Where there is no place the id tells, and where there is neither, the last one.
    """

    def __init__(self) -> None:
        self.all: list[Item] = []
        self._by_place: dict[int, Item] = {}
        self._by_id: dict[str, Item] = {}

    def add(self, item: Item, value: dict[str, Any]) -> Item:
        """Add the item that an event begins, or speaks of first."""
        self.all.append(item)
        place = _place(value)
        if place is not None:
            self._by_place[place] = item
        item_id = item.id or filled(value.get("item_id"))
        if item_id is not None:
            self._by_id[item_id] = item
        return item

    def find(self, value: dict[str, Any], kind: str | None) -> Item | None:
        """Return the item of that kind that an event belongs to; any kind if `None`."""
        place, item_id = _place(value), filled(value.get("item_id"))
        candidates = (
            self._by_place.get(place) if place is not None else None,
            self._by_id.get(item_id) if item_id is not None else None,
            self.all[-1] if self.all and place is None and item_id is None else None,
        )
        return next((i for i in candidates if i is not None and kind in (None, i.kind)), None)

    def find_whole(self, item: dict[str, Any], value: dict[str, Any]) -> Item | None:
        """Return the item that an event brings again, as it is now."""
        item_id, kind = filled(item.get("id")), item.get("type")
        known = self._by_id.get(item_id) if item_id is not None else None
        if known is not None and known.kind == kind:
            return known
        known = self.find(value, kind)
        # Another item in the same place, after one that is done, is another item.
        return known if known is not None and not known.is_done else None

    def match(self, output: list[dict[str, Any]]) -> list[tuple[Item | None, dict[str, Any]]]:
        """Pair each item of the final output with the one that was streamed, if it was."""
        left = list(self.all)
        pairs: list[tuple[Item | None, dict[str, Any]]] = []
        for place, whole in enumerate(output):
            kind, item_id = whole.get("type"), filled(whole.get("id"))
            candidates = (
                self._by_id.get(item_id) if item_id is not None else None,
                self._by_place.get(place),
                *left,
            )
            found = next(
                (i for i in candidates if i in left and i is not None and i.kind == kind), None
            )
            if found is not None:
                left.remove(found)
            pairs.append((found, whole))
        return pairs


def _place(value: dict[str, Any]) -> int | None:
    place = value.get("output_index")
    return place if isinstance(place, int) and not isinstance(place, bool) else None
