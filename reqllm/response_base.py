"""What both responses tell of a stream without waiting for more of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from reqllm.attempts import Attempt
from reqllm.errors import ReqLLMError, StreamConsumedError, StreamTimeoutError
from reqllm.pump_base import PumpBase
from reqllm.response import Response, StreamState
from reqllm.wires.common.api_errors import request_id

P = TypeVar("P", bound=PumpBase)


class ResponseBase(Generic[P]):
    """An answer that is arriving, as it stands."""

    def __init__(
        self,
        pump: P,
        metadata_timeout: float | None = None,
        response_schema: Mapping[str, Any] | None = None,
    ) -> None:
        self._pump = pump
        self._metadata_timeout = metadata_timeout
        self._schema = response_schema
        self._taken = False

    def __repr__(self) -> str:
        call = self._pump.call
        asked = f"{call.provider}:{call.model}" if call.model else call.wire
        return f"<{type(self).__name__} {asked} {self.state}>"

    def partial(self) -> Response:
        """Return what has arrived so far."""
        return self._pump.server.response

    @property
    def state(self) -> StreamState:
        """How the stream stands: open, complete, incomplete, interrupted or failed."""
        return self._pump.state

    @property
    def error(self) -> ReqLLMError | None:
        """What broke the stream, if something did."""
        return self._pump.error

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """The tries that failed before this answer, each with its error."""
        return self._pump.call.attempts.failed

    @property
    def status(self) -> int:
        """The HTTP status."""
        return int(self._pump.http.status_code)

    @property
    def headers(self) -> Mapping[str, str]:
        """The HTTP headers of the answer."""
        headers: Mapping[str, str] = self._pump.http.headers
        return headers

    @property
    def request_id(self) -> str | None:
        """The provider's id of the request."""
        return request_id(self.headers)

    def _take_pass(self) -> None:
        """Take the one pass. Raises StreamConsumedError if it was taken already."""
        if self._taken:
            raise StreamConsumedError(
                "the one pass over this stream was already taken; "
                "partial() and to_response() give what it held"
            )
        self._taken = True

    def _check_time(self, waited: float) -> None:
        """Raise StreamTimeoutError if the end of the stream was waited for too long."""
        limit = self._metadata_timeout
        if limit is not None and waited > limit:
            raise StreamTimeoutError(
                f"the stream did not end within {limit} s (metadata_timeout={limit})",
                which="metadata_timeout",
                seconds=limit,
                waited=waited,
            )
