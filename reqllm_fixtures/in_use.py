"""A cassette in use: opened, played or recorded by its transports, and published at the end."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any, Self, overload

from reqllm_fixtures.cassette import Cassette, Interaction, Matcher, RecordedRequest
from reqllm_fixtures.errors import (
    CassetteFormatError,
    CassetteNotFoundError,
    FixtureError,
    UnmatchedRequestError,
)
from reqllm_fixtures.files import format as cassette_format
from reqllm_fixtures.matching import matchers
from reqllm_fixtures.mode import Mode
from reqllm_fixtures.transports.sources import Recorded, Refuse, Source, is_virtual
from reqllm_fixtures.transports.transport import async_transport, transport

if TYPE_CHECKING:
    import httpx

    from reqllm_fixtures.files.publishing import Recording
    from reqllm_fixtures.overlay.base import Overlay
    from reqllm_fixtures.secrets.redaction import Redactor
    from reqllm_fixtures.transports.recording import Recorder
    from reqllm_fixtures.virtual_time import VirtualClock


class CassetteInUse:
    """An open cassette, whose transports go into any client of httpx or httpx2."""

    def __init__(
        self,
        path: str,
        mode: Mode,
        *,
        pace: float = 0.0,
        match: Matcher = matchers.strict,
        redactor: Callable[[], Redactor] | None = None,
        record_on_error: bool = False,
        missing_ok: bool = False,
        adds: bool = False,
        refuse: Refuse | None = None,
        overlay: Overlay | None = None,
        clock: Callable[[], float] | VirtualClock = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """
        missing_ok: replay a file that is not there as an empty cassette.
        adds: record adds to the file and does not replace it.
        refuse: makes what is raised in a client for a recording that is missing or too short.
        """
        self.path = path
        self.mode = mode
        self._pace = pace
        self._match = match
        self._make_redactor = redactor or partial(redactor_of, environ=os.environ)
        self._record_on_error = record_on_error
        self._missing_ok = missing_ok
        self._adds = adds
        self._refusal: dict[str, Refuse] = {} if refuse is None else {"refuse": refuse}
        self.overlay = overlay
        self._clock, self._sleep = clock, sleep
        self._sent: list[RecordedRequest] = []
        self._learning = threading.Lock()
        self._cassette: Cassette | None = None
        self._playing: Recorded | None = None
        self._recorder: Recorder | None = None
        self._recording: Recording | None = None
        self._asking: Redactor | None = None  # of what is asked, not of what is recorded

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.path} mode={self.mode}>"

    def __enter__(self) -> Self:
        self._cassette = self._playing = self._opened()
        if self.overlay is not None:
            self._playing = self._overlaid(self._cassette, self.overlay)
        self._recorder = self._recording = self._asking = None
        self._sent.clear()
        if self.mode in (Mode.RECORD, Mode.FILL):
            # Here, as a replay writes nothing.
            from reqllm_fixtures.files.publishing import Recording
            from reqllm_fixtures.transports.recording import Recorder

            replaces = self.mode is Mode.RECORD and not self._adds
            redactor = self._make_redactor()
            redactor.require_hidden()
            self._recording = Recording(self.path, redactor, replaces=replaces)
            clock: Any = self._clock
            clock = clock.time if is_virtual(clock) else clock
            self._recorder = Recorder(self._recording, clock=clock)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            self.publish()
            self._report_swallowed()
            return
        self._add_note(error)
        if self._record_on_error:
            # What the block raised is what its caller must see; why nothing was kept, beside it.
            try:
                self.publish()
            except FixtureError as unpublished:
                error.add_note(str(unpublished))
        else:
            self.discard()

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.__exit__(kind, error, traceback)

    def publish(self) -> None:
        """Write what was recorded into the file now; a response still open ends where it is.

        Raises PublishError, CassetteFormatError.
        """
        if self._recording is not None:
            self.stop()
            self._recording.publish()

    def stop(self) -> None:
        """Record no further: a response still open ends where it is."""
        if self._recorder is not None:
            self._recorder.stop()

    def discard(self) -> None:
        """Forget what was recorded; the file stays as it was."""
        if self._recording is not None:
            self._recording.discard()

    @property
    def cassette(self) -> Cassette:
        """What was recorded when it was opened, and what of it was played."""
        if self._cassette is None:
            raise FixtureError(f"{self.path} is not open: enter it by `with` or `async with`.")
        return self._cassette

    @property
    def played(self) -> tuple[Interaction, ...]:
        """What was played, in the order in which it was asked for."""
        return self.cassette.played

    @property
    def unplayed(self) -> tuple[Interaction, ...]:
        """What nobody asked for yet."""
        return self.cassette.unplayed

    @property
    def sent(self) -> tuple[RecordedRequest, ...]:
        """Every request that was made, as it was made: with its keys, whoever answered it."""
        return tuple(self._sent)

    @property
    def recorded(self) -> tuple[Interaction, ...]:
        """What was recorded and is not published yet, as it came: with its keys."""
        return () if self._recording is None else self._recording.interactions

    @property
    def misses(self) -> tuple[UnmatchedRequestError, ...]:
        """The requests that no recording answered."""
        return self.cassette.misses

    @overload
    def transport(self) -> httpx.BaseTransport: ...
    @overload
    def transport(
        self,
        module: ModuleType | None = None,
        *,
        upstream: Any = None,
        on_close: Callable[[], None] | None = None,
    ) -> Any: ...
    def transport(
        self,
        module: ModuleType | None = None,
        *,
        upstream: Any = None,
        on_close: Callable[[], None] | None = None,
    ) -> Any:
        """Make a transport for a client.

        module: the client's library; by default that of `upstream`, else httpx.
        upstream: the transport that sends what is to be sent, closed with this one; by default
            one of the library's, with its defaults.
        on_close: called when the transport was closed.
        """
        return transport(
            self._source(),
            module,
            upstream=upstream,
            on_close=on_close,
            pace=self._kept_pace,
            clock=self._clock,
            sleep=self._sleep,
        )

    @overload
    def async_transport(self) -> httpx.AsyncBaseTransport: ...
    @overload
    def async_transport(
        self,
        module: ModuleType | None = None,
        *,
        upstream: Any = None,
        on_close: Callable[[], None] | None = None,
    ) -> Any: ...
    def async_transport(
        self,
        module: ModuleType | None = None,
        *,
        upstream: Any = None,
        on_close: Callable[[], None] | None = None,
    ) -> Any:
        """Make a transport for an async client; the arguments are those of `transport`."""
        return async_transport(
            self._source(),
            module,
            upstream=upstream,
            on_close=on_close,
            pace=self._kept_pace,
        )

    @property
    def _kept_pace(self) -> float:
        """How the times of what is played are kept: those that an overlay gives, as they are."""
        return self._pace if self.overlay is None else 1.0

    @contextlib.contextmanager
    def patch(self) -> Iterator[Self]:
        """Answer the clients that the code in this block builds by itself, of either library.

        For code that takes no transport. It replaces how their real transports send, for this
        task and those that it starts, and for threads while no other cassette is patched in.
        """
        from reqllm_fixtures.transports.patching import Patched, patched

        def make(module: ModuleType, upstream: Any) -> Any:
            return self.transport(module, upstream=upstream)

        def make_async(module: ModuleType, upstream: Any) -> Any:
            return self.async_transport(module, upstream=upstream)

        _ = self.cassette  # which must be open
        is_replay = self.mode is Mode.REPLAY
        with patched(Patched(self.path, make, make_async, is_replay=is_replay)):
            yield self

    def _opened(self) -> Cassette:
        if self.mode is Mode.RECORD and os.path.isdir(self.path or "."):
            # Told before anything is asked, and paid for, that could not be kept.
            raise CassetteFormatError(
                self.path,
                expected="a file to record into",
                came="a directory",
                advice="Name a file, such as cassettes/chat.yaml.",
            )
        if self.mode in (Mode.REPLAY, Mode.FILL):
            try:
                return cassette_format.load(self.path, matcher=self._match)
            except CassetteNotFoundError:
                if self.mode is Mode.REPLAY and not self._missing_ok:
                    raise
        return Cassette(self.path, (), matcher=self._match)

    def _overlaid(self, cassette: Cassette, overlay: Overlay) -> Recorded:
        from reqllm_fixtures.overlay.applying import OverlaidCassette  # here, as few use one

        return OverlaidCassette(cassette, overlay, pace=self._pace)

    def _source(self) -> Source:
        _ = self.cassette  # which must be open
        plays = self.mode in (Mode.REPLAY, Mode.FILL)
        return Source(
            self._playing if plays else None,
            self._recorder,
            self._redacted,
            hear=self._sent.append,
            **self._refusal,
        )

    def _redacted(self, request: RecordedRequest) -> RecordedRequest:
        with self._learning:
            if self._asking is None:
                self._asking = self._make_redactor()
            self._asking.learn(request)
            return self._asking.redact_request(request)

    def _report_swallowed(self) -> None:
        if misses := self.misses:
            if len(misses) > 1:
                misses[0].add_note(f"{len(misses) - 1} more requests found no recording.")
            raise misses[0]

    def _add_note(self, error: BaseException) -> None:
        """Tell of a miss beside the error that came of it, which may not look like one."""
        if self._cassette is not None:
            known = _chain(error)
            for miss in self.misses:
                if miss not in known:
                    error.add_note(str(miss))


def redactor_of(*args: Any, **named: Any) -> Redactor:
    from reqllm_fixtures.secrets.redaction import (
        Redactor,  # here: a replay that finds all needs none
    )

    return Redactor.of(*args, **named)


def _chain(error: BaseException) -> list[BaseException]:
    """List an error and those that it came of, which a traceback shows with it."""
    chain: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in chain:
        chain.append(following)
        following = following.__cause__ or following.__context__
    return chain
