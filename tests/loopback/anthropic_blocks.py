"""The content blocks of `anthropic-messages`: how each starts, and the deltas that fill it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

from .scenario import (
    Audio,
    Part,
    Reasoning,
    RedactedReasoning,
    Refusal,
    Scenario,
    Search,
    Source,
    Text,
    ToolCall,
)
from .wording import Options, arguments_text, cut_arguments, group

TOKENS_A_DELTA = 2

Json = dict[str, Any]
Block = tuple[Json, list[Json]]


class Blocks:
    """The blocks of one answer, in order."""

    def __init__(self, scenario: Scenario, options: Options) -> None:
        self.scenario = scenario
        self.options = options
        self.calls = 0

    def __iter__(self) -> Iterator[Block]:
        for part in self.scenario.parts:
            yield from self.part(part)

    def part(self, part: Part) -> list[Block]:
        """The blocks that say a part: how each starts, and its deltas."""
        match part:
            case Text():
                return [self.text(part)]
            case Reasoning():
                return [self.thinking(part)]
            case RedactedReasoning():
                return [({"type": "redacted_thinking", "data": part.data}, [])]
            case ToolCall():
                return [self.tool_use(part)]
            case Search():
                return self.search(part)
            case Refusal():
                return []  # said in stop_details
            case Audio():
                raise ValueError("anthropic-messages has no words for Audio")

    def text(self, part: Text) -> Block:
        if part.logprobs:
            raise ValueError("anthropic-messages has no words for log probabilities")
        start: Json = {"type": "text", "text": ""}
        deltas: list[Json]
        deltas = [{"type": "text_delta", "text": words} for words in self.words(part.text)]
        if part.citations:
            start["citations"] = []
            deltas += [
                {"type": "citations_delta", "citation": self.citation(source)}
                for source in part.citations
            ]
        return start, deltas

    def citation(self, source: Source) -> Json:
        return {
            "type": "web_search_result_location",
            "url": source.url,
            "title": source.title,
            "encrypted_index": self.opaque(f"index {source.url}", 36),
            "cited_text": source.quote,
        }

    def thinking(self, part: Reasoning) -> Block:
        deltas = [{"type": "thinking_delta", "thinking": words} for words in self.words(part.text)]
        if part.signature:
            deltas.append({"type": "signature_delta", "signature": part.signature})
        return {"type": "thinking", "thinking": "", "signature": ""}, deltas

    def tool_use(self, part: ToolCall) -> Block:
        number = self.calls
        self.calls += 1
        start = {
            "type": "tool_use",
            "id": self.options.identifier("toolu_01", 22, number),
            "name": part.name,
            "input": {},
        }
        return start, self.arguments(arguments_text(part, spaced=True), number)

    def arguments(self, text: str, number: object) -> list[Json]:
        pieces = cut_arguments(text, self.options.chance(f"arguments {number}"))
        return [{"type": "input_json_delta", "partial_json": piece} for piece in ["", *pieces]]

    def search(self, part: Search) -> list[Block]:
        use: Json = {
            "type": "server_tool_use",
            "id": self.options.identifier("srvtoolu_01", 22, part.query),
            "name": "web_search",
            "input": {},
        }
        query = arguments_text(ToolCall("web_search", {"query": part.query}), spaced=True)
        found = [self.found(source) for source in part.found]
        result = {"type": "web_search_tool_result", "tool_use_id": use["id"], "content": found}
        return [(use, self.arguments(query, part.query)), (result, [])]

    def found(self, source: Source) -> Json:
        return {
            "type": "web_search_result",
            "title": source.title,
            "url": source.url,
            "encrypted_content": self.opaque(f"content {source.url}", 120),
            "page_age": "March 3, 2026",
        }

    def opaque(self, purpose: str, size: int) -> str:
        return base64.b64encode(self.options.chance(purpose).randbytes(size)).decode()

    def words(self, text: str) -> list[str]:
        chance = self.options.chance(f"words {text}")
        return group(self.options.cut(text, chance), TOKENS_A_DELTA, chance)


def joined(start: Json, deltas: list[Json]) -> Json:
    """A block with all its deltas, as the object without `stream` has it."""
    block = dict(start)
    arguments = ""
    for delta in deltas:
        match delta["type"]:
            case "input_json_delta":
                arguments += delta["partial_json"]
            case "citations_delta":
                block["citations"] = [*block["citations"], delta["citation"]]
            case "text_delta":
                block["text"] += delta["text"]
            case "thinking_delta":
                block["thinking"] += delta["thinking"]
            case "signature_delta":
                block["signature"] = delta["signature"]
    if arguments:
        block["input"] = _parsed(arguments)
    return block


def _parsed(arguments: str) -> Any:
    try:
        return json.loads(arguments)
    except ValueError:
        return {}  # a model that wrote half an object gave no input
