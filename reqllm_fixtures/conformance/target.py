"""A model as a run of conformance asks it: where, on which wire, and where its recordings are."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct
from msgspec.structs import force_setattr

from reqllm.model import Model
from reqllm.providers.registry import provider_named
from reqllm.wires.table import wire_named
from reqllm_fixtures.conformance.asking import Question, spoken
from reqllm_fixtures.conformance.scenarios import scenario
from reqllm_fixtures.file_names import stem


class Target(Struct, frozen=True, kw_only=True):
    """A model, and how it is reached. Raises InvalidModelError."""

    model: Model
    """Or its name, "provider:model"."""
    wire: str | None = None
    """By default the provider's usual one."""
    base_url: str | None = None
    api_key: str | None = None
    """By default the one in the provider's environment variable."""

    def __post_init__(self) -> None:
        force_setattr(self, "model", Model.parse(self.model))

    def __repr__(self) -> str:
        return f"<Target {self.model}>"  # a key is in no message

    @classmethod
    def of(cls, model: str | Model | Target) -> Target:
        """Return what was given as a target. Raises InvalidModelError."""
        return model if isinstance(model, Target) else cls(model=Model.parse(model))

    @property
    def spoken(self) -> str:
        """The wire. Raises UnknownProviderError, UnknownWireError."""
        speaker = provider_named(self.model.provider)
        return wire_named(spoken(speaker, self.model, self.wire)).name

    def require(self) -> None:
        """Raise InvalidInputError if nothing could be asked of it, whatever its key."""
        speaker = provider_named(self.model.provider)
        Question.of(scenario("text"), self.model, self.spoken).warned_of(speaker, self.base_url)

    @property
    def folder(self) -> Path:
        """Where its cassettes are, in the folder of all of them."""
        usual = spoken(provider_named(self.model.provider), self.model, None)
        other = "" if self.spoken == usual else f"@{self.spoken}"
        return Path(stem(self.model.provider), stem(self.model.name) + other)
