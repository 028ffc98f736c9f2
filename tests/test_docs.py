"""The pages say what the code does."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import reqllm
from reqllm.chunk import StreamChunk

ROOT = Path(__file__).parent.parent
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
    plugins = ("-p", "syrupy", "-p", "reqllm_fixtures.snapshot_fixture", "-p", "no:cacheprovider")
    for options in (("--snapshot-update",), ()):
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", *plugins, *options],
            cwd=tmp_path,
            env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
    assert "4 snapshots passed" in done.stdout
