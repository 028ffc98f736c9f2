"""Folds the chunks of a stream into the answer that they are of. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from reqllm import chunk as c
from reqllm.content import (
    ContentPart,
    CustomPart,
    FilePart,
    ReasoningPart,
    RefusalPart,
    TextPart,
    ToolCall,
    ToolResultPart,
)
from reqllm.errors import ReqLLMError
from reqllm.response import Choice, Response, StreamState

_MANY_PIECES = 1024
# What grows by a delta.
_KINDS: Mapping[type, str] = {
    c.TextDelta: "text",
    c.ReasoningDelta: "reasoning",
    c.ToolCallDelta: "tool_call",
}


class _Block:
    """One content block while it grows."""

    __slots__ = ("citations", "data", "end", "joined", "kind", "pieces", "start")

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.joined: list[str] = []
        self.pieces: list[str] = []  # those that came last
        self.data = bytearray()
        self.citations: list[c.Citation] = []
        self.start: Any = None
        self.end: Any = None

    def pack(self) -> None:
        """Join the pieces, if they are many: each is an object that outweighs its few letters."""
        if len(self.pieces) >= _MANY_PIECES:
            self.joined.append("".join(self.pieces))
            self.pieces.clear()

    def part(self) -> ContentPart | None:
        text = "".join((*self.joined, *self.pieces))
        match self.kind:
            case "text":
                return self._text(text)
            case "reasoning":
                return self._reasoning(text)
            case "refusal":
                return RefusalPart(text, self.start.provider_metadata)
            case "tool_call":
                return self._tool_call(text)
            case "file":
                known = self.start
                return FilePart(data=bytes(self.data), media_type=known.media_type, id=known.id)
            case _:
                part: ContentPart | None = self.start
                return part

    def _text(self, text: str) -> TextPart:
        end: c.TextEnd | None = self.end
        if end is not None and end.whole is not None:
            text = end.whole
        signature = None if end is None else end.signature
        metadata = self.start.provider_metadata if self.start is not None else {}
        return TextPart(text, tuple(self.citations), signature, metadata)

    def _reasoning(self, text: str) -> ReasoningPart:
        end: c.ReasoningEnd | None = self.end
        if end is None:
            return ReasoningPart(text, redacted=self.start.redacted, complete=False)
        return ReasoningPart(
            text if end.whole is None else end.whole,
            signature=end.signature,
            redacted=end.redacted,
            data=end.data,
            provider_metadata=end.provider_metadata,
        )

    def _tool_call(self, text: str) -> ToolCall:
        start: c.ToolCallStart = self.start
        end: c.ToolCallEnd | None = self.end
        if end is None:
            # Cut off inside: never runnable, whatever the fragment happens to parse to.
            return ToolCall(
                start.id,
                start.name,
                arguments_raw=text,
                invalid=True,
                complete=False,
                synthetic_id=start.synthetic_id,
            )
        return ToolCall(
            end.id,
            end.name,
            end.arguments,
            end.arguments_raw,
            invalid=end.invalid,
            provider_executed=end.provider_executed,
            signature=end.signature,
            provider_metadata=end.provider_metadata,
            synthetic_id=start.synthetic_id,
        )


def _nowhere(text: str) -> None:
    raise AssertionError("no block has grown yet")


class Accumulator:
    """Folds chunks into a `Response`; ask for `response()` at any time."""

    def __init__(self) -> None:
        self._id: str | None = None
        self._model: str | None = None
        self._blocks: dict[tuple[int, int], _Block] = {}
        self._logprobs: dict[int, list[Any]] = {}
        self._warnings: tuple[c.WarningChunk, ...] = ()
        self._provider_metadata: dict[str, Any] = {}
        self.usage: c.Usage | None = None
        self._finish: c.FinishChunk | None = None

    def add(self, chunks: Iterable[c.StreamChunk]) -> None:
        """Take more chunks, in the order in which they came."""
        grow: Callable[[str], None] = _nowhere  # adds to the block that grew last
        of: type[c.StreamChunk] | None = None
        index = choice = -1
        for chunk in chunks:
            kind = type(chunk)
            # Most chunks are one more piece of the same text: no more than this for them.
            if kind is of and chunk.index == index and chunk.choice == choice:  # type: ignore[attr-defined]
                grow(chunk.text)  # type: ignore[arg-type]
            elif isinstance(chunk, c.TextDelta | c.ReasoningDelta):
                of, index, choice = kind, chunk.index, chunk.choice
                grow = self._block(_KINDS[kind], index, choice).pieces.append
                grow(chunk.text)
            elif isinstance(chunk, c.ToolCallDelta):
                block = self._block("tool_call", chunk.index, chunk.choice)
                block.pieces.append(chunk.arguments_delta)
            else:
                self._add_other(chunk)
        for block in self._blocks.values():
            block.pack()

    def extend(
        self, like: c.TextDelta | c.ReasoningDelta | c.ToolCallDelta, texts: list[str]
    ) -> None:
        """Take the texts of more deltas that are like one that was added, but for their text."""
        block = self._block(_KINDS[type(like)], like.index, like.choice)
        block.pieces += texts
        block.pack()

    def _add_other(self, chunk: c.StreamChunk) -> None:
        match chunk:
            case c.StreamStart() | c.ResponseMetadata():
                self._id = chunk.id or self._id
                self._model = chunk.model or self._model
                if isinstance(chunk, c.ResponseMetadata):
                    self._provider_metadata.update(chunk.provider_metadata)
            case c.TextStart():
                self._block("text", chunk.index, chunk.choice).start = chunk
            case c.TextEnd():
                self._block("text", chunk.index, chunk.choice).end = chunk
            case c.ReasoningStart():
                self._block("reasoning", chunk.index, chunk.choice).start = chunk
            case c.ReasoningEnd():
                self._block("reasoning", chunk.index, chunk.choice).end = chunk
            case c.ToolCallStart():
                self._block("tool_call", chunk.index, chunk.choice).start = chunk
            case c.ToolCallEnd():
                self._block("tool_call", chunk.index, chunk.choice).end = chunk
            case c.RefusalDelta():
                block = self._block("refusal", chunk.index, chunk.choice)
                block.start = block.start or chunk
                block.pieces.append(chunk.text)
            case c.CitationChunk():
                block = self._block("text", chunk.index, chunk.choice)
                block.citations.append(chunk.citation)
            case c.UsageChunk():
                self.usage = chunk.usage
            case c.WarningChunk():
                self._warnings += (chunk,)
            case c.LogprobsChunk():
                self._logprobs.setdefault(chunk.choice, []).extend(chunk.logprobs)
            case c.FinishChunk():
                self._finish = chunk
            case _:
                self._add_whole(chunk)

    def _add_whole(self, chunk: c.StreamChunk) -> None:
        """Take a chunk that is a whole part, or a piece of a file."""
        match chunk:
            case c.FileDelta():
                block = self._block("file", chunk.index, chunk.choice)
                block.start = block.start or chunk
                block.data += chunk.data
            case c.FileChunk():
                part: ContentPart = FilePart(
                    data=chunk.data,
                    media_type=chunk.media_type,
                    url=chunk.url,
                    id=chunk.id,
                    provider_metadata=chunk.provider_metadata,
                )
                self._block("whole", chunk.index, chunk.choice).start = part
            case c.ToolResult():
                part = ToolResultPart(
                    chunk.tool_call_id,
                    chunk.result,
                    name=chunk.name,
                    is_error=chunk.is_error,
                    provider_executed=True,
                )
                self._block("whole", chunk.index, chunk.choice).start = part
            case c.CustomChunk() if chunk.index is not None:
                part = CustomPart(chunk.custom_kind, chunk.data)
                self._block("whole", chunk.index, chunk.choice).start = part

    def _block(self, kind: str, index: int, choice: int) -> _Block:
        block = self._blocks.get((choice, index))
        if block is None:
            block = self._blocks[choice, index] = _Block(kind)
        return block

    @property
    def has_content(self) -> bool:
        """Whether anything came that a reader could have seen."""
        return bool(self._blocks)

    def response(
        self,
        state: StreamState = "open",
        error: ReqLLMError | None = None,
        late_warnings: tuple[c.WarningChunk, ...] = (),
    ) -> Response:
        """Return what has arrived so far."""
        finishes = (self._finish.choices or (self._finish.finish,)) if self._finish else ()
        count = 1 + max((choice for choice, _ in self._blocks), default=len(finishes) - 1)
        return Response(
            state=state,
            id=self._id,
            model=self._model,
            choices=tuple(self._choice(number, finishes) for number in range(count)),
            usage=self.usage,
            finish_reason=self._finish.finish if self._finish else None,
            warnings=(*self._warnings, *late_warnings),
            provider_metadata=dict(self._provider_metadata),
            error=error,
        )

    def _choice(self, number: int, finishes: tuple[c.Finish, ...]) -> Choice:
        blocks = {
            place: block for (choice, place), block in self._blocks.items() if choice == number
        }
        parts = (blocks[place].part() for place in sorted(blocks))
        return Choice(
            tuple(part for part in parts if part is not None),
            finishes[number] if number < len(finishes) else None,
            tuple(self._logprobs.get(number, ())),
        )
