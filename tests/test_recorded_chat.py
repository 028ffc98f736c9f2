import openai
import pytest


def test_answer(reqllm_client):
    with reqllm_client.stream("anthropic:claude-haiku-4-5", "Why is the sky blue?") as response:
        assert "scatter" in response.text()
    assert response.finish_reason().reason == "stop"


@pytest.mark.anyio
@pytest.mark.reqllm("test_recorded_chat/test_answer")  # the same cassette, on asyncio and trio
async def test_answer_of_the_async_client(reqllm_async_client):
    model = "anthropic:claude-haiku-4-5"
    async with reqllm_async_client.stream(model, "Why is the sky blue?") as response:
        assert "scatter" in await response.text()


@pytest.mark.reqllm(patch=True)  # for code that builds its own client
def test_sdk():
    messages = [{"role": "user", "content": "Why is the sky blue?"}]
    stream = openai.OpenAI(api_key="unused").chat.completions.create(
        model="gpt-5-mini", messages=messages, stream=True
    )
    text = "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
    assert "scatter" in text
