"""How a command fails: one line that says what to do, and an exit status.

0 done · 1 it went wrong · 2 it was asked wrongly · 130 Ctrl-C · 141 the reader of the pipe left
"""

from __future__ import annotations

import contextlib
import importlib.util
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from reqllm import errors as e
from reqllm.cli.summary import what_arrived
from reqllm.cli.terminal import Terminal, nowhere, one_line, send_nowhere, visible

WENT_WRONG, ASKED_WRONGLY, CTRL_C, PIPE_CLOSED = 1, 2, 130, 141
_LONGEST_MESSAGE = 1000
# Advice for those who write Python, not for those who type commands.
_PYTHON_ADVICE = re.compile(
    r"[;:,]? *`\.partial` holds what (?:had )?arrived|, or pass api_key=\.\.\."
)
_WHAT_TO_DO: dict[type[e.ReqLLMError], str] = {
    e.AuthenticationError: "Check the key in the provider's environment variable.",
    e.PermissionDeniedError: "Use a key that may do this, or another model.",
    e.NotFoundError: "Check the model's name and the address.",
    e.QuotaExceededError: "Add credit to the account: waiting does not help.",
    e.RateLimitError: "Wait, then try again.",
    e.OverloadedError: "Try again later.",
    e.ServerError: "Try again later.",
    e.TransportError: "Check the network, the address and --base-url.",
    e.StreamTimeoutError: "Raise --timeout, or try again.",
    e.InterruptedStreamError: "Try again.",
    e.IncompleteStreamError: "Try again.",
    e.EmptyStreamError: "Try again.",
    e.MalformedEventError: "Try again, or pass over such events: --option on_malformed=skip.",
}


class Reporter:
    """Says what went wrong with a command of this name; `running` is around all it does."""

    def __init__(self, command: str, terminal: Terminal) -> None:
        self._command = command
        self._terminal = terminal
        self.left: Callable[[], str] = lambda: "nothing had arrived"
        """Says what is there when the command is left by Ctrl-C."""

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Turn what is raised inside into a line and an exit status; defects are let through."""
        try:
            with self._telling_errors(), self._telling_warnings():
                yield
        except BrokenPipeError:
            self._terminal.give_up()
            sys.exit(PIPE_CLOSED)

    @contextlib.contextmanager
    def _telling_errors(self) -> Iterator[None]:
        from reqllm_fixtures.errors import FixtureError

        try:
            yield
        except e.InvalidInputError as error:
            self.error(error)
            sys.exit(ASKED_WRONGLY)
        except (e.ReqLLMError, FixtureError) as error:
            self.error(error)
            sys.exit(WENT_WRONG)
        except KeyboardInterrupt:
            self._terminal.say(f"{self._command}: cancelled: {self.left()}")
            sys.exit(CTRL_C)

    @contextlib.contextmanager
    def _telling_warnings(self) -> Iterator[None]:
        from reqllm_fixtures.errors import FixtureWarning

        with warnings.catch_warnings():
            warnings.simplefilter("always", FixtureWarning)
            warnings.showwarning = self._warn
            yield

    def error(self, error: Exception, where: str = "") -> None:
        """Write the line for this error."""
        self._terminal.say(f"{self._command}: {where}{described(error)}")

    def _warn(self, message: Any, *_: Any, **__: Any) -> None:
        self._terminal.say(f"{self._command}: warning: {one_line(str(message))}")


def described(error: Exception) -> str:
    """Return the class of an error, what it says, and what to do about it."""
    name = type(error).__name__
    if not isinstance(error, e.ReqLLMError):
        # Errors of the harness say all, some on several lines.
        return f"{name}: {visible(str(error))}"
    said = one_line(_PYTHON_ADVICE.sub("", str(error)), _LONGEST_MESSAGE)
    if error.partial is not None and not error.before_first_chunk:
        said += f"; {what_arrived(error.partial)}"
    advice = _advice(error)
    return f"{name}: {said.rstrip('.')}. {advice}".rstrip(" ")


def _advice(error: e.ReqLLMError) -> str:
    after = getattr(error, "retry_after", None)
    if after is not None and error.retryable:
        return f"Try again in {after:g} s."
    if 300 <= (getattr(error, "http_status", None) or 0) < 400:
        return "Check the address and --base-url."
    known = (_WHAT_TO_DO[kind] for kind in type(error).__mro__ if kind in _WHAT_TO_DO)
    return next(known, "")


def start(command: str, load: Callable[[], Any], extra: str) -> None:
    """Run the click command that `load` gives, or say what to install for it; then exit."""
    missing = [name for name in ("click", "rich") if importlib.util.find_spec(name) is None]
    if missing:
        sys.stderr.write(
            f"{command}: {' and '.join(missing)} not installed: pip install 'reqllm[{extra}]'\n"
        )
        sys.exit(ASKED_WRONGLY)
    import click

    # A shell may have closed them (`>&-`); who writes there wants nothing of it.
    sys.stdout = sys.stdout or nowhere()
    sys.stderr = sys.stderr or nowhere()
    try:
        # Not its own way of ending: it calls a Ctrl-C at the start 1.
        status = load().main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(CTRL_C)
    except OSError as error:
        # A full disk under the output, most of all: nothing that a traceback would explain.
        where = "the output" if error.filename is None else error.filename
        sys.stderr.write(f"{command}: {type(error).__name__}: {where}: {error.strerror}\n")
        send_nowhere(sys.stdout)
        sys.exit(WENT_WRONG)
    sys.exit(status if isinstance(status, int) else 0)
