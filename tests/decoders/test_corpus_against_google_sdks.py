"""The captures of Gemini are to us what they are to Google's own SDK.

Where the two differ on purpose, a table below names the capture and says why.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from reqllm.chunk import Citation
from reqllm.content import FilePart, ReasoningPart, TextPart, ToolCall, ToolResultPart
from reqllm.response import Response
from reqllm.stream_server import decode_stream
from tests.conftest import COMPARED
from tests.corpus import Capture, captures, params

from .answers import ToolUse, our_chat_answer
from .google_sdks import gemini_answer, gemini_events, same_base64

GEMINI = captures("gemini")
# The client asked for enumerations as numbers; the SDK fails on them, we read their names.
NUMBERS = {
    (
        "gemini-json-array/langchaingo-llms-googleai-"
        "TestGoogleAIGenerateContentWithMultipleMessages-5576e4.00"
    ),
    "gemini-json-array/langchaingo-llms-googleai-TestGoogleAIToolCallResponse-64f00a.01",
}
# The SDK has no place for it.
NOT_IN_THE_SDK = {"serviceTier"}


@pytest.mark.parametrize("capture", params(c for c in GEMINI if c.name not in NUMBERS))
def test_a_gemini_stream_is_what_its_sdk_reads(capture: Capture, record_property) -> None:
    """Text, thoughts, calls, files, signatures, finish, usage, id and model are the SDK's."""
    response = decode_stream("gemini", capture.body)
    sdk, signatures, ran = gemini_answer(gemini_events(capture))
    ours = our_chat_answer(response)
    for said in ours.choices.values():
        said.tools = [ToolUse(t.id, t.name, json.loads(t.arguments or "{}")) for t in said.tools]
    for number, said in sdk.choices.items():
        assert ours.choices[number] == with_ours(said, response, number)
    assert ours.choices.keys() == sdk.choices.keys()
    assert (ours.id, ours.model) == (sdk.id, sdk.model)
    known = {k: v for k, v in ours.usage.items() if k not in NOT_IN_THE_SDK}
    assert known == sdk.usage
    assert [*map(same_base64, signatures_of(response))] == [*map(same_base64, signatures)]
    assert what_ran(response) == ran
    check_usage_numbers(response, sdk.usage)
    record_property(COMPARED, "gemini")


def with_ours(said: Any, response: Response, number: int) -> Any:
    """Fill in the ids that the provider did not give, and leave out nothing else."""
    own = [call for call in response.choices[number].content if isinstance(call, ToolCall)]
    own = [call for call in own if not call.provider_executed]
    assert [call.synthetic_id for call in own] == [tool.id is None for tool in said.tools]
    said.tools = [
        ToolUse(call.id, tool.name, tool.arguments)
        for call, tool in zip(own, said.tools, strict=True)
    ]
    # What the provider ran itself is compared apart.
    said.tools += [
        ToolUse(call.id, call.name, dict(call.arguments))
        for call in response.choices[number].content
        if isinstance(call, ToolCall) and call.provider_executed
    ]
    return said


def signatures_of(response: Response) -> list[str]:
    found = []
    for part in response.content:
        match part:
            case TextPart() | ReasoningPart() | ToolCall():
                found.append(part.signature)
            case FilePart():
                found.append(part.provider_metadata.get("thoughtSignature"))
            case ToolResultPart():
                found.append(part.result.get("thoughtSignature"))
    return [signature for signature in found if signature]


def what_ran(response: Response) -> list[Any]:
    """Return code and results as they stood in the stream."""
    found: list[Any] = []
    for part in response.content:
        if isinstance(part, ToolCall) and part.provider_executed:
            found.append({**part.arguments, "id": part.id})
        elif isinstance(part, ToolResultPart):
            found.append(part.result["codeExecutionResult"])
    return found


def check_usage_numbers(response: Response, usage: dict[str, Any]) -> None:
    """Check that totals are whole, and that what is not reported is `None`."""
    if not usage:
        assert response.usage is None
        return
    assert response.usage is not None
    assert response.usage.total_tokens == usage.get("totalTokenCount")
    assert response.usage.reasoning_output_tokens == usage.get("thoughtsTokenCount")
    assert response.usage.cache_read_input_tokens == usage.get("cachedContentTokenCount")
    parts = (response.usage.input_tokens, response.usage.output_tokens)
    if None not in parts:
        assert sum(filter(None, parts)) == response.usage.total_tokens


@pytest.mark.parametrize("name", sorted(NUMBERS))
def test_the_sdk_still_fails_on_what_the_table_says(name: str) -> None:
    """A capture stays in the table of the SDK's faults only as long as the SDK has them."""
    found = [capture for capture in GEMINI if capture.name == name]
    if not found:
        pytest.skip("no corpus")
    with pytest.raises(AttributeError):
        gemini_events(found[0])
    response = decode_stream("gemini", found[0].body)
    assert response.finish_reason is not None
    assert (response.state, response.finish_reason.raw) == ("complete", "STOP")


@pytest.mark.parametrize("capture", params(GEMINI))
def test_citations_lie_where_google_says(capture: Capture) -> None:
    """Each stretch of text that Google gives sources for is cited, and found in its characters."""
    response = decode_stream("gemini", capture.body)
    cited = [
        (part.content[x.start : x.end], x.cited_text)
        for part in response.content
        if isinstance(part, TextPart)
        for x in part.citations
        if isinstance(x, Citation) and x.start is not None
    ]
    assert all(found == said for found, said in cited)
    supports = capture.body.count(b'"groundingSupports"')
    assert bool(cited) is bool(supports)
