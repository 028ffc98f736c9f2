"""The wires by name, reading side: which decoder reads a stream."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

from reqllm.errors import UnknownWireError
from reqllm.providers import anthropic_messages_decode, openai_chat_decode
from reqllm.providers.base import EventDecoder


class NewDecoder(Protocol):
    """Makes a decoder for one stream."""

    def __call__(self, *, skip_malformed: bool = False) -> EventDecoder: ...


DECODERS: Mapping[str, NewDecoder] = MappingProxyType(
    {
        openai_chat_decode.WIRE: openai_chat_decode.OpenAIChatDecoder,
        anthropic_messages_decode.WIRE: anthropic_messages_decode.AnthropicMessagesDecoder,
    }
)


def decoder_for(wire: str, *, skip_malformed: bool = False) -> EventDecoder:
    """Return a decoder for one stream; malformed events fail it, or are skipped.

    Raises UnknownWireError, which lists the wires there are.
    """
    try:
        new = DECODERS[wire]
    except KeyError:
        raise UnknownWireError(
            f"expected one of the wires {', '.join(sorted(DECODERS))}, got {wire!r}"
        ) from None
    return new(skip_malformed=skip_malformed)
