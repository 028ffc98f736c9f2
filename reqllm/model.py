"""Which model to ask: `Model("openai", "gpt-4.1-mini")` or `Model.parse("openai:gpt-4.1-mini")`."""

from __future__ import annotations

import re

from msgspec import Struct

from reqllm.errors import InvalidModelError

_PROVIDER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*\Z")


def is_provider_name(name: object) -> bool:
    """Return whether a provider could have that name: a letter, then letters, digits, `_.-`."""
    return isinstance(name, str) and _PROVIDER_NAME.match(name) is not None


class Model(Struct, frozen=True):
    """A model of a provider; `name` is passed to the provider as it is.

    Raises InvalidModelError if either part is missing or the provider's name is none.
    """

    provider: str
    name: str

    def __post_init__(self) -> None:
        if not is_provider_name(self.provider):
            raise InvalidModelError(
                f"expected a provider's name such as 'openai', got {self.provider!r}"
            )
        if not isinstance(self.name, str) or not self.name.strip():
            raise InvalidModelError(
                f"expected the name of one of {self.provider}'s models, got {self.name!r}"
            )

    @classmethod
    def parse(cls, spec: str | Model) -> Model:
        """Read "provider:model"; only the first colon divides, since names may hold more."""
        if isinstance(spec, Model):
            return spec
        provider, colon, name = spec.partition(":") if isinstance(spec, str) else ("", "", "")
        if not colon:
            raise InvalidModelError(
                f"expected a model as 'provider:model', for example 'openai:gpt-4.1-mini', "
                f"got {spec!r}"
            )
        return cls(provider.strip(), name.strip())

    def __str__(self) -> str:
        return f"{self.provider}:{self.name}"
