"""The examples of the README and the documents run as they stand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
# An example that needs a provider says so: ```python no-run
EXAMPLES = [
    pytest.param(example, id=f"{page.name} {number}")
    for page in PAGES
    for number, example in enumerate(
        re.findall(r"^```python\n(.*?)^```", page.read_text(), re.M | re.S)
    )
]


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_run(
    example: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """Every Python example runs in a clone without keys, and says something or checks itself."""
    monkeypatch.chdir(ROOT)
    for name in ("ANTHROPIC_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    exec(compile(example, "an example", "exec"), {"__name__": "__main__"})
    assert capsys.readouterr().out or "assert" in example


def test_the_first_result_comes_early():
    """A reader sees how to get a first result within twenty lines."""
    head = (ROOT / "README.md").read_text().splitlines()[:20]
    assert any("make demo" in line for line in head)
    assert any("for token in response.tokens()" in line for line in head)
