"""The conversation: `Context` holds `Message`s and the `Tool`s the model may call."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from msgspec import Struct
from msgspec.structs import force_setattr

from reqllm.content import (
    ContentPart,
    CustomPart,
    FilePart,
    ImagePart,
    TextPart,
    Tool,
    ToolCall,
    ToolResultPart,
)
from reqllm.errors import InvalidContextError
from reqllm.tool_running import ToolBox

if TYPE_CHECKING:
    from reqllm.response import Response

Role: TypeAlias = Literal["system", "user", "assistant", "tool"]
ROLES: tuple[str, ...] = get_args(Role)
Content: TypeAlias = str | ContentPart | Iterable[str | ContentPart]
_MAY_HOLD: Mapping[str, tuple[type[ContentPart], ...]] = {
    "system": (TextPart,),
    "user": (TextPart, ImagePart, FilePart, ToolResultPart, CustomPart),
    "assistant": (ContentPart,),
    "tool": (ToolResultPart,),
}


class Message(Struct, frozen=True):
    """One turn: who speaks, and the parts of what is said, in order.

    Raises InvalidContextError for a role or a part that there is not.
    """

    role: Role
    content: tuple[ContentPart, ...] = ()
    name: str | None = None
    metadata: Mapping[str, Any] = {}

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise InvalidContextError(f"expected a role of {', '.join(ROLES)}, got {self.role!r}")
        if type(self.content) is not tuple or not all(
            isinstance(part, ContentPart) for part in self.content
        ):
            force_setattr(self, "content", _parts(self.content))

    @classmethod
    def of(cls, role: str, content: Content, **fields: Any) -> Message:
        """Return a message of `role`; text becomes a part of its own.

        Raises InvalidContextError for a role or a part that there is not.
        """
        return cls(role, _parts(content), **fields)  # type: ignore[arg-type]  # it checks itself

    @classmethod
    def system(cls, content: Content) -> Message:
        return cls.of("system", content)

    @classmethod
    def user(cls, content: Content) -> Message:
        return cls.of("user", content)

    @classmethod
    def assistant(cls, content: Content = (), tool_calls: Iterable[ToolCall] = ()) -> Message:
        return cls.of("assistant", (*_parts(content), *tool_calls))

    @classmethod
    def tool(
        cls, tool_call_id: str, result: Any, *, name: str | None = None, is_error: bool = False
    ) -> Message:
        """Return the answer to one tool call: text or plain JSON values."""
        part = ToolResultPart(tool_call_id, result, name=name, is_error=is_error)
        return cls.of("tool", part)

    @property
    def text(self) -> str:
        """The text parts, joined."""
        return "".join(part.content for part in self.content if isinstance(part, TextPart))

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        return tuple(part for part in self.content if isinstance(part, ToolCall))


class Context(Struct, frozen=True):
    """A conversation; every change gives a new one."""

    messages: tuple[Message, ...] = ()
    tools: tuple[Tool, ...] = ()

    def __post_init__(self) -> None:
        if type(self.messages) is not tuple or not all(
            isinstance(message, Message) for message in self.messages
        ):
            force_setattr(self, "messages", tuple(_messages(self.messages)))
        if type(self.tools) is not tuple or not all(isinstance(tool, Tool) for tool in self.tools):
            force_setattr(self, "tools", _tools(self.tools))

    @classmethod
    def new(
        cls,
        prompt: str | Message | Mapping[str, Any] | Context | Iterable[Any] = (),
        *,
        system: str | None = None,
        tools: Iterable[Tool] = (),
    ) -> Context:
        """Return a context from a prompt, a message, messages, or another context.

        A message may also be a map with `role` and `content`.
        Raises InvalidContextError for anything else.
        """
        base = prompt if isinstance(prompt, Context) else cls(tuple(_messages(prompt)))
        context = base.with_tools(tools)
        return context if system is None else context.prepend(Message.system(system))

    def append(self, *messages: Any) -> Context:
        """Return the context with messages after the others; an iterable of them will do."""
        return Context((*self.messages, *_messages(messages)), self.tools)

    def prepend(self, *messages: Any) -> Context:
        """Return the context with messages before the others."""
        return Context((*_messages(messages), *self.messages), self.tools)

    def with_tools(self, tools: Iterable[Tool]) -> Context:
        """Return the context with more tools."""
        return Context(self.messages, (*self.tools, *_tools(tools)))

    def execute_and_append_tools(
        self,
        answer: Response | Iterable[ToolCall],
        tools: Iterable[Tool] = (),
        *,
        validate: bool = True,
    ) -> Context:
        """Run the calls of an answer and return the context with the answer and their results.

        answer: a complete `Response`, whose message is appended first, or calls alone.
        tools: may be called beside the context's own.
        validate: hold arguments against the tool's schema first; it needs jsonschema.

        Each callback gets the arguments by name, one after the other, in the order of the calls.
        What a model got wrong (arguments that are no JSON object or do not fit, a tool that there
        is not) and what a callback raises becomes a result with `is_error`; nothing is called for
        the former. What the provider ran itself is left alone.

        Raises InvalidContextError for an answer that was cut off, InvalidToolError for a tool
        without a callback, or whose result is no JSON.
        """
        messages, calls = _answered(answer)
        box = ToolBox((*self.tools, *tools), validate=validate)
        return self.append(messages, (Message("tool", (box.run(call),)) for call in calls))

    async def execute_and_append_tools_async(
        self,
        answer: Response | Iterable[ToolCall],
        tools: Iterable[Tool] = (),
        *,
        validate: bool = True,
    ) -> Context:
        """As `execute_and_append_tools`; results that are to be awaited are awaited."""
        messages, calls = _answered(answer)
        box = ToolBox((*self.tools, *tools), validate=validate)
        results = [Message("tool", (await box.run_async(call),)) for call in calls]
        return self.append(messages, results)

    @property
    def system(self) -> str | None:
        """The system prompt: all system messages, joined by a blank line."""
        said = [message.text for message in self.messages if message.role == "system"]
        return "\n\n".join(said) if said else None

    def require_prompt(self) -> None:
        """Raise InvalidContextError unless a model has something to answer.

        Each message must say something, and hold only what its role can.
        """
        turns = [message for message in self.messages if message.role != "system"]
        if not turns:
            raise InvalidContextError(
                "expected a context with at least one message that is not a system prompt, "
                'got none; use Context.new("...")'
            )
        for message in turns:
            if message.role != "assistant" and not _says_something(message):
                raise InvalidContextError(
                    f"expected every message to say something, got an empty {message.role} message"
                )
        for message in self.messages:
            _check_parts(message)

    def __iter__(self) -> Iterator[Message]:
        return iter(self.messages)

    def __len__(self) -> int:
        return len(self.messages)


def _answered(answer: Any) -> tuple[tuple[Message, ...], list[ToolCall]]:
    """Return what the model said, as far as it is to be appended, and the calls to run."""
    messages: tuple[Message, ...] = ()
    calls = answer
    state = getattr(answer, "state", None)
    if state is not None:
        if not hasattr(answer, "choices"):
            raise InvalidContextError(
                f"expected a Response or several ToolCall, got a {type(answer).__name__}; "
                "pass what its to_response() returns"
            )
        if state != "complete":
            raise InvalidContextError(
                f"expected a complete answer, got one that is {state}: what a cut answer asks for "
                "may not be all of it; to run its whole calls all the same, pass them alone"
            )
        messages, calls = (answer.message,), answer.message.tool_calls
    if not isinstance(calls, Iterable) or isinstance(calls, str | Mapping):
        raise InvalidContextError(
            f"expected a Response or several ToolCall, got {type(answer).__name__}"
        )
    run = list(calls)
    for call in run:
        if not isinstance(call, ToolCall):
            raise InvalidContextError(f"expected a ToolCall, got {type(call).__name__}: {call!r}")
    return messages, [call for call in run if not call.provider_executed]


def _says_something(message: Message) -> bool:
    return any(not isinstance(part, TextPart) or part.content for part in message.content)


def _check_parts(message: Message) -> None:
    for part in message.content:
        if not isinstance(part, _MAY_HOLD[message.role]):
            kinds = ", ".join(kind.__name__ for kind in _MAY_HOLD[message.role])
            hint = "; use Message.tool(tool_call_id, result)" if message.role == "tool" else ""
            raise InvalidContextError(
                f"expected a {message.role} message to hold only {kinds}, "
                f"got a {type(part).__name__}{hint}"
            )
        if isinstance(part, ToolResultPart) and part.provider_executed != (
            message.role == "assistant"
        ):
            raise InvalidContextError(
                f"the result of tool call {part.tool_call_id!r} stands in a message of "
                f"{message.role}; use Message.tool(tool_call_id, result) for what you ran, and "
                "leave what the provider ran in its own message"
            )


def _tools(tools: Any) -> tuple[Tool, ...]:
    if not isinstance(tools, Iterable):
        raise InvalidContextError(f"expected several Tool, got {type(tools).__name__}: {tools!r}")
    added = tuple(tools)
    for tool in added:
        if not isinstance(tool, Tool):
            raise InvalidContextError(f"expected a Tool, got {type(tool).__name__}: {tool!r}")
    return added


def _parts(content: Content) -> tuple[ContentPart, ...]:
    if isinstance(content, str):
        return (TextPart(content),)
    if isinstance(content, ContentPart):
        return (content,)
    if not isinstance(content, Iterable) or isinstance(content, Mapping | bytes):
        raise InvalidContextError(
            "expected text, a ContentPart or several of them, "
            f"got {type(content).__name__}{_as_map(content)}"
        )
    return tuple(_part(part) for part in content)


def _part(part: Any) -> ContentPart:
    if isinstance(part, str):
        return TextPart(part)
    if isinstance(part, ContentPart):
        return part
    raise InvalidContextError(
        f"expected text or a ContentPart in a message, got {type(part).__name__}{_as_map(part)}"
    )


def _as_map(content: Any) -> str:
    """What is to be said of parts as providers write them."""
    if not isinstance(content, Mapping):
        return ""
    return (
        f" with the keys {sorted(map(str, content))}; what a provider writes as a map is a "
        "TextPart, ImagePart, FilePart, ToolCall, ToolResultPart or CustomPart here"
    )


def _messages(prompt: Any) -> Iterator[Message]:
    if isinstance(prompt, str):
        yield Message.user(prompt)
    elif isinstance(prompt, Message):
        yield prompt
    elif isinstance(prompt, Context):
        yield from prompt.messages
    elif isinstance(prompt, Mapping):
        yield _from_map(prompt)
    elif isinstance(prompt, tuple) and len(prompt) == 2 and prompt[0] in ROLES:
        # As some libraries write a message; here they would be two of the user's.
        raise InvalidContextError(
            f"expected a message, got a pair of {prompt[0]!r} and something; "
            f'write {{"role": {prompt[0]!r}, "content": ...}} or use Message'
        )
    elif isinstance(prompt, Iterable) and not isinstance(prompt, bytes):
        for item in prompt:
            yield from _messages(item)
    else:
        hint = "; of a response, give its .message" if hasattr(prompt, "message") else ""
        raise InvalidContextError(
            "expected a prompt, a Message, a map with `role` and `content`, or several of them, "
            f"got {type(prompt).__name__}{hint}"
        )


def _from_map(message: Mapping[str, Any]) -> Message:
    unknown = set(message) - {"role", "content", "name"}
    if unknown or "role" not in message:
        raise InvalidContextError(
            "expected a message map with `role`, `content` and perhaps `name`, "
            f"got the keys {sorted(map(str, message))}; build richer ones with Message"
        )
    return Message.of(message["role"], message.get("content", ()), name=message.get("name"))
