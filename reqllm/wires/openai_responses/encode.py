"""Writes requests of OpenAI's Responses. https://platform.openai.com/docs/api-reference/responses

An answer is asked for as chat completions are: nothing of it stays with the provider
(`store: false`), and the context that comes with the next request says all that was said. So that
reasoning can be taken up again it is asked for encrypted. To have the provider keep answers and go
on from one, say so: `provider_options={"store": True}`, and `{"previous_response_id": ...}` with a
context that holds only what is new.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from reqllm.chunk import WarningChunk
from reqllm.content import Tool
from reqllm.context import Context
from reqllm.wires.common.openai_tools import tool_fields
from reqllm.wires.common.options import Dialect, Options
from reqllm.wires.common.request_body import Warnings, merged, schema_name
from reqllm.wires.openai_responses.turns import write_input
from reqllm.wires.openai_responses.words import WIRE

PATH = "/responses"
OPENAI = Dialect()
_NOT_OF_THE_WIRE = frozenset({"top_k", "stop", "seed", "n", "reasoning_budget"})
# Option and field; a dialect may name the field otherwise. The order is the body's.
_FIELDS = {
    "max_tokens": "max_output_tokens",
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "stop": "stop",
    "seed": "seed",
    "n": "n",
    "reasoning_budget": "reasoning_budget",
    "top_logprobs": "top_logprobs",
    "user": "user",
    "metadata": "metadata",
}
# With one of these the provider keeps the conversation.
_KEEPING = ("previous_response_id", "conversation", "background")
# OpenAI's models that reason; others answer 400 when encrypted reasoning is asked for.
_REASONING_MODEL = re.compile(r"(?:.*/)?(?:o[1-9]|gpt-(?:[5-9]|[1-9][0-9])|codex|gpt-oss)")
_NOT_REASONING = re.compile(r"-chat\b")
_ENCRYPTED = "reasoning.encrypted_content"


def encode(
    model: str, context: Context, options: Mapping[str, Any], dialect: Dialect = OPENAI
) -> tuple[dict[str, Any], list[WarningChunk]]:
    """Return the JSON body that asks `model`, and warnings for what it could not take.

    The lists `tools` and `include` of `provider_options` are added to ours, not put in their place.
    Raises InvalidInputError for what cannot be sent at all.
    """
    context.require_prompt()
    warnings = Warnings()
    asked = Options.of(options).taken(WIRE, dialect.refused(_NOT_OF_THE_WIRE), warnings)
    own = dict(asked.provider_options)
    is_kept = bool(own.get("store")) or any(own.get(key) for key in _KEEPING)
    body: dict[str, Any] = {
        "model": model,
        "input": write_input(context, warnings, is_kept=is_kept),
        "stream": True,
        **dialect.always,
    }
    if not is_kept:
        body["store"] = False
    include = _include(model, asked, is_kept=is_kept)
    include += [name for name in own.pop("include", ()) if name not in include]
    if include:
        body["include"] = include
    body.update(tool_fields(asked, context, dialect, _tool, _one))
    if "tools" in own:
        own["tools"] = [*body.get("tools", ()), *own["tools"]]
    if asked.reasoning_effort is not None:
        body["reasoning"] = {"effort": asked.reasoning_effort}
    if asked.response_schema is not None:
        body["text"] = {"format": _format(asked.response_schema)}
    for option, field in _FIELDS.items():
        value = getattr(asked, option)
        if value is not None:
            body[dialect.rename.get(option, field)] = value
    return merged(body, own), warnings.chunks()


def _include(model: str, asked: Options, *, is_kept: bool) -> list[str]:
    """Return what must be asked for by name to be in the answer."""
    included = []
    if not is_kept and _may_reason(model, asked):
        included.append(_ENCRYPTED)
    if asked.logprobs or asked.top_logprobs is not None:
        included.append("message.output_text.logprobs")
    return included


def _may_reason(model: str, asked: Options) -> bool:
    if asked.reasoning_effort not in (None, "none"):
        return True
    return bool(_REASONING_MODEL.match(model)) and not _NOT_REASONING.search(model)


def _one(name: str) -> dict[str, Any]:
    return {"type": "function", "name": name}


def _tool(tool: Tool) -> dict[str, Any]:
    written: dict[str, Any] = {"type": "function", "name": tool.name}
    if tool.description:
        written["description"] = tool.description
    # Left out it would be true, which most schemas do not stand.
    return {**written, "parameters": tool.parameters, "strict": tool.strict}


def _format(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "json_schema", "name": schema_name(schema), "strict": True, "schema": schema}
