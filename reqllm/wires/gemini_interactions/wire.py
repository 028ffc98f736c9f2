"""What makes the wire `gemini-interactions`: its framing, its decoder and its encoder."""

from reqllm.wires.gemini_interactions import decode, encode
from reqllm.wires.wire import Wire

WIRE = Wire(
    name="gemini-interactions",
    decoder=decode.InteractionsDecoder,
    is_answer=decode.is_interaction,
    encode=encode.encode,
    path=encode.PATH,
)
