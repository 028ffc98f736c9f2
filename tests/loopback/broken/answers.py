"""What can be wrong with what is said: who is obeyed, what was thought, which characters come."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

from tests.loopback import spoiling as to
from tests.loopback.defect import ALL, Defect, but

FAMILY = "👩‍👩‍👧"
OBEDIENCE = (
    Defect(
        name="ignores_system",
        why="the application's rules do not hold",
        caught_by="system",
        wires=ALL,
        asks=lambda ask: replace(ask, system=""),
    ),
    Defect(
        name="forgets_turns",
        why="every turn begins a new conversation",
        caught_by="multi_turn",
        wires=ALL,
        asks=lambda ask: replace(ask, turns=ask.turns[-1:]),
    ),
    Defect(
        name="ignores_limit",
        why="answers cost more than was allowed",
        caught_by="token_limit",
        wires=ALL,
        asks=lambda ask: replace(ask, max_tokens=None),
    ),
    Defect(
        name="ignores_stop",
        why="what comes after the stop sequence was not wanted",
        caught_by="stop_sequence",
        wires=but("openai-responses"),
        asks=lambda ask: replace(ask, stop=()),
    ),
    Defect(
        name="says_the_stop",
        why="the stop sequence itself is no part of an answer",
        caught_by="stop_sequence",
        wires=but("openai-responses"),
        says=lambda ask, said: to.of_text(lambda text: text + (said.stop_sequence or ""))(
            ask, said
        ),
    ),
    Defect(
        name="ignores_image",
        why="the picture that was paid for is not looked at",
        caught_by="image_input",
        wires=ALL,
        asks=to.without_images,
    ),
)
THOUGHTS = (
    Defect(
        name="thinks_aloud",
        why="what it thinks is shown to the user as its answer",
        caught_by="reasoning",
        wires=ALL,
        says=to.think_aloud,
    ),
    Defect(
        name="thinks_in_secret",
        why="thinking was asked for, and nothing tells whether it happened",
        caught_by="reasoning",
        wires=ALL,
        says=to.think_in_secret,
    ),
)
CHARACTERS = (
    Defect(
        name="mojibake",
        why="letters beyond English are read as Latin-1",
        caught_by="unicode",
        wires=ALL,
        says=to.of_text(lambda text: text.encode().decode("latin-1")),
    ),
    Defect(
        name="replacement_characters",
        why="what was cut inside a character is lost",
        caught_by="unicode",
        wires=ALL,
        says=to.of_text(lambda text: text.replace(FAMILY, "\N{REPLACEMENT CHARACTER}")),
    ),
    Defect(
        name="composes_characters",
        why="the text is no longer the one that was given: searches and hashes fail",
        caught_by="unicode",
        wires=ALL,
        says=to.of_text(lambda text: unicodedata.normalize("NFC", text)),
    ),
    Defect(
        name="takes_families_apart",
        why="emoji that are joined to one come as three",
        caught_by="unicode",
        wires=ALL,
        says=to.of_text(lambda text: text.replace("\N{ZERO WIDTH JOINER}", "")),
    ),
    Defect(
        name="invalid_utf8",
        why="no JSON parser takes it",  # frames have checksums, and wrap what they carry
        caught_by="unicode",
        wires=but("bedrock-converse", "bedrock-invoke"),
        events=lambda _, events: [event.replace("ż".encode(), b"\xc5") for event in events],
    ),
)
