"""Turns the errors of `jsonschema` into rules, places and sentences."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from reqllm_fixtures.checking.schemas import reference_of

if TYPE_CHECKING:
    from jsonschema import ValidationError

_SHOWN_CHARACTERS = 60
_SHOWN_VALUES = 12
_PLAIN_NAME = re.compile(r"[A-Za-z_][\w-]*")
_TYPES = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}


class Fault(NamedTuple):
    """One thing wrong with an event: the rule, the place, and what was expected and came."""

    rule: str
    path: str
    message: str


def explained(errors: Iterable[ValidationError]) -> list[Fault]:
    """Explain errors, each place once."""
    faults = dict.fromkeys(fault for error in errors for fault in _faults(error))
    of_wrong_type = {fault.path for fault in faults if fault.rule == "type"}
    return [fault for fault in faults if fault.rule == "type" or fault.path not in of_wrong_type]


def json_path(steps: Iterable[str | int]) -> str:
    """Write a place as a JSON path."""
    return "$" + "".join(_step(step) for step in steps)


def came(value: Any) -> str:
    """Show a value in a message, by its type and, in so far as it is short, as itself."""
    match value:
        case dict():
            return "an object"
        case list():
            return "an array"
    # What does not fit on a line, or cannot be printed, is escaped and cut.
    text = json.dumps(value)
    shown = text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"
    return "null" if value is None else f"the {_TYPES[type(value)]} {shown}"


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if _PLAIN_NAME.fullmatch(step) else f"[{json.dumps(step)}]"


def _faults(error: ValidationError) -> Iterator[Fault]:
    path = json_path(error.absolute_path)
    value: Any = error.instance
    expected: Any = error.validator_value
    schema: Any = error.schema
    match error.validator:
        case "anyOf":
            yield from _alternatives(error, path)
        case "required":
            for name in expected:
                if name not in value:
                    place = path + _step(name)
                    yield Fault("required-field", place, "expected this field, it did not come")
        case "additionalProperties":
            for name in value:
                if name not in schema.get("properties", {}):
                    said = f"expected no field of this name, came {came(value[name])}"
                    yield Fault("unknown-field", path + _step(name), said)
        case "type":
            yield _wrong_type(path, expected, value)
        case "const" | "enum":
            known = expected if error.validator == "enum" else [expected]
            yield Fault("unknown-value", path, f"expected {_one_of(known)}, came {came(value)}")
        case "minimum":
            yield Fault("value", path, f"expected at least {expected}, came {came(value)}")
        case keyword:
            said = f"expected {keyword} {json.dumps(expected)}, came {came(value)}"
            yield Fault("value", path, said)


def _wrong_type(path: str, expected: str | list[str], value: Any) -> Fault:
    names = [expected] if isinstance(expected, str) else expected
    return Fault("type", path, f"expected {' or '.join(names)}, came {came(value)}")


def _one_of(values: list[Any]) -> str:
    known = [json.dumps(each) for each in values]
    if len(known) == 1:
        return known[0]
    more = f" (and {len(known) - _SHOWN_VALUES} more)" if len(known) > _SHOWN_VALUES else ""
    return f"one of {', '.join(known[:_SHOWN_VALUES])}{more}"


def _alternatives(error: ValidationError, path: str) -> Iterator[Fault]:
    """Explain by the alternative that the value chose, else by the one that it comes nearest to."""
    schema: Any = error.schema
    value: Any = error.instance
    if "discriminator" not in schema:
        yield from _nearest(error, path)
        return
    name = schema["discriminator"]["propertyName"]
    place = path + _step(name)
    if not isinstance(value, dict):
        yield _wrong_type(path, "object", value)
    elif name not in value:
        yield Fault("required-field", place, "expected this field, it did not come")
    elif (reference := reference_of(schema, value[name])) is None:
        rule = "unknown-variant" if isinstance(value[name], str) else "type"
        yield Fault(rule, place, f"expected a type that is known, came {came(value[name])}")
    else:
        yield from _of_alternative(error, schema["anyOf"].index({"$ref": reference}))


def _nearest(error: ValidationError, path: str) -> Iterator[Fault]:
    """Explain by the alternative of the value's type with the least faults, if there is one."""
    of_other_type: dict[Any, Any] = {
        each.schema_path[0]: each.validator_value
        for each in error.context
        if each.validator == "type" and not each.relative_path
    }
    numbers = {each.schema_path[0] for each in error.context} - set(of_other_type)
    if numbers:
        yield from min((list(_of_alternative(error, number)) for number in numbers), key=len)
        return
    names: list[str] = []
    for expected in of_other_type.values():
        names += [expected] if isinstance(expected, str) else expected
    yield _wrong_type(path, names, error.instance)


def _of_alternative(error: ValidationError, number: Any) -> Iterator[Fault]:
    for each in error.context:
        if each.schema_path[0] == number:
            yield from _faults(each)
