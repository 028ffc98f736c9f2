"""One stream's state: bytes go in, chunks and metadata come out. No I/O.

`StreamServer` joins framing, the wire's decoder and the accumulator, and tells the truth
about the end: exactly one terminal chunk, after it nothing, whatever is fed in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal

from reqllm import chunk as c
from reqllm.accumulator import Accumulator
from reqllm.body import START_KEPT, BodySniffer, Document, not_a_stream, reports_error
from reqllm.errors import (
    EmptyStreamError,
    IncompleteStreamError,
    InterruptedStreamError,
    InvalidInputError,
    ReqLLMError,
)
from reqllm.framing.event import MAX_EVENT_BYTES, Comment, Known, WireEvent
from reqllm.response import Response, StreamMetadata, StreamState
from reqllm.wires.common.api_errors import api_error
from reqllm.wires.common.blocks import Repair
from reqllm.wires.table import wire_named
from reqllm.wires.wire import Reading

# Chunks wait unfolded for the response that may never be asked for, but not for ever.
_FOLD_AFTER = 1024


class StreamServer:
    """One stream of a wire. `receive` each piece of the body, then `end`.

    on_malformed: "error" fails the stream at an event that is no JSON, "skip" warns.
    on_incomplete: "error" fails a stream that ended cleanly without its terminal event,
        "return" finishes it with the reason "incomplete".
    include_raw, include_keepalive: hand out raw events, and signs of life, as chunks too.
    max_event_bytes: the most that one event may hold.
    split_thinking: take reasoning out of a text in which it stands in `<think>` tags (openai-chat).
    repair: mends the raw arguments of a tool call that are no JSON object: returns JSON text or
        the object, or None. What it mended is marked `repaired` in the call's metadata.
    warnings: what is to be said of the request; it comes right after the first chunk.
    """

    def __init__(
        self,
        wire: str,
        *,
        on_malformed: Literal["error", "skip"] = "error",
        on_incomplete: Literal["error", "return"] = "error",
        include_raw: bool = False,
        include_keepalive: bool = False,
        max_event_bytes: int = MAX_EVENT_BYTES,
        split_thinking: bool = False,
        repair: Repair | None = None,
        warnings: Iterable[c.WarningChunk] = (),
    ) -> None:
        if on_malformed not in ("error", "skip") or on_incomplete not in ("error", "return"):
            raise InvalidInputError(
                "expected on_malformed to be 'error' or 'skip', on_incomplete 'error' or 'return', "
                f"got {on_malformed!r} and {on_incomplete!r}"
            )
        self.wire = wire
        self.state: StreamState = "open"
        self.error: ReqLLMError | None = None
        self._wire = wire_named(wire)
        self._decoder = self._wire.decoder(
            Reading(
                skip_malformed=on_malformed == "skip",
                include_raw=include_raw,
                include_keepalive=include_keepalive,
                split_thinking=split_thinking,
                repair=repair,
                max_event_bytes=max_event_bytes,
            ),
        )
        self._framer = self._wire.framing.new(
            max_event_bytes=max_event_bytes, comments=include_keepalive
        )
        self._limit = max_event_bytes
        self._return_incomplete = on_incomplete == "return"
        framing = self._wire.framing
        self._sniffer: BodySniffer | None = BodySniffer(
            framing.openers, framing.starts if framing.is_binary else ()
        )
        self._document: Document | None = None
        self._start = b""
        self._events_seen = False
        self._is_flowing = False  # events come, and nothing has ended yet
        self.more: Known = _nothing
        """Takes a piece that is one more delta like those before, and returns it.

        Nothing is taken of any other piece, and `None` returned: that is for `receive`.
        """
        self._chunks_given = False
        self._accumulator = Accumulator()
        self._unfolded: list[c.StreamChunk] = []
        self._late_warnings: tuple[c.WarningChunk, ...] = ()
        self._request_warnings = tuple(warnings)
        self._options: dict[str, Any] = {
            "on_malformed": on_malformed,
            "on_incomplete": on_incomplete,
            "include_raw": include_raw,
            "include_keepalive": include_keepalive,
            "max_event_bytes": max_event_bytes,
            "split_thinking": split_thinking,
            "repair": repair,
        }

    def again(self) -> StreamServer:
        """Return a server for another try at the same stream; of the request it says nothing."""
        return StreamServer(self.wire, **self._options)

    # What goes in.
    def receive(self, piece: bytes) -> list[c.StreamChunk]:
        """Take the next piece of the body; return the chunks that it completed."""
        more = self.more(piece)
        if more is not None:
            return [more]
        if self._is_flowing:
            decoder, framer = self._decoder, self._framer
            if decoder.lane is not None and decoder.lane.texts:
                self._fold()  # what `more` took comes before this
            chunks = decoder.begin()
            framer.feed(piece, decoder.take, decoder.recognise)
            if decoder.ended or decoder.error or framer.error or not self._chunks_given:
                return self._after(chunks)
            more = None if decoder.more is None else framer.shortcut(decoder.more)
            self.more = more or _nothing
            return self._keep(chunks)
        if self.state != "open":
            self._note_late(piece)
            return []
        if self._sniffer is not None or self._document is not None:
            return self._receive_undecided(piece)
        return self._receive_first(piece)

    def end(self, error: BaseException | None = None) -> list[c.StreamChunk]:
        """Take the end of the body: clean, or the error that cut it. Return the last chunks."""
        if self.state != "open":
            return []
        if self._document is not None:
            return self._end_document(self._document, error)
        chunks: list[c.StreamChunk] = []
        if error is None:
            if self._sniffer is not None:
                self._framer.receive(self._sniffer.held)
                self._sniffer = None
            chunks = self._decoder.begin()
            seen = self._events_seen
            for event in self._framer.end():
                self._take_first(event)
            self._events_seen = seen  # what lacked its end may be no event at all
            chunks = self._after(chunks)
        if self.state == "open":
            chunks += self._settle(error)
        return chunks

    def cancel(self, reason: str | None = None) -> list[c.StreamChunk]:
        """End the stream because its reader wants no more; return the last chunks."""
        if self.state != "open":
            return []
        details = {} if reason is None else {"reason": reason}
        return self._stop("interrupted", c.Finish("cancelled", None, details))

    # What can be asked at any time.
    @property
    def is_undecided(self) -> bool:
        """Whether it is not known yet that the body is a stream at all."""
        not_a_stream_so_far = self._sniffer is not None or self._document is not None
        return self.state == "open" and not_a_stream_so_far

    @property
    def response(self) -> Response:
        """What has arrived so far; all of it once `state` is "complete"."""
        self._fold()
        return self._accumulator.response(self.state, self.error, self._late_warnings)

    @property
    def metadata(self) -> StreamMetadata:
        """Usage, finish reason and the like, as known so far."""
        response = self.response
        return StreamMetadata(
            state=response.state,
            response_id=response.id,
            model=response.model,
            usage=response.usage,
            finish_reason=response.finish_reason,
            warnings=response.warnings,
            provider_metadata=response.provider_metadata,
        )

    # Before it is known what the body is.
    def _receive_undecided(self, piece: bytes) -> list[c.StreamChunk]:
        if self._document is not None:
            self._document.receive(piece)
            return self._check_document(self._document)
        sniffer = self._sniffer
        if sniffer is None or sniffer.receive(piece) is None:
            return []
        self._sniffer = None
        if sniffer.kind == "stream":
            return self._receive_first(sniffer.held)
        self._document = Document(sniffer, self._limit)
        return self._check_document(self._document)

    def _check_document(self, document: Document) -> list[c.StreamChunk]:
        if document.is_too_large:
            return self._fail(document.too_large())
        return self._end_document(document, None) if document.is_enough else []

    def _end_document(self, document: Document, error: BaseException | None) -> list[c.StreamChunk]:
        """Judge a body that is no event stream: an error, a whole answer, or neither."""
        if error is not None:
            return self._settle(error)
        value, body = document.value, document.body
        if reports_error(value, self._wire.is_answer):
            return self._fail(api_error(value))
        if isinstance(value, dict) and document.is_json:
            return self._take_whole(body)
        return self._fail(not_a_stream(self.wire, body))

    def _take_whole(self, document: bytes) -> list[c.StreamChunk]:
        """Read the answer of a server that did not stream: the wire's own whole object."""
        chunks = self._decoder.begin()
        self._decoder.take(WireEvent(document.strip()))
        self._keep(chunks)
        if self._decoder.error is not None:
            return chunks + self._fail(self._decoder.error)
        if not (self._decoder.ended or self._decoder.can_end):
            return chunks + self._fail(not_a_stream(self.wire, document))
        self._decoder.ended = True
        warning = c.WarningChunk(
            "server_ignored_stream", "the server sent the whole answer at once, not as a stream"
        )
        return chunks + self._keep([warning]) + self._complete()

    # Events.
    def _receive_first(self, piece: bytes) -> list[c.StreamChunk]:
        """Take a piece before the first event came."""
        if len(self._start) < START_KEPT:
            self._start = (self._start + piece)[:START_KEPT]
        chunks = self._decoder.begin()
        self._framer.feed(piece, self._take_first, self._decoder.recognise)
        return self._after(chunks)

    def _take_first(self, event: WireEvent | Comment) -> None:
        self._events_seen = self._is_flowing = True
        self._decoder.take(event)

    def _after(self, chunks: list[c.StreamChunk]) -> list[c.StreamChunk]:
        """Keep a batch of chunks, and end the stream if it ended by them."""
        decoder = self._decoder
        self._keep(chunks)
        if decoder.error is not None:
            return chunks + self._fail(decoder.error)
        if decoder.ended:
            return chunks + self._complete()
        if self._framer.error is not None:
            return chunks + self._fail(self._framer.error)
        return chunks

    # Endings.
    def _settle(self, error: BaseException | None) -> list[c.StreamChunk]:
        """Choose the end of a body that stopped before its terminal event."""
        if error is not None:
            return self._fail(_interruption(error), error)
        if self._decoder.can_end:
            return self._complete()
        if not self._chunks_given:
            return self._fail(self._nothing_came())
        if self._return_incomplete:
            return self._stop("incomplete", c.Finish("incomplete"))
        return self._fail(
            IncompleteStreamError(
                f"the {self.wire} stream ended without its terminal event: the answer was cut off; "
                "`.partial` holds what arrived"
            )
        )

    def _nothing_came(self) -> ReqLLMError:
        start, starts = self._start.lstrip(), self._wire.framing.starts
        if start and not self._events_seen and starts and not start.startswith(starts):
            return not_a_stream(self.wire, self._start)
        return EmptyStreamError(
            f"the {self.wire} stream ended before it said anything: the body was "
            + ("empty" if not self._start else "without a whole event but comments and sentinels")
        )

    def _complete(self) -> list[c.StreamChunk]:
        if not self._chunks_given:
            return self._fail(self._nothing_came())
        chunks = self._keep(self._decoder.finish())
        if self._decoder.error is not None:
            return chunks + self._fail(self._decoder.error)
        self._end_as("complete")
        if self._decoder.late_events:
            self._warn_late()
        return chunks

    def _stop(self, state: StreamState, finish: c.Finish) -> list[c.StreamChunk]:
        """End without an error, but not as the provider would have."""
        chunks = self._with_start(self._decoder.abandon())
        chunks = self._keep([*chunks, c.FinishChunk(finish)])
        self._end_as(state)
        return chunks

    def _fail(self, error: ReqLLMError, cause: BaseException | None = None) -> list[c.StreamChunk]:
        """End with an error, which keeps what had arrived."""
        chunks = self._keep(self._with_start(self._decoder.abandon()))
        self._end_as(_state_after(error))
        self._fold()
        error.before_first_chunk = not self._accumulator.has_content
        error.partial = self.response
        if cause is not None and cause is not error:
            error.__cause__ = cause
        self.error = error
        return [*chunks, c.ErrorChunk(error)]

    def _end_as(self, state: StreamState) -> None:
        self.state = state
        self._is_flowing = False
        self.more = _nothing

    def _with_start(self, chunks: list[c.StreamChunk]) -> list[c.StreamChunk]:
        return chunks if self._chunks_given or chunks else [c.StreamStart()]

    # Keeping.
    def _keep(self, chunks: list[c.StreamChunk]) -> list[c.StreamChunk]:
        if chunks and not self._chunks_given:
            chunks[1:1] = self._request_warnings
            self._chunks_given = True
        self._unfolded += chunks
        if len(self._unfolded) > _FOLD_AFTER:
            self._fold()
        return chunks

    def _fold(self) -> None:
        unfolded, self._unfolded = self._unfolded, []  # at once: any thread may ask
        self._accumulator.add(unfolded)
        lane = self._decoder.lane
        if lane is not None and lane.texts:
            self._accumulator.extend(lane.like, lane.take_texts())

    def _note_late(self, piece: bytes) -> None:
        """Look at what comes after the end only as far as to say that it came."""
        if self.state != "complete" or self._late_warnings:
            return
        events = self._framer.receive(piece)
        if any(isinstance(event, WireEvent) and not event.is_silent for event in events):
            self._warn_late()

    def _warn_late(self) -> None:
        if not self._late_warnings:
            said = "events came after the terminal one; ignored"
            self._late_warnings = (c.WarningChunk("events_after_end", said),)


def _nothing(piece: bytes) -> None:
    """Take nothing of a piece."""


def decode_stream(wire: str, body: bytes | Iterable[bytes], **options: Any) -> Response:
    """Decode a captured body: bytes, or the pieces they came in. Options as for StreamServer.

    Never raises for what is in the bytes: a failure is in `.error`, `.state` and the last of
    `.chunks`. Raises UnknownWireError for a wire that there is not, InvalidInputError for what
    is no bytes.
    """
    server = StreamServer(wire, **options)
    if not isinstance(body, Iterable):
        raise _no_bytes(body)
    pieces = (body,) if isinstance(body, bytes | bytearray | memoryview) else body
    receive: Callable[[bytes], list[c.StreamChunk]] = server.receive
    chunks: list[c.StreamChunk] = []
    for piece in pieces:
        chunks += receive(piece if type(piece) is bytes else _bytes_of(piece))
    chunks += server.end()
    return server.response.with_chunks(chunks)


def _bytes_of(piece: Any) -> bytes:
    if isinstance(piece, bytes | bytearray | memoryview):
        return bytes(piece)
    raise _no_bytes(piece)


def _no_bytes(given: Any) -> InvalidInputError:
    return InvalidInputError(
        f"expected the body as bytes, or as pieces of bytes, got {type(given).__name__}: "
        "a stream is decoded from what was sent"
    )


def _state_after(error: ReqLLMError) -> StreamState:
    if isinstance(error, InterruptedStreamError):
        return "interrupted"
    return "incomplete" if isinstance(error, IncompleteStreamError | EmptyStreamError) else "failed"


def _interruption(error: BaseException) -> ReqLLMError:
    if isinstance(error, ReqLLMError):
        return error
    said = f"{type(error).__name__}: {error}".rstrip(": ")
    return InterruptedStreamError(
        f"the stream broke off ({said}); `.partial` holds what had arrived"
    )
