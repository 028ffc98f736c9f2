"""The SDKs that record and replay here, each with what is peculiar to it."""

from __future__ import annotations

from typing import Any

import httpx

from .frameworks import LangChainOpenAI, LiteLLM, PydanticAI
from .sdk import Call, ChatCompletions, Sdk, joined


class OpenAI(ChatCompletions):
    package = module = "openai"
    library, argument = "httpx2", "OpenAI(http_client=)"

    def client(self, call: Call) -> Any:
        import openai

        return openai.OpenAI(**self._arguments(call))

    def async_client(self, call: Call) -> Any:
        import openai

        return openai.AsyncOpenAI(**self._arguments(call))

    @staticmethod
    def _arguments(call: Call) -> dict[str, Any]:
        where = {"base_url": f"{call.url}/v1", "api_key": call.key}
        return where | call.retries | call.given("http_client")


class OpenAIResponses(OpenAI):
    """The same, asked for responses."""

    wire = "openai-responses"

    @property
    def name(self) -> str:
        return "openai, responses"

    def ask(self, client: Any, call: Call) -> Any:
        return client.responses.create(model=call.model, input=call.prompt, stream=call.stream)

    def told(self, answer: Any) -> str:
        return joined(self._of(item) for item in answer.output)

    def said(self, event: Any) -> str:
        if event.type == "response.output_item.added" and event.item.type == "function_call":
            return self._of(event.item)
        kinds = ("response.output_text.delta", "response.function_call_arguments.delta")
        return event.delta if event.type in kinds else ""

    @staticmethod
    def _of(item: Any) -> str:
        if item.type == "message":
            return joined(part.text for part in item.content)
        return f"{item.name}{item.arguments}"


class Anthropic(Sdk):
    package = module = "anthropic"
    library, argument, wire = "httpx2", "Anthropic(http_client=)", "anthropic-messages"
    miss, misses = "APIConnectionError", 3

    def client(self, call: Call) -> Any:
        import anthropic

        return anthropic.Anthropic(**self._arguments(call))

    def async_client(self, call: Call) -> Any:
        import anthropic

        return anthropic.AsyncAnthropic(**self._arguments(call))

    def ask(self, client: Any, call: Call) -> Any:
        return client.messages.create(**call.question, max_tokens=99, stream=call.stream)

    def told(self, answer: Any) -> str:
        return joined(self._of(block) for block in answer.content)

    def said(self, event: Any) -> str:
        if event.type == "content_block_start":
            return self._of(event.content_block)
        if event.type == "content_block_delta":
            return joined(getattr(event.delta, name, None) for name in ("text", "partial_json"))
        return ""

    @staticmethod
    def _arguments(call: Call) -> dict[str, Any]:
        where = {"base_url": call.url, "api_key": call.key}
        return where | call.retries | call.given("http_client")

    @staticmethod
    def _of(block: Any) -> str:
        return block.text if block.type == "text" else f"{block.name}{block.input or ''}"


class GoogleGenAI(Sdk):
    package, module = "google-genai", "google.genai"
    library, wire = "httpx2", "gemini"
    argument = "HttpOptions(httpx_client=, httpx_async_client=)"
    note = (
        "It takes clients of either library, and makes its own of httpx2 where that is installed."
    )

    def client(self, call: Call) -> Any:
        return self._client(call, "httpx_client")

    def async_client(self, call: Call) -> Any:
        return self._client(call, "httpx_async_client").aio

    def ask(self, client: Any, call: Call) -> Any:
        models = client.models
        verb = models.generate_content_stream if call.stream else models.generate_content
        return verb(model=call.model, contents=call.prompt)

    def told(self, answer: Any) -> str:
        parts = [part for each in answer.candidates for part in each.content.parts]
        calls = [part.function_call for part in parts if part.function_call]
        return joined([*(part.text for part in parts), *(f"{c.name}{c.args}" for c in calls)])

    said = told

    @classmethod
    def _options(cls, call: Call, name: str) -> dict[str, Any]:
        return call.given(name)

    @classmethod
    def _client(cls, call: Call, name: str) -> Any:
        from google import genai
        from google.genai.types import HttpOptions

        options = HttpOptions(base_url=call.url, **cls._options(call, name))
        return genai.Client(api_key=call.key, http_options=options)


class GoogleGenAIOnHttpx(GoogleGenAI):
    """The same over the other library: it goes by what it is given, be it a timeout."""

    library = "httpx"
    note = ""

    @property
    def name(self) -> str:
        return "google-genai on httpx"

    @classmethod
    def _options(cls, call: Call, name: str) -> dict[str, Any]:
        timeout = {"timeout": httpx.Timeout(60)}
        own = {"client_args": timeout, "async_client_args": timeout}
        return call.given(name) or own


class Mistral(ChatCompletions):
    package, module = "mistralai", "mistralai.client"
    library, argument, wire = "httpx2", "Mistral(client=, async_client=)", "mistral"

    def client(self, call: Call) -> Any:
        return self._client(call, "client")

    def async_client(self, call: Call) -> Any:
        return self._client(call, "async_client")

    def ask(self, client: Any, call: Call) -> Any:
        verb = client.chat.stream if call.stream else client.chat.complete
        return verb(**call.question)

    def ask_async(self, client: Any, call: Call) -> Any:
        verb = client.chat.stream_async if call.stream else client.chat.complete_async
        return verb(**call.question)

    def said(self, event: Any) -> str:
        return super().said(event.data)

    @staticmethod
    def _client(call: Call, name: str) -> Any:
        from mistralai.client import Mistral

        where = {"server_url": f"{call.url}/mistral", "api_key": call.key}
        return Mistral(**where, **call.given(name))


class Groq(ChatCompletions):
    package = module = "groq"
    library, argument = "httpx", "Groq(http_client=)"
    miss, misses = "APIConnectionError", 3

    def client(self, call: Call) -> Any:
        import groq

        return groq.Groq(**self._arguments(call))

    def async_client(self, call: Call) -> Any:
        import groq

        return groq.AsyncGroq(**self._arguments(call))

    @staticmethod
    def _arguments(call: Call) -> dict[str, Any]:
        where = {"base_url": call.url, "api_key": call.key}
        return where | call.retries | call.given("http_client")


class Cohere(Sdk):
    package = module = "cohere"
    library, argument, wire = "httpx", "ClientV2(httpx_client=)", "cohere-v2"

    def client(self, call: Call) -> Any:
        import cohere

        return cohere.ClientV2(**self._arguments(call))

    def async_client(self, call: Call) -> Any:
        import cohere

        return cohere.AsyncClientV2(**self._arguments(call))

    def ask(self, client: Any, call: Call) -> Any:
        return (client.chat_stream if call.stream else client.chat)(**call.question)

    def told(self, answer: Any) -> str:
        texts = [each.text for each in answer.message.content or ()]
        return joined([*texts, *map(self._call, answer.message.tool_calls or ())])

    def said(self, event: Any) -> str:
        message = getattr(getattr(event, "delta", None), "message", None)
        if event.type in ("content-start", "content-delta"):
            return message.content.text or ""
        if event.type in ("tool-call-start", "tool-call-delta"):
            return self._call(message.tool_calls)
        return ""

    @staticmethod
    def _arguments(call: Call) -> dict[str, Any]:
        return {"base_url": call.url, "api_key": call.key} | call.given("httpx_client")

    @staticmethod
    def _call(call: Any) -> str:
        return joined([getattr(call.function, "name", None), call.function.arguments])


class Ollama(Sdk):
    package = module = "ollama"
    library, wire = "httpx", "ollama"
    argument = "Client(transport=)"
    note = "It takes a transport, not a client."

    def client(self, call: Call) -> Any:
        import ollama

        return ollama.Client(**self._arguments(call))

    def async_client(self, call: Call) -> Any:
        import ollama

        return ollama.AsyncClient(**self._arguments(call))

    def ask(self, client: Any, call: Call) -> Any:
        return client.chat(**call.question, stream=call.stream)

    def told(self, answer: Any) -> str:
        functions = [call.function for call in answer.message.tool_calls or ()]
        calls = [f"{each.name}{each.arguments}" for each in functions]
        return joined([answer.message.content, *calls])

    said = told

    @staticmethod
    def _arguments(call: Call) -> dict[str, Any]:
        key = {"authorization": f"Bearer {call.key}"}
        ours = (
            {"transport": call.http._transport, "timeout": call.http.timeout} if call.http else {}
        )
        return {"host": call.url, "headers": key} | ours


SDKS: tuple[Sdk, ...] = (
    OpenAI(),
    OpenAIResponses(),
    Anthropic(),
    GoogleGenAI(),
    GoogleGenAIOnHttpx(),
    Mistral(),
    Groq(),
    Cohere(),
    Ollama(),
    LiteLLM(),
    PydanticAI(),
    LangChainOpenAI(),
)
