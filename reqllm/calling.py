"""How a call is made: its timeouts, its retries, and what its options are for. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct, structs

from reqllm.context import Context
from reqllm.errors import APIError, InvalidInputError, ReqLLMError

THINKING = 300.0
"""Seconds of silence that a model is allowed that thinks without saying anything."""
_RETRIED_STATUS = frozenset((408, 409, 425))


class Timeouts(Struct, frozen=True, kw_only=True):
    """Seconds, as in httpx; `None` turns one off."""

    connect: float | None = 10.0
    """To reach the provider."""
    timeout: float | None = 30.0
    """Silence: no byte came, or none could be sent, for so long. Where the model is to think
    first, and nothing else was asked for, it is `THINKING` until the stream is over."""
    first_token: float | None = 600.0
    """From the request to the first piece of the answer."""
    idle: float | None = 300.0
    """Between two pieces of the answer: signs of life do not count, reasoning and arguments do."""
    total: float | None = None
    """For the whole call, its retries included."""
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

    def of_head(self, elapsed: float) -> Limits:
        """Return the limits of the HTTP library until the head of an answer has come.

        elapsed: seconds of the call that its earlier tries took.
        """
        total = None if self.total is None else max(self.total - elapsed, 0.001)
        return Limits(
            connect=_least(connect=self.connect, total=total),
            read=_least(timeout=self.timeout, first_token=self.first_token, total=total),
            write=_least(timeout=self.timeout, total=total),
        )


class Limits(Struct, frozen=True, kw_only=True):
    """Limits as the HTTP library takes them, each with the name that it has here."""

    connect: tuple[str, float | None]
    read: tuple[str, float | None]
    write: tuple[str, float | None]
    """And for a connection of the pool to become free."""

    @property
    def seconds(self) -> dict[str, float | None]:
        """The arguments of the library's own object."""
        write = self.write[1]
        return {"connect": self.connect[1], "read": self.read[1], "write": write, "pool": write}

    def of(self, kind: str) -> tuple[str, float | None]:
        """Return name and seconds of the limit that an error of this kind is about."""
        return {"ConnectTimeout": self.connect, "ReadTimeout": self.read}.get(kind, self.write)


def _least(**limits: float | None) -> tuple[str, float | None]:
    """Return the shortest limit with its name; the first, without seconds, if none is set."""
    given = [(seconds, name) for name, seconds in limits.items() if seconds is not None]
    if not given:
        return next(iter(limits)), None
    seconds, name = min(given)
    return name, seconds


class StreamOptions(Struct, frozen=True, kw_only=True):
    """How a stream is read; see `StreamServer`."""

    on_malformed: str = "error"
    on_incomplete: str = "error"
    include_raw: bool = False
    include_keepalive: bool = False
    max_event_bytes: int | None = None
    split_thinking: bool = False
    repair: Callable[[str], Any] | None = None

    def __post_init__(self) -> None:
        for name, choices in (("on_malformed", "error skip"), ("on_incomplete", "error return")):
            if getattr(self, name) not in choices.split():
                raise InvalidInputError(
                    f"expected {name} to be one of {choices.replace(' ', ', ')}, "
                    f"got {getattr(self, name)!r}"
                )
        for name in ("include_raw", "include_keepalive", "split_thinking"):
            if not isinstance(getattr(self, name), bool):
                raise InvalidInputError(
                    f"expected {name} to be True or False, got {getattr(self, name)!r}"
                )
        if self.repair is not None and not callable(self.repair):
            raise InvalidInputError(f"expected repair to be callable, got {self.repair!r:.200}")
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
    context: Context | None = None
    """What the request says, for whoever is told of it."""

    @classmethod
    def of(
        cls,
        options: Mapping[str, Any],
        defaults: Timeouts | None = None,
        context: Context | None = None,
    ) -> CallOptions:
        """Sort the options; those of the call go before the client's `defaults`."""
        defaults = defaults or Timeouts()
        if not options:
            return cls(timeouts=defaults, context=context)
        timeouts = {name: options[name] for name in Timeouts.__struct_fields__ if name in options}
        stream = {
            name: options[name] for name in StreamOptions.__struct_fields__ if name in options
        }
        return cls(
            timeouts=structs.replace(defaults, **timeouts) if timeouts else defaults,
            stream=StreamOptions(**stream),
            request={k: v for k, v in options.items() if k not in timeouts and k not in stream},
            context=context,
        )

    def with_patience(self) -> CallOptions:
        """Return the options with the silence allowed of a model that thinks."""
        silence = self.timeouts.timeout
        if silence is None or silence >= THINKING:
            return self
        return structs.replace(self, timeouts=structs.replace(self.timeouts, timeout=THINKING))


class Retries(Struct, frozen=True, kw_only=True):
    """When to try a call again of which nothing was seen yet, and after how long. In seconds."""

    limit: int = 3
    """Tries after the first."""
    first_delay: float = 0.5
    """Doubled with each try, and shortened by chance to no less than its half."""
    longest_delay: float = 8.0
    longest_asked: float = 60.0
    """A provider that asks for a longer wait than this is not waited for."""

    def __post_init__(self) -> None:
        if type(self.limit) is not int or self.limit < 0:
            raise InvalidInputError(f"expected max_retries from 0 up, got {self.limit!r}")
        for name in ("first_delay", "longest_delay", "longest_asked"):
            seconds = getattr(self, name)
            is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
            if not (is_number and 0 <= seconds < float("inf")):
                raise InvalidInputError(f"expected {name} in seconds, from 0 up, got {seconds!r}")

    @classmethod
    def of(cls, given: int | Retries) -> Retries:
        """Return what was given, a number being the limit."""
        return given if isinstance(given, Retries) else cls(limit=given)

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
