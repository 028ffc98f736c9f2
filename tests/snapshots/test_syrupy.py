"""`assert … == stream_snapshot` in runs of pytest of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONFTEST = 'pytest_plugins = ["reqllm_fixtures.snapshot_fixture"]\n'
SUITE = """
import json
import pytest
from reqllm import Client, decode_stream
from reqllm_fixtures import use_cassette
from reqllm_fixtures.snapshot import DeltaSnapshotExtension

def event(value):
    return f"data: {json.dumps(value)}\\n\\n".encode()

def answer(*texts):
    deltas = [{"index": 0, "delta": {"content": text}} for text in texts]
    deltas.append({"index": 0, "delta": {}, "finish_reason": "stop"})
    body = b"".join(event({"id": f"c{hash(texts)}", "choices": [each]}) for each in deltas)
    return decode_stream("openai-chat", body + b"data: [DONE]\\n\\n")

@pytest.mark.parametrize("model", ["openai:gpt", "openaigpt", "openai/gpt"])
def test_models(stream_snapshot, model):
    assert answer("I am ", model) == stream_snapshot

@pytest.mark.parametrize("text", [pytest.param("Hi", id="long" * 60)])
def test_long(stream_snapshot, text):
    assert answer(text) == stream_snapshot

class TestTwo:
    def test_twice(self, stream_snapshot):
        both = answer("one"), answer("SAID")
        assert both[0] == stream_snapshot
        assert both[1].chunks == stream_snapshot
        assert both[1] == stream_snapshot(name="a/b", extension_class=DeltaSnapshotExtension)

def test_live(stream_snapshot):
    with use_cassette(CASSETTE) as cassette, Client(transport=cassette.transport()) as client:
        with client.stream("anthropic:claude-haiku-4-5", "Why is the sky blue?") as response:
            list(response)
        assert response == stream_snapshot
""".replace("CASSETTE", repr(str(ROOT / "cassettes" / "demo.yaml")))


class Project:
    """A project of tests, in a folder of its own."""

    def __init__(self, folder: Path, suite: str = SUITE) -> None:
        self.folder = folder
        folder.joinpath("conftest.py").write_text(CONFTEST)
        folder.joinpath("test_chat.py").write_text(suite)

    def changed(self, folder: Path, suite: str) -> Project:
        """Give a project with the same snapshots and another suite."""
        shutil.copytree(self.folder / "__snapshots__", folder / "__snapshots__")
        return Project(folder, suite)

    def run(self, *args: str) -> subprocess.CompletedProcess[str]:
        # A warning of syrupy's, that it cannot tell whose a file is, would fail the run.
        plugins = ("-p", "syrupy", "-p", "xdist", "-p", "no:cacheprovider")
        options = ("-q", "-W", "error", *plugins, *args)
        return subprocess.run(
            [sys.executable, "-m", "pytest", *options],
            cwd=self.folder,
            env={
                # What a worker of the tests around it has set would make it one itself.
                **{name: value for name, value in os.environ.items() if "XDIST" not in name},
                "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    @property
    def snapshots(self) -> list[str]:
        found = self.folder.joinpath("__snapshots__").rglob("*.*")
        return sorted(str(path.relative_to(self.folder / "__snapshots__")) for path in found)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose snapshots were written, by two processes."""
    project = Project(tmp_path_factory.mktemp("project"))
    done = project.run("--snapshot-update", "-n", "2")
    assert done.returncode == 0, done.stdout
    assert "8 snapshots generated" in done.stdout
    return project


def test_each_snapshot_is_a_file_named_after_its_test(project: Project):
    """Parameters that no file name can hold share no file; the project knows whose each is."""
    names = project.snapshots
    assert len(names) == 8
    assert [name for name in names if "TestTwo" in name] == [
        "test_chat/TestTwo.test_twice.1.jsonl",
        "test_chat/TestTwo.test_twice.jsonl",
        "test_chat/TestTwo.test_twice[a-b]-d2fa17b3.jsonl",
    ]
    assert "test_chat/test_models[openaigpt].jsonl" in names
    assert sum(name.startswith("test_chat/test_models[openai-gpt]-") for name in names) == 2
    assert sum(name.startswith("test_chat/test_long[longlong") for name in names) == 1
    assert max(len(Path(name).name.encode()) for name in names) <= 255


def test_all_is_well_when_nothing_changed(project: Project):
    """The same answers, with other ids, equal their snapshots; none is unused, under xdist too."""
    done = project.run("-n", "2")
    assert done.returncode == 0, done.stdout
    assert "8 snapshots passed." in done.stdout
    assert "unused" not in done.stdout


def test_a_failure_shows_the_lines_that_differ(project: Project, tmp_path: Path):
    """Both as they were and as they are, with the line before and the line after."""
    changed = project.changed(tmp_path, SUITE.replace('"SAID"', '"CLAIMED"'))
    done = changed.run("-k", "twice or openaigpt")
    assert done.returncode == 1
    assert "1 snapshot failed. 2 snapshots passed." in done.stdout
    shown = [line[1:].strip() for line in done.stdout.splitlines() if line.startswith("E ")]
    assert shown[0] == "assert [+ received] == [- snapshot]"
    assert [line[:46] for line in shown if line.startswith(("- ", "+ "))] == [
        '- {"kind": "text_delta", "text": "SAID", "inde',
        '+ {"kind": "text_delta", "text": "CLAIMED", "i',
    ]
    assert len(shown) <= 7


def test_unused_snapshots_are_reported_and_removed(project: Project, tmp_path: Path):
    """A test that is gone leaves its file: a whole run fails and names it, an update removes it."""
    fewer = SUITE.replace(', "openai/gpt"', "").replace("def test_live", "def no_test")
    changed = project.changed(tmp_path, fewer)
    done = changed.run("--snapshot-details")
    assert done.returncode == 1
    assert "2 snapshots unused" in done.stdout
    assert "test_live" in done.stdout
    updated = changed.run("--snapshot-update")
    assert updated.returncode == 0, updated.stdout
    assert len(changed.snapshots) == len(project.snapshots) - 2
    assert "test_chat/test_live.jsonl" not in changed.snapshots


def test_the_fixture_loads_no_syrupy():
    """A plugin may offer it at no cost: syrupy is imported when a test asks."""
    code = (
        "import sys, reqllm_fixtures.snapshot_fixture as f; assert f.stream_snapshot; "
        "print(sorted({'syrupy', 'httpx', 'yaml', 'reqllm'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
