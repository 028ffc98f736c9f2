"""The pieces of a tool call's arguments, which must join to one JSON object."""

from __future__ import annotations

from collections.abc import Hashable

from msgspec import DecodeError
from msgspec.json import decode

from reqllm_fixtures.checking.explaining import came
from reqllm_fixtures.checking.report import Place, Report


class Arguments:
    """The arguments of one tool call, as they come."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._pieces: list[str] = []
        self._last = Place(0)

    def add(self, piece: object, report: Report) -> None:
        """Take the next piece; what is no text is the schema's business."""
        if isinstance(piece, str):
            self._pieces.append(piece)
            self._last = report.place

    @property
    def text(self) -> str:
        """All pieces, joined; halves of a character that pieces share are one again."""
        text = "".join(self._pieces)
        if text.isascii():
            return text
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")

    @property
    def are_whole(self) -> bool:
        """Whether the pieces so far join to an object."""
        return _is_object(self.text)

    def check(self, report: Report) -> None:
        """Report, at the last piece, arguments that are no object; none at all are an empty one."""
        text = self.text
        if text.strip() and not _is_object(text):
            said = f"expected the pieces to join to a JSON object, came {came(text)}"
            report.add_at(self._last, "arguments-not-json", self.path, said)


class ArgumentsByBlock:
    """The arguments of the tool calls that are blocks of a stream."""

    def __init__(self, report: Report, path: str) -> None:
        self._report = report
        self._path = path
        self._blocks: dict[Hashable, Arguments] = {}

    def add(self, block: Hashable, piece: object) -> None:
        """Take the next piece of a block."""
        if block not in self._blocks:
            self._blocks[block] = Arguments(self._path)
        self._blocks[block].add(piece, self._report)

    def check(self) -> None:
        """Report all that are no object."""
        for arguments in self._blocks.values():
            arguments.check(self._report)


def _is_object(text: str) -> bool:
    try:
        return isinstance(decode(text), dict)
    except (DecodeError, RecursionError):
        return False
