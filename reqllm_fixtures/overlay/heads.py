"""Other heads: a content type that is wrong, a page in place of a stream, refusals before it."""

from __future__ import annotations

from http import HTTPStatus
from typing import ClassVar

from msgspec.structs import replace

from reqllm_fixtures.cassette import EndError, Piece, RecordedResponse
from reqllm_fixtures.errors import OverlayError
from reqllm_fixtures.overlay.base import Overlay, View
from reqllm_fixtures.overlay.dialects import TROUBLES, dialect_of, refusal_of
from reqllm_fixtures.overlay.played import Cue, Played, last_at, last_due

_JSON = (("content-type", "application/json"),)
_PAGE = b"<!doctype html><html><head><title>Sign in</title></head><p>Please sign in.</p></html>"
_KINDS = {429: "rate_limit", 503: "overloaded", 529: "overloaded"}
_NO_STATUS = 0


class ContentType(Overlay, frozen=True):
    """Declares the same body as something else."""

    name: ClassVar[str] = "content_type"
    bare: ClassVar[str] = "value"
    value: str = "text/plain"

    def changed(self, played: Played) -> Played:
        kept = [each for each in played.headers if each[0].lower() != "content-type"]
        return replace(played, headers=(*kept, ("content-type", self.value)))


class LoginPage(Overlay, frozen=True):
    """Has a page of HTML come in place of the stream, with status 200, as proxies have it."""

    name: ClassVar[str] = "login_page"

    def changed(self, played: Played) -> Played:
        cue = Cue(_PAGE, last_at(played.cues[:1]), last_due(played.cues[:1]))
        headers = (("content-type", "text/html; charset=utf-8"),)
        return replace(played, headers=headers, cues=(cue,), end="eof")


class Refused(Overlay, frozen=True):
    """Answers with an error status first; who asks again gets the recording.

    retry_after: seconds that the header of that name asks to wait.
    times: how often it refuses; 0 is every time.
    """

    name: ClassVar[str] = "refused"
    bare: ClassVar[str] = "status"
    status: int = 429
    retry_after: float | None = None
    times: int = 1

    def __post_init__(self) -> None:
        if not 400 <= self.status <= 599:
            raise OverlayError(f"Expected an error status, 400 to 599. Came: {self.status!r}.")
        _require_times(self.name, self.times)
        if self.retry_after is not None and self.retry_after < 0:
            raise OverlayError(f"Expected retry_after from 0 up. Came: {self.retry_after!r}.")

    def changed(self, played: Played) -> Played:
        dialect = dialect_of(View(self, played).events)
        body = refusal_of(dialect, TROUBLES[_KINDS.get(self.status, "server_error")])
        after = () if self.retry_after is None else (("retry-after", f"{self.retry_after:g}"),)
        response = RecordedResponse(
            self.status, _reason(self.status), (*_JSON, *after), (Piece(body),)
        )
        return _before(played, response, self.times)


class Unreachable(Overlay, frozen=True):
    """Fails before any answer first; who asks again gets the recording.

    error: the name of httpx's error. times: how often it fails; 0 is every time.
    """

    name: ClassVar[str] = "unreachable"
    bare: ClassVar[str] = "error"
    error: str = "ConnectError"
    times: int = 1

    def __post_init__(self) -> None:
        _require_times(self.name, self.times)

    def changed(self, played: Played) -> Played:
        end = EndError(self.error, f"the overlay {self.name}")
        return _before(played, RecordedResponse(_NO_STATUS, end=end), self.times)


def _before(played: Played, response: RecordedResponse, times: int) -> Played:
    if played.is_refused:  # nobody ever comes to this one
        return played
    before = (*played.before, *(response,) * (times or 1))
    return replace(played, before=before, is_refused=times == 0)


def _require_times(name: str, times: int) -> None:
    if not 0 <= times <= 1000:
        raise OverlayError(
            f"Expected times of {name} to be 0 (every time) or the number of times. "
            f"Came: {times!r}."
        )


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Overloaded" if status == 529 else ""
