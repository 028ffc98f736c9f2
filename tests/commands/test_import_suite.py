"""`reqllm-fixtures import --from-pytest-recording`: a suite keeps its cassettes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from reqllm_fixtures import load, use_cassette
from tests.loopback.server import LoopbackServer
from tests.shells.answers import HELLO, always

from .running import run

KEY = "sk-proj-" + "Zq8Xw2Lr7Tn4Vb9K" * 3
CHAT = "tests/test_chat.py"
THEIRS = "tests/cassettes/test_chat"
CONFTEST = """
import httpx
import pytest

@pytest.fixture
def ask(request):
    def ask(text):
        asked = {"model": "m", "stream": True, "messages": [{"role": "user", "content": text}]}
        with httpx.Client(headers={"authorization": "Bearer KEY"}) as client:
            url = "URL/v1/chat/completions"
            return client.post(url, json=asked).raise_for_status().text
    return ask
"""
SUITE = """
import pytest

@pytest.mark.vcr
def test_plain(ask):
    assert "Hello" in ask("plain")

@pytest.mark.vcr
@pytest.mark.parametrize("model", ["openai/gpt", "claude", pytest.param("x", id="long" * 70)])
def test_models(ask, model):
    assert "Hello" in ask(model) + ask(f"{model} again")

class TestOuter:
    @pytest.mark.vcr
    def test_in(self, ask):
        assert "Hello" in ask("outer")

    class TestInner:
        @pytest.mark.vcr
        def test_in(self, ask):
            assert "Hello" in ask("inner")

@pytest.mark.vcr
@pytest.mark.default_cassette("named")
def test_named(ask):
    assert "Hello" in ask("named")

@pytest.mark.vcr("test_plain.yaml", "named.yaml", match_on=["method", "body"])
def test_extra(ask):
    assert "Hello" in ask("named") + ask("plain")

@pytest.mark.vcr
def test_silent():
    pass
"""
AS_JSON = """
import pytest

@pytest.fixture
def vcr_config():
    return {"serializer": "json"}

@pytest.mark.vcr
def test_plain(ask):
    assert "Hello" in ask("as JSON")
"""


class Project(NamedTuple):
    """A suite, in a folder of its own."""

    folder: Path
    server: LoopbackServer

    def pytest(self, plugin: str, *args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", plugin, *args, "tests"],
            cwd=self.folder,
            env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def change(self, old: str, new: str) -> None:
        for path in self.folder.joinpath("tests").glob("*.py"):
            path.write_text(path.read_text().replace(old, new))

    @property
    def cassettes(self) -> list[str]:
        found = self.folder.joinpath("tests", "cassettes").rglob("*.*")
        return sorted(str(path.relative_to(self.folder)) for path in found)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A suite whose cassettes stock pytest-recording has made, of answers of a server here."""
    folder = tmp_path_factory.mktemp("recorded")
    folder.joinpath("tests").mkdir()
    with LoopbackServer(always(HELLO)) as server:
        files = {"conftest.py": CONFTEST, "test_chat.py": SUITE, "test_json.py": AS_JSON}
        for name, text in files.items():
            changed = text.replace("URL", server.url).replace("KEY", KEY)
            folder.joinpath("tests", name).write_text(changed)
        project = Project(folder, server)
        done = project.pytest("pytest_recording.plugin", "--record-mode=once")
        assert done.returncode == 0, done.stdout
        assert len(project.cassettes) == 8
        yield project


@pytest.fixture
def project(recorded: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A copy of it, where commands run."""
    shutil.copytree(recorded.folder / "tests", tmp_path / "tests")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    return recorded._replace(folder=tmp_path)


def imported(*args: str):
    return run("reqllm-fixtures", "import", *args)


def take_over(*args: str):
    return imported("--from-pytest-recording", "tests", *args)


def test_a_suite_changes_its_marker_and_keeps_its_cassettes(project: Project):
    """After the import its tests pass under our plugin, from what pytest-recording recorded."""
    assert take_over().exit_code == 0
    asked = len(project.server.requests)
    project.change(
        '@pytest.mark.default_cassette("named")', '@pytest.mark.reqllm("test_chat/named")'
    )
    project.change(
        '@pytest.mark.vcr("test_plain.yaml", "named.yaml", match_on=["method", "body"])',
        '@pytest.mark.reqllm(match=["method", "body"], patch=True)',
    )
    project.change("@pytest.mark.vcr", "@pytest.mark.reqllm(patch=True)")
    done = project.pytest("reqllm_fixtures.plugin", "--strict-markers")
    assert done.returncode == 0, done.stdout
    assert "10 passed" in done.stdout
    assert len(project.server.requests) == asked


def test_every_cassette_of_the_suite_plays(project: Project):
    """Those that were written and those that were left, each from its first request to its last."""
    take_over()
    asked = len(project.server.requests)
    for name in project.cassettes:
        with use_cassette(name) as used, httpx.Client(transport=used.transport()) as client:
            for each in load(name).interactions:
                url, body = each.request.uri, each.request.body
                assert client.request(each.request.method, url, content=body).content == HELLO
            assert not used.unplayed
    assert len(project.server.requests) == asked


def test_only_what_has_another_name_is_written(project: Project):
    """Where both have the same name, the file is left, byte for byte; nothing is removed."""
    before = {name: project.folder.joinpath(name).read_bytes() for name in project.cassettes}
    result = take_over()
    assert {name: project.folder.joinpath(name).read_bytes() for name in before} == before
    made = set(project.cassettes) - set(before)
    assert len(made) == 5
    assert f"{THEIRS}/TestOuter.TestInner.test_in.yaml" in made
    assert "tests/cassettes/test_json/test_plain.yaml" in made
    assert f"{THEIRS}/test_plain.yaml: interactions: 1, plays as it is" in result.stdout
    moved = f"{THEIRS}/TestOuter.TestInner.test_in.yaml: interactions: 1, from "
    assert f"{moved}{THEIRS}/TestInner.test_in.yaml" in result.stdout
    for name in made:
        assert KEY not in project.folder.joinpath(name).read_text()


def test_a_test_that_plays_from_several_files_gets_one(project: Project):
    """All that its marker names, after what is its own; what is there is not added twice."""
    extra = project.folder.joinpath(THEIRS, "test_extra.yaml")

    def asked() -> list[str]:
        bodies = (each.request.body.decode() for each in load(extra).interactions)
        return [json.loads(body)["messages"][0]["content"] for body in bodies]

    take_over()
    assert asked() == ["plain", "named"]
    shutil.copy(project.folder.joinpath(THEIRS, "TestOuter.test_in.yaml"), extra)
    assert f"{THEIRS}/test_extra.yaml: interactions: 3" in take_over().stdout
    assert asked() == ["outer", "plain", "named"]
    assert f"{THEIRS}/test_extra.yaml: interactions: 3, plays as it is" in take_over().stdout
    assert asked() == ["outer", "plain", "named"]


def test_it_says_what_is_left_to_do(project: Project):
    """Markers, fixtures, files that are not needed any more, tests that have no recording."""
    project.folder.joinpath(THEIRS, "stale.yaml").write_text("interactions: []\nversion: 1\n")
    said = take_over().stderr.splitlines()
    for line in (
        f"{CHAT}::test_silent: no recording was found",
        f"{THEIRS}/TestInner.test_in.yaml: no longer needed",
        f"{THEIRS}/stale.yaml: no test uses it",
        "tests/test_json.py: vcr_config is read by pytest-recording alone: see docs/migrating.md",
        f"{CHAT}::test_named: its default_cassette becomes reqllm('test_chat/named', patch=True)",
        f"{CHAT}::test_extra: its marker's match_on: see docs/migrating.md",
        f"{CHAT}: @pytest.mark.vcr becomes @pytest.mark.reqllm(patch=True)",
        "tests/test_json.py: @pytest.mark.vcr becomes @pytest.mark.reqllm(patch=True)",
    ):
        assert f"reqllm-fixtures: {line}" in said
    assert not any(f"{THEIRS}/test_plain.yaml: no " in line for line in said)


@pytest.mark.parametrize(
    ("marker", "said"),
    [
        ("vcr", f"{THEIRS}/named.yaml: interactions: 1, plays as it is"),
        ('vcr("test_plain.yaml")', "have different recordings"),
    ],
)
def test_two_tests_with_one_cassette(project: Project, marker: str, said: str):
    """It is taken once; what each of them would have in it must be the same."""
    shared = f'@pytest.mark.{marker}\n@pytest.mark.default_cassette("named")\ndef test_silent'
    project.change("@pytest.mark.vcr\ndef test_silent", shared)
    result = take_over()
    assert result.output.count(said) == 1
    assert result.exit_code == ("different" in said)


def test_a_fixture_that_a_class_overrides_is_told(project: Project):
    """As one of a module, or of a conftest.py."""
    project.change("class TestInner:", "class TestInner:\n        vcr_config = None")
    said = take_over().stderr
    assert f"{CHAT}: vcr_config is read by pytest-recording alone" in said


def test_a_second_time_changes_nothing(project: Project):
    """Also when the markers were changed meanwhile."""
    take_over()
    names = project.cassettes
    files = {name: project.folder.joinpath(name).read_bytes() for name in names}
    project.change("@pytest.mark.vcr\n", "@pytest.mark.reqllm\n")
    again = take_over()
    assert again.exit_code == 0
    assert f"{THEIRS}/TestOuter.TestInner.test_in.yaml: is there already" in again.stdout
    assert {name: project.folder.joinpath(name).read_bytes() for name in project.cassettes} == files


def test_a_secret_in_a_file_that_is_left_is_told(project: Project):
    """Stock pytest-recording keeps keys: the file is named, never the key, and --force drops it."""
    assert KEY in project.folder.joinpath(THEIRS, "test_plain.yaml").read_text()
    result = take_over()
    assert f"{THEIRS}/test_plain.yaml: holds what looks like a secret" in result.stderr
    assert KEY not in result.output
    forced = take_over("--force")
    assert forced.exit_code == 0
    text = project.folder.joinpath(THEIRS, "test_plain.yaml").read_text()
    assert KEY not in text
    assert "x_reqllm" in text


def test_a_cassette_that_cannot_be_read_is_told_and_the_others_are_taken(project: Project):
    """The exit status says that not all went well; a file that was not taken still is needed."""
    project.folder.joinpath(THEIRS, "TestInner.test_in.yaml").write_text("interactions: 5\n")
    result = take_over()
    assert result.exit_code == 1
    assert "TestInner.test_in.yaml: CassetteFormatError" in result.stderr
    assert "TestInner.test_in.yaml: no longer needed" not in result.stderr
    assert f"{THEIRS}/test_extra.yaml: interactions: 2" in result.stdout


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def test_a():\n    pass\n", "Expected tests marked with vcr in"),
        ("import nothing_of_the_kind\n", "nothing_of_the_kind"),
    ],
    ids=["no tests", "no collection"],
)
def test_a_folder_without_such_tests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, said: str
):
    """What pytest said is passed on."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    tmp_path.joinpath("test_a.py").write_text(text)
    result = imported("--from-pytest-recording", str(tmp_path))
    assert result.exit_code == 1
    assert said in result.stderr


@pytest.mark.parametrize(
    "args", [(), ("conftest.py", "--from-pytest-recording", "tests"), ("--into", "x")]
)
def test_files_or_a_suite(args: tuple[str, ...], monkeypatch: pytest.MonkeyPatch):
    """Either is named, and --into is for files."""
    monkeypatch.chdir(Path(__file__).parents[2])
    into = "--into" in args
    result = imported(*args, *(("--from-pytest-recording", "tests") if into else ()))
    assert result.exit_code == 2
    assert "Usage:" in result.stderr
