"""The pieces of a tool call's arguments, which must join to one JSON object."""

from __future__ import annotations

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
        """All pieces, joined."""
        return "".join(self._pieces)

    def check(self, report: Report) -> None:
        """Report, at the last piece, arguments that are no object; none at all are an empty one."""
        text = self.text
        if text.strip() and not _is_object(text):
            said = f"expected the pieces to join to a JSON object, came {came(text)}"
            report.add_at(self._last, "arguments-not-json", self.path, said)


def _is_object(text: str) -> bool:
    try:
        return isinstance(decode(text), dict)
    except (DecodeError, RecursionError):
        return False
