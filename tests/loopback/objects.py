"""An object that a JSON Schema describes, always the same: `fitting(schema, facts)`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]
Facts = Mapping[str, Any]
DEEPEST = 8


def fitting(schema: Schema, facts: Facts) -> Any:
    """A value of this schema; a member that the facts name has its value, if that is of its type.

    It understands types, enum, const, required members, references within the schema, bounds of
    length and value; of several possible schemas it takes the first.
    """
    return _Maker(schema, facts).value(schema, "", 0)


class _Maker:
    def __init__(self, root: Schema, facts: Facts) -> None:
        self.root = root
        self.facts = facts

    def value(self, schema: Any, name: str, depth: int) -> Any:
        if not isinstance(schema, Mapping) or depth > DEEPEST:
            return None
        if "const" in schema:
            return schema["const"]
        if isinstance(choices := schema.get("enum"), list) and choices:
            return choices[0]
        if isinstance(reference := schema.get("$ref"), str):
            return self.value(self.referred(reference), name, depth + 1)
        for word in ("anyOf", "oneOf", "allOf"):
            if isinstance(options := schema.get(word), list) and options:
                return self.value(options[0], name, depth + 1)
        return self.of_type(_type(schema), schema, name, depth)

    def referred(self, reference: str) -> Any:
        found: Any = self.root
        for step in reference.removeprefix("#").split("/")[1:]:
            found = found.get(step) if isinstance(found, Mapping) else None
        return found

    def of_type(self, kind: str, schema: Schema, name: str, depth: int) -> Any:
        known = self.facts.get(name)
        match kind:
            case "object":
                members = schema.get("properties")
                members = members if isinstance(members, Mapping) else {}
                return {key: self.value(each, key, depth + 1) for key, each in members.items()}
            case "array":
                item = self.value(schema.get("items"), name, depth + 1)
                return [item] * max(_bound(schema, "minItems"), 1)
            case "string":
                return self.text(schema, known if isinstance(known, str) else name or "text")
            case "integer" | "number":
                of_fact = type(known) is int or (kind == "number" and type(known) is float)
                return known if of_fact else self.number(schema)
            case "boolean":
                return known if isinstance(known, bool) else True
        return None

    @staticmethod
    def text(schema: Schema, said: str) -> str:
        short = _bound(schema, "minLength") - len(said)
        return (said + "." * max(short, 0))[
            : _bound(schema, "maxLength", len(said) + max(short, 0))
        ]

    @staticmethod
    def number(schema: Schema) -> int:
        low, high = _bound(schema, "minimum", -(10**9)), _bound(schema, "maximum", 10**9)
        return max(low, min(7, high))


def _type(schema: Schema) -> str:
    kind = schema.get("type", "object" if "properties" in schema else "string")
    return str(kind[0] if isinstance(kind, list) and kind else kind)


def _bound(schema: Schema, name: str, otherwise: int = 0) -> int:
    value = schema.get(name)
    return value if type(value) is int else otherwise
