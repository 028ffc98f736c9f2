"""Running the calls of an answer, and appending what came of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio
import pytest
from msgspec import Struct

from reqllm import Context, InvalidContextError, InvalidToolError, Message, Response, Tool, ToolCall
from reqllm.content import TextPart, ToolResultPart
from reqllm.response import Choice

SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
    "required": ["a", "b"],
}


def add(a: int, b: int) -> int:
    return a + b


ADD = Tool(name="add", parameters=SCHEMA, callback=add)
CALL = ToolCall("c1", "add", {"a": 2, "b": 3})


def tool(callback: Callable[..., Any] | None, name: str = "t") -> Tool:
    return Tool(name=name, parameters={"type": "object"}, callback=callback)


def in_sync(context: Context, answer: Any, *args: Any, **options: Any) -> Context:
    return context.execute_and_append_tools(answer, *args, **options)


def in_async(context: Context, answer: Any, *args: Any, **options: Any) -> Context:
    async def run() -> Context:
        return await context.execute_and_append_tools_async(answer, *args, **options)

    return anyio.run(run)


each_way = pytest.mark.parametrize("execute", [in_sync, in_async])
Execute = Callable[..., Context]


def results(context: Context) -> list[ToolResultPart]:
    return [p for m in context for p in m.content if isinstance(p, ToolResultPart)]


def answered(*parts: Any, state: str = "complete") -> Response:
    return Response(state=state, choices=(Choice(parts),))  # type: ignore[arg-type]


@each_way
def test_an_answer_and_its_results(execute: Execute):
    """The answer is appended, then the result of each call, in the calls' order."""
    again = ToolCall("c2", "add", {"a": 1, "b": 1})
    response = answered(TextPart("Let me see."), CALL, again)
    context = execute(Context.new("2+3?", tools=[ADD]), response)

    assert [message.role for message in context] == ["user", "assistant", "tool", "tool"]
    assert context.messages[1] == response.message
    assert [(r.tool_call_id, r.name, r.result, r.is_error) for r in results(context)] == [
        ("c1", "add", 5, False),
        ("c2", "add", 2, False),
    ]
    context.require_prompt()  # which a provider would take


@each_way
def test_calls_alone(execute: Execute):
    """Of calls alone only the results are appended; tools may be given beside the context's."""
    context = execute(Context.new("2+3?"), [CALL], [ADD])
    assert [message.role for message in context] == ["user", "tool"]
    assert results(context)[0].result == 5


@each_way
def test_nothing_to_run(execute: Execute):
    """An answer without calls of ours is appended, and nothing is run."""
    of_theirs = ToolCall("s", "web_search", {}, provider_executed=True)
    context = execute(Context.new("Hi"), answered(TextPart("Hi!"), of_theirs))
    assert [message.role for message in context] == ["user", "assistant"]


@each_way
@pytest.mark.parametrize(
    ("call", "words"),
    [
        (ToolCall("c", "add", arguments_raw='{"a": 1', invalid=True), "not one JSON object: "),
        (ToolCall("c", "add", arguments_raw="{}", invalid=True, complete=False), "were cut off"),
        (ToolCall("c", "sub", {}), "no tool 'sub'; the tools are: add"),
        (ToolCall("c", "add", {"a": 1}), "do not fit: $: 'b' is a required property"),
        (ToolCall("c", "add", {"a": 1, "b": "2"}), "do not fit: $.b: '2' is not of type"),
        (ToolCall("c", "add", {"a": 1, "b": 2, "c": 3}), "unexpected keyword argument 'c'"),
    ],
)
def test_what_a_model_got_wrong(execute: Execute, call: ToolCall, words: str):
    """It becomes an error that the model can read, and nothing is called."""
    ran: list[Any] = []

    def noted(a: int, b: int) -> None:
        ran.append((a, b))

    noting = Tool(name="add", parameters=SCHEMA, callback=noted)
    (result,) = results(execute(Context.new("Hi", tools=[noting]), [call]))
    assert result.is_error
    assert result.tool_call_id == "c"
    assert words in result.result
    assert ran == []


@each_way
def test_what_a_callback_raises(execute: Execute):
    """An exception becomes an error result, and the calls after it run all the same."""

    def broken() -> None:
        raise ValueError("no such city")

    tools = [tool(broken, "broken"), ADD]
    context = execute(Context.new("Hi"), [ToolCall("b", "broken"), CALL], tools)
    first, second = results(context)
    assert (first.is_error, first.result) == (True, "Error: ValueError: no such city")
    assert second.result == 5


@each_way
def test_what_stops_everything(execute: Execute):
    """What is no Exception, an interrupt above all, is no result but stops the run."""

    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        execute(Context.new("Hi"), [ToolCall("b", "t")], [tool(interrupted)])


class Point(Struct):
    x: int


@each_way
@pytest.mark.parametrize(
    ("returned", "result"),
    [("text", "text"), (None, None), ({1: Point(2)}, {"1": {"x": 2}}), ((1, 2), [1, 2])],
)
def test_what_a_callback_returns(execute: Execute, returned: Any, result: Any):
    """Plain values go as they are, structs and the like as the JSON they are."""
    context = execute(Context.new("Hi"), [ToolCall("b", "t")], [tool(lambda: returned)])
    (got,) = results(context)
    assert got.result == result
    assert not got.is_error


@each_way
def test_a_result_of_ones_own(execute: Execute):
    """A callback may say by itself that it failed; the result is the call's all the same."""
    own = ToolResultPart("?", "closed on Sundays", is_error=True)
    (got,) = results(execute(Context.new("Hi"), [ToolCall("b", "t")], [tool(lambda: own)]))
    assert got == ToolResultPart("b", "closed on Sundays", name="t", is_error=True)


@each_way
@pytest.mark.parametrize(
    ("callback", "words"),
    [(None, "has no callback to run"), (object, "to return text or plain JSON values")],
)
def test_what_no_model_can_mend(execute: Execute, callback: Any, words: str):
    """A tool that cannot be run, or returns no JSON, is its author's mistake, and raises."""
    with pytest.raises(InvalidToolError, match=words):
        execute(Context.new("Hi"), [ToolCall("b", "t")], [tool(callback)])


@each_way
@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (answered(CALL, state="interrupted"), "got one that is interrupted"),
        (answered(CALL, state="open"), "got one that is open"),
        ("add", "got str"),
        ([{"name": "add"}], "expected a ToolCall, got dict"),
        (7, "got int"),
    ],
)
def test_what_is_no_answer(execute: Execute, answer: Any, words: str):
    """An answer that was cut off, or is none, is refused, and nothing is called."""
    with pytest.raises(InvalidContextError, match=words):
        execute(Context.new("Hi", tools=[ADD]), answer)


def test_awaited_callbacks():
    """A result that is to be awaited is awaited, and refused where nobody can."""

    async def slow(a: int, b: int) -> int:
        await anyio.lowlevel.checkpoint()
        return a * b

    slow_tool = Tool(name="add", parameters=SCHEMA, callback=slow)
    context = Context.new("Hi", tools=[slow_tool])
    assert results(in_async(context, [CALL]))[0].result == 6
    with pytest.raises(InvalidToolError, match="execute_and_append_tools_async"):
        in_sync(context, [CALL])


def test_without_validation():
    """Arguments go to the callback as they came where nobody wants them validated."""
    context = Context.new("Hi", tools=[ADD])
    call = ToolCall("c", "add", {"a": "x", "b": "y"})
    assert results(in_sync(context, [call], validate=False))[0].result == "xy"


def test_messages_read_well():
    """The result is a message of the tool, as one made by hand."""
    context = in_sync(Context.new("Hi", tools=[ADD]), [CALL])
    assert context.messages[-1] == Message.tool("c1", 5, name="add")
