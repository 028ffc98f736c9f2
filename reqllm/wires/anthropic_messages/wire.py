"""What makes the wire `anthropic-messages`: its framing, its decoder and its encoder."""

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
