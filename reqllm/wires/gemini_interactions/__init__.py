"""The wire `gemini-interactions`: Google's Interactions, the second protocol of its models."""

from reqllm.wires.gemini_interactions import decode, encode
from reqllm.wires.wire import Wire

WIRE = Wire(
    name="gemini-interactions",
    decoder=decode.InteractionsDecoder,
    is_answer=decode.is_interaction,
    encode=encode.encode,
    path=encode.PATH,
)
