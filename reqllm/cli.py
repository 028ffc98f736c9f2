"""The entry point of the command `reqllm`."""

from __future__ import annotations

from collections.abc import Callable

from reqllm.reporting import start


def main() -> None:
    """Run the command; exits with its status."""
    start("reqllm", _load, "cli")


def _load() -> Callable[[], object]:
    from reqllm.commands import reqllm

    return reqllm
