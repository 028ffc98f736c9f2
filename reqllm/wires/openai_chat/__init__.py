"""The wire `openai-chat`: OpenAI's chat completions, and all who speak like it."""

from reqllm.wires.openai_chat import decode, encode
from reqllm.wires.wire import Wire

WIRE = Wire(
    name="openai-chat",
    decoder=decode.OpenAIChatDecoder,
    is_answer=lambda body: "choices" in body,
    encode=encode.encode,
    path=encode.PATH,
)
