"""Looks a recording over: its stream by the checks, and what else makes it a poor one. Pure."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

from msgspec import Struct
from msgspec.structs import replace

from reqllm.stream_server import decode_stream
from reqllm_fixtures import speaking
from reqllm_fixtures.bodies.compression import decoded
from reqllm_fixtures.cassette import EndError, Interaction
from reqllm_fixtures.checking import Finding, Profile, Severity, check_events
from reqllm_fixtures.checking.rules import Rule
from reqllm_fixtures.errors import MissingDependencyError, NodeError, StalePiecesWarning
from reqllm_fixtures.secrets.scan import scan

LINTS: Mapping[str, Rule] = MappingProxyType(
    {
        "unreadable-file": Rule("error", "error", "a file can be read, and is a cassette"),
        "empty-cassette": Rule("error", "error", "a cassette holds an interaction"),
        "empty-answer": Rule("error", "error", "an answer of status 200 has a body"),
        "error-status": Rule("error", "warning", "a success was recorded, not a refusal"),
        "truncated": Rule("error", "warning", "a stream was recorded to its end"),
        "unreadable-body": Rule("error", "error", "a compressed body can be read"),
        "edited-body": Rule("error", "warning", "a body is what its piece sizes were written for"),
        "unknown-wire": Rule("warning", "warning", "it is known which wire a stream speaks"),
        "usage-missing": Rule("warning", "warning", "a whole answer tells its usage"),
        "stale": Rule("warning", "warning", "a recording is not older than it may be"),
        "secret": Rule("error", "error", "nothing looks like a secret"),
    }
)
_TERMINALS = ("terminal-missing", "no-events")


class Remark(Struct, frozen=True, kw_only=True):
    """Something about a recording: what is poor, and where. `str()` is one line."""

    severity: Severity
    rule: str
    message: str
    interaction: int | None = None
    """Its number in the file, counted from 0; `None` outside of any."""
    place: str = ""
    """The part of the interaction, if it is known."""
    finding: Finding | None = None
    """What the check of the stream found, if it is that."""

    def __str__(self) -> str:
        if self.finding is not None:
            return f"interaction {self.interaction}: {self.finding}"
        parts = [] if self.interaction is None else [f"interaction {self.interaction}"]
        where = ", ".join([*parts, self.place] if self.place else parts)
        return f"{where}: {self._said}" if where else self._said

    @property
    def _said(self) -> str:
        return f"{self.severity}: {self.rule}: {self.message}"


class Linter(Struct, frozen=True):
    """What recordings are held to."""

    now: datetime
    profile: Profile = "compat"
    wire: str | None = None
    """The wire of all streams; by default it is found out for each."""
    max_age: timedelta | None = None
    """How old a recording may be."""

    def cassette(self, interactions: list[Interaction]) -> Iterator[Remark]:
        """Look over the interactions of a file."""
        if not interactions:
            yield self._remark("empty-cassette", "expected an interaction, came none")
        for number, interaction in enumerate(interactions):
            yield from self.interaction(number, interaction)

    def unreadable(self, reason: str) -> Remark:
        """Tell of a file that could not be read."""
        return self._remark("unreadable-file", reason)

    def interaction(self, number: int, interaction: Interaction) -> Iterator[Remark]:
        """Look over one interaction."""
        remarks = [*self._whole(interaction), *self._answer(interaction)]
        for leak in scan(interaction):
            said = f"expected no secret, came what looks like one: {leak.kind}"
            remarks.append(self._remark("secret", said, leak.place))
        yield from (replace(remark, interaction=number) for remark in remarks)

    def stream(self, wire: str, body: bytes) -> Iterator[Remark]:
        """Check the body of a stream."""
        for finding in check_events(wire, body, profile=self.profile):
            yield Remark(
                severity=finding.severity,
                rule=finding.rule,
                message=finding.message,
                place=f"event {finding.event}" if finding.event else "stream",
                finding=finding,
            )

    def _whole(self, interaction: Interaction) -> Iterator[Remark]:
        recorded_at = interaction.response.recorded_at
        if recorded_at is not None and self.max_age is not None:
            age = self.now - recorded_at
            if age > self.max_age:
                said = (
                    f"expected one not older than {self.max_age.days} days, came one of "
                    f"{recorded_at:%Y-%m-%d}, {age.days} days old; record it anew"
                )
                yield self._remark("stale", said)

    def _answer(self, interaction: Interaction) -> Iterator[Remark]:
        response = interaction.response
        with warnings.catch_warnings(record=True) as edited:
            warnings.simplefilter("always", StalePiecesWarning)
            # By its pieces: to cut them is what warns.
            body = b"".join(piece.data for piece in response.pieces)
        for each in edited:
            yield self._remark("edited-body", str(each.message))
        if not 200 <= response.status < 400:
            status = f"status {response.status}" if response.status else "no answer at all"
            yield self._remark("error-status", f"expected a success, came {status}")
        elif response.status != 200:
            return  # no answer of a model
        elif not body:
            yield self._remark("empty-answer", "expected a body, came no byte")
        elif speaking.is_stream(interaction):
            yield from self._stream_of(interaction, body)

    def _stream_of(self, interaction: Interaction, body: bytes) -> Iterator[Remark]:
        try:
            body, _ = decoded(body, interaction.response.headers)
        except (NodeError, MissingDependencyError) as error:
            yield self._remark("unreadable-body", str(error))
            return
        wire = self.wire or _wire_of(interaction)
        if wire is None:
            said = "expected an address or a first event that tells the wire, came others"
            yield self._remark("unknown-wire", f"{said}; name it with --wire to have it checked")
            return
        remarks = list(self.stream(wire, body))
        end = interaction.response.end
        is_cut = end != "eof" and any(each.rule in _TERMINALS for each in remarks)
        if is_cut:
            how = "the client left" if end == "client_closed" else "the connection broke"
            name = f" ({end.name})" if isinstance(end, EndError) else ""
            said = f"expected all of the stream, {how}{name} before its end; record it anew"
            yield self._remark("truncated", said)
        yield from (each for each in remarks if not (is_cut and each.rule in _TERMINALS))
        answer = decode_stream(wire, body)
        if answer.state == "complete" and answer.usage is None:
            yield self._remark("usage-missing", "expected usage, the answer tells none")

    def _remark(self, rule: str, message: str, place: str = "") -> Remark:
        severity = LINTS[rule].severity(self.profile)
        assert severity is not None  # every lint has one in both profiles
        return Remark(severity=severity, rule=rule, message=message, place=place)


def _wire_of(interaction: Interaction) -> str | None:
    try:
        return speaking.wire_of(interaction)
    except speaking.UnknownWireOfRecordingError:
        return None
