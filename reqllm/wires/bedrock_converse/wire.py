"""What makes the wire `bedrock-converse`: its framing, its decoder and its encoder."""

from reqllm.framing.eventstream import CONTENT_TYPE, EVENT_STREAM
from reqllm.wires.bedrock_converse import decode, encode
from reqllm.wires.common.fields import as_object
from reqllm.wires.wire import Wire

WIRE = Wire(
    name="bedrock-converse",
    decoder=decode.ConverseDecoder,
    is_answer=lambda body: "message" in as_object(body.get("output")),
    encode=encode.encode,
    path=encode.PATH,
    framing=EVENT_STREAM,
    accept=CONTENT_TYPE,
)
