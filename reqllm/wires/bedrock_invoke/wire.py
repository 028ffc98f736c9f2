"""What makes the wire `bedrock-invoke`: its framing, its decoder and its encoder."""

from reqllm.framing.eventstream import CONTENT_TYPE, EVENT_STREAM
from reqllm.wires.bedrock_invoke import decode, encode
from reqllm.wires.bedrock_invoke.vendors import is_answer
from reqllm.wires.wire import Wire

WIRE = Wire(
    name="bedrock-invoke",
    decoder=decode.InvokeDecoder,
    is_answer=is_answer,
    encode=encode.encode,
    path=encode.PATH,
    framing=EVENT_STREAM,
    accept=CONTENT_TYPE,
)
