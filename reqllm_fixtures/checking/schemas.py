"""The JSON Schemas of `reqllm_fixtures/schemas`, and what is read off them.

One file a wire and profile, each a whole schema of JSON Schema 2020-12 for any one event. Two
keywords of ours steer the check and mean nothing to others: `discriminator`, as OpenAPI has it,
says which alternative of an `anyOf` a value chose; `x-unknown` marks the one for what is newer than
the schema. Files of profile `compat` are open; closed, they tell what is unknown.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

import msgspec

from reqllm_fixtures.checking.finding import Profile

Schema = dict[str, Any]


@cache
def schema(wire: str, profile: Profile) -> Schema:
    """Read a schema as it is in its file; it is shared, and must not be changed."""
    file = resources.files("reqllm_fixtures") / "schemas" / f"{wire}.{profile}.json"
    read: Schema = msgspec.json.decode(file.read_bytes())
    return read


def closed(part: Any) -> Any:
    """Copy a schema with nothing in it that lets pass what it does not list."""
    if isinstance(part, list):
        return [closed(each) for each in part if not _is_for_news(each)]
    if not isinstance(part, dict):
        return part
    copy = {key: closed(each) for key, each in part.items()}
    if isinstance(part.get("properties"), dict) and "type" in part:
        copy.setdefault("additionalProperties", False)
    return copy


def _is_for_news(part: Any) -> bool:
    return isinstance(part, dict) and "x-unknown" in part


def schema_of_kind(whole: Schema, kind: str) -> Schema:
    """Return the small schema that events of this kind meet."""
    return {
        "$schema": whole["$schema"],
        "$ref": reference_of(whole, kind) or f"#/$defs/{kind}",
        "$defs": whole["$defs"],
    }


def reference_of(part: Schema, value: Any) -> str | None:
    """Return which alternative of a discriminated `anyOf` a value names, if it names one."""
    if not isinstance(value, str):
        return None
    named: str = part.get("discriminator", {}).get("mapping", {}).get(value, f"#/$defs/{value}")
    return named if {"$ref": named} in part["anyOf"] else None


def knows_kind(whole: Schema, kind: str) -> bool:
    """Return whether there is an event of this kind."""
    return reference_of(whole, kind) is not None
