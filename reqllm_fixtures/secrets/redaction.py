"""What must never be written, taken out of an interaction before it is written. Pure.

Headers are kept by name, everything else is dropped. The very values of the credentials in use are
replaced wherever they stand; what only looks like a secret is not touched here but refused later,
by `secrets_scan`.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Self
from urllib.parse import unquote_plus, urlsplit, urlunsplit

from msgspec.structs import replace

from reqllm_fixtures.bodies import event_frames
from reqllm_fixtures.bodies.compression import decoded
from reqllm_fixtures.bodies.edits import cuts
from reqllm_fixtures.bodies.pieces import content_type, cut_at_events
from reqllm_fixtures.cassette import (
    Headers,
    Interaction,
    Piece,
    RecordedRequest,
    RecordedResponse,
)
from reqllm_fixtures.errors import MissingDependencyError, NodeError, RulesError
from reqllm_fixtures.secrets import credentials
from reqllm_fixtures.secrets.known_values import SHORTEST, KnownSecrets
from reqllm_fixtures.secrets.places import (
    KEPT_REQUEST_HEADERS,
    REDACTED,
    SECRET_QUERY,
    kept_in_response,
)
from reqllm_fixtures.secrets.vcr_hooks import Filter, Hook, Hooks

_OF_THE_CODING = frozenset({"content-encoding", "content-length"})

# What providers write into their error messages: whose key it was, and its last characters.
_ACCOUNT = re.compile(
    rb"(?<![A-Za-z0-9_-])"
    rb"(?:org-(?=[A-Za-z]*\d)[A-Za-z0-9]{20,}|proj_(?=[A-Za-z]*\d)[A-Za-z0-9]{20,}"
    rb"|[A-Za-z]{2,4}[-_][\w-]{0,24}\*{3,}[\w-]{0,8})"
)


class Redactor:
    """Redacts the interactions of one recording; it learns credentials from what is really sent."""

    def __init__(self, secrets: KnownSecrets, hooks: Hooks, unhidden: int = 0) -> None:
        self._secrets, self._hooks = secrets, hooks
        self._unhidden = unhidden
        self._learning = threading.Lock()  # requests of many threads may start at once

    @classmethod
    def of(
        cls,
        secrets: Iterable[str] = (),
        environ: Mapping[str, str] | None = None,
        filter_headers: Sequence[Filter] = (),
        filter_query_parameters: Sequence[Filter] = (),
        filter_post_data_parameters: Sequence[Filter] = (),
        before_record_request: Hook | None = None,
        before_record_response: Hook | None = None,
    ) -> Self:
        """Make a redactor; the filters and hooks are vcrpy's, and honoured as vcrpy does.

        `environ` is where the vendors' variables are looked up.
        """
        named = tuple(secrets)
        known = {*named, *credentials.in_environment(environ or {})}
        hooks = Hooks(
            filter_headers,
            filter_query_parameters,
            filter_post_data_parameters,
            before_record_request,
            before_record_response,
        )
        return cls(KnownSecrets(known), hooks, sum(0 < len(value) < SHORTEST for value in named))

    def require_hidden(self) -> None:
        """Refuse secrets that were named and are too short to be found. Raises RulesError."""
        if self._unhidden:
            raise RulesError(
                f"Expected secrets of at least {SHORTEST} characters: a shorter one is a part of "
                f"words, and would not be hidden. Came: {self._unhidden} that are shorter."
            )

    def __repr__(self) -> str:
        return f"<Redactor: {len(self._secrets.values)} secrets known>"

    @property
    def known(self) -> int:
        """How many secrets are known; while it stays the same, so does what `redact` gives."""
        return len(self._secrets.values)

    def learn(self, request: RecordedRequest) -> None:
        """Note the credentials of a request as it is really sent."""
        found = credentials.in_request(request)
        with self._learning:
            self._secrets |= found

    def redact(self, interaction: Interaction) -> Interaction | None:
        """Take out all that must not be written; None if a hook says not to record it."""
        self.learn(interaction.request)
        request: RecordedRequest | None = interaction.request
        response: RecordedResponse | None = interaction.response
        if self._hooks:
            request = self._hooks.of_request(interaction.request)
            response = self._hooks.of_response(interaction.response)
        if request is None or response is None:
            return None
        return Interaction(self._request(request), self._response(response))

    def redact_request(self, request: RecordedRequest) -> RecordedRequest:
        """Redact a request alone: as it would be recorded, and so as it is to be matched."""
        self.learn(request)
        filtered = self._hooks.of_request(request) if self._hooks else request
        return self._request(request if filtered is None else filtered)

    def _request(self, request: RecordedRequest) -> RecordedRequest:
        kept = KEPT_REQUEST_HEADERS | self._hooks.kept_headers
        return RecordedRequest(
            request.method,
            self._secrets.in_text(_without_keys(request.uri)),
            self._headers(request.headers, kept.__contains__),
            self._secrets.in_body(request.body),
        )

    def _response(self, response: RecordedResponse) -> RecordedResponse:
        response = self._readable(response)
        pieces = self._pieces(response)
        headers = self._headers(response.headers, kept_in_response)
        return replace(
            response,
            reason=self._secrets.in_text(response.reason),
            headers=_with_length(headers, _size(pieces) - _size(response.pieces)),
            pieces=pieces,
        )

    def _pieces(self, response: RecordedResponse) -> Sequence[Piece]:
        if content_type(response.headers) == event_frames.CONTENT_TYPE:
            body = event_frames.changed(response.body, self._same_size)
            return tuple(
                replace(piece, data=body[start:end])
                for piece, (start, end) in zip(
                    response.pieces, pairwise(cuts(response.pieces)), strict=True
                )
            )
        return _without_accounts(self._secrets.in_pieces(response.pieces))

    def _same_size(self, body: bytes) -> bytes:
        return self._secrets.in_body(body, same_size=True)

    def _readable(self, response: RecordedResponse) -> RecordedResponse:
        """Decode a compressed answer, if there is something in it that must go."""
        try:
            body, is_coded = decoded(response.body, response.headers)
        except (NodeError, MissingDependencyError):  # nobody here can read it
            return response
        if not is_coded or body == self._secrets.in_body(body):
            return response
        return replace(
            response,
            headers=tuple(
                pair for pair in response.headers if pair[0].lower() not in _OF_THE_CODING
            ),
            pieces=cut_at_events(body, content_type(response.headers)),
        )

    def _headers(self, headers: Headers, kept: Callable[[str], bool]) -> Headers:
        return tuple(
            (name, self._secrets.in_text(value)) for name, value in headers if kept(name.lower())
        )


def _without_keys(uri: str) -> str:
    """Mask the keys in an address and drop the user in front of the host."""
    parts = urlsplit(uri)
    if not parts.query and "@" not in parts.netloc:
        return uri
    query = "&".join(map(_masked, parts.query.split("&")))
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, query, parts.fragment))


def _masked(field: str) -> str:
    name, equals, _ = field.partition("=")
    return f"{name}={REDACTED}" if equals and _is_secret(name) else field


def _is_secret(name: str) -> bool:
    return unquote_plus(name).lower() in SECRET_QUERY


def _without_accounts(pieces: Sequence[Piece]) -> Sequence[Piece]:
    body = b"".join(piece.data for piece in pieces)
    found = {match[0].decode() for match in _ACCOUNT.finditer(body)}
    return KnownSecrets(found).in_pieces(pieces) if found else pieces


def _with_length(headers: Headers, growth: int) -> Headers:
    if not growth:
        return headers
    return tuple(
        (name, str(int(value) + growth))
        if name.lower() == "content-length" and value.isdigit()
        else (name, value)
        for name, value in headers
    )


def _size(pieces: Iterable[Piece]) -> int:
    return sum(len(piece.data) for piece in pieces)
