"""Conformance: the same questions put to any provider, live or recorded, and what came judged.

Names are loaded when first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reqllm_fixtures.conformance.case import Scenario as Scenario
    from reqllm_fixtures.conformance.combining import Change as Change
    from reqllm_fixtures.conformance.combining import changes as changes
    from reqllm_fixtures.conformance.combining import merged as merged
    from reqllm_fixtures.conformance.every_stream import check_stream as check_stream
    from reqllm_fixtures.conformance.expecting import Expect as Expect
    from reqllm_fixtures.conformance.html_report import html_report as html_report
    from reqllm_fixtures.conformance.json_report import json_report as json_report
    from reqllm_fixtures.conformance.json_report import read_report as read_report
    from reqllm_fixtures.conformance.judging import run_scenario as run_scenario
    from reqllm_fixtures.conformance.judging import verify as verify
    from reqllm_fixtures.conformance.junit_report import junit_report as junit_report
    from reqllm_fixtures.conformance.results import Cell as Cell
    from reqllm_fixtures.conformance.results import Matrix as Matrix
    from reqllm_fixtures.conformance.results import Proof as Proof
    from reqllm_fixtures.conformance.results import Remark as Remark
    from reqllm_fixtures.conformance.results import Row as Row
    from reqllm_fixtures.conformance.results import ScenarioInfo as ScenarioInfo
    from reqllm_fixtures.conformance.results import Status as Status
    from reqllm_fixtures.conformance.running import MatrixRun as MatrixRun
    from reqllm_fixtures.conformance.running import run_matrix as run_matrix
    from reqllm_fixtures.conformance.scenarios import SCENARIOS as SCENARIOS
    from reqllm_fixtures.conformance.scenarios import scenario as scenario
    from reqllm_fixtures.conformance.suite import ConformanceSuite as ConformanceSuite
    from reqllm_fixtures.conformance.taken import Taken as Taken
    from reqllm_fixtures.conformance.taken import Turn as Turn
    from reqllm_fixtures.conformance.target import Target as Target
    from reqllm_fixtures.conformance.text_report import text_report as text_report
    from reqllm_fixtures.errors import ConformanceError as ConformanceError

_HOMES = {
    "conformance.case": ("Scenario",),
    "conformance.combining": ("Change", "changes", "merged"),
    "conformance.every_stream": ("check_stream",),
    "conformance.expecting": ("Expect",),
    "conformance.html_report": ("html_report",),
    "conformance.json_report": ("json_report", "read_report"),
    "conformance.judging": ("run_scenario", "verify"),
    "conformance.junit_report": ("junit_report",),
    "conformance.results": ("Cell", "Matrix", "Proof", "Remark", "Row", "ScenarioInfo", "Status"),
    "conformance.running": ("MatrixRun", "run_matrix"),
    "conformance.scenarios": ("SCENARIOS", "scenario"),
    "conformance.suite": ("ConformanceSuite",),
    "conformance.taken": ("Taken", "Turn"),
    "conformance.target": ("Target",),
    "conformance.text_report": ("text_report",),
    "errors": ("ConformanceError",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"reqllm_fixtures.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME_OF})
