"""What a provider is, and the request that is sent. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from msgspec import Struct

from reqllm.chunk import WarningChunk
from reqllm.context import Context
from reqllm.model import Model


class SigV4(Struct, frozen=True):
    """To be signed by AWS Signature Version 4 where it is sent: for a service in a region."""

    service: str
    region: str


class GoogleToken(Struct, frozen=True):
    """To be sent with an access token of Google's, for these scopes."""

    scopes: tuple[str, ...] = ("https://www.googleapis.com/auth/cloud-platform",)


class WireRequest(Struct, frozen=True, kw_only=True, gc=False):
    """A request ready to send. `headers` holds the key: never log it whole."""

    url: str
    headers: Mapping[str, str]
    body: bytes
    method: str = "POST"
    provider: str = ""
    model: str = ""
    thinks: bool = False
    """Whether the model may be silent for long before it answers."""
    warnings: tuple[WarningChunk, ...] = ()
    """What was asked for and could not be sent."""
    wire: str | None = None
    """The wire it is written in, and its answer; none: the one that was asked for."""
    signing: SigV4 | GoogleToken | None = None
    """How each attempt is signed, by credentials that are looked up then; `None`: not at all."""


class Provider(Protocol):
    """Someone who speaks a wire at an address. Register your own with `register_provider`."""

    @property
    def name(self) -> str:
        """How models of it are asked for: "name:model"."""
        ...

    @property
    def wire(self) -> str:
        """The name of the wire it speaks by default."""
        ...

    def encode(
        self,
        model: Model,
        context: Context,
        options: Mapping[str, Any],
        *,
        wire: str | None = None,
        api_key: str | None = None,
        base_url: str | None = None,
    ) -> WireRequest:
        """Return the request that asks `model` to answer `context`, streaming.

        Raises InvalidInputError for what cannot be asked of this provider.
        """
        ...
