"""What makes the wire `gemini`: its framing, its decoder and its encoder."""

from reqllm.framing.sse_or_array import SSE_OR_ARRAY
from reqllm.wires.gemini import decode, encode
from reqllm.wires.gemini.words import is_answer
from reqllm.wires.wire import Wire

WIRE = Wire(
    name="gemini",
    decoder=decode.GeminiDecoder,
    is_answer=is_answer,
    encode=encode.encode,
    path=encode.PATH,
    framing=SSE_OR_ARRAY,
)
