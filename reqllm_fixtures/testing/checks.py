"""Whether the streams of a cassette are as their wires have them. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from reqllm.wires.table import WIRE_NAMES
from reqllm_fixtures import speaking
from reqllm_fixtures.bodies.compression import decoded
from reqllm_fixtures.cassette import Interaction
from reqllm_fixtures.checking import Finding, Profile, check_events
from reqllm_fixtures.errors import NodeError
from reqllm_fixtures.testing.settings import Settings

# What is true of every stream that was recorded only in part, and which the recording says itself.
_OF_THE_END = frozenset({"terminal-missing", "no-events", "unfinished-event"})


def broken(number: int, interaction: Interaction, held: Settings) -> Iterator[str]:
    """Tell where a stream breaks the rules of its wire; `number` is its place in the cassette.

    What is no stream, and a stream of a wire that cannot be checked, breaks none.
    """
    response = interaction.response
    if response.status != 200 or not response.body or not speaking.is_stream(interaction):
        return
    wire = _wire_of(interaction, held)
    if wire not in WIRE_NAMES:
        return
    if held.wires and wire not in held.wires:
        expected = ", ".join(held.wires)
        yield f"interaction {number}: expected a stream of {expected}, came one of {wire}"
        return
    try:
        body, _ = decoded(response.body, response.headers)
    except NodeError as error:
        yield f"interaction {number}: {error}"
        return
    for finding in check_events(wire, body, profile=cast("Profile", held.schema)):
        if finding.severity == "error" and not _is_excused(finding, interaction):
            yield f"interaction {number}: {finding}"


def _wire_of(interaction: Interaction, held: Settings) -> str:
    if len(held.wires) == 1:
        return held.wires[0]
    try:
        return speaking.wire_of(interaction)
    except speaking.UnknownWireOfRecordingError:
        return ""


def _is_excused(finding: Finding, interaction: Interaction) -> bool:
    return interaction.response.end != "eof" and finding.rule in _OF_THE_END
