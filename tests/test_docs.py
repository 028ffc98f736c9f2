"""The pages say what the code does."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import reqllm
import reqllm_fixtures
from reqllm.chunk import StreamChunk
from reqllm_fixtures import overlay
from reqllm_fixtures.library import CassetteInUse, use_cassette
from reqllm_fixtures.overlay.incidents import INCIDENTS
from reqllm_fixtures.overlay.words import KINDS
from reqllm_fixtures.secrets.redaction import Redactor

ROOT = Path(__file__).parent.parent
# Of the table of what is virtual.
NO_OVERLAYS = ("asyncio.", "trio.", "anyio.", "loop.", "sleep")
CHUNKS = (ROOT / "docs" / "chunks.md").read_text()
ROWS = [
    [re.findall(r"`(\w+)`", names), re.findall(r"`(\w+)`", kinds), family.strip()]
    for names, kinds, family in re.findall(r"^\| (`[A-Z].*?) \| (.*?) \| (.*?) \|", CHUNKS, re.M)
]


def members(kind: type[StreamChunk]) -> set[type[StreamChunk]]:
    found = {kind} if kind.kind else set()
    return found.union(*map(members, kind.__subclasses__()))


def test_every_chunk_is_listed_as_it_is():
    """The table of chunks has every member, with its kind and its type."""
    listed = {
        (name, kind, family)
        for names, kinds, family in ROWS
        for name, kind in zip(names, kinds, strict=True)
    }
    assert listed == {(each.__name__, each.kind, each.type) for each in members(StreamChunk)}


def test_every_listed_chunk_can_be_imported():
    """What the table names is a public name."""
    assert {name for names, *_ in ROWS for name in names} <= set(reqllm.__all__)


def examples(page: str) -> list[str]:
    text = (ROOT / "docs" / page).read_text()
    return re.findall(r"^```python\n(.*?)^```", text, re.M | re.S)


def test_examples_of_the_page_on_snapshots_run(tmp_path: Path):
    """They are tests: they take their snapshots, and then pass on them."""
    for number, example in enumerate(examples("snapshots.md")):
        text = example.replace('"cassettes/', f'"{ROOT}/cassettes/')
        tmp_path.joinpath(f"test_{number}.py").write_text(text)
    plugins = ("-p", "syrupy", *PLUGIN)
    run_pytest(tmp_path, *plugins, "--snapshot-update")
    assert "4 snapshots passed" in run_pytest(tmp_path, *plugins)


MIGRATING = (ROOT / "docs" / "migrating.md").read_text()
PLUGIN = ("-p", "reqllm_fixtures.plugin")


def test_the_page_on_migrating_names_what_there_is(tmp_path: Path):
    """Every option, setting, fixture, keyword and attribute that its tables tell to use."""
    told = run_pytest(tmp_path, *PLUGIN, "--help") + run_pytest(tmp_path, *PLUGIN, "--fixtures")
    assert {*re.findall(r"--reqllm-[a-z-]+", MIGRATING)} <= {*re.findall(r"--reqllm-[a-z-]+", told)}
    functions = (use_cassette, Redactor.of)
    keywords = {name for each in functions for name in inspect.signature(each).parameters}
    ours = [row.split("|")[2] for row in MIGRATING.splitlines() if row.startswith("| ")]
    named = {name for cell in ours for name in re.findall(r"`(\w+)(?:=.*?)?`", cell)}
    assert len(named) > 20
    known = {*dir(CassetteInUse), *dir(reqllm_fixtures), *re.findall(r"\w+", told)}
    assert named <= known | keywords


def test_the_page_on_migrating_shows_a_config_that_is_taken(tmp_path: Path):
    """Its `reqllm_config` is one that the plugin accepts, and its marker too."""
    (config,) = (each for each in examples("migrating.md") if "def reqllm_config" in each)
    tmp_path.joinpath("conftest.py").write_text(config)
    test = "def test_a(reqllm_cassette):\n    assert reqllm_cassette.unplayed == ()\n"
    marker = '@pytest.mark.reqllm(match=["method", "uri"], unplayed="ignore", patch=True)\n'
    marked = marker + test.replace("test_a", "test_b")
    tmp_path.joinpath("test_it.py").write_text(f"import pytest\n\n{test}\n{marked}")
    assert "2 passed" in run_pytest(tmp_path, *PLUGIN)


OVERLAYS = (ROOT / "docs" / "overlays.md").read_text()


def test_the_page_on_overlays_names_what_there_is():
    """Its tables hold every overlay and incident, and what they write can be read."""
    cells = [row.split("|")[1] for row in OVERLAYS.splitlines() if row.startswith("| `")]
    texts = [text for cell in cells for text in re.findall(r"`(.*?)`", cell)]
    written = [text.replace(",text=…", "").replace(":…", "") for text in texts]
    read = [overlay.parse(text) for text in written if not text.startswith(NO_OVERLAYS)]
    parts = [part for each in read for part in each.parts]
    assert {each.name for each in parts} == {*KINDS, "incident"}
    assert {str(each) for each in parts if each.name == "incident"} == {*INCIDENTS}


def test_the_page_on_overlays_shows_tests_that_pass(tmp_path: Path):
    """Its tests run under their groups, all of them from one recording."""
    (example,) = (each for each in examples("overlays.md") if "reqllm_overlays(" in each)
    tmp_path.joinpath("test_it.py").write_text(example)
    for name in re.findall(r"def (test_\w+)", example):
        target = tmp_path / "cassettes" / "test_it" / f"{name}.yaml"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text((ROOT / "cassettes" / "demo.yaml").read_text())
    assert "30 passed" in run_pytest(tmp_path, *PLUGIN)


def run_pytest(folder: Path, *args: str) -> str:
    """Run it in a process of its own, where only the plugins are loaded that are named."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *args],
        cwd=folder,
        env={
            # What a worker of the tests around it has set would make it one, which reports nothing.
            **{name: value for name, value in os.environ.items() if "XDIST" not in name},
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
