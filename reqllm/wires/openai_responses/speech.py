"""What a Responses answer says and thinks: the parts of messages and of reasoning. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reqllm import chunk as c
from reqllm.wires.common.blocks import Block, BlockWriter
from reqllm.wires.common.fields import as_list, as_object, filled
from reqllm.wires.common.json_text import compact
from reqllm.wires.common.surrogates import whole_text
from reqllm.wires.openai_responses.citations import citation_of
from reqllm.wires.openai_responses.items import Item, Part, PartKey
from reqllm.wires.openai_responses.tools import ITEM_ID
from reqllm.wires.openai_responses.words import WIRE, others

_MESSAGE_KEYS = frozenset(("id", "type", "status", "role", "content"))
_REASONING_KEYS = frozenset(("id", "type", "status", "summary", "content", "encrypted_content"))
# The kinds of parts, by what the wire calls them.
KIND_OF_PART = {
    "output_text": "text",
    "text": "text",
    "refusal": "refusal",
    "summary_text": "summary",
    "reasoning_text": "content",
}


class Speech:
    """Writes the text, refusals and reasoning of one answer."""

    def __init__(self, write: BlockWriter, warn_once: Callable[[str, str], None]) -> None:
        self._write = write
        self.warn_once = warn_once

    # Growth.
    def begin(self, item: Item) -> None:
        """Show that an item begins, where that alone says something."""
        if item.kind == "reasoning":
            item.spare = self._write.start_reasoning()

    def part(self, item: Item, key: PartKey) -> Part:
        """Return a part that can grow; begin it if it has not, or if it had ended."""
        part = item.parts.get(key)
        if part is None:
            part = item.parts[key] = Part(key, self._open(item, key))
        elif part.block not in self._write.open:
            part.block = self._open(item, key)
        return part

    def _open(self, item: Item, key: PartKey) -> Block:
        kind, _ = key
        match kind:
            case "text":
                block = self._write.start_text(0, _message_metadata(item))
            case "refusal":
                block = self._write.start_refusal(0, _message_metadata(item))
            case _:
                block = item.spare or self._write.start_reasoning()
                item.spare = None
        block.raw = []
        return block

    def grow(self, part: Part, text: Any) -> None:
        """Add the text of a delta."""
        if isinstance(text, str):
            self._write.text(part.block, text)

    def logprobs(self, part: Part, logprobs: Any, *, of_delta: bool = False) -> None:
        """Hand out log probabilities; those at the end only if none came before."""
        if isinstance(logprobs, list) and logprobs and (of_delta or not part.has_logprobs):
            part.has_logprobs = True
            self._write.out.append(c.LogprobsChunk(logprobs))

    def cite(self, part: Part, annotation: Any, number: Any = None) -> None:
        """Hand out a source, unless it was told before."""
        if not isinstance(annotation, dict) or not annotation:
            return
        source = compact(annotation)
        if source in part.sources:
            return
        part.sources.add(source)
        if isinstance(number, int):
            part.numbered.add(number)
        self._write.out.append(c.CitationChunk(citation_of(annotation), part.block.index))

    # Ends.
    def settle(self, item: Item, part: Part, whole: Any) -> None:
        """Take what the provider says that all of a part's text is."""
        if not isinstance(whole, str) or not whole or part.is_settled:
            return
        part.is_settled = True
        block, whole = part.block, whole_text(whole)
        block.held = ""
        said = "".join(block.raw or ())
        if whole == said:
            return
        if whole.startswith(said):
            self.grow(self.part(item, part.key), whole[len(said) :])
        elif block.kind != "refusal" and not (item.is_implied and whole.endswith(said)):
            # Taken up in the middle, a stream has less than the whole; else some of it was lost.
            block.whole = whole
            self.warn_once(
                "text_differs", "the text at its end is not what its deltas said; the end counts"
            )

    def take_part(self, item: Item, key: PartKey, part: dict[str, Any]) -> None:
        """Take a part that is whole, streamed before or not."""
        known = item.parts.get(key) or self.part(item, key)
        text = part.get("refusal") if key[0] == "refusal" else part.get("text")
        self.settle(item, known, text)
        self.logprobs(known, part.get("logprobs"))
        for number, annotation in enumerate(as_list(part.get("annotations"))):
            if number not in known.numbered:
                self.cite(known, annotation, number)

    def close(self, part: Part) -> None:
        self._write.close(part.block)

    def take_message(self, item: Item) -> None:
        """Take a message that is whole, and end it."""
        left = list(item.parts)
        for number, part in enumerate(as_list(item.known.get("content"))):
            part = as_object(part)
            kind = KIND_OF_PART.get(str(part.get("type")))
            if kind is not None:
                self.take_part(item, _matching((kind, number), left), part)
            elif number not in item.told:
                name = f"{WIRE}.{part.get('type', 'part')}"
                self._write.out.append(c.CustomChunk(name, part))
        for known in item.parts.values():
            self.close(known)

    def take_reasoning(self, item: Item) -> None:
        """Take reasoning that is whole, and end it: what must go back is known only now."""
        left = list(item.parts)
        streamed = ["".join(part.block.raw or ()) for part in item.parts.values()]
        for kind in ("summary", "content"):
            for number, part in enumerate(map(as_object, as_list(item.known.get(kind)))):
                key = _matching((kind, number), left)
                # Some say at the end as a summary what they streamed as the reasoning itself.
                if key in item.parts or part.get("text") not in streamed:
                    self.take_part(item, key, part)
        if not item.parts:
            # It took place, but none of it may be read.
            block = item.spare or self._write.start_reasoning(redacted=True)
            block.redacted = True
            item.spare = None
            self._end_reasoning(item, block, {})
        for (kind, number), known in item.parts.items():
            self._end_reasoning(item, known.block, {f"{kind}_index": number})

    def _end_reasoning(self, item: Item, block: Block, place: dict[str, Any]) -> None:
        block.signature = filled(item.known.get("encrypted_content"))
        block.metadata = {
            **({ITEM_ID: item.id} if item.id else {}),
            **place,
            **others(item.known, _REASONING_KEYS),
        }
        self._write.close(block)


def _matching(key: PartKey, left: list[PartKey]) -> PartKey:
    """Return the part, of those that are left, that one of the end is: that number, or the next.

    Not all servers number parts alike while they stream and at the end.
    """
    found = key if key in left else next((known for known in left if known[0] == key[0]), key)
    if found in left:
        left.remove(found)
    return found


def _message_metadata(item: Item) -> dict[str, Any]:
    known = {ITEM_ID: item.id} if item.id else {}
    return {**known, **others(item.known, _MESSAGE_KEYS)}
