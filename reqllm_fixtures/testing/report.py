"""The report of a run, for programs."""

from __future__ import annotations

import msgspec
import pytest

from reqllm_fixtures.files import disk
from reqllm_fixtures.testing.summary import Summary


def write(path: str, summary: Summary) -> None:
    """Write the report as JSON; docs/pytest.md tells its fields. Raises pytest.UsageError."""
    text = msgspec.json.format(msgspec.json.encode(summary), indent=2)
    try:
        disk.publish(path, text + b"\n")
    except OSError as error:
        raise pytest.UsageError(f"The report {path} could not be written: {error}") from None
