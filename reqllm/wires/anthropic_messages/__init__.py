"""The wire `anthropic-messages`: Anthropic's Messages, and all who speak like them."""

from reqllm.wires.anthropic_messages import decode, encode
from reqllm.wires.wire import Wire

WIRE = Wire(
    name="anthropic-messages",
    decoder=decode.AnthropicMessagesDecoder,
    is_answer=lambda body: body.get("type") == "message",
    encode=encode.encode,
    headers=encode.headers,
    path=encode.PATH,
)
