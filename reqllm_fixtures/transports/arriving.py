"""Tells of a module when it is imported for the first time, so that nobody need import it before.

To import one of the HTTP libraries takes as long as a hundred tests that replay.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.machinery import ModuleSpec
from itertools import dropwhile
from types import ModuleType
from typing import Any

Tell = Callable[[ModuleType], None]


class Watch:
    """Tells, in its block, of the modules that are there and of those that are imported.

    It is a finder of modules, which finds none by itself. A module is told of once by each watch;
    where two stand, one that is imported is told of by both.
    """

    def __init__(self, names: Sequence[str], tell: Tell) -> None:
        self._names, self._tell = names, tell

    def __enter__(self) -> None:
        sys.meta_path.insert(0, self)
        try:
            for module in self._loaded():
                self._tell(module)
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *error: object) -> None:
        sys.meta_path.remove(self)

    def _loaded(self) -> Iterator[ModuleType]:
        """Give the modules that are there; one that a thread is importing, once it is whole."""
        for name in self._names:
            if name in sys.modules:
                try:
                    yield importlib.import_module(name)
                except ImportError:
                    continue

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Find what the finders behind this one find."""
        if name not in self._names:
            return None
        # Those behind this one, as one watch may stand behind another.
        others = dropwhile(lambda each: each is not self, list(sys.meta_path))
        next(others, None)
        found = (each.find_spec(name, path, target) for each in others)
        spec = next((each for each in found if each is not None), None)
        if spec is not None and spec.loader is not None:
            telling: Any = _Telling(spec.loader, self._tell)
            spec.loader = telling
        return spec


class _Telling:
    """Loads as another loader does, and tells of the module; the module is left to that one."""

    def __init__(self, loader: Any, tell: Tell) -> None:
        self._loader, self._tell = loader, tell

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        made: ModuleType | None = self._loader.create_module(spec)
        return made

    def exec_module(self, module: ModuleType) -> None:
        assert module.__spec__ is not None
        module.__spec__.loader = module.__loader__ = self._loader
        self._loader.exec_module(module)
        self._tell(module)
