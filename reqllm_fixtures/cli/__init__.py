"""The entry point of the command `reqllm-fixtures`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reqllm.cli.reporting import start

if TYPE_CHECKING:
    import click


def main() -> None:
    """Run the command; exits with its status."""
    start("reqllm-fixtures", _load, "fixtures")


def _load() -> click.Command:
    from reqllm_fixtures.cli.commands import reqllm_fixtures

    return reqllm_fixtures
