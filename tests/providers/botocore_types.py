"""Judges requests by botocore's model of the service. What is bytes there is base64 in JSON."""

from __future__ import annotations

import base64
from functools import cache
from typing import Any

from botocore.session import Session
from botocore.validate import ParamValidator


@cache
def _shape(operation: str) -> Any:
    return Session().get_service_model("bedrock-runtime").operation_model(operation).input_shape


def problems(body: dict[str, Any], operation: str = "ConverseStream") -> str:
    """Return what botocore has against a body: nothing, or all in one text."""
    shape = _shape(operation)
    given = {"modelId": "any", **_as_python(shape, body)}
    report: str = ParamValidator().validate(given, shape).generate_report()
    return report


def _as_python(shape: Any, value: Any) -> Any:
    """Return a JSON value as what botocore would have been given to write it."""
    match shape.type_name, value:
        case "structure", dict() if not getattr(shape, "is_document_type", False):
            members = shape.members
            return {
                name: _as_python(members[name], item) if name in members else item
                for name, item in value.items()
            }
        case "list", list():
            return [_as_python(shape.member, item) for item in value]
        case "blob", str():
            return base64.b64decode(value, validate=True)
    return value
