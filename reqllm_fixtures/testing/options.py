"""The plugin's options: on the command line, in the ini file, in the environment.

Precedence, from the first that says something:

======== =============================================================================
mode     --reqllm-mode, REQLLM_MODE, ini reqllm_mode, replay. Under CI only the command
         line itself records: what the others say counts as replay. No marker changes it.
schema   "off" of the command line or of the marker; then --reqllm-schema, the marker,
         reqllm_config, ini reqllm_schema, compat
others   --reqllm-NAME, ini reqllm_NAME; for one test: its marker, reqllm_config, ini
======== =============================================================================
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from reqllm_fixtures.errors import ModeError, OverlayError
from reqllm_fixtures.mode import MODE_VARIABLE, Mode, is_ci, named

if TYPE_CHECKING:
    from reqllm_fixtures.overlay.base import Overlay

PATH = "fixture_path"
FIXTURES = frozenset(
    {PATH, "reqllm_cassette", "reqllm_client", "reqllm_async_client", "reqllm_overlay"}
)
CONFIG = "reqllm_config"
SCHEMAS = ("strict", "compat", "off")
UNPLAYED = ("fail", "warn", "ignore")
LOOPBACK = ("localhost", "127.0.0.0/8", "::1")

_MODE_OPTION = "--reqllm-mode"


class Options(NamedTuple):
    """What a run was asked for."""

    mode: Mode
    ignored: str = ""
    """Who asked for a mode that records and was not heard, because this is a CI machine."""
    variable: str | None = None
    """What the environment said, where the command line did not."""
    max_age: float | None = None
    """Days."""
    schema: str | None = None
    """Of the command line."""
    ini_schema: str = "compat"
    unplayed: str = "fail"
    report: str | None = None
    unused: bool = False
    folder: str = "cassettes"
    allowed_hosts: tuple[str, ...] = LOOPBACK
    overlay: Overlay | None = None
    """Of the command line, for every test."""


def add(parser: pytest.Parser) -> None:
    """Declare the options to pytest."""
    group = parser.getgroup("reqllm", "recorded streams of language models (reqllm)")
    group.addoption(
        _MODE_OPTION,
        choices=[str(mode) for mode in Mode],
        help="Where answers come from: replay (default) from cassettes alone; record from the "
        "provider, replacing the cassettes of tests that pass; fill records what is missing; "
        "live from the provider, nothing is kept.",
    )
    group.addoption(
        "--reqllm-max-age",
        metavar="DAYS",
        help="List the cassettes that were recorded longer ago than this.",
    )
    group.addoption(
        "--reqllm-schema",
        choices=SCHEMAS,
        help="How strictly recorded and played streams are checked.",
    )
    group.addoption(
        "--reqllm-report", metavar="FILE.json", help="Write what was recorded and played as JSON."
    )
    group.addoption(
        "--reqllm-unused",
        action="store_true",
        default=None,
        help="List the cassettes that no test uses.",
    )
    group.addoption(
        "--reqllm-overlay",
        metavar="OVERLAY",
        help="Play all cassettes under this overlay, as in recut:bytes (reqllm-fixtures overlays "
        "lists them).",
    )
    parser.addini("reqllm_mode", f"As {_MODE_OPTION}; under CI it does not record.")
    parser.addini("reqllm_max_age", "As --reqllm-max-age.")
    parser.addini("reqllm_schema", "As --reqllm-schema; by default compat.")
    parser.addini("reqllm_report", "As --reqllm-report, from the root directory.")
    parser.addini("reqllm_unused", "As --reqllm-unused.", type="bool", default=False)
    parser.addini(
        "reqllm_unplayed",
        "What recordings do that a passing test did not play: fail (default), warn or ignore.",
    )
    parser.addini(
        "reqllm_cassette_dir",
        "The folder of cassettes beside a test's file; by default cassettes.",
    )
    parser.addini(
        "reqllm_allowed_hosts",
        "Hosts, addresses and networks that a replaying test may reach; by default loopback.",
        type="args",
        default=list(LOOPBACK),
    )


def read(config: pytest.Config, environ: Mapping[str, str] = os.environ) -> Options:
    """Read the options of a run. Raises pytest.UsageError."""
    mode, ignored = _mode(config, environ)
    folder = config.getini("reqllm_cassette_dir") or "cassettes"
    if Path(folder).is_absolute() or ".." in Path(folder).parts:
        raise pytest.UsageError(
            f"Expected reqllm_cassette_dir to be a folder beside the tests. Came: {folder!r}."
        )
    return Options(
        mode,
        ignored,
        None if config.getoption("reqllm_mode") else environ.get(MODE_VARIABLE, ""),
        max_age=_days(_either(config, "max_age")),
        schema=config.getoption("reqllm_schema"),
        ini_schema=_one_of("ini reqllm_schema", config.getini("reqllm_schema"), SCHEMAS, "compat"),
        unplayed=_one_of("ini reqllm_unplayed", config.getini("reqllm_unplayed"), UNPLAYED, "fail"),
        report=_report(config),
        unused=bool(_either(config, "unused")),
        folder=folder,
        allowed_hosts=_allowed_hosts(config.getini("reqllm_allowed_hosts")),
        overlay=_overlay(config.getoption("reqllm_overlay")),
    )


def _allowed_hosts(given: Iterable[str]) -> tuple[str, ...]:
    """Return hosts, addresses and networks; what is none of them would never be met."""
    hosts = tuple(given)
    for host in hosts:
        if host in LOOPBACK or not {"/", "*"} & {*host}:
            continue
        import ipaddress  # here, as most runs name none

        try:
            ipaddress.ip_network(host, strict=False)
        except ValueError:
            raise pytest.UsageError(
                "Expected ini reqllm_allowed_hosts to name hosts, addresses and networks, "
                f"such as localhost 10.0.0.0/8. Came: {host!r}."
            ) from None
    return hosts


def _either(config: pytest.Config, name: str) -> Any:
    given = config.getoption(f"reqllm_{name}")
    return config.getini(f"reqllm_{name}") if given is None else given


def _mode(config: pytest.Config, environ: Mapping[str, str]) -> tuple[Mode, str]:
    decided = getattr(config, "workerinput", {}).get("reqllm_mode")
    if decided is not None:  # by the process that divides the tests, which saw the command line
        return Mode(decided), ""
    option, variable = config.getoption("reqllm_mode"), environ.get(MODE_VARIABLE)
    ini = config.getini("reqllm_mode")
    try:
        if option:
            typed = any(each.startswith(_MODE_OPTION) for each in _typed(config))
            mode, source = named(option, _MODE_OPTION), "" if typed else "addopts"
        elif variable:
            mode, source = named(variable, MODE_VARIABLE), MODE_VARIABLE
        elif ini:
            mode, source = named(ini, "ini reqllm_mode"), "ini reqllm_mode"
        else:
            return Mode.REPLAY, ""
    except ModeError as error:
        raise pytest.UsageError(str(error)) from None
    if source and mode in (Mode.RECORD, Mode.FILL) and is_ci(environ):
        return Mode.REPLAY, f"{source} says {mode}"
    return mode, ""


def _typed(config: pytest.Config) -> tuple[str, ...]:
    return tuple(map(str, config.invocation_params.args))


def _days(given: str | None) -> float | None:
    if not given:
        return None
    try:
        days = float(given)
    except ValueError:
        days = -1
    if not 0 <= days < float("inf"):
        raise pytest.UsageError(f"Expected --reqllm-max-age in days, from 0 up. Came: {given!r}.")
    return days


def _overlay(given: str | None) -> Overlay | None:
    if not given:
        return None
    from reqllm_fixtures.overlay.words import parse  # here, as few runs ask for one

    try:
        return parse(given)
    except OverlayError as error:
        raise pytest.UsageError(f"--reqllm-overlay: {error}") from None


def _one_of(name: str, given: str | None, choices: tuple[str, ...], default: str) -> str:
    if not given:
        return default
    if given not in choices:
        raise pytest.UsageError(
            f"Expected {name} to be one of {', '.join(choices)}. Came: {given!r}."
        )
    return given


def _report(config: pytest.Config) -> str | None:
    if option := config.getoption("reqllm_report"):
        path = Path(config.invocation_params.dir, option)
    elif ini := config.getini("reqllm_report"):
        path = Path(config.rootpath, ini)
    else:
        return None
    if path.is_dir():
        raise pytest.UsageError(f"Expected --reqllm-report to be a file. Came: the folder {path}.")
    return str(path)
