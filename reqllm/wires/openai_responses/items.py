"""The items of one answer, found by what events say of where they belong. Pure."""

from __future__ import annotations

from itertools import chain
from typing import Any, TypeAlias

from reqllm.wires.common.blocks import Block, ToolBlock
from reqllm.wires.common.fields import filled, integer
from reqllm.wires.openai_responses.composed import Composed

PartKey: TypeAlias = tuple[str, int]
"""What a part is (text, refusal, summary, content), and its number among its like."""


class Part:
    """One part of a message or of reasoning, and what has been told of it."""

    __slots__ = ("block", "has_logprobs", "is_settled", "key", "numbered", "sources")

    def __init__(self, key: PartKey, block: Block) -> None:
        self.key = key
        self.block = block
        self.sources: set[str] = set()
        """The sources that were told, as JSON."""
        self.numbered: set[int] = set()
        """The numbers of those that have one."""
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
        "told",
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
        self.told: set[Any] = set()
        """The numbers of parts of no kind that we know, which were handed out as they came."""
        self.spare: Block | None = None
        """A block that was begun with the item and waits for its first part."""
        self.tool: ToolBlock | None = None
        self.composed: Composed | None = None


class ItemTable:
    """The items in the order in which they began.

    They are known by their place in the output: gateways give the same item another id in
    each event. Where there is no place, or others have it too, the id tells, or the call's where
    the item has none, as llama.cpp's; where there is nothing of it, it is the last one.
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
        item_id = _own_id(item.known) or filled(value.get("item_id"))
        if item_id is not None:
            self._by_id[item_id] = item
        return item

    def find(self, value: dict[str, Any], kind: str) -> Item | None:
        """Return the item of that kind that an event belongs to."""
        place, item_id = _place(value), filled(value.get("item_id"))
        if place is None and item_id is None:
            last = self.all[-1] if self.all else None
            return last if last is not None and last.kind == kind else None
        here = self._by_place.get(place) if place is not None else None
        named = self._by_id.get(item_id) if item_id is not None else None
        if here is not None and here.kind != kind:
            here = None
        if named is None or named.kind != kind or (here is not None and here.id == item_id):
            return here
        return named

    def find_whole(
        self, item: dict[str, Any], value: dict[str, Any], *, is_new: bool
    ) -> Item | None:
        """Return the item that an event brings again, as it is now.

        is_new: the event begins an item. One of another id in the same place is another item,
            as it is after one that is done.
        """
        item_id, kind, place = _own_id(item), filled(item.get("type")), _place(value)
        here = self._by_place.get(place) if place is not None else None
        if kind is None:
            return here  # it says nothing of itself, but is at its end
        known = self.find({"output_index": place, "item_id": item_id}, kind)
        if known is None or (is_new and place is not None and here is not known):
            return None
        if item_id is not None and item_id == _own_id(known.known):
            return known
        is_another = known.is_done or (is_new and not known.is_implied and item_id is not None)
        return None if is_another else known

    def match(
        self, output: list[dict[str, Any]], *, is_whole: bool
    ) -> list[tuple[Item | None, dict[str, Any]]]:
        """Pair each item of the final output with the one that was streamed, if it was.

        By its id, else by its place, else by its kind alone: the last only where the stream
        `is_whole`, for one that was taken up in the middle lacks what was before.
        """
        left = dict.fromkeys(self.all)
        found: dict[int, Item] = {}
        for place, whole in enumerate(output):
            known = self._by_id.get(_own_id(whole) or "")
            if known is not None and known in left and known.kind == whole.get("type"):
                found[place] = known
                del left[known]
        for place, whole in enumerate(output):
            here = self._by_place.get(place)
            candidates = chain((here,) if here in left else (), left if is_whole else ())
            if place not in found:
                kind = whole.get("type")
                known = next((item for item in candidates if item and item.kind == kind), None)
                if known is not None:
                    found[place] = known
                    del left[known]
        return [(found.get(place), whole) for place, whole in enumerate(output)]


def _own_id(item: dict[str, Any]) -> str | None:
    return filled(item.get("id")) or filled(item.get("call_id"))


def _place(value: dict[str, Any]) -> int | None:
    return integer(value.get("output_index"))
