"""One test while it runs: the cassettes it has open, what it was refused, and its verdict."""

from __future__ import annotations

import inspect
import os
import threading
from collections.abc import Iterator, Mapping
from functools import cached_property, lru_cache, partial
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from msgspec import UNSET

from reqllm_fixtures.cassette import Interaction
from reqllm_fixtures.errors import FixtureError, OtherStreamError, UnplayedWarning
from reqllm_fixtures.library import CassetteInUse
from reqllm_fixtures.mode import Mode
from reqllm_fixtures.testing import collecting, overlays, results
from reqllm_fixtures.testing.guard import Guard
from reqllm_fixtures.testing.marking import Marked, MarkerError, marked
from reqllm_fixtures.testing.options import CONFIG, FIXTURES, PATH, Options
from reqllm_fixtures.testing.settings import Settings, settings
from reqllm_fixtures.testing.users_code import calling_line, is_users
from reqllm_fixtures.testing.wording import Refusal, Wording

if TYPE_CHECKING:
    from reqllm_fixtures.overlay.base import Overlay
    from reqllm_fixtures.secrets.redaction import Redactor

_FOLDERS = 64
_NOT_OURS = (KeyboardInterrupt, pytest.exit.Exception)


class Case:
    """What the plugin does for one test."""

    def __init__(
        self,
        item: pytest.Item,
        options: Options,
        needed: tuple[str, ...],
        recorded_by: dict[str, set[str]],
    ) -> None:
        self.needed = needed
        """Those of our fixtures that a user has overridden."""
        self._item, self._options, self._recorded_by = item, options, recorded_by
        self._open: dict[str, CassetteInUse] = {}
        self._refusals: list[Refusal] = []
        self._told = 0
        self._opening = threading.Lock()
        self._guard: Guard | None = None
        self._settings: Settings | None = None
        self._own: str | None = None
        self._judged: set[str] = set()
        self._checked: set[int] = set()
        self._settled = -1
        """How much had been played and recorded when nothing was wrong with it."""
        self._asking = {*FIXTURES}
        self._is_patched = self._asks_later = False
        self.passed = False
        self.has_failed_part = False
        """Whether one of its subtests failed, which pytest makes a failure of it later on."""
        self.seen: list[results.Used] = []
        self.opened: list[str] = []
        """Every file that was played or recorded."""

    @cached_property
    def marked(self) -> Marked:
        """What the test's markers say."""
        try:
            return marked(self._item)
        except MarkerError as error:  # it was given after the collection
            return self._fail(str(error))

    @cached_property
    def _wording(self) -> Wording:
        return Wording(
            _node_id(self._item),
            str(self._item.config.invocation_params.dir),
            "fill" if self._options.mode is Mode.FILL else "record",
            is_overlaid=overlays.current(self._item) is not None
            or self.marked.overlay is not UNSET,
        )

    def guard(self) -> None:
        """Keep a replaying test from the network until it has been torn down."""
        if self._guard is None and self._options.mode is Mode.REPLAY:
            self._guard = Guard(self._options.allowed_hosts, self._refuse_address)
            self._guard.put_up()

    @property
    def path(self) -> Path:
        """Where this test's cassette is, or will be."""
        return collecting.path_of(self._item, self.marked, self._options)

    def own(self) -> Iterator[CassetteInUse]:
        """Open this test's own cassette, for its own clients too if its marker says so; give it."""
        self.guard()
        path = self._given(PATH)
        used = self.use(self.path if path is UNSET else path, own=True)
        if self.marked.patch is not True:
            yield used
            return
        self._is_patched = True
        with used.patch():
            yield used

    def use(self, path: str | PathLike[str], *, own: bool = False) -> CassetteInUse:
        """Open a cassette for this test, or give the one that is open."""
        target = _real(fspath(path))
        with self._opening:
            if own or path == getattr(self._item, "funcargs", {}).get(PATH):
                self._own = target
            if target not in self._open:
                self._open[target] = self._opened(fspath(path), target)
            return self._open[target]

    def sees(self, fixture: pytest.FixtureDef[Any]) -> None:
        """Note a fixture that is set up: one that asks by us may do so while it is torn down."""
        function = fixture.func
        if not self._asking.isdisjoint(fixture.argnames):
            self._asking.add(fixture.argname)
        elif not self._is_patched:
            return
        is_generator = inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function)
        if is_generator and is_users(function.__code__.co_filename):
            self._asks_later = True

    def end_phase(self, raised: BaseException | None) -> None:
        """Fail the test for what it was refused, once, whatever became of that."""
        if len(self._refusals) > self._told and not isinstance(raised, _NOT_OURS):
            raise self.outcome(self.take_refusals(raised)) from None

    def outcome(self, told: str | None) -> BaseException:
        """Make what fails the test."""
        # No error that a client's `except Exception` would take for a failing network.
        return pytest.fail.Exception(told, pytrace=False)

    def take_refusals(self, raised: BaseException | None) -> str | None:
        """Word what was refused and not told yet."""
        fresh = self._refusals[self._told :]
        self._told = len(self._refusals)
        if not fresh:
            return None
        return self._wording.missed(fresh, None if _came_of(raised) else raised)

    def verdict(self, *, is_over: bool = False) -> str | None:
        """Tell what is wrong with a test that passed, if anything is.

        is_over: also its fixtures have been torn down.
        """
        for target, used in self._open.items():
            if target not in self._judged and (told := self._verdict_on(target, used, is_over)):
                self._judged.add(target)
                return told
        self._settled = self._count()
        return None

    def _count(self) -> int:
        """Count what was played and recorded."""
        return sum(len(used.played) + len(used.recorded) for used in self._open.values())

    def close(self) -> None:
        """Publish what was recorded, if the test passed. Raises the test's outcome."""
        if self._guard is not None:
            self._guard.take_down()
            self._guard = None
        for used in self._open.values():
            used.stop()
        is_settled = not self._asks_later and self._settled == self._count()
        told = self.verdict(is_over=True) if self.passed and not is_settled else None
        self.passed = self.passed and told is None
        self.seen = [self._seen(used) for used in self._open.values()]
        self.opened = list(self._open)
        for target, used in self._open.items():
            try:
                self._publish(target, used)
            except FixtureError as error:
                told = told or self._wording.failed(error)
        self._open.clear()  # They know us: nothing is left to be found by the collector of garbage.
        if told:
            self._fail(told)

    def _publish(self, target: str, used: CassetteInUse) -> None:
        if self.passed:
            used.publish()
            if used.mode is Mode.RECORD:
                self._recorded_by.setdefault(target, set()).add(self._item.nodeid)
        else:
            used.discard()

    def _opened(self, path: str, target: str) -> CassetteInUse:
        overlay = self._overlay_if_it_plays()
        try:
            held = self.settings
            others = self._recorded_by.get(target, set()) - {self._item.nodeid}
            return CassetteInUse(
                path,
                self._options.mode if overlay is None else Mode.REPLAY,
                pace=held.pace,
                overlay=overlay,
                **_virtual_time(overlay),
                match=held.matcher,
                redactor=partial(_redactor, held.redaction),
                refuse=self._refuse,
                missing_ok=True,
                # A cassette that several tests share holds what each of them recorded.
                adds=bool(others),
            ).__enter__()
        except OtherStreamError as error:
            if self.settings.overlay is None:  # it came with many others, for any stream
                pytest.skip(str(error))
            return self._fail(self._wording.failed(error))
        except FixtureError as error:
            return self._fail(self._wording.failed(error))

    @property
    def overlay(self) -> Overlay | None:
        """What this test runs under: its marker's, then one of a matrix, then the run's."""
        said = (self.settings.overlay, overlays.current(self._item), self._options.overlay)
        overlay: Overlay | None = None
        for each in said:
            if each is not None:
                overlay = each if overlay is None else overlay | each
        return overlay

    def _overlay_if_it_plays(self) -> Overlay | None:
        try:
            overlay = self.overlay
        except FixtureError as error:
            return self._fail(self._wording.failed(error))
        if overlay is not None and self._options.mode in (Mode.RECORD, Mode.LIVE):
            pytest.skip(f"reqllm: an overlay ({overlay}) only plays; record without it")
        return overlay

    @property
    def settings(self) -> Settings:
        """What holds for this test."""
        if self._settings is None:
            config = self._given(CONFIG)
            said = {} if config is UNSET else config
            self._settings = settings(self.marked, said, self._options)
        return self._settings

    def _given(self, fixture: str) -> Any:
        """Give what a user's fixture in the place of one of ours gives; UNSET if there is none."""
        given = getattr(self._item, "funcargs", {})
        if fixture in given:
            return given[fixture]
        # One of ours was asked for by `getfixturevalue`, as nothing told before.
        request: Any = getattr(self._item, "_request", None)
        return request.getfixturevalue(fixture) if fixture in self.needed else UNSET

    def _refuse(self, error: FixtureError | str) -> BaseException:
        refusal = Refusal(error, calling_line())
        self._refusals.append(refusal)
        return self.outcome(self._wording.missed([refusal], None))

    def _refuse_address(self, address: str) -> NoReturn:
        raise self._refuse(
            f"{address} was to be reached, and a replaying test reaches no network.\n"
            "Send the call through reqllm_cassette.transport(), or mark the test with "
            "@pytest.mark.reqllm(patch=True).\n"
            "What a replaying test may reach belongs into the ini option reqllm_allowed_hosts."
        )

    def _verdict_on(self, target: str, used: CassetteInUse, is_over: bool) -> str | None:
        if target != self._own:
            return None
        if found := self._broken(used):
            return self._wording.broken(used.path, found)
        if self._options.mode is not Mode.REPLAY or (self._asks_later and not is_over):
            return None
        left = used.unplayed
        if not left or self.settings.unplayed == "ignore":
            return None
        if used.overlay is not None and self.marked.unplayed is UNSET:
            return None  # what was to follow on a broken stream may rightly not be asked for
        kept = used.cassette
        told = self._wording.unplayed(used.path, kept.interactions, left, kept.matcher)
        if self.settings.unplayed == "fail":
            return told
        self._judged.add(target)
        self._item.warn(UnplayedWarning(told))
        return None

    def _broken(self, used: CassetteInUse) -> list[str]:
        """Check the streams that were played or recorded since the last time."""
        if self.settings.schema == "off":
            return []
        fresh = [each for each in _numbered(used) if id(each[1]) not in self._checked]
        self._checked.update(id(interaction) for _, interaction in fresh)
        if not fresh:
            return []
        from reqllm_fixtures.testing import checks  # here, because not every test plays a stream

        return [
            told
            for number, interaction in fresh
            for told in checks.broken(number, interaction, self.settings)
        ]

    def _seen(self, used: CassetteInUse) -> results.Used:
        recorded = used.recorded if self.passed else ()
        touched = (*used.played, *recorded)
        return results.Used(
            test=self._item.nodeid,
            path=used.path,
            mode=str(used.mode),
            passed=self.passed,
            requests=len(used.sent),
            played=len(used.played),
            unplayed=len(used.unplayed),
            refused=len(used.misses),
            recorded=len(recorded),
            recorded_bytes=sum(len(each.response.body) for each in recorded),
            oldest=results.oldest(touched),
            incomplete=results.endings(recorded),
        )

    def _fail(self, told: str) -> NoReturn:
        raise self.outcome(told) from None


def _real(path: str) -> str:
    """Follow the links in a path, as `realpath` does, which looks at every folder on the way."""
    folder, name = os.path.split(path)
    if not os.path.isabs(folder):  # which is another one after a `chdir`
        return os.path.realpath(path)
    target = os.path.join(_real_folder(folder), name)
    return os.path.realpath(target) if os.path.islink(target) else target


_real_folder = lru_cache(_FOLDERS)(os.path.realpath)


def _redactor(said: Mapping[str, Any]) -> Redactor:
    from reqllm_fixtures.secrets.redaction import Redactor  # here, because few replays need one

    return Redactor.of(environ=os.environ, **said)


def _virtual_time(overlay: Overlay | None) -> dict[str, Any]:
    """Have threads under an overlay wait for what is slow on purpose without any sleep."""
    if overlay is None:
        return {}
    from reqllm_fixtures.virtual_time import VirtualClock  # here, as few tests have an overlay

    return {"clock": VirtualClock()}


def _numbered(used: CassetteInUse) -> Iterator[tuple[int, Interaction]]:
    """Number what was played, and what was recorded, by its place in the file."""
    kept = used.cassette.interactions
    places = {id(interaction): number for number, interaction in enumerate(kept)}
    played = {id(each): each for each in used.played}
    yield from ((places[key], each) for key, each in played.items())
    yield from enumerate(used.recorded, start=len(kept))


def _came_of(raised: BaseException | None) -> bool:
    """Tell whether this is, or holds, or was raised from, an outcome of ours."""
    seen: list[BaseException] = []
    waiting = [raised]
    while waiting:
        error = waiting.pop()
        if error is None or any(error is each for each in seen):
            continue
        seen.append(error)
        if isinstance(error, pytest.fail.Exception):
            return True
        waiting += [error.__cause__, error.__context__, *getattr(error, "exceptions", ())]
    return raised is None


def _node_id(item: pytest.Item) -> str:
    """Name a test as pytest takes it where it was started."""
    file, found, rest = item.nodeid.partition("::")
    shown = os.path.relpath(item.path, item.config.invocation_params.dir)
    return f"{shown}{found}{rest}" if found else file
