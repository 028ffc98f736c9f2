"""Holds a value against a JSON Schema, with `jsonschema`, which is loaded when first used. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from reqllm.errors import InvalidInputError, MissingDependencyError

_SHOWN = 200


class Problem(Struct, frozen=True):
    """Where a value does not fit its schema, and why."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message:.{_SHOWN}}"


def first_problem(value: Any, schema: Mapping[str, Any], whose: str) -> Problem | None:
    """Return what is wrong with a value, `None` if it fits.

    A schema without `$schema` is of draft 2020-12, as the providers take them; no `$ref` is
    fetched. Raises InvalidInputError, naming `whose` it is, for a schema that is none;
    MissingDependencyError without jsonschema.
    """
    try:
        import jsonschema
        import referencing
    except ImportError:
        raise MissingDependencyError(
            f"the schema of {whose} is checked with jsonschema, which is not installed: "
            "pip install 'reqllm[structured]', or pass validate=False"
        ) from None
    plain = dict(schema)
    kind = jsonschema.validators.validator_for(plain, default=jsonschema.Draft202012Validator)
    try:
        kind.check_schema(plain)
        validator = kind(plain, registry=referencing.Registry())
        found = jsonschema.exceptions.best_match(validator.iter_errors(value))
    except (jsonschema.SchemaError, referencing.exceptions.Unresolvable) as error:
        message = getattr(error, "message", None) or str(error)
        raise InvalidInputError(
            f"expected the schema of {whose} to be a JSON Schema whose $ref point into itself, "
            f"but {message}"
        ) from error
    return None if found is None else Problem(found.json_path, found.message)
