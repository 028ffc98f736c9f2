"""Runs a Python command inside a recording: `python -m reqllm_fixtures.cli.recording_child ...`.

`reqllm-fixtures record` starts it, and says by an environment variable what to record and where.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
import threading
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any

from reqllm_fixtures.errors import FixtureError
from reqllm_fixtures.library import use_cassette

VARIABLE = "REQLLM_RECORDING"
_NAME = "reqllm-fixtures"
_BEFORE_THE_COMMAND = frozenset({__file__, "<frozen runpy>", runpy.__file__})


def ordered(into: str, mode: str, *, keep_on_error: bool) -> dict[str, str]:
    """Say, in the environment, what to record."""
    order = {"into": into, "mode": mode, "keep_on_error": keep_on_error}
    return {VARIABLE: json.dumps(order)}


def main() -> None:
    """Run the command in `sys.argv`; exits with its status, with 1 if nothing could be kept."""
    # What the command starts is not told: two processes would replace each other's recording.
    order = json.loads(os.environ.pop(VARIABLE))
    sys.excepthook = _tell_of_the_command
    sys.exit(_record(sys.argv[1:], **order))


def _record(command: list[str], *, into: str, mode: str, keep_on_error: bool) -> int:
    before = _state(into)
    runs, succeeded = False, False
    try:
        with use_cassette(into, mode=mode, record_on_error=keep_on_error) as used:
            with used.patch():
                runs = True
                _run(command)
            runs, succeeded = False, True
    except FixtureError as error:
        if runs:
            raise  # the command's own
        _say(str(error))
        return 1
    except BaseException as error:
        _tell_failure(error, into, kept=before != _state(into), keep_on_error=keep_on_error)
        raise
    if before == _state(into) and used.played:
        _say(f"nothing was added: {into} answered what was asked, {len(used.played)} times")
    elif before == _state(into):
        _say("nothing was recorded: the command sent no request through httpx or httpx2")
    else:
        _say(f"recorded in {into}")
    return int(not succeeded)


def _run(command: list[str]) -> None:
    """Run a command to its end, its threads included. Raises SystemExit unless it succeeded."""
    first, *rest = command
    try:
        if first == "-m":
            sys.argv = rest
            runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
        elif first == "-c":
            _run_code(*rest)
        else:
            sys.argv = command
            _put_first(str(Path(first).resolve().parent))
            runpy.run_path(first, run_name="__main__")
    except SystemExit as left:
        if left.code not in (None, 0):
            raise
    for thread in threading.enumerate():
        if not (thread.daemon or thread is threading.current_thread() or _is_worker(thread)):
            thread.join()


def _is_worker(thread: threading.Thread) -> bool:
    """Whether it belongs to an executor, ours included: such a thread ends with the process."""
    target = getattr(thread, "_target", None)
    return getattr(target, "__module__", "") == "concurrent.futures.thread"


def _run_code(code: str, *args: str) -> None:
    sys.argv = ["-c", *args]
    _put_first("")
    main_module = sys.modules["__main__"] = ModuleType("__main__")
    exec(compile(code, "<string>", "exec"), main_module.__dict__)


def _put_first(folder: str) -> None:
    """Import first from where Python would have, instead of from where we were started."""
    if not sys.flags.safe_path:
        sys.path[0] = folder


def _tell_of_the_command(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    """Write the traceback as Python would have without us: from the command's own first line."""
    while traceback is not None and traceback.tb_frame.f_code.co_filename in _BEFORE_THE_COMMAND:
        traceback = traceback.tb_next
    sys.__excepthook__(kind, error.with_traceback(traceback), traceback)


def _tell_failure(error: BaseException, into: str, *, kept: bool, keep_on_error: bool) -> None:
    if isinstance(error, SystemExit):  # whose notes nobody would see
        for note in getattr(error, "__notes__", ()):
            _say(note)
    if kept:
        _say(f"the command failed; what it recorded is in {into}")
    elif not keep_on_error:
        _say("the command failed, so nothing was kept; --keep-on-error keeps it")


def _state(path: str) -> Any:
    """Tell a file from one that has taken its place."""
    try:
        found = Path(path).stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _say(text: str) -> None:
    sys.stderr.write(f"{_NAME}: {text}\n")


if __name__ == "__main__":
    main()
