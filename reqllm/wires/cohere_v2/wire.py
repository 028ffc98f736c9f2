"""What makes the wire `cohere-v2`: its framing, its decoder and its encoder."""

from reqllm.wires.cohere_v2 import decode, encode
from reqllm.wires.wire import Wire

WIRE = Wire(
    name="cohere-v2",
    decoder=decode.CohereDecoder,
    is_answer=decode.is_whole,
    encode=encode.encode,
    path=encode.PATH,
)
