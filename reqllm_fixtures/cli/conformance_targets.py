"""Which models a run of conformance is of: as they were named, and where they are reached."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence

from reqllm.errors import UnknownProviderError
from reqllm.model import Model
from reqllm.providers.compatible import openai_compatible
from reqllm.providers.registry import PROVIDERS, register_provider
from reqllm_fixtures.conformance.target import Target

COMPATIBLE = "compatible"
"""Names models of a server that is in no table."""


@contextlib.contextmanager
def targets(
    models: Sequence[str], *, wire: str | None, base_url: str | None, api_key: str | None
) -> Iterator[list[Target]]:
    """Give the models, each once; a server that is in no table is known as long as they are used.

    Raises InvalidModelError, UnknownProviderError, UnknownWireError, InvalidInputError.
    """
    named = [Model.parse(model) for model in dict.fromkeys(models)]
    with contextlib.ExitStack() as stack:
        if base_url is not None and any(model.provider == COMPATIBLE for model in named):
            server = openai_compatible(base_url, name=COMPATIBLE, wire=wire or "openai-chat")
            register_provider(server, replace=True)
            stack.callback(PROVIDERS.pop, COMPATIBLE)
        for model in named:
            if model.provider not in PROVIDERS:
                raise _unknown(model, base_url)
        yield [
            Target(model=model, wire=wire, base_url=base_url, api_key=api_key) for model in named
        ]


def key_in(variable: str | None, *, is_asked: bool) -> str | None:
    """Return the key in a variable; `None` where none is named, or where nobody is asked.

    Raises KeyError where it is not set.
    """
    if variable is None:
        return None
    key = os.environ.get(variable)
    if is_asked and not key:
        raise KeyError(variable)
    return key or None


def _unknown(model: Model, base_url: str | None) -> UnknownProviderError:
    name = model if model.provider != COMPATIBLE else model.name
    advice = f"for a server that is in no table write {COMPATIBLE}:{name}"
    if base_url is None:
        advice += " with --base-url"
    known = ", ".join(sorted(PROVIDERS))
    return UnknownProviderError(
        f"there is no provider {model.provider!r}; {advice}. The providers are {known}"
    )
