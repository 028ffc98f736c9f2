"""What makes the wire `ollama`: its framing, its decoder and its encoder."""

from reqllm.framing.ndjson import NDJSON
from reqllm.wires.ollama import decode, encode
from reqllm.wires.wire import Wire

WIRE = Wire(
    name="ollama",
    decoder=decode.OllamaDecoder,
    is_answer=lambda body: isinstance(body.get("done"), bool),
    encode=encode.encode,
    path=encode.PATH,
    framing=NDJSON,
    accept="application/x-ndjson",
)
