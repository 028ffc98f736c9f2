"""The wires whose streams can be checked, by name. Each is imported when it is first asked for."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from reqllm.wires.table import WIRE_NAMES, no_wire
from reqllm_fixtures.checking.checked_wire import CheckedWire


@cache
def checked_wire(name: str) -> CheckedWire:
    """Return what a check needs to know of a wire.

    Raises UnknownWireError, which lists the wires there are.
    """
    if name not in WIRE_NAMES:
        raise no_wire(name)
    wire: CheckedWire = import_module(f"{__package__}.{name.replace('-', '_')}").WIRE
    return wire
