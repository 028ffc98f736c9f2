"""`reqllm-fixtures conformance-report`."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import Result
from msgspec.structs import replace

from reqllm_fixtures.conformance import Matrix, merged, read_report
from reqllm_fixtures.conformance.json_report import json_report
from tests.commands.running import environment, finished, run

from .matrices import cell, example


def report(*args: str) -> Result:
    return run("reqllm-fixtures", "conformance-report", *args)


def kept(path: Path, matrix: Matrix) -> str:
    path.write_text(json_report(matrix))
    return str(path)


@pytest.fixture
def halves(tmp_path: Path) -> tuple[str, str]:
    """The example in two reports, of a model each."""
    one, other = (replace(example(), rows=(row,)) for row in example().rows)
    return kept(tmp_path / "one.json", one), kept(tmp_path / "other.json", other)


def test_several_reports_are_one(halves, tmp_path):
    """All models are in one matrix, in each form that is asked for; failures in it are no error."""
    files = [str(tmp_path / f"all.{end}") for end in ("json", "html", "xml")]
    result = report(*halves, *(word for file in files for word in ("-o", file)))

    assert (result.exit_code, result.stderr) == (0, "")
    assert "openai:gpt-5-mini" in result.stdout
    assert "own:m" in result.stdout
    whole = read_report(Path(files[0]).read_text())
    assert whole == merged([example()])
    assert Path(files[1]).read_text().startswith("<!DOCTYPE html>")
    assert len(ElementTree.parse(files[2]).findall("testsuite")) == 2
    assert report(*halves, "--format", "json").stdout == Path(files[0]).read_text()


def test_what_is_worse_is_no_success(tmp_path):
    """Against an older report the changes are told, a line each; only worse ones fail."""
    first = example().rows[0]
    better = replace(first, cells=(*first.cells[:1], cell("system", "passed"), *first.cells[2:]))
    old = kept(tmp_path / "old.json", replace(example(), rows=(first,)))
    new = kept(tmp_path / "new.json", replace(example(), rows=(better,)))

    gone_well = report(new, "--against", old)
    assert gone_well.exit_code == 0
    change = "openai:gpt-5-mini (openai-responses) system"
    assert gone_well.stdout == f"+ {change}: failed → passed\n"
    assert "changes: 1, for the worse: 0" in gone_well.stderr

    gone_badly = report(old, "--against", new)
    assert gone_badly.exit_code == 1
    assert gone_badly.stdout == f"- {change}: passed → failed\n"
    assert "changes: 1, for the worse: 1" in gone_badly.stderr

    same = report(old, "--against", old)
    assert (same.exit_code, same.stdout) == (0, "")


def test_by_profile_strict_remarks_are_failures(tmp_path):
    """What a report was held to, it is held to here as well."""
    strict = kept(tmp_path / "strict.json", replace(example(), profile="strict"))
    loose = kept(tmp_path / "compat.json", example())

    failures = [
        ElementTree.fromstring(report(file, "--format", "junit").stdout).get("failures")
        for file in (strict, loose)
    ]
    assert failures == ["2", "1"]


@pytest.mark.parametrize("form", ["json", "junit", "html", "text"])
def test_a_terminal_without_our_signs(form, tmp_path):
    """What is for programs is UTF-8 all the same; what is for people has plain signs."""
    row = replace(example().rows[0], cells=(cell("text", "passed", message="漢字"),))
    matrix = replace(example(), rows=(row,))
    done = finished(
        *("reqllm-fixtures", "conformance-report", kept(tmp_path / "a.json", matrix)),
        *("--format", form),
        env=environment(PYTHONIOENCODING="ascii"),
    )

    assert done.returncode == 0
    if form == "text":
        assert b"+ passed, recorded 22 days ago" in done.stdout
    else:
        assert "漢字" in done.stdout.decode()


def test_what_is_no_report(tmp_path, halves):
    """It is named, with what was expected; so is a file that cannot be written."""
    bad = tmp_path / "bad.json"
    bad.write_text("[]")
    result = report(halves[0], str(bad))
    assert result.exit_code == 1
    assert f"{bad} is not a report of conformance that can be read" in result.stderr
    assert report(halves[0], "-o", str(tmp_path / "a.pdf")).exit_code == 2
    result = report(halves[0], "-o", str(tmp_path / "no" / "such" / "a.html"))
    assert "Traceback" not in result.stderr
    assert report(str(tmp_path / "none.json")).exit_code == 2
