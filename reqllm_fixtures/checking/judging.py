"""Judges one event by its schema: `jsonschema-rs` accepts, `jsonschema` explains what it does not.

The explaining judge takes a hundred times as long, and is asked only about what was rejected.
Without `jsonschema-rs` it judges alone.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from reqllm_fixtures.checking.explaining import Fault, came, explained
from reqllm_fixtures.checking.finding import Profile
from reqllm_fixtures.checking.report import Report
from reqllm_fixtures.checking.schemas import Schema, closed, knows_kind, schema, schema_of_kind
from reqllm_fixtures.errors import MissingDependencyError

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

Accepts = Callable[[Any], bool]


class Judge:
    """Judges the events of one schema by their kind."""

    def __init__(self, whole: Schema, *, fast: bool = True) -> None:
        self._whole = whole
        self._fast = _fast_judge() if fast else None
        self._explaining: dict[str, Draft202012Validator] = {}
        self._accepting: dict[str, Accepts] = {}

    def meet(self, kind: str) -> Accepts | None:
        """Return what accepts events of this kind, `None` if there is no such kind."""
        accepts = self._accepting.get(kind)
        if accepts is None and knows_kind(self._whole, kind):
            accepts = self._accepting[kind] = self._accepts(kind)
        return accepts

    def check(self, kind: str, value: Any, report: Report, kind_path: str) -> None:
        """Report what is wrong with an event; `kind_path` is where it says what it is."""
        accepts = self._accepting.get(kind) or self.meet(kind)
        if accepts is None:
            said = f"expected a type that is known, came {came(kind)}"
            report.add("unknown-event", kind_path, said)
        elif not accepts(value):
            for fault in self.faults(kind, value):
                report.add(*fault)

    def faults(self, kind: str, value: Any) -> list[Fault]:
        """Explain what is wrong with an event; nothing if it is well."""
        return explained(self._explains(kind).iter_errors(value))

    def _accepts(self, kind: str) -> Accepts:
        if self._fast is None:
            return self._explains(kind).is_valid
        compiled: Accepts = self._fast(schema_of_kind(self._whole, kind)).is_valid

        def accepts(value: Any) -> bool:
            try:
                return compiled(value)
            except UnicodeEncodeError:  # halves of surrogate pairs are JSON, and no text
                return self._explains(kind).is_valid(value)

        return accepts

    def _explains(self, kind: str) -> Draft202012Validator:
        if kind not in self._explaining:
            self._explaining[kind] = _validator(schema_of_kind(self._whole, kind))
        return self._explaining[kind]


def check_untyped(value: Any, report: Report, kind_path: str) -> None:
    """Report a value that does not say what it is, so that no schema can be chosen."""
    name = kind_path.rpartition(".")[2]
    if not isinstance(value, dict):
        report.add("type", "$", f"expected object, came {came(value)}")
    elif name in value:
        report.add("type", kind_path, f"expected string, came {came(value[name])}")
    else:
        report.add("required-field", kind_path, "expected this field, it did not come")


@cache
def judge(wire: str, profile: Profile) -> Judge:
    """Return the judge of a wire's events, by which what is not listed is a fault."""
    return Judge(closed(schema(wire, profile)))


def _fast_judge() -> Callable[[Schema], Any] | None:
    try:
        found: Callable[[Schema], Any] = importlib.import_module("jsonschema_rs").validator_for
    except ImportError:
        return None
    return found


def _validator(part: Schema) -> Draft202012Validator:
    try:
        from jsonschema import Draft202012Validator
    except ImportError:
        raise MissingDependencyError(
            "Checking events needs jsonschema, which is not installed. "
            "Install reqllm with its extra: pip install 'reqllm[fixtures]'."
        ) from None
    return Draft202012Validator(part)
