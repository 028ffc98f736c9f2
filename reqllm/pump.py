"""The one pump of a stream: whoever needs the next chunk drives it, on threads.

Nothing runs by itself. What is not asked for is not read from the network. Its twin is in
`async_pump.py`: the same but for `await`; a test compares them.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from typing import Any

from reqllm.chunk import StreamChunk
from reqllm.errors import ReqLLMError
from reqllm.hooks import NO_HOOKS, Hooks
from reqllm.pump_base import DRAINING, Opened, PumpBase, Reopen
from reqllm.releasing import NetworkErrors, body_of, can_drain, close_response
from reqllm.response import Response, StreamMetadata
from reqllm.timing import Clock, Pause, Timer, TimeUpError

# Seconds in which a thread that was woken has taken in what it had read.
_WAKING = 1.0


# Of threads; it may be taken twice, since a signal's handler may cancel what it interrupts.
_Turn = threading.RLock


class Pump(PumpBase):
    """Reads the body of one response, piece by piece, into chunks."""

    def __init__(
        self,
        opened: Opened,
        *,
        network_errors: NetworkErrors,
        timer: Timer,
        clock: Clock,
        hooks: Hooks = NO_HOOKS,
        reopen: Reopen | None = None,
        opening: Any = None,
        pause: Pause | None = None,
        owned_client: Any = None,
    ) -> None:
        """
        timer, clock: watch over the limits of time, by the same clock as those of `opened`.
        reopen: asks again after a failure that no reader could have seen; gives what it opened,
            or None for a failure that is to stand. It is handed `opening`.
        pause: what it waits with, broken off by a cancel.
        """
        super().__init__(opened, network_errors=network_errors, clock=clock, hooks=hooks)
        self._turn = _Turn()
        self._timer = timer
        self._reopen = reopen
        self._opening = opening
        self._pause = pause
        self._owned_client = owned_client

    def _begin(self, opened: Opened) -> None:
        super()._begin(opened)
        self._pieces = body_of(opened.http).__iter__()
        self._next_piece = self._pieces.__next__

    def next_batch(self) -> list[StreamChunk]:
        """Return the chunks that wait, else those of the next pieces; none at the end."""
        self._turn.acquire()
        try:
            while not self._waiting and self.server.state == "open":
                self._read()
            batch, self._waiting = self._waiting, []
            if not batch:
                self.release()
            return batch
        finally:
            self._turn.release()

    def read_on(self) -> None:
        """Read one piece, whatever is waiting in the queue."""
        with self._turn:
            if self.is_open:
                self._read()

    def response(self) -> Response:
        """Return what has arrived, once nobody is reading."""
        with self._turn:
            if not self.is_open:
                self.release()
            return self.server.response

    def metadata(self) -> StreamMetadata:
        """Return what is known beside the content, once nobody is reading."""
        with self._turn:
            if not self.is_open:
                self.release()
            return self.server.metadata

    def _read(self) -> None:
        try:
            try:
                left = self._time_left() if self._deadlines.is_watched else None
                if left is None:
                    piece = self._next_piece()
                else:
                    piece = self._timer.run(left, self._next_piece, self._wake)
            except StopIteration:
                self._at_eof = True
                self._keep(self._end())
            except TimeUpError as error:
                self._keep(self._end(self._late(error)))
            except self._network_errors as error:
                self._keep(self._end(self._named(error)))
            else:
                if self._flows and (more := self.server.more(piece)) is not None:
                    # Most pieces are one more delta of an answer that flows.
                    self._deadlines.last = more
                    if self._gaps is not None:
                        self._gaps.note([more], self.clock())
                    self._waiting.append(more)
                    return
                if self._goes_on_after(piece):
                    return
            self._settle()
        except BaseException:
            # Our reader is being cancelled, or what is called here failed: nobody will read on.
            self._waiting += self.server.cancel("the reader was cancelled")
            self._finish()
            raise

    def _settle(self) -> None:
        """After the end: ask again if that may help, else let go of what is of no more use."""
        if self.error is not None and self._asked_again(self.error):
            return
        if self.server.state == "complete" and not self._at_eof:
            # What has come is handed out before anybody waits for the rest of the framing.
            self._tell_end()
        else:
            self._finish()

    def _asked_again(self, error: ReqLLMError) -> bool:
        """Replace a try that failed before a reader could have seen anything of it."""
        if self._reopen is None or self._cancelled is not None or not error.before_first_chunk:
            return False
        opened = None
        self._asks_again = True
        try:
            close_response(self.http, self._pieces, self._network_errors)
            opened = self._reopen(self._opening, error, self.server)
        except ReqLLMError as another:
            another.partial = error.partial
            self.error = another
        finally:
            self._asks_again = False
        if self._cancelled is not None:
            self._left(opened, *self._cancelled)
            return True
        if opened is None:
            return False
        self.error = None
        self._begin(opened)
        return True

    def _left(self, opened: Opened | None, reason: str | None) -> None:
        """End a call that was cancelled between two tries: that is no failure."""
        if opened is not None:
            self._begin(opened)
            self._close()
        self.error = None
        self.server = self.server.again()
        self._keep(self.server.cancel(reason))

    def cancel(self, reason: str | None = None) -> None:
        """End the stream because its reader wants no more; the connection goes at once."""
        self._cancelled = (reason,)
        if self._pause is not None:
            self._pause.stop()
        has_turn = self._turn.acquire(blocking=False)
        woken = False
        if not has_turn:
            # Another thread is reading: let it take in what it just read, before the end. Where
            # that has come, it is about to let go: the connection may be another call's by now.
            is_over = self.server.state != "open"
            woken = not is_over and self._wake()
            has_turn = self._turn.acquire(timeout=_WAKING if woken or is_over else 0)
        try:
            self._keep(self.server.cancel(reason))
        finally:
            # Who was woken and is not there yet closes it: were it closed under a read, that read
            # could go on in another connection, to which the system gives the same number.
            if has_turn or not woken:
                self._finish()
            if has_turn:
                self._turn.release()

    def _finish(self) -> None:
        try:
            self.release()
        finally:
            self._tell_end()

    def release(self) -> None:
        """Let go of the connection. Safe to call twice, and while someone is reading."""
        if self._released:
            return
        self._released = True
        try:
            if self.server.state == "complete" and not self._at_eof and can_drain(self.http):
                self._drain()
        finally:
            self._close()

    def _drain(self) -> None:
        """Read what ends the answer in HTTP, if it comes at once: then the connection is reused."""
        ends_at = self.clock() + DRAINING
        with contextlib.suppress(TimeUpError, *self._network_errors):
            try:
                while (left := ends_at - self.clock()) > 0:
                    piece = self._timer.run(left, self._pieces.__next__, self._wake)
                    self.server.receive(piece)
            except StopIteration:
                self._at_eof = True

    def _close(self) -> None:
        if not self._at_eof:
            # A connection whose answer was read to its end is another call's by now.
            self._wake()
        try:
            close_response(self.http, self._pieces, self._network_errors)
        finally:
            if self._owned_client is not None:
                self._owned_client.close()

    def __del__(self) -> None:
        if getattr(self, "_released", True) or self._is_copied or sys.is_finalizing():
            return
        self._close()
        self._tell_dropped()
