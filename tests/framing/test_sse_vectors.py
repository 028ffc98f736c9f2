"""Event streams that other projects test with are read as they expect.

The web platform tests drop an event that lacks its blank line; we hand it out at the end. So
their vectors are fed without an end.
"""

from __future__ import annotations

import json
from base64 import b64decode
from functools import cache
from typing import Any

import pytest

from reqllm.framing.event import WireEvent

from ..corpus import CORPUS
from .reading import in_pieces_of, read, usual_cuts

FILES = ("wpt_eventsource.jsonl", "extra.jsonl")
# Long bodies are not cut in two at every single place, but at every such many bytes.
LONG = 1500


@cache
def vectors(file: str) -> tuple[dict[str, Any], ...]:
    """Return the vectors of a file: none where the corpus is absent."""
    path = CORPUS / "sse" / file
    if not path.is_file():
        return ()
    return tuple(map(json.loads, path.read_text(encoding="utf-8").splitlines()))


def each_vector() -> list[Any]:
    """Return a parameter for each vector, or one that skips for each file that is absent."""
    found: list[Any] = []
    for file in FILES:
        if not vectors(file):
            missing = pytest.mark.skip(reason=f"no corpus: {CORPUS / 'sse' / file} is absent")
            found.append(pytest.param({}, id=file, marks=missing))
        # What a browser refuses for its content type is no question of framing.
        framing = [case for case in vectors(file) if case.get("expect") != "fail-connection"]
        found += [pytest.param(case, id=f"{file[:3]}: {case['name']}") for case in framing]
    return found


def given_pieces(vector: dict[str, Any], body: bytes) -> list[list[bytes]]:
    """Return the vector's own pieces, if it has any, and the usual cuts."""
    own = [[b64decode(piece) for piece in vector["chunks_b64"]]] if "chunks_b64" in vector else []
    if len(body) <= LONG:
        return [*own, *map(list, usual_cuts(body))]
    return [*own, *(list(in_pieces_of(size, body)) for size in (1, 2, 3, 7, 13, 100, len(body)))]


@pytest.mark.parametrize("vector", each_vector())
def test_vector(vector: dict[str, Any]):
    """The vector's events, last id and reconnection time come out at every cut."""
    body = b64decode(vector["input_bytes_b64"])
    before = []
    if "initial_last_event_id" in vector:
        # It goes on from an earlier connection: here an id line stands for that one.
        before = [f"id: {vector['initial_last_event_id']}\n\n".encode()]
    for pieces in given_pieces(vector, body):
        reading = read([*before, *pieces], end=False)
        assert [
            {"type": event.event, "data": event.text, "last_event_id": event.id}
            for event in reading.events
            if isinstance(event, WireEvent)
        ] == vector["expected_events"], pieces
        if "expected_final_last_event_id" in vector:
            assert reading.last_event_id == vector["expected_final_last_event_id"], pieces
        assert reading.retry_ms == vector.get("expected_reconnection_time_ms"), pieces
