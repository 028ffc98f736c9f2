"""Matching as vcrpy does it, by its own matchers, for those who have declared it so. Pure.

vcrpy is loaded with the first comparison; its matchers judge requests of its own kind.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from reqllm_fixtures.cassette import RecordedRequest
from reqllm_fixtures.errors import Difference, RulesError
from reqllm_fixtures.matching.comparing import address
from reqllm_fixtures.matching.matchers import Rules
from reqllm_fixtures.matching.presets import unknown
from reqllm_fixtures.secrets.places import (
    ACCOUNT_HEADERS,
    CREDENTIAL_HEADERS,
    KEPT_REQUEST_HEADERS,
    SECRET_QUERY,
)
from reqllm_fixtures.vcrpy import vcrpy

_NEEDS = "match_on needs"
VcrMatcher = str | Callable[[Any, Any], Any]

NAMES = frozenset(
    {"method", "uri", "scheme", "host", "port", "path", "query", "headers", "body", "raw_body"}
)

# What must be equal for vcrpy's matcher to agree; not all that must be.
_PARTS: dict[str, tuple[str, ...]] = {
    "scheme": ("url.scheme",),
    "host": ("url.host",),
    "port": ("url.port",),
    "path": ("url.path",),
    "uri": ("url.scheme", "url.host", "url.port", "url.path"),
}


class VcrRules(Rules):
    """Those of vcrpy's matchers that were named, and functions; what is volatile is blanked first.

    Functions answer as vcrpy's do: false or an AssertionError is a difference.
    """

    def __init__(
        self,
        match_on: Sequence[VcrMatcher],
        volatile: str | Iterable[str] = (),
        *,
        allow_repeats: bool = False,
    ) -> None:
        super().__init__(volatile, allow_repeats=allow_repeats)
        self.match_on = (match_on,) if isinstance(match_on, str) else tuple(match_on)
        for each in self.match_on:
            _check(each)
        named = {each for each in self.match_on if isinstance(each, str)}
        self._with_method = "method" in named
        self._parts = tuple(sorted({part for name in named for part in _PARTS.get(name, ())}))

    def key(self, request: RecordedRequest) -> Hashable:
        """Reduce a request to what is cheap to compare; `answers` decides."""
        method = request.method.upper() if self._with_method else None
        parts = address(request.uri) if self._parts else {}
        return (method, *(parts[name] for name in self._parts))

    def answers(self, recorded: RecordedRequest, asked: RecordedRequest) -> bool:
        """Tell whether every matcher agrees."""
        return not self._failures(recorded, asked)

    def differences(self, recorded: RecordedRequest, asked: RecordedRequest) -> list[Difference]:
        """List what the strict matcher would, as far as it is what the declared ones object to."""
        failures = self._failures(recorded, asked)
        if not failures:
            return []
        found = super().differences(recorded, asked)
        explained = [each for each in found if failures & _matchers_of(each)]
        unexplained = failures - {name for each in explained for name in _matchers_of(each)}
        return [*explained, *(self._plain(name, recorded, asked) for name in sorted(unexplained))]

    def _failures(self, recorded: RecordedRequest, asked: RecordedRequest) -> set[str]:
        left, right = self._for_vcrpy(recorded, recorded), self._for_vcrpy(asked, recorded)
        return {
            _name(each)
            for each in self.match_on
            if not _agrees(_function(each), right, left)  # vcrpy passes the asked one first
        }

    def _for_vcrpy(self, request: RecordedRequest, recorded: RecordedRequest) -> Any:
        body = self._body(request.body) if self._changes else request.body
        kept = {name.lower() for name, _ in recorded.headers} | KEPT_REQUEST_HEADERS
        kept -= CREDENTIAL_HEADERS | ACCOUNT_HEADERS
        headers = {name: value for name, value in request.headers if name.lower() in kept}
        return vcrpy("vcr.request", _NEEDS).Request(
            request.method, _keyless(request.uri), body, headers
        )

    def _plain(self, name: str, recorded: RecordedRequest, asked: RecordedRequest) -> Difference:
        if name == "headers":
            return Difference("headers", *map(_names_of_headers, (recorded, asked)))
        return Difference(name, self.describe(recorded), self.describe(asked))


def _check(matcher: VcrMatcher) -> None:
    if isinstance(matcher, str) and matcher not in NAMES:
        raise RulesError(unknown("a function or one of vcrpy's matchers", matcher, NAMES))
    if not isinstance(matcher, str) and not callable(matcher):
        raise RulesError(
            f"Expected the name of one of vcrpy's matchers, or a function. Came: {matcher!r}."
        )


def _function(matcher: VcrMatcher) -> Callable[[Any, Any], Any]:
    if isinstance(matcher, str):
        function: Callable[[Any, Any], Any] = getattr(vcrpy("vcr.matchers", _NEEDS), matcher)
        return function
    return matcher


def _name(matcher: VcrMatcher) -> str:
    return matcher if isinstance(matcher, str) else getattr(matcher, "__name__", repr(matcher))


def _agrees(function: Callable[[Any, Any], Any], asked: Any, recorded: Any) -> bool:
    try:
        answer = function(asked, recorded)
    except AssertionError:
        return False
    return answer is None or bool(answer)


def _keyless(uri: str) -> str:
    """Take out what was masked in the recording; the rest stays as it is spelt."""
    parts = urlsplit(uri)
    fields = parse_qsl(parts.query, keep_blank_values=True)
    kept = [(name, value) for name, value in fields if name.lower() not in SECRET_QUERY]
    query = parts.query if len(kept) == len(fields) else urlencode(kept)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, query, ""))


def _matchers_of(difference: Difference) -> set[str]:
    """Name the matchers that may object to this difference."""
    if difference.path == "method":
        return {"method"}
    if difference.path.startswith("url."):
        return {"uri", difference.path.split(".")[1]}
    return {"body", "raw_body"}


def _names_of_headers(request: RecordedRequest) -> list[str]:
    return sorted({name.lower() for name, _ in request.headers})
