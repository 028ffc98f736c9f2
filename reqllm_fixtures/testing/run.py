"""One run of pytest: its options, the test that runs, and what came of those that ran."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from contextlib import AbstractContextManager, ExitStack
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pytest

from reqllm_fixtures import running
from reqllm_fixtures.mode import MODE_VARIABLE, Mode, chosen
from reqllm_fixtures.testing import options
from reqllm_fixtures.testing.options import CONFIG, FIXTURES
from reqllm_fixtures.testing.overriding import Overriding, declare

if TYPE_CHECKING:
    from pathlib import Path

    from reqllm_fixtures.library import CassetteInUse
    from reqllm_fixtures.testing.case import Case
    from reqllm_fixtures.testing.results import Results
    from reqllm_fixtures.testing.summary import Summary

RUN = pytest.StashKey["PluginRun"]()
_KEY = "reqllm"
_PATCHES = re.compile(rb"\bpatch\s*=\s*True\b")
MARKERS = frozenset({"reqllm", "reqllm_overlays"})


def begin(config: pytest.Config) -> PluginRun:
    """Put pytest in charge of the cassettes that are used in this process."""
    run = PluginRun(options.read(config))
    config.stash[RUN] = run
    run.leaving.enter_context(running.in_charge(run))
    return run


class PluginRun:
    """What the plugin keeps while pytest runs. What costs anything is loaded when it is needed."""

    def __init__(self, asked: options.Options) -> None:
        self.options = asked
        self.leaving = ExitStack()
        self._item: pytest.Item | None = None
        self._case: Case | None = None
        self.is_calling = False
        self._refused: BaseException | None = None
        self.phase = Phase(self)
        self._recorded_by: dict[str, set[str]] = {}
        self._overriding = Overriding()
        self._folder = os.path.basename(asked.folder)
        self._is_folder = lru_cache(maxsize=1)(os.path.isdir)  # modules stand beside each other
        self._results: Results | None = None

    @property
    def mode(self) -> Mode:
        """The mode of whatever does not say its own.

        A test may say another in the environment, where the command line says none.
        """
        said = self.options.variable
        if said is None or said == os.environ.get(MODE_VARIABLE, ""):
            return self.options.mode
        return chosen(None, self.options.mode)

    @property
    def results(self) -> Results:
        """What came of the tests that ran."""
        if self._results is None:
            from reqllm_fixtures.testing.results import Results

            self._results = Results()
        return self._results

    def cassette(self, path: str) -> CassetteInUse | None:
        """Open a cassette for the test that runs, if it is used as the run uses its own."""
        if self._item is None or self.mode is not self.options.mode:
            return None
        return self.case.use(path)

    @property
    def case(self) -> Case:
        """The test that runs, as it concerns us."""
        if self._case is None:
            from reqllm_fixtures.testing.case import Case

            assert self._item is not None
            needed = self._overriding.names(self._item)
            self._case = Case(self._item, self.options, needed, self._recorded_by)
        return self._case

    # Of the whole run.

    @property
    def header(self) -> str | None:
        """Say the mode, where it is not the one that is expected."""
        if self.options.ignored:
            return (
                f"reqllm: {self.options.ignored}, which under CI only the command line may: replay"
            )
        return None if self.options.mode is Mode.REPLAY else f"reqllm: {self.options.mode}"

    def ignores(self, path: Path, config: pytest.Config) -> bool | None:
        """Have a folder of cassettes not be searched for tests; None where others may decide."""
        if path.name != self._folder or not path.is_dir():
            return None
        from reqllm_fixtures.testing import folders

        return folders.may_be_passed_over(str(path), config) or None

    def declare(self, metafunc: pytest.Metafunc) -> None:
        """Have a test that asks depend on those of our fixtures that a user has overridden."""
        unnamed = self._overriding.unnamed(metafunc)
        if unnamed and asks(metafunc.definition):
            declare(unnamed, metafunc)

    def collecting(self, collector: pytest.Collector) -> AbstractContextManager[None]:
        """Import a module of tests whose own clients are to be answered."""
        if self.options.mode is not Mode.REPLAY or not isinstance(collector, pytest.Module):
            return contextlib.nullcontext()
        if not self._may_patch(collector.path):
            return contextlib.nullcontext()
        from reqllm_fixtures.transports.patching import nothing_built

        return nothing_built()

    def _may_patch(self, file: Path) -> bool:
        """Tell whether a file may hold a marker that patches; what its tests say is told too late.

        Without cassettes beside it, it is not looked at.
        """
        if not self._is_folder(os.path.join(file.parent, self.options.folder)):
            return False
        try:
            source = file.read_bytes()
        except OSError:
            return False
        return b"mark.reqllm" in source and _PATCHES.search(source) is not None

    def collected(self, collector: pytest.Collector, report: pytest.CollectReport) -> None:
        """Look at the tests that were found in a module or class."""
        items = [each for each in report.result if isinstance(each, pytest.Item)]
        asking = [each for each in items if asks(each)]
        if asking or (items and self.options.unused):
            from reqllm_fixtures.testing import collecting

            collecting.take(items, asking, report, self.options, self.results)

    def finish(self, config: pytest.Config) -> None:
        """Hand over what is known: to the process that divides the tests, or to its readers."""
        output = getattr(config, "workeroutput", None)
        if output is not None:
            output[_KEY] = None if self._results is None else self._results.packed()
        elif self.options.report is not None:
            from reqllm_fixtures.testing import report

            report.write(self.options.report, self.summary(config))

    def summarize(self, terminal: Any, config: pytest.Config) -> None:
        """Write the section at the end of the run, if there is anything to say."""
        if self._results is not None or self.options.unused:
            from reqllm_fixtures.testing import section

            section.write(terminal, self.summary(config))

    def summary(self, config: pytest.Config) -> Summary:
        """Sum up what came of the run."""
        from reqllm_fixtures.testing.summary import summed_up

        return summed_up(self.results, self.options, config)

    # Of a run that is divided among processes, in the one that divides it.

    def instruct(self, node: Any) -> None:
        """Tell a worker what it is to do: it does not see the command line."""
        node.workerinput["reqllm_mode"] = str(self.options.mode)

    def hear_out(self, node: Any) -> None:
        """Take over what a worker saw."""
        output = getattr(node, "workeroutput", None)
        if output is None:  # it was killed
            self.results.is_whole = False
        elif output.get(_KEY) is not None:
            from reqllm_fixtures.testing.results import Results

            self.results.add(Results.of(output[_KEY]))

    # Of one test, in this order.

    def begin(self, item: pytest.Item) -> None:
        """Begin with a test that may ask for a cassette."""
        self._item, self._case = item, None
        self._refused = self._prepared(item) if asks(item) else None

    def require_sound(self) -> None:
        """Fail a test that asks for a cassette as none can."""
        if self._refused is not None:
            raise self._refused

    def _prepared(self, item: pytest.Item) -> BaseException | None:
        """Prepare a test that asks; what is wrong with it is raised once others have set it up."""
        try:
            first = ["reqllm_cassette"] if self.case.marked.patch is True else []
            _put_first(item, [*first, CONFIG] if CONFIG in self.case.needed else first)
            self.case.guard()
        except pytest.fail.Exception as error:
            return error
        return None

    def sees(self, fixture: pytest.FixtureDef[Any]) -> None:
        """Hear of a fixture that is set up."""
        if self._case is not None:
            self._case.sees(fixture)

    def judge(self, item: pytest.Item) -> None:
        """Fail a test that ran for what it did not play, and for streams unlike their wire."""
        case = self._case
        if case is None or _is_unittest(item) or case.has_failed_part:
            return
        if told := case.verdict():
            raise case.outcome(told)

    def reported(
        self, item: pytest.Item, phase: pytest.CallInfo[None], report: pytest.TestReport
    ) -> None:
        """Hear how a phase went; say how it did where only its report can still be changed."""
        if phase.when != "call":
            return
        if self.is_calling:  # a subtest's: the test goes on
            if self._case is not None and report.failed:
                self._case.has_failed_part = True
            return
        if self._case is not None:
            passed = report.passed and not self._case.has_failed_part
            if _is_unittest(item):
                # unittest keeps what a test raised to itself.
                told = self._case.take_refusals(None) or (passed and self._case.verdict())
                if told:
                    report.outcome, report.longrepr = "failed", told
            self._case.passed = passed and report.passed
        if self.options.unused:
            self.results.ran.append(item.nodeid)

    def close(self) -> None:
        """Publish what a test recorded that was torn down, if it passed."""
        case, self._case, self._item = self._case, None, None
        if case is not None:
            try:
                case.close()
            finally:
                self.results.used += case.seen
                self.results.opened += case.opened

    def end_phase(self, raised: BaseException | None) -> None:
        """Fail the test for what it was refused in a phase, whatever became of that."""
        __tracebackhide__ = True
        if self._case is not None:
            self._case.end_phase(raised)

    def end(self) -> None:
        """Leave the process to others; forget what a test recorded that was broken off."""
        with contextlib.suppress(pytest.fail.Exception):
            self.close()
        self.leaving.close()


class Phase:
    """The block in which a phase of a test runs. One serves all: nothing is kept in it."""

    def __init__(self, run: PluginRun) -> None:
        self._run = run

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, raised: BaseException | None, traceback: object) -> None:
        __tracebackhide__ = True
        self._run.end_phase(raised)


def asks(item: pytest.Item) -> bool:
    """Tell whether a test asked for a cassette."""
    names = getattr(item, "fixturenames", ())
    return not FIXTURES.isdisjoint(names) or any(
        mark.name in MARKERS for mark in item.iter_markers()
    )


def _put_first(item: pytest.Item, fixtures: list[str]) -> None:
    """Have these set up first, the last before all, so that nothing that is sent goes past them."""
    names: list[str] = getattr(item, "fixturenames", [])
    for name in fixtures:
        if name in names:
            names.remove(name)
        names.insert(0, name)


def _is_unittest(item: pytest.Item) -> bool:
    unittest = sys.modules.get("_pytest.unittest")
    return unittest is not None and isinstance(item, unittest.TestCaseFunction)
