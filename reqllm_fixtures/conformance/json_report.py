"""A run of conformance as JSON, and back: `reqllm_fixtures/schemas/conformance.json`. Pure."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from reqllm.cli.terminal import as_json
from reqllm_fixtures.conformance.results import Matrix
from reqllm_fixtures.errors import ReportError

VERSION = 1


def json_report(matrix: Matrix) -> str:
    """Write a matrix as one JSON document, indented; `read_report` reads it back."""
    return as_json(msgspec.to_builtins(matrix), indent=2) + "\n"


def read_report(text: str | bytes, name: str = "This text") -> Matrix:
    """Read what `json_report` wrote; fields that are not known are passed over.

    name: what errors call it. Raises ReportError.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ReportError(name, expected="a JSON document", came=str(error)) from None
    version = _version(document)
    if version != VERSION:
        raise ReportError(name, expected=f"version {VERSION}", came=f"version {version!r}")
    try:
        return msgspec.convert(document, Matrix)
    except msgspec.ValidationError as error:
        raise ReportError(name, expected="fields as the schema has them", came=str(error)) from None


def _version(document: Any) -> Any:
    return document.get("version") if isinstance(document, dict) else None
