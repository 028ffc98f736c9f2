"""Arguments that come as bare text, made into JSON while they grow. Pure.

The code of an interpreter call, the commands of a shell call and the diff of a patch are streamed
without the object that they are a member of; the object itself comes last.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reqllm.wires.common.json_text import compact


class Composed:
    """One JSON object, one member of which grows: a text, or a list of texts."""

    def __init__(self, member: str, known: Mapping[str, Any], *, is_list: bool = False) -> None:
        """`known`: the other members, as far as they are known before the text."""
        self._member = member
        self._known = {
            key: value for key, value in known.items() if key != member and value is not None
        }
        self._is_list = is_list
        self._number: int | None = None
        self._closed = False

    @property
    def begun(self) -> bool:
        return self._number is not None

    def grow(self, text: str, number: int = 0) -> str:
        """Return the JSON text by which the arguments grow; `number` counts the texts of a list."""
        opening = ""
        if self._number is None:
            head = compact(self._known)[:-1] + ("," if self._known else "")
            opening = f'{head}"{self._member}":' + ('["' if self._is_list else '"')
        elif number != self._number:
            opening = '","'
        self._number = number
        return opening + compact(text)[1:-1]

    def close(self, whole: Mapping[str, Any]) -> str:
        """Return the rest of the JSON text; `whole` is the object as it came at the end."""
        if self._number is None or self._closed:
            return ""
        self._closed = True
        said = {self._member, *self._known}
        more = {key: value for key, value in whole.items() if key not in said and value is not None}
        rest = "," + compact(more)[1:-1] if more else ""
        return ('"]' if self._is_list else '"') + rest + "}"
