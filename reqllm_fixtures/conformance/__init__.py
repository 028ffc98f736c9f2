"""Conformance: the same questions put to any provider, live or recorded, and what came judged."""

from reqllm_fixtures.conformance.results import (
    Cell,
    Matrix,
    Proof,
    Remark,
    Row,
    ScenarioInfo,
    Status,
)
from reqllm_fixtures.conformance.scenarios import SCENARIOS, Scenario

__all__ = [
    "SCENARIOS",
    "Cell",
    "Matrix",
    "Proof",
    "Remark",
    "Row",
    "Scenario",
    "ScenarioInfo",
    "Status",
]
