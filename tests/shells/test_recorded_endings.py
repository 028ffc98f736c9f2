"""However a stream ends, its recording ends so: same chunks, same state, same error."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

import reqllm
from reqllm_fixtures import use_cassette
from tests.loopback.catalogue import SCENARIOS
from tests.loopback.faults import FAULTS
from tests.loopback.provider import KEY
from tests.loopback.server import LoopbackServer

from .test_same_everywhere import ENDLESS, SILENT, WIRES, Heard, heard, told
from .ways import WAYS, Way

# Each is read in another of the ways, so that all of them are seen with every kind of ending.
_WAYS = itertools.cycle(WAYS)
ENDINGS = ("error_first", "error_mid", "truncated", "tool_truncated", "no_terminator", "no_finish")
STATUSES = ("error-401", "error-429", "error-529")
CASES = [
    pytest.param(next(_WAYS), f"{WIRES[wire]}:{name}", id=f"{WIRES[wire]}-{name}")
    for wire in SCENARIOS
    for name in (
        "text",
        "tools",
        *ENDINGS,
        *STATUSES,
        *(f"fault-{key}" for key in FAULTS if key not in ENDLESS),
    )
]


def read(way: Way, url: str, model: str, cassette: Any) -> Heard:
    """Read a stream to its end through the cassette; a refusal is all that there is, then."""
    options: dict[str, Any] = {"base_url": url, "api_key": KEY, "max_retries": 0}
    is_silent = model.partition("fault-")[2] in SILENT
    limits = {"timeout": 0.3 if is_silent else 30.0, "first_token": None, "idle": None}

    async def ask() -> Heard:
        transport = cassette.transport if way.is_sync else cassette.async_transport
        try:
            async with (
                way.made(transport=transport(way.library), **options, **limits) as client,
                client.stream(model, "Hello!") as response,
            ):
                return await heard(response)
        except reqllm.ReqLLMError as error:
            return Heard(error=told(error))

    found: Heard = way.run(ask)
    return found


@pytest.mark.parametrize(("way", "model"), CASES)
def test_it_ends_as_it_did(way: Way, model: str, server: LoopbackServer, tmp_path: Path) -> None:
    """What was recorded gives the same chunks, metadata and failure when it is played."""
    path = tmp_path / "c.yaml"
    with use_cassette(path, mode="record") as cassette:
        first = read(way, server.url, model, cassette)
    asked = len(server.requests)
    with use_cassette(path) as cassette:
        again = read(way, server.url, model, cassette)
    assert again == first
    assert len(server.requests) == asked == 1
