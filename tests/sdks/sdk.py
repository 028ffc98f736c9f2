"""What the tests must know of an SDK, and how all of them are asked."""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar

NO_RETRY = {"max_retries": 0}  # for SDKs that would ask again


@dataclass(frozen=True, kw_only=True)
class Call:
    """One question, and the client of ours that carries it; None where the SDK makes its own."""

    url: str
    key: str
    http: Any = None
    prompt: str = "Hello!"
    model: str = "text"
    stream: bool = False
    retries: dict[str, Any] = field(default_factory=lambda: NO_RETRY)

    def given(self, name: str) -> dict[str, Any]:
        """The client as the argument of this name, if there is one."""
        return {} if self.http is None else {name: self.http}

    @property
    def messages(self) -> list[dict[str, str]]:
        """The prompt, as most vendors want it."""
        return [{"role": "user", "content": self.prompt}]

    @property
    def question(self) -> dict[str, Any]:
        """The arguments of most vendors' calls."""
        return {"model": self.model, "messages": self.messages}


class Sdk:
    """One SDK. `ask` gives an answer or, with `call.stream`, an iterable of events."""

    package: ClassVar[str]
    module: ClassVar[str]
    library: ClassVar[str]  # the HTTP library of its clients: httpx, httpx2
    argument: ClassVar[str]  # where it takes a client of ours
    wire: ClassVar[str]
    miss: ClassVar[str] = "UnmatchedRequestError"  # what a request nobody recorded raises
    misses: ClassVar[int] = 1  # how often it asks for what is not there, with its own defaults
    is_always_async: ClassVar[bool] = False  # whether its synchronous calls use an async client
    calls_tools: ClassVar[bool] = True
    absent: ClassVar[str] = ""  # why it cannot be tested beside the others, but apart
    note: ClassVar[str] = ""  # what its user should know
    warns: ClassVar[tuple[str, ...]] = ()  # filters for warnings of its own, each with its reason

    @property
    def name(self) -> str:
        """How tests and documents call it."""
        return self.package

    @property
    def installed(self) -> bool:
        """Whether it can be tried here."""
        return importlib.util.find_spec(self.module.partition(".")[0]) is not None and (
            importlib.util.find_spec(self.module) is not None
        )

    def client(self, call: Call) -> Any:
        """Make the SDK's own client."""
        raise NotImplementedError

    def async_client(self, call: Call) -> Any:
        """Make its async one."""
        raise NotImplementedError

    def ask(self, client: Any, call: Call) -> Any:
        """Ask; most SDKs' async clients have the same methods."""
        raise NotImplementedError

    def ask_async(self, client: Any, call: Call) -> Any:
        """Ask an async client: an awaitable or an async iterable."""
        return self.ask(client, call)

    def told(self, answer: Any) -> str:
        """What a whole answer says: its text and calls."""
        raise NotImplementedError

    def said(self, event: Any) -> str:
        """What one event of a stream adds; empty for one that says nothing."""
        raise NotImplementedError

    def close(self, client: Any) -> None:
        """Close a client that was not given one of ours."""
        client.__exit__(None, None, None)

    async def aclose(self, client: Any) -> None:
        """The same of an async one."""
        await client.__aexit__(None, None, None)


class ChatCompletions(Sdk):
    """What speaks openai-chat with objects shaped like openai's."""

    wire = "openai-chat"

    def ask(self, client: Any, call: Call) -> Any:
        return client.chat.completions.create(**call.question, stream=call.stream)

    def told(self, answer: Any) -> str:
        return self._of(answer.choices[0].message)

    def said(self, event: Any) -> str:
        return joined(self._of(choice.delta) for choice in event.choices)

    @staticmethod
    def _of(message: Any) -> str:
        functions = [call.function for call in message.tool_calls or ()]
        calls = joined(text for each in functions for text in (each.name, each.arguments))
        return joined([message.content, calls])


def ask(sdk: Sdk, call: Call) -> list[str]:
    """Ask and read everything: an item an event, one for an answer that is no stream."""
    client = sdk.client(call)
    answer = sdk.ask(client, call)
    heard = [sdk.said(event) for event in answer] if call.stream else [sdk.told(answer)]
    if call.http is None:
        sdk.close(client)
    return heard


async def ask_async(sdk: Sdk, call: Call) -> list[str]:
    """The same of an async client."""
    client = sdk.async_client(call)
    answer = sdk.ask_async(client, call)
    if inspect.isawaitable(answer):
        answer = await answer
    heard = [sdk.said(event) async for event in answer] if call.stream else [sdk.told(answer)]
    if call.http is None:
        await sdk.aclose(client)
    return heard


def joined(parts: Iterable[str | None]) -> str:
    """Join what is there."""
    return "".join(part for part in parts if part)
