"""SDKs that would take a miss for a failure of the network, and ask again, hide none."""

from __future__ import annotations

import json

import pytest

from reqllm_fixtures import Interaction
from tests.fixtures_side.making import answered, asked, saved
from tests.loopback.provider import KEY

from .suites import ANSWER, told

# With retries by default; what they would wait between two requests is no part of the test.
USES = f"""
    import asyncio, contextlib
    import anthropic, groq, openai
    from anthropic import _base_client as of_anthropic
    from groq import _base_client as of_groq
    from openai import _base_client as of_openai

    for module in (of_anthropic, of_groq, of_openai):
        module.INITIAL_RETRY_DELAY = 0.0

    OPTIONS = dict(base_url="https://api.example.test", api_key={KEY!r})
    CLIENTS = dict(
        anthropic=(anthropic.Anthropic, anthropic.AsyncAnthropic),
        groq=(groq.Groq, groq.AsyncGroq),
        openai=(openai.OpenAI, openai.AsyncOpenAI),
    )

    def of(client, prompt):
        messages = [dict(role="user", content=prompt)]
        question = dict(model="m", messages=messages, stream=True)
        if hasattr(client, "messages"):
            return client.messages.create(**question, max_tokens=9)
        return client.chat.completions.create(**question)

    def streamed(sdk, prompt, **options):
        with CLIENTS[sdk][0](**OPTIONS, **options) as client, of(client, prompt) as events:
            return list(events)

    async def astreamed(sdk, prompt, **options):
        async with CLIENTS[sdk][1](**OPTIONS, **options) as client:
            async with await of(client, prompt) as events:
                return [event async for event in events]

    def each(test):
        prompts = pytest.mark.parametrize("prompt", ["Hi", "Bye"])
        return prompts(pytest.mark.parametrize("sdk", CLIENTS)(test))

    @each
    @pytest.mark.reqllm(patch=True)
    def test_plain(sdk, prompt):
        assert streamed(sdk, prompt)

    @each
    @pytest.mark.reqllm(patch=True)
    def test_swallowed(sdk, prompt):
        with contextlib.suppress(Exception):
            streamed(sdk, prompt)

    @each
    @pytest.mark.reqllm(patch=True)
    def test_then_what_was_recorded(sdk, prompt):
        with contextlib.suppress(Exception):
            streamed(sdk, prompt)
        assert streamed(sdk, "Hi")

    @each
    def test_own_client(sdk, prompt, reqllm_cassette):
        http = httpx if sdk == "groq" else httpx2
        with http.Client(transport=reqllm_cassette.transport(http)) as client:
            with contextlib.suppress(Exception):
                streamed(sdk, prompt, http_client=client)

    @each
    @pytest.mark.reqllm(patch=True)
    def test_async(sdk, prompt):
        async def main():
            async with asyncio.TaskGroup() as group:
                group.create_task(astreamed(sdk, prompt))
        asyncio.run(main())
"""
TESTS = (
    "test_plain",
    "test_swallowed",
    "test_then_what_was_recorded",
    "test_own_client",
    "test_async",
)
CHAT = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "stream": True}
CLAUDE = [
    b"event: %s\ndata: %s\n\n" % (each["type"].encode(), json.dumps(each).encode())
    for each in (
        {
            "type": "message_start",
            "message": {
                "id": "msg_1",
                "type": "message",
                "role": "assistant",
                "model": "m",
                "content": [],
                "stop_reason": None,
                "stop_sequence": None,
                "usage": {"input_tokens": 1, "output_tokens": 1},
            },
        },
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": {"output_tokens": 1},
        },
        {"type": "message_stop"},
    )
]
RECORDED = {
    "anthropic": ("/v1/messages", {**CHAT, "max_tokens": 9}, CLAUDE),
    "groq": ("/openai/v1/chat/completions", CHAT, ANSWER),
    "openai": ("/chat/completions", CHAT, ANSWER),
}


@pytest.fixture
def uses(suite):
    """Tests of each SDK, and a recording of the one thing that each is to ask."""
    suite.write("test_uses.py", USES)
    for sdk, (path, body, pieces) in RECORDED.items():
        request = asked(json.dumps(body).encode(), uri=f"https://api.example.test{path}")
        for test in TESTS:
            times = 1 + (test == "test_then_what_was_recorded")
            for prompt in ("Hi", "Bye"):
                file = suite.folder / f"cassettes/test_uses/{test}[{sdk}-{prompt}].yaml"
                file.parent.mkdir(parents=True, exist_ok=True)
                saved(file, *[Interaction(request, answered(*pieces))] * times)
    return suite


def test_asking_again_hides_no_miss(uses):
    """What was recorded passes; else each test fails once, and the difference comes last."""
    result = uses.run()
    result.assert_outcomes(passed=len(TESTS) * len(RECORDED), failed=len(TESTS) * len(RECORDED))
    said = told(result)
    assert said.keys() == {f"{test}[{sdk}-Bye]" for test in TESTS for sdk in RECORDED}
    for name, lines in said.items():
        request = lines[0].removeprefix(f"No recording in cassettes/test_uses/{name}.yaml answers ")
        assert lines[-6:] == [
            f"The nearest is interaction 0 ({request[:-1]}). It differs in:",
            "  $.messages[0].content",
            '    recorded: "Hi"',
            '    asked:    "Bye"',
            "Undo the change if it was not meant; record the request anew if it was.",
            f"To record it: pytest 'test_uses.py::{name}' --reqllm-mode=record",
        ]
        # It was no exception that the SDK would have taken for another one, and asked again.
        assert not any("more of its requests were refused" in line for line in lines)
