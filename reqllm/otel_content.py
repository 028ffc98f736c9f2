"""What was said and answered, as OpenTelemetry's conventions write messages. Pure.

https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/
"""

from __future__ import annotations

from typing import Any

import msgspec

from reqllm import content as c
from reqllm.context import Context
from reqllm.response import Response


def input_messages(context: Context | None) -> str:
    """Return the messages of a context, as JSON."""
    messages = [] if context is None else context.messages
    return _json([{"role": m.role, "parts": [_part(p) for p in m.content]} for m in messages])


def output_messages(response: Response) -> str:
    """Return what has been answered, one message a choice, as JSON."""
    return _json(
        [
            {
                "role": "assistant",
                "parts": [_part(part) for part in choice.content],
                "finish_reason": choice.finish_reason.reason if choice.finish_reason else "error",
            }
            for choice in response.choices
        ]
    )


def _part(part: c.ContentPart) -> dict[str, Any]:
    match part:
        case c.TextPart():
            return {"type": "text", "content": part.content}
        case c.RefusalPart():
            return {"type": "refusal", "content": part.content}
        case c.ReasoningPart():
            return {"type": "reasoning", "content": part.content}
        case c.ToolCall():
            arguments = part.arguments_raw if part.invalid else part.arguments
            return {"type": "tool_call", "id": part.id, "name": part.name, "arguments": arguments}
        case c.ToolResultPart():
            return {"type": "tool_call_response", "id": part.tool_call_id, "response": part.result}
        case _:
            return {"type": part.kind}


def _json(messages: list[dict[str, Any]]) -> str:
    return msgspec.json.encode(messages, enc_hook=str).decode()
