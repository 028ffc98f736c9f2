"""The answers that the loopback provider knows by name.

A request names one as its model (`"model": "tools"`). A request for a real model's name gets
the scenario of the first `PROMPTS` entry whose word its last user message holds, or `text`.
"""

from __future__ import annotations

import base64
import hashlib

from .scenario import (
    Audio,
    Reasoning,
    RedactedReasoning,
    Refusal,
    Scenario,
    Search,
    Source,
    Text,
    ToolCall,
    Usage,
)
from .wires import Wire


def _opaque(label: str, blocks: int = 4) -> str:
    """Base64 that looks like what providers sign and encrypt with."""
    data = b"".join(hashlib.sha512(f"{label} {n}".encode()).digest() for n in range(blocks))
    return base64.b64encode(b"\x12\xb8\x01\x0a" + data).decode()


SIGNATURE = _opaque("signature")
REDACTED = _opaque("redacted")

SKY_THOUGHTS = (
    "They want a short everyday explanation. Scattering goes with the inverse fourth power of the "
    "wavelength; mention why not violet, and keep it friendly."
)
SKY = (
    "Sunlight looks white, but it is a mixture of every colour. On its way down it meets the "
    "molecules of the air, and they scatter short waves far more strongly than long ones. So "
    "wherever you look, away from the sun, blue light reaches your eye. 🌍 Violet is scattered "
    "even more, yet the sun sends less of it and our eyes hardly notice. Towards evening the "
    "light crosses so much air that most of the blue is gone before it arrives, and the horizon "
    "turns the colour of rosé."
)
# Letters, emoji of several code points, a combining accent, and the separators that are line
# ends to `str.splitlines` but not to server-sent events.
UNICODE = "Zażółć gęślą jaźń — 漢字かな 👩‍👩‍👧 e\u0301 \u2028 \x85 fin\n\n\ttab"
OSLO = ToolCall("get_weather", {"city": "Oslo", "unit": "celsius"})
ZURICH = ToolCall("get_weather", {"city": "Zürich", "unit": "celsius"})
BERGEN = ToolCall("get_weather", {"city": "Bergen", "unit": "celsius"})
CYCLE_THOUGHTS = (
    "Whether to cycle depends on today's rain and wind in Bergen, which I cannot know. "
    "The weather tool can tell me."
)
ALMANAC = Source("https://almanac.example/tides", "Tide tables", "High water is at 04:12")
HARBOUR = Source("https://harbour.example/news", "Harbour news", "the ferry waits for the tide")
CITED = "High water is at 04:12, and the ferry waits for the tide."

PROMPTS: dict[Wire, dict[str, str]] = {
    "openai-chat": {"sky": "sky", "weather": "text_and_tools"},
    "anthropic-messages": {"sky": "sky", "cycle": "reasoning_tools", "weather": "text_and_tools"},
}

BOTH: dict[str, Scenario] = {
    "text": Scenario(parts=(Text("Hello! How can I help you today?"),)),
    "sky": Scenario(
        parts=(Reasoning(SKY_THOUGHTS, SIGNATURE), Text(SKY)),
        usage=Usage(input=14, output=149, reasoning=37),
    ),
    "unicode": Scenario(parts=(Text(UNICODE),)),
    "empty": Scenario(parts=(Text(""),), usage=Usage(output=1)),
    "length": Scenario(parts=(Text("One, two, three, four,"),), finish="length"),
    "cached": Scenario(
        parts=(Text("From the cache."),),
        usage=Usage(input=2300, output=6, cached=2048, cache_write=128),
    ),
    "tools": Scenario(parts=(OSLO,), finish="tool_calls"),
    "parallel_tools": Scenario(parts=(OSLO, ZURICH), finish="tool_calls"),
    "text_and_tools": Scenario(
        parts=(Text("I will look up both cities for you."), OSLO, ZURICH),
        finish="tool_calls",
        usage=Usage(input=78, output=61),
    ),
    "tool_no_arguments": Scenario(parts=(ToolCall("list_cities", None),), finish="tool_calls"),
    "tool_cut": Scenario(parts=(ToolCall("get_weather", '{"city":"Os'),), finish="length"),
    "reasoning": Scenario(
        parts=(Reasoning("Two and two make four.", SIGNATURE), Text("4")),
        usage=Usage(output=15, reasoning=9),
    ),
    "refusal": Scenario(parts=(Refusal("I cannot help with that."),), finish="refusal"),
    "content_filter": Scenario(parts=(Text("The first step is"),), finish="content_filter"),
    "citations": Scenario(parts=(Text(CITED, citations=(ALMANAC, HARBOUR)),)),
    "noise": Scenario(parts=(Text("Heard through the noise."),), noise=True),
    "error_first": Scenario(ending="error"),
    "error_mid": Scenario(parts=(Text("So far so good, and then"),), ending="error"),
    "truncated": Scenario(parts=(Text("This sentence has no"),), ending="truncated"),
    "tool_truncated": Scenario(parts=(OSLO,), ending="truncated"),
    "no_terminator": Scenario(parts=(Text("All is said."),), ending="no_terminator"),
    "no_finish": Scenario(parts=(Text("All is said."),), ending="no_finish"),
}
CHAT_ONLY: dict[str, Scenario] = {
    "logprobs": Scenario(parts=(Text("Heads 🎲, naturally.", logprobs=True),)),
    "audio": Scenario(parts=(Audio("Good evening from the harbour.", bytes(range(100))),)),
    "reasoning_content": Scenario(
        parts=(Reasoning("Two and two.", chat_field="reasoning_content"), Text("4")),
        usage=Usage(output=12, reasoning=6),
    ),
}
MESSAGES_ONLY: dict[str, Scenario] = {
    "reasoning_tools": Scenario(
        parts=(
            Reasoning(CYCLE_THOUGHTS, SIGNATURE),
            Text("Let me check today's weather in Bergen first."),
            BERGEN,
        ),
        finish="tool_calls",
        usage=Usage(input=412, output=118, reasoning=34),
    ),
    "reasoning_omitted": Scenario(
        parts=(Reasoning("", SIGNATURE), Text("4")), usage=Usage(output=15, reasoning=9)
    ),
    "redacted": Scenario(parts=(RedactedReasoning(REDACTED), Text("I would rather not say."))),
    "server_tool": Scenario(
        parts=(
            Text("Let me look that up."),
            Search("tide tables tonight", (ALMANAC, HARBOUR)),
            Text(CITED, citations=(ALMANAC, HARBOUR)),
        ),
        usage=Usage(input=9120, output=96, input_at_start=640),
    ),
    "pause": Scenario(
        parts=(Search("tide tables tonight", (ALMANAC,)),),
        finish="pause",
        usage=Usage(input=3120, output=40, input_at_start=640),
    ),
}
SCENARIOS: dict[Wire, dict[str, Scenario]] = {
    "openai-chat": BOTH | CHAT_ONLY,
    "anthropic-messages": BOTH | MESSAGES_ONLY,
}
