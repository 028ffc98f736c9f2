"""Recordings of every wire: what the provider on loopback says, and this project's cassettes."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from reqllm.chunk import StreamChunk
from reqllm.response import Response
from reqllm.stream_server import StreamServer
from reqllm_fixtures import Piece, RecordedResponse, load
from reqllm_fixtures.bodies.cutting import sse_events
from reqllm_fixtures.overlay import Overlay, apply, parse
from reqllm_fixtures.speaking import wire_of
from tests.checking.more_streams import GEMINI, INTERACTION, array
from tests.checking.streams import DONE, named
from tests.loopback import wire_gemini
from tests.loopback.catalogue import BOTH, SCENARIOS
from tests.loopback.wires import events
from tests.loopback.wording import Options

ROOT = Path(__file__).parents[2]
CASSETTES = sorted(ROOT.joinpath("cassettes").glob("*.yaml"))
_TYPES = {
    "ollama": "application/x-ndjson",
    "bedrock-converse": "application/vnd.amazon.eventstream",
    "bedrock-invoke": "application/vnd.amazon.eventstream",
}
_WIRES: tuple[Any, ...] = (
    "openai-chat",
    "openai-responses",
    "anthropic-messages",
    "bedrock-converse",
    "bedrock-invoke",
    "cohere-v2",
    "ollama",
)
_SAID = ("text", "unicode", "text_and_tools")


def response(*pieces: bytes, kind: str = "text/event-stream", gap: float = 10) -> RecordedResponse:
    """A recording of these pieces, one every `gap` ms."""
    timed = tuple(Piece(data, gap * (n + 1)) for n, data in enumerate(pieces))
    return RecordedResponse(200, "OK", (("content-type", kind),), timed)


def _lumps(parts: list[bytes]) -> list[bytes]:
    """Join every two, as networks do, and end the second within its event."""
    joined = [b"".join(parts[at : at + 2]) for at in range(0, len(parts), 2)]
    return [part for lump in joined for part in (lump[:-3], lump[-3:]) if part]


@cache
def recordings() -> dict[str, tuple[str, RecordedResponse]]:
    """Every recording by its name, with its wire."""
    made: dict[str, tuple[str, RecordedResponse]] = {}
    options = Options(model="m", seed="7")
    for wire in _WIRES:
        known = SCENARIOS.get(wire, {name: BOTH[name] for name in _SAID})
        for name, scenario in known.items():
            if scenario.ending == "complete":
                pieces = _lumps(events(wire, scenario, options))
                kind = _TYPES.get(wire, "text/event-stream")
                made[f"{wire} {name}"] = (wire, response(*pieces, kind=kind))
    for name in _SAID:
        pieces = _lumps(wire_gemini.events(BOTH[name], options))
        made[f"gemini {name}"] = ("gemini", response(*pieces))
    items = array([*GEMINI[:-1], GEMINI[0], *GEMINI[-1:]])
    made["gemini array"] = ("gemini", response(items[:50], items[50:], kind="application/json"))
    body = named(INTERACTION, "event_type") + DONE
    stops = [0, *(event.stop for event in sse_events(body))]
    pieces = [body[one:two] for one, two in pairwise(stops)]
    made["gemini-interactions"] = ("gemini-interactions", response(*pieces))
    for path in CASSETTES:
        for number, each in enumerate(load(path).interactions):
            made[f"{path.name} {number}"] = (wire_of(each), each.response)
    return made


def one_of_each() -> dict[str, tuple[str, RecordedResponse]]:
    """One recording of text for every wire and framing."""
    found = recordings()
    names = [*(f"{wire} text" for wire in _WIRES), "gemini text", "gemini array"]
    return {name: found[name] for name in [*names, "gemini-interactions"]}


def changed(overlay: Overlay | str, recorded: RecordedResponse) -> RecordedResponse:
    """What is left of a recording, once all refusals were given."""
    made = parse(overlay) if isinstance(overlay, str) else overlay
    return apply(made, recorded)[-1]


def read(wire: str, recorded: RecordedResponse) -> tuple[list[StreamChunk], Response]:
    """Read the pieces of a recording, one after the other, to a clean end."""
    server = StreamServer(wire)
    chunks = [chunk for piece in recorded.pieces for chunk in server.receive(piece.data)]
    return chunks + server.end(), server.response
