"""Writes the turns of a wire that takes two sides in turn, the user's and the model's. Pure."""

from __future__ import annotations

from typing import Any, ClassVar

from reqllm.content import (
    ContentPart,
    CustomPart,
    FilePart,
    ImagePart,
    ReasoningPart,
    RefusalPart,
    TextPart,
    ToolCall,
    ToolResultPart,
)
from reqllm.context import Context
from reqllm.errors import InvalidContextError
from reqllm.wires.common import turns
from reqllm.wires.common.request_body import Warnings

Written = dict[str, Any]


class TwoSidedWriter:
    """Base of the writers of such wires: chooses by the kind of a part and by who said it.

    A wire says in the methods named after the kinds what it makes of each.
    """

    wire: ClassVar[str]
    fault_of_reasoning: ClassVar[str]
    """What keeps reasoning from going back, beside that it was cut off."""

    def __init__(self, context: Context, warnings: Warnings) -> None:
        self._context = context
        self._answered = turns.answered_calls(context)
        self._warnings = warnings

    def sides(self) -> list[tuple[bool, list[Written]]]:
        """Return the turns after the system's: whether it is the model's, and what it is made of.

        Neighbours of one side become one. Raises InvalidContextError if nothing is left.
        """
        sides: list[tuple[bool, list[Written]]] = []
        for message in self._context:
            if message.role == "system":
                continue
            turns.without_name(message, self.wire, self._warnings)
            is_models = message.role == "assistant"
            parts = [(self._said if is_models else self._asked)(part) for part in message.content]
            written = [part for part in parts if part is not None]
            if written and sides and sides[-1][0] is is_models:
                sides[-1][1].extend(written)
            elif written:
                sides.append((is_models, written))
        if not sides:
            raise InvalidContextError("nothing is left of the conversation that could be sent")
        return sides

    def _asked(self, part: ContentPart) -> Written | None:
        """Write a part of the user's or of a tool's."""
        match part:
            case TextPart():
                return self._asked_text(part)
            case ImagePart():
                return self._image(part)
            case FilePart():
                return self._file(part)
            case ToolResultPart():
                return self._result(part)
            case CustomPart() if part.custom_kind.startswith(f"{self.wire}."):
                return self._custom(part)
        hint = "give text, an image, a file or a tool's result"
        raise turns.cannot_send(part, self.wire, hint)

    def _said(self, part: ContentPart) -> Written | None:
        """Write a part of the model's own, or leave it out with a warning."""
        match part:
            case TextPart():
                return self._said_text(part)
            case RefusalPart():
                return self._said_text(TextPart(part.content))
            case ReasoningPart():
                return self._said_reasoning(part)
            case ToolCall():
                may_send = turns.may_send_call(part, self._answered, self._warnings)
                return self._call(part) if may_send else None
            case ToolResultPart():
                return self._own_result(part)
            case CustomPart():
                return self._custom(part)
        return self._said_other(part)

    def _said_reasoning(self, part: ReasoningPart) -> Written | None:
        written = self._reasoning(part) if part.complete else None
        if written is None:
            turns.reasoning_not_sent(self.fault_of_reasoning, self.wire, self._warnings)
        return written

    def _custom(self, part: CustomPart) -> Written | None:
        wire, dot, kind = part.custom_kind.partition(".")
        written = self._own(kind, part.data) if dot and wire == self.wire else None
        if written is None:
            self._not_sent(f"{part.custom_kind!r}")
        return written

    def _not_sent(self, what: str) -> None:
        turns.not_sent(what, self.wire, self._warnings)

    # For the wires.
    def _asked_text(self, part: TextPart) -> Written | None:
        raise NotImplementedError

    def _said_text(self, part: TextPart) -> Written | None:
        raise NotImplementedError

    def _image(self, part: ImagePart) -> Written:
        raise NotImplementedError

    def _file(self, part: FilePart) -> Written:
        raise NotImplementedError

    def _reasoning(self, part: ReasoningPart) -> Written | None:
        """Write whole reasoning of a model of the wire's, `None` if it is another's."""
        raise NotImplementedError

    def _call(self, call: ToolCall) -> Written | None:
        raise NotImplementedError

    def _result(self, part: ToolResultPart) -> Written:
        """Write the result of a tool that the caller ran."""
        raise NotImplementedError

    def _own_result(self, part: ToolResultPart) -> Written | None:
        """Write the result of a tool that the provider ran."""
        raise NotImplementedError

    def _own(self, kind: str, data: Any) -> Written | None:
        """Write what only this wire has, `None` if it is not what it seems."""
        raise NotImplementedError

    def _said_other(self, part: ContentPart) -> Written | None:
        """Leave out a part of a kind that the wire's models do not say."""
        turns.part_not_sent(part, self.wire, self._warnings)
        return None
