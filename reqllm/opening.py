"""A call while it is being opened: what its tries have in common, what became of each. No I/O."""

from __future__ import annotations

import logging
import math
from datetime import datetime
from typing import Any

from reqllm.attempts import Attempts
from reqllm.calling import CallOptions, Limits, Retries, may_pass
from reqllm.errors import APIError, InvalidInputError, ReqLLMError, TransportError
from reqllm.hiding import hide, secrets_of
from reqllm.hooks import AttemptStart, StreamEnd
from reqllm.providers.base import WireRequest
from reqllm.pump_base import CallState
from reqllm.response import StreamMetadata
from reqllm.stream_server import StreamServer
from reqllm.timing import Clock
from reqllm.wires.common.api_errors import api_error, error_body

_log = logging.getLogger("reqllm")
# What fails once there is a connection: somebody was reached, and gave no answer.
_CONNECTED = frozenset(
    ("ReadTimeout", "ReadError", "WriteTimeout", "WriteError", "RemoteProtocolError", "EndOfStream")
)


class Opening:
    """One call being opened: what is asked, and what its tries have in common."""

    def __init__(
        self,
        request: WireRequest,
        wire: str,
        options: CallOptions,
        retries: Retries,
        clock: Clock,
    ) -> None:
        self.request = request
        self.clock = clock
        self.begun = clock()
        self.timeouts = options.timeouts
        self.pause: Any = None
        """What is waited with between two tries."""
        self.was_told = False
        """Whether the hooks know of it."""
        self._options = options
        total = self.timeouts.total
        self._attempts = Attempts(retries, None if total is None else self.begun + total)
        self.state = CallState(
            provider=request.provider, model=request.model, wire=wire, attempts=self._attempts
        )

    def new_server(self) -> StreamServer:
        options = self._options.stream.for_server()
        return StreamServer(self.state.wire, **options, warnings=self.request.warnings)

    def limits_of_head(self, now: float) -> Limits:
        """Return the limits that hold until the head of the answer has come."""
        return self.timeouts.of_head(now - self.begun)

    def delay_after(self, error: ReqLLMError, chance: float) -> float | None:
        """Note a failed try; return the seconds to wait before the next, `None` to give up."""
        delay = self._attempts.delay_after(error, chance, self.clock())
        error.attempts = self._attempts.failed
        if delay is not None:
            _log.info("%s: %s; trying again in %.2f s", self._who, error, delay)
        return delay

    def refusal_ends(self, limits: Limits) -> float:
        """Return the moment until which the body of an error is waited for.

        However slowly it comes: it is worth no more than the silence before a head.
        """
        seconds = limits.read[1]
        return math.inf if seconds is None else self.clock() + seconds

    def start(self, failed: ReqLLMError | None) -> AttemptStart:
        return AttemptStart(
            provider=self.state.provider,
            model=self.state.model,
            wire=self.state.wire,
            url=self.request.url.partition("?")[0],
            number=len(self._attempts.failed) + 1,
            failed=failed,
            call=self.state.token,
            options=self._options.request,
            context=self._options.context,
        )

    def end(self, error: BaseException) -> StreamEnd:
        """Return the end of a call whose stream never began."""
        failed = error if isinstance(error, ReqLLMError) else None
        return StreamEnd(
            provider=self.state.provider,
            model=self.state.model,
            wire=self.state.wire,
            metadata=StreamMetadata(state="interrupted" if failed is None else "failed"),
            error=failed,
            attempts=self._attempts.failed,
            seconds=self.clock() - self.begun,
            call=self.state.token,
        )

    @property
    def _who(self) -> str:
        return f"{self.state.provider}:{self.state.model}"


def declares_events(http: Any) -> bool:
    declared: str = http.headers.get("content-type", "")
    return declared.partition(";")[0].strip().lower() == "text/event-stream"


def head_came(http: Any, silence: float | None) -> None:
    """Let the silence between pieces be as long as was asked for, now that the head has come.

    Both libraries look at the request's own limits again when they begin with the body.
    """
    limits = http.request.extensions.get("timeout")
    if limits:
        limits["read"] = silence


def unreachable(request: WireRequest, error: BaseException, limits: Limits) -> TransportError:
    kind = type(error).__name__
    said = f"{kind}: {error}".rstrip(": ")
    if "Timeout" in kind:
        which, seconds = limits.of(kind)
        said = f"{kind} after {seconds:.3g} s ({which}={seconds:.3g})"
    what = "no answer came from" if kind in _CONNECTED else "could not reach"
    return TransportError(f"{what} {request.url.partition('?')[0]} ({said})")


def unusable(error: RuntimeError) -> InvalidInputError:
    return InvalidInputError(
        f"expected an HTTP client that is open and belongs to this event loop ({error}); "
        "make one for each event loop, and close it last"
    )


def refused(http: Any, content: bytes, now: datetime) -> APIError:
    """Return the error of an answer that is none, without the key that it may repeat."""
    status = http.status_code
    said = None
    if 300 <= status < 400 and "location" in http.headers:
        # Following it would hand the key to whoever is there.
        said = (
            f"redirected by status {status} to {http.headers['location']!r}; redirects are not "
            "followed: give the address that it leads to as base_url, if it is to be trusted"
        )
    elif status < 400:
        said = f"expected status 200 and a stream, got status {status}"
    error = api_error(error_body(content), status=status, headers=http.headers, now=now, said=said)
    error.retryable = may_pass(error, http.headers.get("x-should-retry"))
    hide(error, secrets_of(http.request.headers))
    return error
