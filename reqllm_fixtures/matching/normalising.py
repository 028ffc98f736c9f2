"""Makes of two answers that mean the same the same values, so that they can be compared. Pure."""

from __future__ import annotations

import re
from typing import Any

# What is new in every answer, and means nothing.
_VARIES = {
    "created",
    "date",
    "encrypted_content",
    "encrypted_index",
    "endTime",
    "obfuscation",
    "seed",
    "signature",
    "startTime",
    "system_fingerprint",
    "thoughtSignature",
}
_MOMENT = "_at"
# How long the provider took: `total_time`, `total_duration`, `predicted_ms`, `tokens_per_second`.
_MEASURED = re.compile(r"(_time|_duration|_ms|_sec|_second)\Z")
_ID = re.compile(r"(\A|_)id\Z|[a-z]Id\Z")
_MODEL = re.compile(r"(model_id|[mM]odelId)\Z")
# An id inside a sentence: a short word, a mark and a long run that was drawn at random; or a UUID.
_ID_IN_TEXT = re.compile(
    r"(?<![\w-])(?:[a-z]{2,12}[-_](?=[A-Za-z]*\d)[A-Za-z0-9]{10,}(?:[-_][A-Za-z0-9]+)*"
    r"|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})(?![\w-])"
)
_SENTENCES = {"message", "explanation"}
# What the model said: an `order_id` in there is no id of the answer's.
_SAID = {"args", "arguments", "arguments_delta", "arguments_raw", "input", "text"}
_LEAST_ID = 6

VARIES = "(varies)"


class Normalised:
    """Gives ids their numbers, in the order in which they come, and blanks what always varies.

    One that stands twice has one number, so that a call and its result still belong together.
    """

    def __init__(self) -> None:
        self._ids: dict[str, str] = {}

    def value(self, value: Any, key: str = "") -> Any:
        """Give plain values without what is new in every answer."""
        match value:
            case dict():
                return {name: self._member(value, name) for name in value}
            case list():
                return [self.value(each, key) for each in value]
            case str() if value and _is_id(key):
                return self._name(value)
            case str() if key in _SENTENCES:
                return _ID_IN_TEXT.sub(lambda found: self._name(found[0]), value)
            case str() if len(value) >= _LEAST_ID and value in self._ids:
                return self._ids[value]
        return VARIES if value is not None and _varies(key, value) else value

    def _member(self, holder: dict[str, Any], name: str) -> Any:
        if name in _SAID:
            return holder[name]
        return VARIES if name == "data" and _is_sealed(holder) else self.value(holder[name], name)

    def _name(self, value: str) -> str:
        return self._ids.setdefault(value, f"(id {len(self._ids) + 1})")


def _is_id(key: str) -> bool:
    return bool(_ID.search(key)) and not _MODEL.search(key)


def _is_sealed(holder: dict[str, Any]) -> bool:
    """Whether `data` is reasoning that only the provider can read: it is new every time."""
    kinds = (str(holder.get("kind")), str(holder.get("type")))
    return "reasoning_end" in kinds or any(
        "encrypted" in kind or "redacted" in kind for kind in kinds
    )


def _varies(key: str, value: Any) -> bool:
    if key in _VARIES or key.endswith(_MOMENT):
        return True
    return isinstance(value, int | float) and bool(_MEASURED.search(key))
