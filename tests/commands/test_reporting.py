"""How a command fails."""

from __future__ import annotations

import io
import sys
import warnings

import pytest

from reqllm import cli
from reqllm import errors as e
from reqllm.cli.reporting import Reporter, described
from reqllm.cli.terminal import Terminal
from reqllm.response import Response
from reqllm_fixtures import FixtureError, FixtureWarning
from reqllm_fixtures import cli as fixtures_cli


def reporter() -> tuple[Reporter, io.StringIO]:
    told = io.StringIO()
    return Reporter("it", Terminal(io.StringIO(), told)), told


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        (e.MissingKeyError("no key"), 2, "it: MissingKeyError: no key.\n"),
        (e.ServerError("down"), 1, "it: ServerError: down. Try again later.\n"),
        (FixtureError("odd\nfile\x1b"), 1, "it: FixtureError: odd\nfile␛\n"),
        (KeyboardInterrupt(), 130, "it: cancelled: nothing had arrived\n"),
        (BrokenPipeError(), 141, ""),
    ],
)
def test_each_failure_has_its_line_and_status(error: BaseException, status: int, told: str):
    """A failure is told in one line, and its status says whose fault it is."""
    reports, lines = reporter()
    with pytest.raises(SystemExit) as left, reports.running():
        raise error
    assert (left.value.code, lines.getvalue()) == (status, told)


def test_a_defect_is_let_through():
    """What is no error of ours is not hidden."""
    reports, _ = reporter()
    with pytest.raises(ZeroDivisionError), reports.running():
        raise ZeroDivisionError


def test_a_warning_is_a_line():
    """Warnings of the harness are told in words, even where warnings are errors."""
    reports, lines = reporter()
    with reports.running():
        warnings.warn("odd\nthing", FixtureWarning, stacklevel=1)
    assert lines.getvalue() == "it: warning: odd thing\n"


def test_a_line_says_what_had_arrived_and_no_python():
    """Advice for programmers gives way to what a reader of the line can use."""
    error = e.InterruptedStreamError("broke off; `.partial` holds what had arrived")
    error.before_first_chunk = False
    error.partial = Response(state="interrupted")
    assert described(error) == (
        "InterruptedStreamError: broke off; nothing had arrived; state interrupted. Try again."
    )
    missing = e.MissingKeyError("x needs an API key: set X_KEY, or pass api_key=...")
    assert described(missing) == "MissingKeyError: x needs an API key: set X_KEY."


def test_a_provider_says_how_long_to_wait():
    """What the provider asks for goes before our own advice, unless waiting does not help."""
    assert described(e.RateLimitError("slow", retry_after=7)).endswith("slow. Try again in 7 s.")
    spent = e.QuotaExceededError("spent", retry_after=7)
    assert described(spent).endswith("waiting does not help.")


def test_a_long_message_is_one_line_of_some_length():
    """A page that came as an error does not flood the terminal."""
    said = described(e.ServerError("<p>\n" * 9999))
    assert "\n" not in said
    assert len(said) < 1100


@pytest.mark.parametrize(("main", "name"), [(cli.main, "reqllm"), (fixtures_cli.main, "reqllm-")])
@pytest.mark.parametrize(
    ("args", "status"), [(["--version"], 0), (["--help"], 0), (["sing"], 2), ([], 2)]
)
def test_the_entry_points_exit(
    main, name: str, args: list[str], status: int, monkeypatch: pytest.MonkeyPatch, capsys
):
    """The entry points leave by an exit status, help on the output and errors beside it."""
    monkeypatch.setattr(sys, "argv", [name, *args])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == status
    written = capsys.readouterr()
    assert name in (written.err if status else written.out)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch, capsys):
    """Where click or rich is not installed, what to install is one line."""
    monkeypatch.setitem(sys.modules, "rich", None)
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code == 2
    assert capsys.readouterr().err == "reqllm: rich not installed: pip install 'reqllm[cli]'\n"
