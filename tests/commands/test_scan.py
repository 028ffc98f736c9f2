"""`reqllm-fixtures scan`."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from reqllm_fixtures import Cassette, RecordedRequest, save
from reqllm_fixtures.files.journal import Journal
from reqllm_fixtures.matching.matchers import strict

from .making import CHAT, JSON, cassette, recorded, said
from .running import DEMO, REASONING, TOOLS, run

# Made here, so that no scanner takes this file for a leak.
KEY = "sk-proj-" + "Zq8Xw2Lr7Tn4Vb9K" * 3


def scan(*args: str):
    return run("reqllm-fixtures", "scan", *args)


def leaking():
    """An interaction with a key in a request header and one divided over two pieces."""
    kept = recorded(*said(KEY[:20], KEY[20:]))
    return replace(
        kept,
        request=RecordedRequest("POST", CHAT, (*JSON, ("Authorization", f"Bearer {KEY}")), b"{}"),
    )


def found(result) -> list[dict]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_our_own_recordings_are_clean():
    """Nothing is found, which is said, and is success."""
    result = scan(DEMO, TOOLS, REASONING)
    assert (result.exit_code, result.stdout) == (0, "")
    assert "files: 3, findings: 0" in result.stderr


def test_file_interaction_place_and_kind_are_told_and_never_the_value(tmp_path: Path):
    """The second interaction leaks, in its header and over two of its events."""
    file = cassette(tmp_path / "leaking.yaml", recorded(*said("Hi")), leaking())
    result = scan(file)
    assert result.exit_code == 1
    assert f"{file}: interaction 1, request header authorization: " in result.stdout
    assert f"{file}: interaction 1, response body line" in result.stdout
    assert "interaction 0" not in result.stdout
    for written in (result.stdout, result.stderr):
        assert KEY[8:20] not in written
        assert KEY[20:] not in written


def test_as_json(tmp_path: Path):
    """One finding a line, and nothing else."""
    file = cassette(tmp_path / "leaking.json", leaking())
    result = scan("--json", file)
    assert result.stderr == ""
    assert {(each["file"], each["interaction"]) for each in found(result)} == {(file, 0)}
    assert "request header authorization" in {each["place"] for each in found(result)}
    assert all(each["kind"] for each in found(result))


def test_a_folder_is_searched_with_what_is_hidden_in_it(tmp_path: Path):
    """Packed cassettes, journals left behind and notes are looked through; a repository is not."""
    deep = tmp_path / "a" / "b"
    save(Cassette(deep / "packed.yaml.gz", [leaking()], matcher=strict))
    Journal(deep / "chat.yaml").add(0, leaking())
    tmp_path.joinpath("notes.txt").write_text(f"the key is\n{KEY}\n")
    tmp_path.joinpath("notes.txt.gz").write_bytes(gzip.compress(KEY.encode()))
    tmp_path.joinpath(".git").mkdir()
    tmp_path.joinpath(".git", "config").write_text(KEY)
    result = scan("--json", str(tmp_path))
    assert result.exit_code == 1
    files = {each["file"]: each["interaction"] for each in found(result)}
    journal = next(name for name in files if name.endswith(".journal"))
    assert files == {
        str(deep / "packed.yaml.gz"): 0,
        journal: 0,
        str(tmp_path / "notes.txt"): None,
        str(tmp_path / "notes.txt.gz"): None,
    }
    assert {each["place"] for each in found(result) if each["file"].endswith(".txt")} == {"line 2"}


def test_a_comment_in_a_cassette_and_a_broken_cassette_are_text(tmp_path: Path):
    """What no reader of cassettes would see is seen."""
    clean = Path(cassette(tmp_path / "clean.yaml", recorded(*said("Hi"))))
    clean.write_text(f"# {KEY}\n{clean.read_text()}")
    broken = tmp_path / "broken.yaml"
    broken.write_text(f"interactions: [\n  {KEY}")
    result = scan("--json", str(tmp_path))
    places = {each["file"]: (each["interaction"], each["place"]) for each in found(result)}
    assert places == {str(clean): (None, "line 1"), str(broken): (None, "line 2")}


@pytest.mark.parametrize("line", ["[1]", '[0, {"interactions": [], "version": 1}]', "[0, 1]", "{"])
def test_a_broken_journal_is_text(tmp_path: Path, line: str):
    """What no reader of journals would take is looked through all the same."""
    path = tmp_path / ".chat.yaml.1234.journal"
    path.write_text(f"{line}\n{KEY}\n")
    (each,) = found(scan("--json", str(path)))
    assert (each["interaction"], each["place"]) == (None, "line 2")


def test_what_cannot_be_read_is_not_called_clean(tmp_path: Path):
    """A damaged archive is named, the others are looked through, and the status says it."""
    tmp_path.joinpath("damaged.yaml.gz").write_bytes(gzip.compress(b"x" * 99)[:-9])
    tmp_path.joinpath("fine.txt").write_text("fine")
    result = scan(str(tmp_path))
    assert result.exit_code == 1
    assert "damaged.yaml.gz" in result.stderr
    assert "files: 1, findings: 0" in result.stderr


def test_bad_usage_is_2(tmp_path: Path):
    """No path, and one that is not there."""
    assert scan().exit_code == 2
    result = scan(str(tmp_path / "none.yaml"))
    assert result.exit_code == 2
    assert "none.yaml" in result.stderr


def test_help_teaches():
    """Examples and statuses stand in the help."""
    said_there = scan("--help").stdout
    assert "reqllm-fixtures scan cassettes/" in said_there
    assert "never the secret" in said_there
    assert "Exit status" in said_there
