"""Puts scenarios to the loopback provider: one wire, some scenarios, perhaps a defect."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import httpx

from reqllm import Client
from reqllm_fixtures.conformance import (
    Cell,
    Matrix,
    MatrixRun,
    Scenario,
    Target,
    run_scenario,
)
from tests.loopback.asking import MODELS
from tests.loopback.conformance import LoopbackConformance
from tests.loopback.defect import Defect
from tests.loopback.provider import KEY
from tests.loopback.server import LoopbackServer
from tests.loopback.wires import Wire

REGION = "AWS_REGION"
UNSUPPORTED = {"openai-responses": ["stop_sequence"]}
"""What a wire has no form for; of every other all is asked."""


def target(wire: Wire, url: str, key: str | None = KEY) -> Target:
    return Target(model=MODELS[wire], wire=wire, base_url=url, api_key=key)


def matrix(targets: Iterable[Target | str], **options: Any) -> Matrix:
    """Run without ever sleeping for a provider that has no room."""
    return MatrixRun(targets, **{"mode": "live", "sleep": lambda _: None, **options}).run()


def cells(
    wire: Wire, defect: Defect, scenarios: Iterable[Scenario], http: httpx.Client
) -> dict[str, Cell]:
    """What each scenario finds, asked live of a provider with a defect."""
    with (
        LoopbackServer(LoopbackConformance(defect=defect, silence=0.001)) as server,
        Client(server.url, KEY, http_client=http, max_retries=0) as client,
    ):
        return {
            each.name: run_scenario(each, client, MODELS[wire], wire=wire) for each in scenarios
        }
