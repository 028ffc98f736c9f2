"""The wires by name. Each is imported when it is first asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING

from reqllm.errors import UnknownWireError

if TYPE_CHECKING:
    from reqllm.wires.wire import Wire

# Name: the package whose `WIRE` it is.
_PACKAGES: Mapping[str, str] = MappingProxyType(
    {
        "anthropic-messages": "reqllm.wires.anthropic_messages",
        "bedrock-converse": "reqllm.wires.bedrock_converse",
        "bedrock-invoke": "reqllm.wires.bedrock_invoke",
        "cohere-v2": "reqllm.wires.cohere_v2",
        "gemini": "reqllm.wires.gemini",
        "gemini-interactions": "reqllm.wires.gemini_interactions",
        "ollama": "reqllm.wires.ollama",
        "openai-chat": "reqllm.wires.openai_chat",
        "openai-responses": "reqllm.wires.openai_responses",
    }
)
WIRE_NAMES: tuple[str, ...] = tuple(_PACKAGES)


def wire_named(name: str) -> Wire:
    """Return the wire of that name.

    Raises UnknownWireError, which lists the wires there are.
    """
    package = _PACKAGES.get(name) if isinstance(name, str) else None
    if package is None:
        raise no_wire(name)
    return _wire_of(package)


@cache
def _wire_of(package: str) -> Wire:
    wire: Wire = import_module(package).WIRE
    return wire


def no_wire(name: object, wires: Iterable[str] = WIRE_NAMES) -> UnknownWireError:
    """Return the error that says there is no such wire, and which there are."""
    from reqllm.wires.common.request_body import nearest  # here, as most names are right

    near = nearest(name, wires) if isinstance(name, str) else ""
    return UnknownWireError(f"there is no wire {name!r}.{near} The wires are {', '.join(wires)}")
