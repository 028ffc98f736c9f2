"""What makes the wire `openai-responses`: its framing, its decoder and its encoder."""

from reqllm.wires.openai_responses import decode, encode
from reqllm.wires.wire import Wire

WIRE = Wire(
    name="openai-responses",
    decoder=decode.OpenAIResponsesDecoder,
    is_answer=lambda body: body.get("object") == "response",
    encode=encode.encode,
    path=encode.PATH,
)
