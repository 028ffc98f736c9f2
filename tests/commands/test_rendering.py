"""An answer as a person sees it, in plain text."""

from __future__ import annotations

import io

import pytest

from reqllm import chunk as c
from reqllm.accumulator import Accumulator
from reqllm.cli.rendering import AnswerView
from reqllm.cli.summary import Times
from reqllm.cli.terminal import Terminal
from reqllm.errors import ServerError
from reqllm.response import Response


def shown(*chunks: c.StreamChunk, broken: bool = False) -> str:
    """What stands there after the last chunk, without the line that sums up."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="utf-8", newline="")
    view = AnswerView(Terminal(stream, stream))
    folded = Accumulator()
    folded.add(chunks)
    for chunk in chunks:
        view.show(chunk)
    if broken:
        error = ServerError("broken")
        error.partial = folded.response()
        view.fail(error)
        return raw.getvalue().decode()
    view.finish(folded.response("complete"), Times())
    text, _, last = raw.getvalue().decode().removesuffix("\n").rpartition("\n")
    assert last.startswith("usage not reported")
    return text


def tool(index: int, *fragments: str, name: str = "look", end: bool = True, **ending):
    call = {"id": f"call_{index}", "index": index}
    chunks = [c.ToolCallStart(name=name, **call)]
    chunks += [c.ToolCallDelta(arguments_delta=each, **call) for each in fragments]
    raw = "".join(fragments)
    return [*chunks, c.ToolCallEnd(name=name, arguments_raw=raw, **call, **ending)][
        : None if end else -1
    ]


def test_reasoning_and_text_are_told_apart():
    """Without styles reasoning has a mark, and a blank line stands between the two."""
    chunks = [
        c.ReasoningStart(0),
        c.ReasoningDelta("Hm", 0),
        c.ReasoningDelta(".", 0),
        c.TextDelta("So: ", 1),
        c.TextDelta("yes.", 1),
    ]
    assert shown(*chunks) == "[reasoning] Hm.\n\nSo: yes.\n"


def test_hidden_reasoning_is_named():
    """Reasoning that the provider hides is not passed over."""
    chunks = [c.ReasoningStart(0, redacted=True), c.TextDelta("Yes.", 1)]
    assert shown(*chunks) == "[reasoning] (hidden by the provider)\n\nYes.\n"


def test_a_refusal_is_marked():
    """A refusal is never taken for an answer."""
    assert shown(c.RefusalDelta("No", 0), c.RefusalDelta(".", 0)) == "[refusal] No.\n"


def test_tool_calls_stand_below_each_other():
    """Name and arguments of each call are a line; no arguments are an empty object."""
    chunks = [c.TextDelta("I look.", 0), *tool(1, '{"a"', ":1}"), *tool(2)]
    assert shown(*chunks) == 'I look.\n\n→ look {"a":1}\n→ look {}\n'


def test_calls_that_grow_at_the_same_time_are_readable():
    """A call that others interrupt is written again, whole, when it is whole."""
    first, second = tool(0, '{"a":', "1}"), tool(1, '{"b":', "2}", name="find")
    chunks = [*first[:2], *second[:2], first[2], second[2], first[3], second[3]]
    lines = shown(*chunks).splitlines()
    assert '→ find {"b":2}' in lines
    assert '→ look {"a":1}' in lines


def test_calls_that_end_together_are_written_once():
    """Ends that come late, after the next call began, write nothing twice."""
    first, second = tool(0, '{"a":1}'), tool(1, '{"b":2}', name="find")
    chunks = [*first[:2], *second[:2], first[2], second[2]]
    assert shown(*chunks) == '→ look {"a":1}\n→ find {"b":2}\n'


@pytest.mark.parametrize("late", [False, True])
def test_invalid_arguments_are_marked(late: bool):
    """Arguments that are no JSON object are never shown as if they were."""
    call = tool(0, '{"a":', invalid=True)
    between = tool(1, "{}", name="find") if late else []
    assert "[not one JSON object]" in shown(*call[:2], *between, *call[2:])


def test_what_the_provider_runs_is_marked():
    """A call that the provider runs itself is told apart, and so is its result."""
    chunks = [
        *tool(0, "{}", provider_executed=True),
        c.ToolResult("call_0", {"a": 1}, "look", index=1),
        c.ToolResult("call_0", "no\nnet", is_error=True, index=2),
        c.ToolApprovalRequest("a", "call_9"),
    ]
    assert shown(*chunks) == (
        '→ look {} [run by the provider]\n\n← look: {"a": 1}\n← call_0 failed: no net\n'
        "\n[waits for leave to run call_9]\n"
    )


def test_a_cut_call_is_marked():
    """Arguments that were cut off are not left to look whole."""
    chunks = [*tool(0, '{"a":', end=False), *tool(1, '{"b"', name="find", end=False)]
    assert shown(*chunks, broken=True) == (
        '→ look {"a":\n→ find {"b" [cut off]\n→ look {"a": [cut off]\n'
    )


def test_warnings_do_not_break_into_text():
    """A warning waits for the end of the block that it came in, and is told once."""
    warning = c.WarningChunk("odd", "that was\nodd")
    chunks = [c.TextDelta("Hel", 0), warning, c.TextDelta("lo", 0), warning]
    assert shown(*chunks) == "Hello\nwarning: that was odd [odd]\n"


def test_warnings_of_the_request_come_first():
    """What is to be said of the request is said before the answer."""
    chunks = [c.StreamStart(), c.WarningChunk("odd", "no seed here"), c.TextDelta("Hi", 0)]
    assert shown(*chunks) == "warning: no seed here [odd]\nHi\n"


def test_sources_and_files_are_named():
    """Sources stand below the text, files with kind and size."""
    chunks = [
        c.TextDelta("Tide.", 0),
        c.CitationChunk(c.Citation(title="Tide\ntables", url="https://t.example")),
        c.CitationChunk(c.Citation(kind="document")),
        c.FileDelta(b"12345", 1, media_type="audio/wav"),
        c.FileDelta(b"12345", 1),
        c.FileChunk(2, media_type="image/png", url="https://i.example"),
        c.CustomChunk("ollama.thing", index=3),
    ]
    assert shown(*chunks) == (
        "Tide.\n\n[file: image/png, https://i.example]\n\n[ollama.thing]\n"
        "\n[file: audio/wav, 10 bytes]\n"
        "\nsource: Tide tables · https://t.example\nsource: document\n"
    )


def test_other_answers_follow_the_first():
    """Answers side by side are written one after the other."""
    chunks = [
        c.TextDelta("A", 0),
        c.TextDelta("x", 0, choice=1),
        c.TextDelta("B", 0),
        c.TextDelta("y", 0, choice=1),
    ]
    assert shown(*chunks) == "AB\n\n[choice 1]\n\nxy\n"


def test_a_broken_answer_keeps_what_waited():
    """What had to wait is written although the stream broke, and nothing sums it up."""
    chunks = [c.TextDelta("A", 0), c.WarningChunk("odd", "odd")]
    assert shown(*chunks, broken=True) == "A\nwarning: odd [odd]\n"


def test_model_text_is_no_markup():
    """Square brackets, backslashes and emoji codes of a model are text."""
    text = "[bold red]x[/] [link=https://e.example]y[/link] :smile: \\[z]"
    assert shown(c.TextDelta(text, 0)) == f"{text}\n"


def test_an_answer_without_content_is_only_summed_up():
    """Where nothing was said, no blank line pretends otherwise."""
    assert shown(c.StreamStart()) == ""


def test_the_same_warning_of_the_whole_answer_is_not_repeated():
    """Warnings known only at the end are told there."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="utf-8", newline="")
    late = c.WarningChunk("late", "events came late")
    AnswerView(Terminal(stream, stream)).finish(Response(warnings=(late, late)), Times())
    assert raw.getvalue().decode().count("events came late") == 1
