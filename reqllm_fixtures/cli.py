"""The entry point of the command `reqllm-fixtures`."""

from __future__ import annotations

from collections.abc import Callable

from reqllm.reporting import start


def main() -> None:
    """Run the command; exits with its status."""
    start("reqllm-fixtures", _load, "fixtures")


def _load() -> Callable[[], object]:
    from reqllm_fixtures.commands import reqllm_fixtures

    return reqllm_fixtures
