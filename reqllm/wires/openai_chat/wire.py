"""What makes the wire `openai-chat`: its framing, its decoder and its encoder."""

from reqllm.wires.openai_chat import decode, encode
from reqllm.wires.wire import Wire

WIRE = Wire(
    name="openai-chat",
    decoder=decode.OpenAIChatDecoder,
    is_answer=lambda body: "choices" in body,
    encode=encode.encode,
    path=encode.PATH,
)
