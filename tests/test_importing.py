"""Importing the package is cheap, and hides nothing."""

from __future__ import annotations

import ast
import inspect
import pickle
import subprocess
import sys

import pytest

import reqllm


def loaded_by(code: str) -> list[str]:
    watched = {"httpx", "anyio", "asyncio", "msgspec", "jsonschema", "reqllm.streaming"}
    told = f"\nimport sys\nprint(*sorted({watched!r} & sys.modules.keys()))"
    done = subprocess.run(
        [sys.executable, "-c", code + told], capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def test_what_is_not_asked_for_is_not_loaded():
    """Whoever imports the package, looks at its names or takes values alone loads no client."""
    assert loaded_by("import reqllm; dir(reqllm); reqllm.__version__") == []
    assert loaded_by("from reqllm import TextDelta, Context, RateLimitError") == ["msgspec"]
    assert "reqllm.streaming" in loaded_by("from reqllm import start_stream")


def test_what_checks_and_names_streams_needs_no_client():
    """The harness looks at recorded streams without loading any of our client's shells."""
    code = "import reqllm_fixtures.testing.checks, reqllm_fixtures.cassette"
    assert loaded_by(code) == ["msgspec"]


def test_every_public_name():
    """Each is there when asked for, is listed, is imported for type checkers; no other name is."""
    tree = ast.parse(inspect.getsource(reqllm))
    imported = {
        alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("reqllm.")
        for alias in node.names
    }
    assert imported == {name: f"reqllm.{home}" for name, home in reqllm._HOME_OF.items()}
    assert sorted([*imported, "__version__"]) == sorted(reqllm.__all__)
    assert set(reqllm.__all__) <= set(dir(reqllm))
    for name in imported:
        assert getattr(reqllm, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = reqllm.nothing


def test_a_star_brings_them_all():
    """`from reqllm import *` brings what `__all__` lists."""
    names: dict[str, object] = {}
    exec("from reqllm import *", names)
    assert set(reqllm.__all__) <= names.keys()


def test_values_are_pickled_as_before():
    """A value is pickled by the module that it is in, and comes back equal."""
    chunk = reqllm.TextDelta(text="Hi", index=0)
    assert pickle.loads(pickle.dumps(chunk)) == chunk
