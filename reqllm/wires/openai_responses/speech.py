"""What a Responses answer says and thinks: the parts of messages and of reasoning. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reqllm import chunk as c
from reqllm.wires.common.blocks import Block, BlockWriter
from reqllm.wires.common.fields import as_list, as_object, filled
from reqllm.wires.common.surrogates import whole_text
from reqllm.wires.openai_responses.citations import citation_of
from reqllm.wires.openai_responses.items import Item, Part, PartKey
from reqllm.wires.openai_responses.tools import ITEM_ID
from reqllm.wires.openai_responses.words import others

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
        self._warn_once = warn_once

    # Growth.
    def begin(self, item: Item) -> None:
        """Show that an item begins, where that alone says something."""
        if item.kind == "reasoning":
            item.spare = self._write.start_reasoning()

    def part(self, item: Item, key: PartKey) -> Part:
        """Return a part that can grow; begin it if it has not, or if it had ended."""
        part = item.parts.get(key)
        if part is None:
            part = item.parts[key] = Part(self._open(item, key))
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
        """Hand out a source, unless it is the one that is known under that number."""
        if not isinstance(annotation, dict):
            return
        numbered = isinstance(number, int) and not isinstance(number, bool)
        if annotation in part.cited.values() or (
            number is None and not numbered and not annotation
        ):
            return
        key = number if numbered and number not in part.cited else len(part.cited)
        while key in part.cited:
            key += 1
        part.cited[key] = annotation
        self._write.out.append(c.CitationChunk(citation_of(annotation), part.block.index))

    # Ends.
    def settle(self, item: Item, part: Part, whole: Any) -> None:
        """Take what the provider says that all of a part's text is."""
        if not isinstance(whole, str) or part.is_settled:
            return
        part.is_settled = True
        block, whole = part.block, whole_text(whole)
        block.held = ""
        said = "".join(block.raw or ())
        if whole.startswith(said):
            self.grow(part, whole[len(said) :])
        elif whole and not (item.is_implied and whole.endswith(said)):
            # Taken up in the middle, a stream has less than the whole; else some of it was lost.
            block.whole = whole
            self._warn_once(
                "text_differs", "the text at its end is not what its deltas said; the end counts"
            )

    def take_part(self, item: Item, key: PartKey, part: dict[str, Any]) -> None:
        """Take a part that is whole, streamed before or not."""
        known = item.parts.get(key)
        if known is None:
            known = self.part(item, key)
        text = part.get("refusal") if key[0] == "refusal" else part.get("text")
        self.settle(item, known, text)
        self.logprobs(known, part.get("logprobs"))
        for number, annotation in enumerate(as_list(part.get("annotations"))):
            if number not in known.cited:
                self.cite(known, annotation, number)

    def close(self, part: Part) -> None:
        self._write.close(part.block)

    def take_message(self, item: Item) -> None:
        """Take a message that is whole, and end it."""
        for number, part in enumerate(as_list(item.known.get("content"))):
            part = as_object(part)
            kind = KIND_OF_PART.get(str(part.get("type")))
            if kind is not None:
                self.take_part(item, (kind, number), part)
        for known in item.parts.values():
            self.close(known)

    def take_reasoning(self, item: Item) -> None:
        """Take reasoning that is whole, and end it: what must go back is known only now."""
        for member, kind in (("summary", "summary"), ("content", "content")):
            for number, part in enumerate(as_list(item.known.get(member))):
                self.take_part(item, (kind, number), as_object(part))
        if not item.parts:
            # It took place, but none of it may be read.
            block = item.spare or self._write.start_reasoning(redacted=True)
            block.redacted = True
            item.spare = None
            self._end_reasoning(item, block, {})
        for (kind, number), part in item.parts.items():
            self._end_reasoning(item, part.block, {f"{kind}_index": number})

    def _end_reasoning(self, item: Item, block: Block, place: dict[str, Any]) -> None:
        block.signature = filled(item.known.get("encrypted_content"))
        block.metadata = {
            **({ITEM_ID: item.id} if item.id else {}),
            **place,
            **others(item.known, _REASONING_KEYS),
        }
        self._write.close(block)


def _message_metadata(item: Item) -> dict[str, Any]:
    known = {ITEM_ID: item.id} if item.id else {}
    return {**known, **others(item.known, _MESSAGE_KEYS)}
