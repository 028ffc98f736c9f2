"""Reads captured bodies with the SDKs of Cohere, Ollama, Mistral and Groq, from memory."""

from __future__ import annotations

import json
from typing import Any

import cohere
import groq
import httpx
import httpx2
import mistralai.client
import ollama

from tests.corpus import Capture

from .answers import Answer, Said, ToolUse
from .sdks import without_nulls


def _transport(capture: Capture, library: Any = httpx) -> Any:
    def respond(_: Any) -> Any:
        headers = {"content-type": capture.content_type}
        return library.Response(capture.status, headers=headers, content=capture.body)

    return library.MockTransport(respond)


# Cohere.
def cohere_answer(capture: Capture) -> tuple[Answer, list[Any]]:
    """Return what the events of Cohere's SDK come to, and the citations."""
    said, answer, citations = Said(), Answer(), []
    answer.choices[0] = said
    with httpx.Client(transport=_transport(capture)) as http:
        client = cohere.ClientV2(api_key="none", base_url="http://in.memory", httpx_client=http)
        for event in client.chat_stream(model="any", messages=[]):
            _take_cohere(event, said, answer, citations)
    return answer, citations


def _take_cohere(event: Any, said: Said, answer: Answer, citations: list[Any]) -> None:
    message = getattr(getattr(event, "delta", None), "message", None)
    match event.type:
        case "message-start":
            answer.id = event.id
        case "content-start" | "content-delta":
            said.text += message.content.text or ""
            said.reasoning += message.content.thinking or ""
        case "tool-plan-delta":
            said.reasoning += message.tool_plan
        case "tool-call-start":
            call = message.tool_calls
            said.tools.append(ToolUse(call.id, call.function.name, call.function.arguments))
        case "tool-call-delta":
            last = said.tools[-1]
            more = message.tool_calls.function.arguments
            said.tools[-1] = ToolUse(last.id, last.name, last.arguments + more)
        case "citation-start":
            citations.append(message.citations.dict())
        case "message-end":
            said.finish = event.delta.finish_reason
            answer.usage = without_nulls(event.delta.usage.dict())


# Ollama.
def ollama_answer(capture: Capture) -> Answer:
    """Return what the lines of Ollama's SDK come to, of its chat or its generate."""
    said, answer = Said(), Answer()
    answer.choices[0] = said
    client = ollama.Client(host="http://in.memory", transport=_transport(capture))
    of_chat = b'"message"' in capture.body
    lines = (
        client.chat(model="any", messages=[], stream=True)
        if of_chat
        else client.generate(model="any", stream=True)
    )
    for line in lines:
        answer.model = line.model
        message = line.message if of_chat else line
        said.text += (message.content if of_chat else message.response) or ""
        said.reasoning += message.thinking or ""
        for call in (message.tool_calls or ()) if of_chat else ():
            # The SDK has no place for a call's id.
            said.tools.append(ToolUse(None, call.function.name, dict(call.function.arguments)))
        said.finish = line.done_reason or said.finish
        members = line.model_dump(exclude_none=True)
        answer.usage |= {k: v for k, v in members.items() if k.endswith(("_count", "_duration"))}
    return answer


# Mistral.
def mistral_answer(capture: Capture) -> Answer:
    """Return what the chunks of Mistral's SDK come to."""
    said, answer = Said(), Answer()
    answer.choices[0] = said
    with httpx2.Client(transport=_transport(capture, httpx2)) as http:
        client = mistralai.client.Mistral(
            api_key="none", server_url="http://in.memory", client=http
        )
        with client.chat.stream(model="any", messages=[]) as stream:
            for event in stream:
                _take_mistral(event.data, said, answer)
    return answer


def _take_mistral(chunk: Any, said: Said, answer: Answer) -> None:
    answer.id, answer.model = chunk.id, chunk.model
    if chunk.usage:
        answer.usage = without_nulls(json.loads(chunk.usage.model_dump_json()))
    for choice in chunk.choices:
        content = choice.delta.content or ""
        parts = content if isinstance(content, list) else [content]
        for part in parts:
            if isinstance(part, str):
                said.text += part
            elif part.type == "thinking":
                said.reasoning += "".join(inner.text for inner in part.thinking)
            else:
                said.text += part.text
        for call in choice.delta.tool_calls or ():
            said.tools.append(ToolUse(call.id, call.function.name, call.function.arguments))
        said.finish = choice.finish_reason or said.finish


# Groq.
def groq_chunks(capture: Capture) -> list[Any]:
    """Return the chunks of Groq's SDK. Raises its APIError for an error inside the stream."""
    with httpx.Client(transport=_transport(capture)) as http:
        client = groq.Groq(
            api_key="none", base_url="http://in.memory", max_retries=0, http_client=http
        )
        stream: Any = client.chat.completions.create(model="any", messages=[], stream=True)
        return list(stream)
