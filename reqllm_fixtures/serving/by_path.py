"""Matches requests wherever they were sent: scheme, host and port do not count. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from urllib.parse import urlsplit, urlunsplit

from msgspec.structs import replace

from reqllm_fixtures.cassette import Matcher, RecordedRequest
from reqllm_fixtures.errors import Difference

_ANYWHERE = ("http", "anywhere.invalid")


class ByPath:
    """Matches as another matcher does, once both requests were sent to the same host."""

    def __init__(self, matcher: Matcher) -> None:
        self._matcher = matcher

    def key(self, request: RecordedRequest) -> Hashable:
        """Reduce a request to what must be equal."""
        return self._matcher.key(_moved(request))

    def differences(
        self, recorded: RecordedRequest, asked: RecordedRequest
    ) -> Sequence[Difference]:
        """List every place where two requests differ, but for the host."""
        return self._matcher.differences(_moved(recorded), _moved(asked))

    def describe(self, request: RecordedRequest) -> str:
        """Name the request as it was sent, its host too."""
        return self._matcher.describe(request)


def _moved(request: RecordedRequest) -> RecordedRequest:
    _, _, path, query, _ = urlsplit(request.uri)
    return replace(request, uri=urlunsplit((*_ANYWHERE, path, query, "")))
