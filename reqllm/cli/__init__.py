"""The entry point of the command `reqllm`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reqllm.cli.reporting import start

if TYPE_CHECKING:
    import click


def main() -> None:
    """Run the command; exits with its status."""
    start("reqllm", _load, "cli")


def _load() -> click.Command:
    from reqllm.cli.commands import reqllm

    return reqllm
