"""The wires by name. Each is imported when it is first asked for."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from reqllm.errors import UnknownWireError

if TYPE_CHECKING:
    from reqllm.wires.wire import Wire

WIRE_NAMES = (
    "anthropic-messages",
    "bedrock-converse",
    "bedrock-invoke",
    "cohere-v2",
    "gemini",
    "gemini-interactions",
    "ollama",
    "openai-chat",
    "openai-responses",
)


def wire_named(name: str) -> Wire:
    """Return the wire of that name.

    Raises UnknownWireError, which lists the wires there are.
    """
    if name not in WIRE_NAMES:
        raise no_wire(name)
    return _wire_of(name)


@cache
def _wire_of(name: str) -> Wire:
    # No package of a wire imports it: who needs a word of a wire need not load all of it.
    wire: Wire = import_module(f"{__package__}.{name.replace('-', '_')}.wire").WIRE
    return wire


def no_wire(name: object, wires: Iterable[str] = WIRE_NAMES) -> UnknownWireError:
    """Return the error that says there is no such wire, and which there are."""
    from reqllm.wires.common.request_body import nearest  # here, as most names are right

    near = nearest(name, wires) if isinstance(name, str) else ""
    return UnknownWireError(f"there is no wire {name!r}.{near} The wires are {', '.join(wires)}")
