"""Errors in the forms of gateways, which are those of no wire."""

from __future__ import annotations

from typing import Any

from reqllm.wires.common.error_reports import is_report

FOREIGN_ERROR = "error of a gateway"
"""The kind of an event that tells of a failure, and is none of its wire's."""


def foreign_error(value: dict[str, Any], name: str) -> str | None:
    """Name an event whose kind its wire cannot tell, if it tells of a failure."""
    return FOREIGN_ERROR if name == "error" or is_report(value) else None
