"""What speaks through another SDK: each has its own place for a client of ours."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from typing import Any

from .sdk import Call, ChatCompletions, Sdk, joined

_NUMBERS = itertools.count()


def _openai_arguments(call: Call) -> dict[str, Any]:
    where = {"base_url": f"{call.url}/v1", "api_key": call.key}
    return where | call.retries | call.given("http_client")


class LiteLLM(ChatCompletions):
    package = module = "litellm"
    library, argument = "httpx", "completion(client=OpenAI(http_client=))"
    miss, misses = "InternalServerError", 3
    absent = "wants openai < 3, and openai 3 is tested with the others"
    note = (
        "Under `patch()` set `LITELLM_LOCAL_MODEL_COST_MAP=True`: "
        "when imported it fetches a list of prices, which would be recorded too."
    )
    warns = (  # pydantic's, about how it declares and walks through its own types
        "ignore:Item .* on TypedDict class:UserWarning",
        "ignore:Accessing the 'model_:DeprecationWarning",
    )

    def client(self, call: Call) -> Any:
        import litellm
        import openai

        return litellm.completion, openai.OpenAI(**_openai_arguments(call))

    def async_client(self, call: Call) -> Any:
        import litellm
        import openai

        return litellm.acompletion, openai.AsyncOpenAI(**_openai_arguments(call))

    def ask(self, client: Any, call: Call) -> Any:
        complete, openai_client = client
        asked = {"model": f"openai/{call.model}", "messages": call.messages, "stream": call.stream}
        return complete(**asked, client=openai_client, **call.retries)

    def close(self, client: Any) -> None:
        client[1].close()

    async def aclose(self, client: Any) -> None:
        await client[1].close()


class PydanticAI(Sdk):
    package, module = "pydantic-ai-slim", "pydantic_ai"
    library, argument, wire = "httpx2", "OpenAIProvider(http_client=)", "openai-chat"
    note = (
        "An async client also for `run_sync`. It answers tool calls itself, so only text is tried."
    )
    is_always_async = True
    calls_tools = False

    @property
    def name(self) -> str:
        return "pydantic-ai"

    def async_client(self, call: Call) -> Any:
        from pydantic_ai import Agent
        from pydantic_ai.models.openai import OpenAIChatModel
        from pydantic_ai.providers.openai import OpenAIProvider

        where = {"base_url": f"{call.url}/v1", "api_key": call.key}
        provider = OpenAIProvider(**where, **call.given("http_client"))
        return Agent(OpenAIChatModel(call.model, provider=provider))

    client = async_client

    def ask(self, client: Any, call: Call) -> Any:
        if not call.stream:
            return client.run_sync(call.prompt)
        return client.run_stream_sync(call.prompt).stream_text(delta=True, debounce_by=None)

    def ask_async(self, client: Any, call: Call) -> Any:
        return self._stream(client, call) if call.stream else client.run(call.prompt)

    async def _stream(self, agent: Any, call: Call) -> AsyncIterator[str]:
        async with agent.run_stream(call.prompt) as result:
            async for text in result.stream_text(delta=True, debounce_by=None):
                yield text

    def close(self, client: Any) -> None:
        asyncio.get_event_loop().run_until_complete(self.aclose(client))

    async def aclose(self, client: Any) -> None:
        await client.model.client.close()

    def told(self, answer: Any) -> str:
        return answer.output

    def said(self, event: Any) -> str:
        return event


class LangChainOpenAI(Sdk):
    package, module = "langchain-openai", "langchain_openai"
    library, wire = "httpx2", "openai-chat"
    argument = "ChatOpenAI(http_client=, http_async_client=)"
    note = "Clients of its own it keeps by address and timeout, also beyond their event loop."

    def client(self, call: Call) -> Any:
        return self._client(call, "http_client")

    def async_client(self, call: Call) -> Any:
        return self._client(call, "http_async_client")

    def ask(self, client: Any, call: Call) -> Any:
        return (client.stream if call.stream else client.invoke)(call.prompt)

    def ask_async(self, client: Any, call: Call) -> Any:
        return (client.astream if call.stream else client.ainvoke)(call.prompt)

    def told(self, answer: Any) -> str:
        calls = [f"{call['name']}{call['args']}" for call in answer.tool_calls]
        return joined([answer.content, *calls])

    def said(self, event: Any) -> str:
        pieces = [part for c in event.tool_call_chunks for part in (c["name"], c["args"])]
        return joined([event.content, *pieces])

    def close(self, client: Any) -> None:
        client.root_client.close()

    async def aclose(self, client: Any) -> None:
        await client.root_async_client.close()

    @staticmethod
    def _client(call: Call, name: str) -> Any:
        from langchain_openai import ChatOpenAI

        where = {"base_url": f"{call.url}/v1", "api_key": call.key, "model": call.model}
        # Clients of its own are kept by address and timeout, beyond the loop that they belong to.
        apart = {"timeout": 60 + next(_NUMBERS)}
        return ChatOpenAI(**where, **call.retries, **apart, **call.given(name))
