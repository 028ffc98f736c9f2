"""Reads captured bodies with the vendors' SDKs, from memory: nothing touches the network."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable
from typing import Any

import anthropic
import httpx2
import openai

from tests.corpus import Capture

from .answers import Answer, Said, ToolUse


def _http(capture: Capture) -> httpx2.Client:
    def respond(_: httpx2.Request) -> httpx2.Response:
        headers = {"content-type": capture.content_type}
        return httpx2.Response(capture.status, headers=headers, content=capture.body)

    return httpx2.Client(transport=httpx2.MockTransport(respond), trust_env=False)


# Chat completions. The SDK's accumulating helper breaks on many dialects (no index, no delta, two
# calls of one index), so its raw chunks are put together here, as plainly as can be.
def sdk_chat_chunks(capture: Capture) -> list[Any]:
    """Return the SDK's chunks. Raises its APIError for an error inside the stream."""
    with _http(capture) as http:
        client = openai.OpenAI(
            api_key="none", base_url="http://in.memory/v1", max_retries=0, http_client=http
        )
        with client.chat.completions.create(model="any", messages=[], stream=True) as stream:
            return list(stream)


def sdk_chat_answer(chunks: Iterable[Any]) -> Answer:
    """Put the SDK's raw chunks together."""
    answer = Answer()
    for chunk in chunks:
        answer.id = answer.id or chunk.id or None
        answer.model = answer.model or chunk.model or None
        for choice in chunk.choices or ():
            _take_choice(answer.choices.setdefault(choice.index or 0, Said()), choice)
        plain = chunk.to_dict(mode="json", warnings=False)
        for usage in ((plain.get("x_groq") or {}).get("usage"), plain.get("usage")):
            if usage:
                answer.usage = without_nulls({**answer.usage, **without_nulls(usage)})
    return answer


def _take_choice(said: Said, choice: Any) -> None:
    said.finish = choice.finish_reason or said.finish
    delta = choice.delta
    if delta is None:
        return
    _take_content(said, delta.content)
    if getattr(delta, "audio", None) is not None:
        said.text += delta.audio.transcript or ""
        said.audio += b64decode(delta.audio.data or "")
    # Members that one SDK knows are extras of the other, or are not there at all.
    thought = (getattr(delta, name, None) for name in ("reasoning_content", "reasoning"))
    said.reasoning += next(filter(None, thought), "")
    said.refusal += getattr(delta, "refusal", None) or ""
    for entry in delta.tool_calls or ():
        _take_tool(said.tools, entry)


def _take_content(said: Said, content: Any) -> None:
    """Take a string, or Mistral's list of parts."""
    if isinstance(content, list):
        for part in content:
            if part["type"] == "thinking":
                said.reasoning += "".join(inner["text"] for inner in part["thinking"])
            else:
                said.text += part["text"]
    else:
        said.text += content or ""


def _take_tool(tools: list[ToolUse], entry: Any) -> None:
    """Take a fragment: an id or a name that the last call does not have begins another call.

    No capture interleaves two calls, which `test_no_capture_interleaves_calls` holds.
    """
    name, arguments = entry.function.name, entry.function.arguments or ""
    last = tools[-1] if tools else ToolUse(None, None, "")
    if (entry.id and entry.id != last.id) or (name and not entry.id):
        tools.append(ToolUse(entry.id or None, name, arguments))
    else:
        tools[-1] = ToolUse(last.id, last.name, last.arguments + arguments)


def without_nulls(value: Any) -> Any:
    """Return a value without the members that are null, at any depth."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    return value


# Messages.
def sdk_message(capture: Capture, *, beta: bool = False) -> Any:
    """Return the message that Anthropic's helper puts together, or its helper for betas."""
    with _http(capture) as http:
        client = anthropic.Anthropic(
            api_key="none", base_url="http://in.memory", max_retries=0, http_client=http
        )
        messages: Any = client.beta.messages if beta else client.messages
        with messages.stream(model="any", messages=[], max_tokens=1) as stream:
            return stream.get_final_message()


def sdk_message_blocks(message: Any) -> list[tuple[Any, ...]]:
    """Return the content of the SDK's message, in the form of `our_message_blocks`."""
    return [_block(block) for block in message.content]


def _block(block: Any) -> tuple[Any, ...]:
    match block.type:
        case "text":
            found = [
                citation.to_dict(mode="json", warnings=False) for citation in block.citations or ()
            ]
            return "text", block.text, [without_nulls(citation) for citation in found]
        case "thinking":
            return "thinking", block.thinking, block.signature or None
        case "redacted_thinking":
            return "redacted_thinking", block.data
        case "tool_use" | "server_tool_use" | "mcp_tool_use":
            executed = block.type != "tool_use"
            return "tool", block.id, block.name, block.input or {}, executed
    return "result", block.tool_use_id, block.to_dict(mode="json", warnings=False)


# Responses.
def sdk_response_events(capture: Capture) -> list[Any]:
    """Return the SDK's events. Raises its APIError for an error inside the stream."""
    with _http(capture) as http:
        client = openai.OpenAI(
            api_key="none", base_url="http://in.memory/v1", max_retries=0, http_client=http
        )
        with client.responses.create(model="any", input="any", stream=True) as stream:
            return list(stream)
