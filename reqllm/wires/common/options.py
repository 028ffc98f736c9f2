"""The options of a request: one vocabulary for all wires, checked before anything is sent."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Literal, TypeAlias

from msgspec import Struct, structs

from reqllm.content import Tool
from reqllm.context import Context
from reqllm.errors import InvalidInputError, InvalidToolError
from reqllm.wires.common.request_body import Warnings, nearest

REASONING_EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
TOOL_CHOICES = ("auto", "none", "required")
ToolChoice: TypeAlias = Literal["auto", "none", "required"] | Mapping[str, str]


class Options(Struct, frozen=True, kw_only=True):
    """What may be asked for; `None` is "not asked"."""

    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop: list[str] | None = None
    seed: int | None = None
    tools: tuple[Tool, ...] = ()
    """Added to the context's own."""
    tool_choice: ToolChoice | None = None
    """`auto`, `none`, `required`, or `{"name": ...}` for one tool."""
    response_schema: Mapping[str, Any] | None = None
    """JSON Schema that the answer must fit."""
    reasoning_effort: str | None = None
    reasoning_budget: int | None = None
    """Tokens the model may think for."""
    n: int | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    parallel_tool_calls: bool | None = None
    user: str | None = None
    metadata: Mapping[str, Any] | None = None
    provider_options: Mapping[str, Any] = {}
    """The provider's own fields; they are laid over the body last."""
    on_unsupported: Literal["warn", "error", "ignore"] = "warn"

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Options:
        """Return the options checked; one that is `None` counts as not given.

        Raises InvalidInputError for an unknown name, a value out of its range, or two values that
        contradict each other.
        """
        given = {name: value for name, value in options.items() if value is not None}
        for name, value in given.items():
            _check(name, value)
        _check_thinking(given)
        if "stop" in given:
            stop = given["stop"]
            given["stop"] = [stop] if isinstance(stop, str) else list(stop)
        if "tools" in given:
            given["tools"] = _tools(given["tools"])
        return cls(**given)

    def tools_with(self, context: Context) -> tuple[Tool, ...]:
        """Return the context's tools and these; the same tool in both counts once.

        Raises InvalidToolError where two tools share a name, or where `tool_choice`
        asks for one that is not there.
        """
        tools: dict[str, Tool] = {}
        for tool in (*context.tools, *self.tools):
            if tools.setdefault(tool.name, tool) != tool:
                raise InvalidToolError(
                    f"expected tools of different names, got two named {tool.name!r}"
                )
        self._check_choice(tools)
        return tuple(tools.values())

    def _check_choice(self, tools: Collection[str]) -> None:
        choice = self.tool_choice
        if "tools" in self.provider_options or choice in (None, "auto", "none"):
            return  # the provider's own tools are not known here
        if not tools:
            raise InvalidToolError(f"tool_choice {choice!r} needs tools, but there are none")
        if isinstance(choice, Mapping) and choice["name"] not in tools:
            raise InvalidToolError(
                f"tool_choice names {choice['name']!r}, but the tools are {', '.join(tools)}"
            )

    def taken(self, wire: str, refused: frozenset[str], warnings: Warnings) -> Options:
        """Return the options without those that are `refused`, with a warning.

        Raises InvalidInputError instead where `on_unsupported` is "error". A value that
        asks for what happens anyway (one answer, no logprobs) is no request.
        """
        if all(getattr(self, name) in (None, ()) for name in refused):
            return self
        given = [name for name in OPTION_NAMES if name in refused and self._asks(name)]
        if given:
            self.refuse(", ".join(given), wire, warnings)
        nothing: dict[str, Any] = {name: () if name == "tools" else None for name in refused}
        return structs.replace(self, **nothing)

    def refuse(self, what: str, wire: str, warnings: Warnings) -> None:
        """Warn that `what` is not sent, raise, or say nothing: as `on_unsupported` asks."""
        if self.on_unsupported == "error":
            raise InvalidInputError(
                f"{wire} does not take {what}; leave it out, or set on_unsupported to 'warn' "
                "or 'ignore' (provider_options takes the provider's own fields)"
            )
        if self.on_unsupported == "warn":
            warnings.add(
                "unsupported_option",
                f"{wire} does not take {what}: not sent "
                "(provider_options takes the provider's own fields)",
            )

    def _asks(self, name: str) -> bool:
        value = getattr(self, name)
        default = {"n": 1, "logprobs": False, "parallel_tool_calls": True}.get(name)
        return value not in (None, ()) and value != default


class Dialect(Struct, frozen=True, kw_only=True):
    """How a provider departs from the wire it speaks."""

    rename: Mapping[str, str] = {}
    """Its names for options: `{"max_tokens": "max_tokens", "seed": "random_seed"}`."""
    also_takes: frozenset[str] = frozenset()
    """Options that the wire itself has not, sent under their own names."""
    refuses: frozenset[str] = frozenset()
    """Options of the wire that it does not take."""
    include_usage: bool = True
    """Ask for usage with `stream_options`; some refuse the field, and report without it."""
    tool_choice_required: str = "required"
    object_by_tool: bool = False
    """It takes no schema of the answer: the object comes as the arguments of a tool."""
    reasoning: Literal["effort", "thinking", "enable_thinking", "openrouter"] = "effort"
    """How it is told to think: by `reasoning_effort`, or by a field of its own."""
    reasoning_back: Literal["never", "with_tools", "always"] = "never"
    """When it wants its plain reasoning back: never, with the tool calls it led to, always."""
    reasoning_field: str = "reasoning_content"
    """The field in which it gives its reasoning, and wants it back; "content": as a part of it."""
    typed_content: bool = False
    """Content is Mistral's: parts that think and refer, documents by address, files by id."""
    efforts: Mapping[str, str] = {}
    """Values of `reasoning_effort` that it does not know, each with the nearest that it does."""
    takes_files: bool = True
    """A message may hold files that are no images."""
    takes_names: bool = True
    """A message may say who speaks."""
    takes_refusals: bool = True
    """A refusal goes back as such; else it goes back as text."""
    call_id_length: int | None = None
    """Ids of tool calls are of so many letters and digits; others are replaced."""
    always: Mapping[str, Any] = {}
    """Fields sent with every request, below those of the call."""

    def refused(self, not_of_the_wire: frozenset[str]) -> frozenset[str]:
        """Return the options it does not take: its own refusals, and what the wire has not."""
        return self.refuses | (not_of_the_wire - self.also_takes)


def _whole(low: int, high: int | None = None) -> Callable[[Any], bool]:
    return lambda value: (
        isinstance(value, int)
        and not isinstance(value, bool)
        and value >= low
        and (high is None or value <= high)
    )


def _number(low: float, high: float) -> Callable[[Any], bool]:
    return lambda value: (
        isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high
    )


def _is_stop(value: Any) -> bool:
    words = [value] if isinstance(value, str) else value
    return isinstance(words, list | tuple) and all(isinstance(word, str) and word for word in words)


def _is_choice(value: Any) -> bool:
    if isinstance(value, Mapping):
        return set(value) == {"name"} and isinstance(value["name"], str)
    return isinstance(value, str) and value in TOOL_CHOICES


def _is_map(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(key, str) for key in value)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _one_of(*words: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and value in words


_RULES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "max_tokens": (_whole(1), "a whole number of at least 1"),
    "temperature": (_number(0, 2), "a number from 0 to 2"),
    "top_p": (_number(0, 1), "a number from 0 to 1"),
    "top_k": (_whole(1), "a whole number of at least 1"),
    "stop": (_is_stop, "a text or a list of texts, none of them empty"),
    "seed": (_whole(-(2**63), 2**63 - 1), "a whole number of 64 bits"),
    "tools": (lambda value: isinstance(value, Iterable), "a list of Tool"),
    "tool_choice": (_is_choice, "'auto', 'none', 'required' or {'name': ...}"),
    "response_schema": (_is_map, "a JSON Schema as a map"),
    "reasoning_effort": (_one_of(*REASONING_EFFORTS), f"one of {', '.join(REASONING_EFFORTS)}"),
    "reasoning_budget": (_whole(1), "a whole number of tokens, at least 1"),
    "n": (_whole(1), "a whole number of at least 1"),
    "logprobs": (_is_flag, "True or False"),
    "top_logprobs": (_whole(0, 20), "a whole number from 0 to 20"),
    "parallel_tool_calls": (_is_flag, "True or False"),
    "user": (lambda value: isinstance(value, str) and bool(value), "a text that is not empty"),
    "metadata": (_is_map, "a map with texts as keys"),
    "provider_options": (_is_map, "a map of the provider's own fields"),
    "on_unsupported": (_one_of("warn", "error", "ignore"), "'warn', 'error' or 'ignore'"),
}
OPTION_NAMES: tuple[str, ...] = tuple(field.name for field in structs.fields(Options))
# What a call takes besides, which no wire sees; and what only a client does.
STREAM_OPTION_NAMES = (
    *("connect", "timeout", "first_token", "idle", "total", "metadata_timeout"),
    *("on_malformed", "on_incomplete", "include_raw", "include_keepalive", "max_event_bytes"),
    *("split_thinking", "repair"),
)
CLIENT_OPTION_NAMES = (
    *("base_url", "api_key", "transport", "http_client", "headers", "max_retries"),
    *("on_attempt", "on_event", "on_end"),
)


def _check(name: str, value: Any) -> None:
    rule = _RULES.get(name)
    if rule is None:
        raise _unknown(name)
    holds, expected = rule
    if not holds(value):
        raise InvalidInputError(f"expected {name} to be {expected}, got {value!r:.200}")
    if name == "provider_options" and value.get("stream", True) is not True:
        raise InvalidInputError(
            "expected provider_options to leave `stream` alone: every answer is streamed"
        )


def _unknown(name: str) -> InvalidInputError:
    if name in CLIENT_OPTION_NAMES:
        return InvalidInputError(
            f"{name} is no option of a call: give it to the client, Client({name}=...) or "
            f"start_stream(..., client=AsyncClient({name}=...))"
        )
    known = (*OPTION_NAMES, *STREAM_OPTION_NAMES)
    return InvalidInputError(
        f"there is no option {name!r}.{nearest(name, known)} "
        f"A field of the provider's own goes into provider_options={{{name!r}: ...}}; "
        f"the options are {', '.join(known)}"
    )


def _check_thinking(given: Mapping[str, Any]) -> None:
    budget = given.get("reasoning_budget")
    if given.get("reasoning_effort") == "none" and budget is not None:
        raise InvalidInputError(
            f"reasoning_effort 'none' and a reasoning_budget of {budget} contradict each other; "
            "give one of them"
        )


def _tools(given: Iterable[Any]) -> tuple[Tool, ...]:
    tools = tuple(given)
    for tool in tools:
        if not isinstance(tool, Tool):
            raise InvalidToolError(
                f"expected tools to be a list of Tool, got a {type(tool).__name__} in it; "
                "a tool of the provider's own goes into provider_options={'tools': [...]}"
            )
    return tools
