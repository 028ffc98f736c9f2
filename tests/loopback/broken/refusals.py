"""What can be wrong with refusing: what is taken all the same, and how it is said."""

from __future__ import annotations

from tests.loopback import spoiling as to
from tests.loopback.defect import ALL, Defect

REFUSALS = (
    Defect(
        name="takes_any_key",
        why="a key that was revoked still works",
        caught_by="unauthenticated",
        wires=ALL,
        skips="key",
    ),
    Defect(
        name="hides_that_it_is_the_key",
        why="who has a wrong key looks for the fault elsewhere",
        caught_by="unauthenticated",
        wires=("cohere-v2", "ollama", "bedrock-converse", "bedrock-invoke"),
        refuses=to.with_status(404),
    ),
    Defect(
        name="takes_any_model",
        why="another model answers than the one that was asked",
        caught_by="unknown_model",
        wires=ALL,
        skips="model",
    ),
    Defect(
        name="blames_itself",
        why="clients try again what can never succeed",
        caught_by="unknown_model",
        wires=ALL,
        refuses=to.with_status(500),
    ),
    Defect(
        name="takes_any_request",
        why="an option that is wrong is ignored in silence",
        caught_by="invalid_request",
        wires=ALL,
        skips="request",
    ),
    Defect(
        name="refuses_with_200",
        why="clients take the refusal for an answer",
        caught_by="invalid_request",
        wires=ALL,
        refuses=to.with_status(200),
    ),
)
