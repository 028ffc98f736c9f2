"""`reqllm-fixtures check`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest
from msgspec.structs import replace

from .making import cassette, recorded, said
from .running import DEMO, REASONING, TOOLS, run


def check(*args: str, stdin: bytes | None = None):
    return run("reqllm-fixtures", "check", *args, stdin=stdin)


@pytest.fixture
def poor(tmp_path: Path) -> str:
    """A cassette with one stream that is well but for its usage, and one that is cut off."""
    return cassette(
        tmp_path / "a,b.yaml", recorded(*said("Hi")), recorded(*said("Hi", ending=False))
    )


@pytest.mark.parametrize("profile", ["strict", "compat"])
def test_our_own_recordings_are_clean(profile):
    """Nothing is found, which is said, and is success."""
    result = check(DEMO, TOOLS, REASONING, "--profile", profile)

    assert (result.exit_code, result.stdout) == (0, "")
    assert "files: 3, errors: 0, warnings: 0" in result.stderr


def test_as_text(poor: str):
    """A line a finding, with file, interaction and rule; an error is no success."""
    result = check(poor)

    assert result.exit_code == 1
    warned, failed = result.stdout.splitlines()
    assert warned.startswith(f"{poor}: interaction 0: warning: usage-missing: ")
    assert failed.startswith(f"{poor}: interaction 1: error: stream: terminal-missing: ")
    assert "files: 1, errors: 1, warnings: 1" in result.stderr


def test_as_json(poor: str):
    """A line a finding, for programs; what the check of the stream found has its place."""
    warned, failed = map(json.loads, check(poor, "--format", "json").stdout.splitlines())

    assert (warned["file"], warned["interaction"], warned["severity"]) == (poor, 0, "warning")
    assert (failed["rule"], failed["event"], failed["path"]) == ("terminal-missing", 0, "$")
    size = len(said("Hi", ending=False)[0])
    assert failed["byte_range"] == [size, size]


def test_as_junit(poor: str):
    """A file is a case; errors are its failures, warnings are its output."""
    suite = ElementTree.fromstring(check(poor, DEMO, "--format", "junit").stdout)

    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    bad, good = suite.findall("testcase")
    assert (bad.get("name"), good.get("name")) == (poor, DEMO)
    assert [each.get("type") for each in bad.findall("failure")] == ["terminal-missing"]
    assert "usage-missing" in (bad.findtext("system-out") or "")
    assert list(good) == []


def test_as_annotations(poor: str):
    """A line a finding, of which no part can end the line or the property early."""
    warned, failed = check(poor, "--format", "github").stdout.splitlines()

    file = poor.replace(",", "%2C")
    assert warned.startswith(f"::warning file={file},title=usage-missing::interaction 0: ")
    assert failed.startswith(f"::error file={file},title=terminal-missing::interaction 1: ")


@pytest.mark.parametrize("form", ["text", "json", "junit", "github"])
def test_what_a_provider_sent_stays_text(form: str, tmp_path: Path):
    """Escape sequences, markup and line ends of an event do not get into the output as such."""
    evil = "\x1b[31m</failure>\n::error::x\r\ufffe"
    body = f"data: {json.dumps({'choices': [], 'id': [evil], evil: 1})}\n\n".encode()
    result = check(cassette(tmp_path / "evil.yaml", recorded(body)), "--format", form)

    assert "\x1b" not in result.stdout
    assert not [line for line in result.stdout.splitlines() if line.startswith("::error::x")]
    if form == "junit":
        assert ElementTree.fromstring(result.stdout).get("failures") == "1"


def test_warnings_fail_where_they_should(tmp_path: Path):
    """A warning alone is a success, unless --fail-on says otherwise."""
    file = cassette(tmp_path / "a.yaml", recorded(*said("Hi")))

    assert check(file).exit_code == 0
    assert check(file, "--fail-on", "warning").exit_code == 1


def test_rules_can_be_ignored(poor: str):
    """What they say is left out, and makes no failure."""
    result = check(poor, "--ignore", "terminal-missing", "--ignore", "usage-missing")

    assert (result.exit_code, result.stdout) == (0, "")


def test_what_is_too_old(tmp_path: Path):
    """--max-age says how old a recording may be, in days."""
    kept = recorded(*said("Hi"))
    old = replace(
        kept, response=replace(kept.response, recorded_at=datetime(2020, 1, 1, tzinfo=UTC))
    )
    file = cassette(tmp_path / "old.yaml", old)

    assert "stale: expected one not older than 365 days" in check(file).stdout
    assert "stale" not in check(file, "--max-age", "100000").stdout


def test_a_folder_is_searched_for_cassettes(poor: str, tmp_path: Path):
    """Other YAML and JSON beside them is none of its business; a damaged cassette is."""
    (tmp_path / "settings.yaml").write_text("colour: blue")
    (tmp_path / "data.json").write_text("{")
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "damaged.yaml").write_text("interactions: [")
    result = check(str(tmp_path))

    assert result.exit_code == 1
    assert "below/damaged.yaml: error: unreadable-file: " in result.stdout
    assert "files: 2," in result.stderr


@pytest.mark.parametrize("form", ["text", "json", "junit", "github"])
def test_a_folder_without_cassettes(tmp_path: Path, form):
    """Nothing was checked: that is said, and is no success."""
    (tmp_path / "settings.yaml").write_text("colour: blue")
    result = check(str(tmp_path), "--format", form)

    assert result.exit_code == 2
    assert f"nothing was checked: no cassette is in {tmp_path}" in result.stderr


def test_a_body_of_a_wire_that_is_named(tmp_path: Path):
    """A captured body is checked from a file or from the standard input."""
    body = b"".join(said("Hi", ending=False))
    file = tmp_path / "body.sse"
    file.write_bytes(body)

    for result in (
        check(str(file), "--wire", "openai-chat"),
        check("-", "--wire", "openai-chat", stdin=body),
    ):
        assert result.exit_code == 1
        assert ": error: stream: terminal-missing: " in result.stdout


def test_a_body_of_a_wire_that_is_not_named(tmp_path: Path):
    """What to do is told, of the standard input and of a file."""
    body = b'data: {"a": 1}\n\n'
    file = tmp_path / "body.sse"
    file.write_bytes(body)
    for result in (check("-", stdin=body), check(str(file))):
        assert result.exit_code == 1
        assert "name" in result.stdout
        assert "--wire" in result.stdout


@pytest.mark.parametrize(
    "args",
    [
        (),
        ("no-such-file",),
        (DEMO, "--wire", "telegraph"),
        (DEMO, "--profile", "loose"),
        (DEMO, "--ignore", "nothing"),
    ],
)
def test_asked_wrongly(args: tuple[str, ...]):
    """Exit status 2, and the reason."""
    result = check(*args)

    assert result.exit_code == 2
    assert "Error" in result.stderr
