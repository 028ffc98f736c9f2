"""What came of a scenario: each call with its answer, and how that came. Values. Pure."""

from __future__ import annotations

from msgspec import Struct

from reqllm.chunk import Finish, StreamChunk, TextDelta, Usage
from reqllm.content import ToolCall
from reqllm.errors import ReqLLMError
from reqllm.response import Response, StreamMetadata
from reqllm_fixtures.cassette import Interaction


class Turn(Struct, frozen=True, kw_only=True):
    """One call and its answer."""

    number: int = 1
    """Counted from 1."""
    answer: Response = Response()
    """What arrived, with its chunks."""
    error: ReqLLMError | None = None
    """What opening or reading the answer raised."""
    metadata: StreamMetadata | None = None
    heard: Interaction | None = None
    """The request and the pieces of its answer, as they went over the client's transport."""
    recording: str = ""
    """The cassette that the answer was played from, if it was."""
    is_live: bool = False
    """Whether the answer came over a network."""
    pieces_by_chunk: tuple[int, ...] = ()
    """For each chunk, how many pieces had come when it was handed out."""
    seconds_to_leave: float | None = None
    """From the call of `cancel` until all was let go of."""

    @property
    def chunks(self) -> tuple[StreamChunk, ...]:
        return self.answer.chunks

    @property
    def text(self) -> str:
        return self.answer.text

    @property
    def text_deltas(self) -> list[TextDelta]:
        return [chunk for chunk in self.chunks if isinstance(chunk, TextDelta)]

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """The calls that are for us to run."""
        return tuple(call for call in self.answer.tool_calls if not call.provider_executed)

    @property
    def finish(self) -> Finish | None:
        return self.answer.finish_reason

    @property
    def usage(self) -> Usage | None:
        return self.answer.usage


class Taken(Struct, frozen=True, kw_only=True):
    """All that came of a scenario."""

    wire: str
    turns: tuple[Turn, ...]

    @property
    def first(self) -> Turn:
        return self.turns[0]

    @property
    def last(self) -> Turn:
        return self.turns[-1]
