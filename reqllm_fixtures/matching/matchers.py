"""Which recording answers a request: the same method, URL and body, and nothing looser. Pure.

A body that is JSON is compared by value: the order of keys, blanks and `1` against `1.0` are not
differences. In a form of parts, the random word that divides them is none. Headers take no part,
and neither do the places in a URL that hold a key: they were redacted in the recording, and a
replay has no key to send. What else may vary is declared.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from reqllm_fixtures.cassette import RecordedRequest
from reqllm_fixtures.errors import Difference
from reqllm_fixtures.matching.comparing import (
    address,
    address_differences,
    body_difference,
    canonical,
    document_of,
    json_differences,
    masked,
    without_boundary,
)
from reqllm_fixtures.secrets.places import SECRET_QUERY as SECRET_QUERY

if TYPE_CHECKING:
    from reqllm_fixtures.matching.presets import Change


class StrictMatcher:
    """Method, URL and canonical body: all of it."""

    def key(self, request: RecordedRequest) -> Hashable:
        """Reduce a request to what must be equal."""
        return (request.method.upper(), *address(request.uri).values(), self._body(request.body))

    def are_same(self, recorded: RecordedRequest, asked: RecordedRequest) -> bool:
        """Tell of two requests that they are equal to the byte, where that decides."""
        return (
            recorded.body == asked.body
            and recorded.uri == asked.uri
            and recorded.method == asked.method
            and type(self).key is StrictMatcher.key  # a key of somebody's own may be of more
        )

    def differences(self, recorded: RecordedRequest, asked: RecordedRequest) -> list[Difference]:
        """List every place where two requests differ, the address first."""
        return [*address_differences(recorded, asked), *self._in_bodies(recorded, asked)]

    def describe(self, request: RecordedRequest) -> str:
        """Name the request by method and URL, the keys in it masked."""
        return f"{request.method.upper()} {masked(request.uri)}"

    def _prepared(self, document: Any) -> Any:
        return document

    def _body(self, body: bytes) -> str | bytes:
        """Give canonical text for JSON, and the body itself for anything else.

        But for the word that divides a body of parts: it is drawn anew for every request.
        """
        try:
            return canonical(self._prepared(document_of(body)))
        except (ValueError, RecursionError):  # nested beyond reason is as good as not JSON
            return without_boundary(body)

    def _in_bodies(self, recorded: RecordedRequest, asked: RecordedRequest) -> Iterable[Difference]:
        left, right = self._body(recorded.body), self._body(asked.body)
        if left == right:
            return ()
        if not (isinstance(left, str) and isinstance(right, str)):
            return (body_difference(recorded, asked),)
        sent = (document_of(recorded.body), document_of(asked.body))
        prepared = [self._prepared(document) for document in sent]
        try:
            return list(json_differences("$", prepared[0], prepared[1], sent))
        except RecursionError:
            return (body_difference(recorded, asked),)


strict = StrictMatcher()


class Rules(StrictMatcher):
    """The strict matcher, but for what was declared to vary.

    volatile: JSON paths (`$.metadata.trace`, `$.messages[*].id`, `$..id`) whose values, present or
        not, do not count; and presets: dates, generated_ids, obfuscation, tool_call_ids, uuids.
    allow_repeats: play the last recording of a request again where all were played.

    Raises RulesError.
    """

    def __init__(self, volatile: str | Iterable[str] = (), *, allow_repeats: bool = False) -> None:
        self.volatile = (volatile,) if isinstance(volatile, str) else tuple(volatile)
        self.allow_repeats = allow_repeats
        self._changes = tuple(map(_change, self.volatile))

    def _prepared(self, document: Any) -> Any:
        for change in self._changes:
            document = change(document)
        return document


def _change(declared: str) -> Change:
    # Here, because most cassettes are matched strictly.
    from reqllm_fixtures.matching.json_paths import parsed
    from reqllm_fixtures.matching.presets import change_of

    if declared.startswith("$"):
        return partial(_without, parsed(declared))
    return change_of(declared)


def _without(path: Any, document: Any) -> Any:
    from reqllm_fixtures.matching.json_paths import without

    return without(document, path)
