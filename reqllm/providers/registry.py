"""The table of providers, by name."""

from __future__ import annotations

from reqllm.errors import InvalidInputError, UnknownProviderError
from reqllm.model import is_provider_name
from reqllm.providers.base import Provider
from reqllm.providers.table import ROWS
from reqllm.providers.vertex import VertexProvider
from reqllm.wires.common.request_body import nearest
from reqllm.wires.table import WIRE_NAMES, no_wire

_ALL: tuple[Provider, ...] = (*ROWS, VertexProvider())
PROVIDERS: dict[str, Provider] = {provider.name: provider for provider in _ALL}
"""All providers known; `register_provider` adds to it."""


def provider_named(name: str) -> Provider:
    """Return the provider of that name.

    Raises UnknownProviderError, which lists those there are.
    """
    provider = PROVIDERS.get(name) if isinstance(name, str) else None
    if provider is None:
        known = sorted(PROVIDERS)
        raise UnknownProviderError(
            f"there is no provider {name!r}.{nearest(name, known)} "
            f"The providers are {', '.join(known)}; add your own with register_provider"
        )
    return provider


def register_provider(provider: Provider, *, replace: bool = False) -> None:
    """Add a provider to the table, under its name; adding the same one again is fine.

    Raises InvalidInputError for an object that is no provider and for a name that is
    taken (unless `replace`), UnknownWireError for a wire that there is not.
    """
    _check(provider)
    if replace:
        PROVIDERS[provider.name] = provider
        return
    # One step, so that of two threads only one can win.
    holder = PROVIDERS.setdefault(provider.name, provider)
    if holder is not provider:
        raise InvalidInputError(
            f"a provider named {provider.name!r} is registered already ({holder!r:.200}); "
            "choose another name, or pass replace=True"
        )


def _check(provider: Provider) -> None:
    wanted = {"name": str, "wire": str, "encode": None}
    missing = [
        attribute
        for attribute, kind in wanted.items()
        if not (
            callable(getattr(provider, attribute, None))
            if kind is None
            else isinstance(getattr(provider, attribute, None), kind)
        )
    ]
    if missing or isinstance(provider, type):
        what = "the class itself" if isinstance(provider, type) else f"without {', '.join(missing)}"
        raise InvalidInputError(
            "expected a provider, an object with `name` and `wire` as text and a method "
            f"`encode`, got {getattr(provider, '__name__', type(provider).__name__)} {what}"
        )
    if not is_provider_name(provider.name):
        raise InvalidInputError(
            f"expected a provider's name of letters, digits, '_', '.' and '-', "
            f"a letter first, got {provider.name!r}"
        )
    if provider.wire not in WIRE_NAMES:
        raise no_wire(provider.wire)
