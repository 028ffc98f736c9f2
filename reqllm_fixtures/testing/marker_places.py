"""Finds the line on which a marker was written; pytest does not keep it."""

from __future__ import annotations

import ast
import inspect
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


def place_of(
    node: pytest.Item | pytest.Collector | Any, mark: pytest.Mark, item: pytest.Item
) -> str:
    """Tell file and line of a marker, and show the line."""
    file = Path(getattr(node, "path", item.path))
    if file.is_dir() or file.suffix != ".py":
        file = item.path
    source = _source_of(file)
    line = _line(source, mark, _first_line(node)) or _first_line(item) or 1
    shown = os.path.relpath(file, item.config.invocation_params.dir)
    text = source.splitlines()[line - 1].strip() if line <= source.count("\n") + 1 else ""
    return f"{shown}:{line}: {text}"


def _source_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _first_line(node: Any) -> int | None:
    """Tell the line of the first decorator of what was marked, if it is known."""
    located = getattr(node, "location", None)
    if located is not None and located[1] is not None:
        return int(located[1]) + 1
    try:
        return inspect.getsourcelines(node.obj)[1] if inspect.isclass(node.obj) else None
    except (AttributeError, OSError):
        return None


def _line(source: str, mark: pytest.Mark, first: int | None) -> int | None:
    """Find the call with these arguments that comes next after the line, or else any."""
    try:
        calls = sorted(_calls(ast.parse(source), mark))
    except SyntaxError:
        return None
    return next((line for line in calls if first is not None and line >= first), None) or next(
        iter(calls), None
    )


def _calls(tree: ast.AST, mark: pytest.Mark) -> Iterator[int]:
    for call in ast.walk(tree):
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)):
            continue
        names = {each.arg for each in call.keywords}
        if call.func.attr == mark.name and names == set(mark.kwargs):
            yield call.lineno
