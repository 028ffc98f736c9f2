"""How a call is made: its timeouts, its retries, and what its options are for. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, structs

from reqllm.errors import APIError, InvalidInputError, ReqLLMError

_RETRIED_STATUS = frozenset((408, 409, 425))


class Timeouts(Struct, frozen=True, kw_only=True):
    """Seconds, as in httpx; `None` turns one off."""

    connect: float | None = 10.0
    """To reach the provider."""
    timeout: float | None = 30.0
    """Silence: no byte came, or none could be sent, for so long."""
    metadata_timeout: float | None = 300.0
    """For `metadata()` to see the end of the stream."""

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            seconds = getattr(self, name)
            is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
            if seconds is not None and not (is_number and 0 < seconds < float("inf")):
                raise InvalidInputError(
                    f"expected {name} in seconds, more than 0, or None for no limit, "
                    f"got {seconds!r}"
                )


class StreamOptions(Struct, frozen=True, kw_only=True):
    """How a stream is read; see `StreamServer`."""

    on_malformed: str = "error"
    on_incomplete: str = "error"
    include_raw: bool = False
    include_keepalive: bool = False
    max_event_bytes: int | None = None

    def __post_init__(self) -> None:
        for name, choices in (("on_malformed", "error skip"), ("on_incomplete", "error return")):
            if getattr(self, name) not in choices.split():
                raise InvalidInputError(
                    f"expected {name} to be one of {choices.replace(' ', ', ')}, "
                    f"got {getattr(self, name)!r}"
                )
        for name in ("include_raw", "include_keepalive"):
            if not isinstance(getattr(self, name), bool):
                raise InvalidInputError(
                    f"expected {name} to be True or False, got {getattr(self, name)!r}"
                )
        most = self.max_event_bytes
        if most is not None and (type(most) is not int or most < 1):
            raise InvalidInputError(f"expected max_event_bytes from 1 up, or None, got {most!r}")

    def for_server(self) -> dict[str, Any]:
        """Return the arguments for a `StreamServer`."""
        given = structs.asdict(self)
        if given["max_event_bytes"] is None:
            del given["max_event_bytes"]
        return given


class CallOptions(Struct, frozen=True, kw_only=True):
    """The options of one call, sorted by what they are for."""

    timeouts: Timeouts = Timeouts()
    stream: StreamOptions = StreamOptions()
    request: Mapping[str, Any] = {}
    """What goes into the request: the wire's encoder judges it."""

    @classmethod
    def of(cls, options: Mapping[str, Any], defaults: Timeouts | None = None) -> CallOptions:
        """Sort the options; those of the call go before the client's `defaults`."""
        timeouts = {name: options[name] for name in Timeouts.__struct_fields__ if name in options}
        stream = {
            name: options[name] for name in StreamOptions.__struct_fields__ if name in options
        }
        return cls(
            timeouts=structs.replace(defaults or Timeouts(), **timeouts),
            stream=StreamOptions(**stream),
            request={k: v for k, v in options.items() if k not in timeouts and k not in stream},
        )


class Retries(Struct, frozen=True, kw_only=True):
    """When to try a call again that failed before its stream began, and after how long."""

    limit: int = 3
    first_delay: float = 0.5
    longest_delay: float = 8.0
    longest_asked: float = 60.0
    """A provider that asks for a longer wait than this is not waited for."""

    def delay(self, attempt: int, error: ReqLLMError, chance: float) -> float | None:
        """Return the seconds to wait after failed attempt `attempt` (from 1), `None` to give up.

        `chance` from 0 to 1 spreads the callers that failed together.
        """
        if attempt > self.limit or not error.retryable:
            return None
        asked = error.retry_after if isinstance(error, APIError) else None
        if asked is not None:
            return asked if asked <= self.longest_asked else None
        grown: float = min(self.first_delay * 2 ** (attempt - 1), self.longest_delay)
        return grown * (1 - chance / 2)


def may_pass(error: APIError, advice: str | None) -> bool:
    """Return whether a refused call may be tried again.

    advice: the header `x-should-retry`; a provider that says "false" is obeyed.
    """
    if advice == "false" or error.http_status is None or error.http_status < 400:
        return False
    return error.retryable or error.status in _RETRIED_STATUS
