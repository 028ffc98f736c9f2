"""A scenario: what is asked, and what must be so of what comes. A value. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import force_setattr

from reqllm.context import Context
from reqllm_fixtures.conformance.asserting import Check
from reqllm_fixtures.conformance.results import ScenarioInfo

Wrong: TypeAlias = Literal["", "key", "model", "body"]


class Scenario(Struct, frozen=True, kw_only=True):
    """One case of conformance. `str()` is its name."""

    name: str
    title: str
    """What it shows, in a line."""
    context: Context
    check: Check
    """Is given what came and an `Expect` to assert by. It must assert something."""
    options: Mapping[str, Any] = {}
    """Of the call: `max_tokens`, `response_schema` ..."""
    capability: str = ""
    """What a model must be able to do for it; its name unless said otherwise."""
    results: Mapping[str, Any] = {}
    """What tools answer, by their names: then it is asked again with their results."""
    wrong: Wrong = ""
    """What is wrong with the call, so that it must be refused."""
    leaves: bool = False
    """Cancel after the first text."""

    def __post_init__(self) -> None:
        if not self.capability:
            force_setattr(self, "capability", self.name)

    def __str__(self) -> str:
        return self.name

    @property
    def info(self) -> ScenarioInfo:
        """What a report says of it."""
        return ScenarioInfo(name=self.name, capability=self.capability, title=self.title)
