"""The chunks of a whole answer that kept none: one of each kind that a block has. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain

from reqllm import chunk as c
from reqllm.content import (
    ContentPart,
    CustomPart,
    FilePart,
    ReasoningPart,
    RefusalPart,
    TextPart,
    ToolCall,
    ToolResultPart,
)
from reqllm.response import Response


def chunks_of(response: Response) -> list[c.StreamChunk]:
    """Give the chunks of a whole answer, joined: those that it was folded from were not kept."""
    return list(_told(response))


def _told(response: Response) -> Iterator[c.StreamChunk]:
    yield c.StreamStart(response.id, response.model)
    for number, choice in enumerate(response.choices):
        blocks = [
            list(_TELLERS[type(part)](part, index, number))
            for index, part in enumerate(choice.content)
        ]
        if blocks and response.state != "complete" and isinstance(blocks[-1][-1], c.TextEnd):
            blocks[-1].pop()  # it was cut off inside
        yield from chain.from_iterable(blocks)
        if choice.logprobs:
            yield c.LogprobsChunk(list(choice.logprobs), choice=number)
    yield from response.warnings
    if response.provider_metadata:
        yield c.ResponseMetadata(provider_metadata=response.provider_metadata)
    if response.usage is not None:
        yield c.UsageChunk(response.usage)
    if response.error is not None:
        yield c.ErrorChunk(response.error)
    elif response.finish_reason is not None:
        finishes = tuple(each.finish_reason for each in response.choices if each.finish_reason)
        yield c.FinishChunk(response.finish_reason, finishes if len(finishes) > 1 else ())


def _text(part: TextPart, index: int, choice: int) -> Iterator[c.StreamChunk]:
    yield c.TextStart(index, choice, part.provider_metadata)
    if part.content:
        yield c.TextDelta(part.content, index, choice)
    for citation in part.citations:
        yield c.CitationChunk(citation, index, choice)
    yield c.TextEnd(index, choice, part.signature)


def _reasoning(part: ReasoningPart, index: int, choice: int) -> Iterator[c.StreamChunk]:
    yield c.ReasoningStart(index, choice, part.redacted)
    if part.content:
        yield c.ReasoningDelta(part.content, index, choice)
    if part.complete:
        yield c.ReasoningEnd(
            index, choice, part.signature, part.redacted, part.data, part.provider_metadata
        )


def _refusal(part: RefusalPart, index: int, choice: int) -> Iterator[c.StreamChunk]:
    yield c.RefusalDelta(part.content, index, choice, part.provider_metadata)


def _tool_call(part: ToolCall, index: int, choice: int) -> Iterator[c.StreamChunk]:
    yield c.ToolCallStart(part.id, part.name, index, choice, part.provider_executed)
    if part.arguments_raw:
        yield c.ToolCallDelta(part.arguments_raw, part.id, index, choice)
    if part.complete:
        yield c.ToolCallEnd(
            part.id,
            part.name,
            part.arguments,
            part.arguments_raw or "",
            part.invalid,
            index,
            choice,
            part.provider_executed,
            part.signature,
            part.provider_metadata,
        )


def _tool_result(part: ToolResultPart, index: int, choice: int) -> Iterator[c.StreamChunk]:
    yield c.ToolResult(part.tool_call_id, part.result, part.name, part.is_error, index, choice)


def _file(part: FilePart, index: int, choice: int) -> Iterator[c.StreamChunk]:
    yield c.FileChunk(index, choice, part.media_type, part.data, part.url, part.id)


def _custom(part: CustomPart, index: int, choice: int) -> Iterator[c.StreamChunk]:
    yield c.CustomChunk(part.custom_kind, part.data, index, choice)


_TELLERS: dict[type[ContentPart], Callable[..., Iterator[c.StreamChunk]]] = {
    TextPart: _text,
    ReasoningPart: _reasoning,
    RefusalPart: _refusal,
    ToolCall: _tool_call,
    ToolResultPart: _tool_result,
    FilePart: _file,
    CustomPart: _custom,
}
