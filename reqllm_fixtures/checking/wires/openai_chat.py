"""The order of chat completion streams: OpenAI's, and those of the many who speak like it."""

from __future__ import annotations

from typing import Any

from reqllm.wires.common.fields import as_list, as_object
from reqllm.wires.openai_chat.words import finish_of, is_flat_error, reported_error
from reqllm_fixtures.checking.arguments import Arguments
from reqllm_fixtures.checking.checked_wire import CheckedWire
from reqllm_fixtures.checking.constants import Constants
from reqllm_fixtures.checking.explaining import came
from reqllm_fixtures.checking.report import Report
from reqllm_fixtures.checking.usage import UsageRules
from reqllm_fixtures.checking.wires.foreign import FOREIGN_ERROR

_USAGE = ("prompt_tokens", "completion_tokens", "total_tokens")
_CONSTANT = {"id": "id-changed", "model": "id-changed", "created": "created-changed"}
_SPOKEN = ("content", "refusal", "tool_calls", "reasoning", "reasoning_content", "audio")
_TEXTS = ("content", "refusal", "reasoning", "reasoning_content")
# A model that was stopped may have been stopped inside the arguments of a tool.
_CUT_OFF = frozenset(
    {"length", "max_tokens", "model_length", "content_filter", "sensitive", "error", "abort"}
)


def kind_of(value: dict[str, Any], name: str) -> str:
    """Name what an event is: a chunk, or an error in any of the shapes that gateways send."""
    if value.get("error") and not isinstance(value["error"], list):
        return "error"
    is_named = name == "error" and "choices" not in value
    is_error = is_named or reported_error(value) or is_flat_error(value)
    return FOREIGN_ERROR if is_error else "chunk"


class _Choice:
    """What is known of one choice."""

    def __init__(self) -> None:
        self.finish: str | None = None
        self.begun: list[Arguments] = []
        self.calls: dict[int, Arguments] = {}
        """Those of each number; another call may take it over."""
        self.ids: dict[int, Any] = {}
        self.by_id: dict[Any, Arguments] = {}

    def hold(self, number: int, its_id: Any, arguments: Arguments) -> None:
        """Keep the arguments of the call that now has this number, and its id if one came."""
        self.calls[number], self.ids[number] = arguments, its_id
        if isinstance(its_id, str) and its_id:
            self.by_id[its_id] = arguments


class OpenAIChatRules:
    """The rules of one stream."""

    def __init__(self, report: Report) -> None:
        self.ended = False
        self._report = report
        self._usage = UsageRules(report, _USAGE)
        self._constants = Constants(report)
        self._constant: tuple[Any, ...] = ()
        """What was told last of what stays the same."""
        self._choices: dict[int, _Choice] = {}

    def take(self, kind: str, value: dict[str, Any]) -> None:
        """Take the next event."""
        if kind == "error":
            self.ended = True
            return
        constant = (value.get("id"), value.get("model"), value.get("created"))
        if constant != self._constant:
            self._hold(constant)
        choices = value.get("choices")
        if isinstance(choices, list):
            for position, choice in enumerate(choices):
                if isinstance(choice, dict):
                    self._take_choice(choice, position)
        usage = value.get("usage")
        if usage is not None:
            self._take_usage(usage)

    def _hold(self, constant: tuple[Any, ...]) -> None:
        constants = self._constants
        for (name, rule), value in zip(_CONSTANT.items(), constant, strict=True):
            constants.hold(name, value, f"$.{name}", rule)
        self._constant = tuple(map(constants.known.get, _CONSTANT))

    def end(self, *, is_done: bool) -> None:
        """Take the end of the body."""
        if not self.ended:
            self._check_ending(is_done=is_done)
        for choice in self._choices.values():
            if choice.finish is not None and choice.finish not in _CUT_OFF:
                for arguments in choice.begun:
                    arguments.check(self._report)

    def _check_ending(self, *, is_done: bool) -> None:
        report = self._report
        if is_done:
            if not self._choices:
                report.add(
                    "finish-missing", "$", "expected a choice and its finish_reason, none came"
                )
            for number, choice in self._choices.items():
                if choice.finish is None:
                    said = f"expected a finish_reason of choice {number}, none came"
                    report.add("finish-missing", "$", said)
        elif self.finished:
            report.add("last-event-missing", "$", "expected [DONE], the stream ended before it")
        else:
            said = "expected a finish_reason and [DONE], the stream ended before them"
            report.add("terminal-missing", "$", said)

    @property
    def finished(self) -> bool:
        """Whether every choice said why it stopped."""
        return bool(self._choices) and all(each.finish for each in self._choices.values())

    def _take_choice(self, entry: dict[str, Any], position: int) -> None:
        number = entry.get("index", position)
        delta = entry.get("delta")
        delta = delta if isinstance(delta, dict) else {}  # some finish without one
        if type(number) is not int:
            return
        choice = self._choices.get(number)
        if choice is None:
            choice = self._begin(number, delta, position)
        calls = delta.get("tool_calls")
        if calls and isinstance(calls, list):
            for at, call in enumerate(calls):
                if isinstance(call, dict):
                    back, place = len(calls) - at, f"{_place(position)}.delta.tool_calls[{at}]"
                    self._take_call(choice, call, back, place)
        elif calls and isinstance(calls, dict):  # TGI sends a single one as it is
            self._take_call(choice, calls, 1, f"{_place(position)}.delta.tool_calls")
        if choice.finish is not None:
            self._take_late(choice, entry, delta, _place(position))
        choice.finish = finish_of(entry) or choice.finish

    def _begin(self, number: int, delta: dict[str, Any], position: int) -> _Choice:
        if delta and not delta.get("role"):
            said = "expected the role in the first delta of a choice, it did not come"
            self._report.add("role-missing", f"{_place(position)}.delta.role", said)
        choice = self._choices[number] = _Choice()
        return choice

    def _take_late(
        self, choice: _Choice, entry: dict[str, Any], delta: dict[str, Any], place: str
    ) -> None:
        for name in _SPOKEN:
            if delta.get(name):
                said = f"expected nothing after {came(choice.finish)} as finish_reason, came {name}"
                self._report.add("after-finish", f"{place}.delta.{name}", said)
        if finish_of(entry):
            said = f"expected one finish_reason, came {came(entry['finish_reason'])} again"
            self._report.add("finish-repeated", f"{place}.finish_reason", said)

    def _take_call(self, choice: _Choice, call: dict[str, Any], back: int, place: str) -> None:
        custom = call.get("custom")
        function = custom if isinstance(custom, dict) else call.get("function", call)
        function = function if isinstance(function, dict) else {}
        number = self._number(choice, call, function, back)
        arguments = choice.calls.get(number)
        if not function.get("name"):
            arguments = self._continued(choice, number, call.get("id"), f"{place}.index")
        says = (call.get("id"), function.get("name"), function.get("arguments"), custom)
        if arguments is None and not any(says):
            return  # nothing at all is said
        if arguments is None or self._is_another(choice, number, call, function):
            arguments = self._begin_call(choice, number, call, function, place)
        arguments.add(function.get("arguments"), self._report)  # those of custom tools are text

    def _is_another(
        self, choice: _Choice, number: int, call: dict[str, Any], function: dict[str, Any]
    ) -> bool:
        """Whether a named call takes over the number of one that there is."""
        if not function.get("name"):
            return False
        new_id = call.get("id")
        return new_id != choice.ids.get(number) if new_id else choice.calls[number].are_whole

    def _number(
        self, choice: _Choice, call: dict[str, Any], function: dict[str, Any], back: int
    ) -> int:
        """Return the number of a call; `back` is its place from the end of its delta's."""
        number = call.get("index")
        if type(number) is int:
            return number
        # Without a number, each new id or bare name begins a call; the rest goes on with the last.
        count = len(choice.begun)
        if call.get("id") is None:
            return count if function.get("name") else max(count - back, 0)
        known = (number for number, its_id in choice.ids.items() if its_id == call["id"])
        return next(known, count)

    def _continued(self, choice: _Choice, number: int, its_id: Any, place: str) -> Arguments | None:
        """Return the call that a nameless piece continues, which its number may not tell.

        Some number all calls 0 and tell them by their ids, and some number the pieces of one
        call differently.
        """
        numbered = choice.calls.get(number)
        found = choice.by_id.get(its_id, numbered) if isinstance(its_id, str) else numbered
        if found is None and not its_id and choice.begun and not choice.begun[-1].are_whole:
            found = choice.begun[-1]
        if found is not None and found is not numbered:
            said = f"expected the number of the call that goes on, came {number}"
            self._report.add("index-order", place, said)
            choice.hold(number, its_id, found)
        return found

    def _begin_call(
        self,
        choice: _Choice,
        number: int,
        call: dict[str, Any],
        function: dict[str, Any],
        place: str,
    ) -> Arguments:
        count = len(choice.begun)
        if number != count:
            said = f"expected call {count}, came call {number}"
            self._report.add("index-order", f"{place}.index", said)
        if not function.get("name"):
            said = "expected the name where a call begins, it did not come"
            self._report.add("tool-call-unnamed", f"{place}.function.name", said)
        if not call.get("id"):
            said = "expected the id where a call begins, it did not come"
            self._report.add("tool-call-without-id", f"{place}.id", said)
        arguments = Arguments(f"{place}.function.arguments")
        choice.begun.append(arguments)
        choice.hold(number, call.get("id"), arguments)
        return arguments

    def _take_usage(self, usage: Any) -> None:
        self._usage.take(usage, "$.usage")
        self._usage.add_up(usage, "$.usage", ("prompt_tokens", "completion_tokens"), "total_tokens")
        if not self.finished:
            said = "expected usage once every choice is finished, it came before"
            self._report.add("usage-before-finish", "$.usage", said)


def _place(position: int) -> str:
    return f"$.choices[{position}]"


def _more(value: dict[str, Any]) -> tuple[str, str] | None:
    """Give the text of a chunk that says no more than that in its one choice."""
    choices = as_list(value.get("choices"))
    if len(choices) != 1 or value.get("usage") is not None:
        return None
    choice = as_object(choices[0])
    said = {name: part for name, part in as_object(choice.get("delta")).items() if part}
    said.pop("role", None)
    if len(said) != 1 or finish_of(choice):
        return None
    [(member, text)] = said.items()
    return (member, text) if member in _TEXTS and isinstance(text, str) else None


WIRE = CheckedWire("openai-chat", OpenAIChatRules, kind_of, has_sentinel=True, more=_more)
