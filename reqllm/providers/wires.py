"""The wires by name, reading side: which decoder reads a stream."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from reqllm.errors import UnknownWireError
from reqllm.providers import anthropic_messages_decode, openai_chat_decode
from reqllm.providers.base import EventDecoder, Reading

NewDecoder = Callable[[Reading], EventDecoder]

DECODERS: Mapping[str, NewDecoder] = MappingProxyType(
    {
        openai_chat_decode.WIRE: openai_chat_decode.OpenAIChatDecoder,
        anthropic_messages_decode.WIRE: anthropic_messages_decode.AnthropicMessagesDecoder,
    }
)


def decoder_for(wire: str, reading: Reading) -> EventDecoder:
    """Return a decoder for one stream.

    Raises UnknownWireError, which lists the wires there are.
    """
    try:
        new = DECODERS[wire]
    except KeyError:
        raise UnknownWireError(
            f"expected one of the wires {', '.join(sorted(DECODERS))}, got {wire!r}"
        ) from None
    return new(reading)
