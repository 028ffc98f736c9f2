"""How a Python command is started so that it runs inside a recording: which interpreter, and what.

A script, a module, code, or a console entry, which is a script that an installer wrote.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import NamedTuple

CHILD = "reqllm_fixtures.cli.recording_child"

_PYTHON = re.compile(r"(?:python|pypy)w?[\d.]*t?(?:\.exe)?\Z", re.IGNORECASE)
_WITH_VALUE = {"-W", "-X", "--check-hash-based-pycs"}
_SCRIPTS = {".py", ".pyw", ".pyz"}
_ENTRY = (
    "import sys; from importlib.metadata import entry_points; sys.argv[0] = {name!r}; "
    "sys.exit(next(iter(entry_points(group='console_scripts', name={name!r}))).load()())"
)


class NotPythonError(ValueError):
    """A command that is none of Python's, so that nothing in it can be recorded."""


class Launch(NamedTuple):
    """An interpreter with its options, and what it is to run: a script, `-m` or `-c`."""

    interpreter: tuple[str, ...]
    command: tuple[str, ...]

    @property
    def argv(self) -> list[str]:
        """The command line that runs it inside a recording."""
        return [*self.interpreter, "-m", CHILD, *self.command]

    @property
    def script(self) -> str | None:
        """The file that it runs, if it is one."""
        return None if self.command[0] in ("-m", "-c") else self.command[0]

    @property
    def name(self) -> str:
        """What a recording of it may be called."""
        first = self.command[0]
        if first == "-m":
            return self.command[1].removesuffix(".__main__").rpartition(".")[2]
        return "command" if first == "-c" else Path(first).stem


def launch_of(command: Sequence[str]) -> Launch:
    """Tell how a command is started. Raises NotPythonError."""
    first, *rest = command
    if _PYTHON.match(Path(first).name):
        # A bare name is the Python that runs us: that of PATH may not know us.
        return _interpreted(sys.executable if first == Path(first).name else first, rest)
    path = Path(first)
    if path.suffix in _SCRIPTS or path.joinpath("__main__.py").is_file():
        return Launch((sys.executable,), (first, *rest))
    found = shutil.which(first) or shutil.which(first, path=str(Path(sys.executable).parent))
    interpreter = _shebang(Path(found)) if found else None
    if found and interpreter:
        return Launch((interpreter,), (found, *rest))
    if entry_points(group="console_scripts", name=path.name):
        return Launch((sys.executable,), ("-c", _ENTRY.format(name=path.name), *rest))
    raise NotPythonError(
        f"Expected a Python command: a script, python SCRIPT, python -m MODULE, python -c CODE or "
        f"the name of a console entry. Came: {first}"
        + ("" if found else ", which was not found")
        + ". A shell script or another program is not recorded: name the Python command in it."
    )


def _interpreted(interpreter: str, rest: list[str]) -> Launch:
    at = 0
    while at < len(rest) and rest[at].startswith("-") and rest[at] not in ("-", "-m", "-c"):
        at += 2 if rest[at] in _WITH_VALUE else 1
    options, command = rest[:at], rest[at:]
    if not command or command[0] == "-" or command in (["-m"], ["-c"]):
        raise NotPythonError(
            "Expected a script, -m MODULE or -c CODE after the interpreter. Came: "
            f"{' '.join(rest) or 'nothing'}"
        )
    return Launch((interpreter, *options), tuple(command))


def _shebang(path: Path) -> str | None:
    """Return the Python that a script names in its first line, None if it names none."""
    try:
        with path.open("rb") as file:
            line = file.readline(1000).decode(errors="replace")
    except OSError:
        return None
    if not line.startswith("#!"):
        return None
    words = line[2:].split()
    if words and Path(words[0]).name == "env":
        words = [word for word in words[1:] if word != "-S"]
    if not words or not _PYTHON.match(Path(words[0]).name):
        return None
    return sys.executable if words[0] == Path(words[0]).name else words[0]
