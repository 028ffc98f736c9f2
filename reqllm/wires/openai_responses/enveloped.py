"""The older form of Responses events, in which each lies in a `response.delta`. Pure."""

from __future__ import annotations

from typing import Any

from reqllm.wires.common.fields import as_object

_NAMES = {
    "response.start": "response.created",
    "response.stop": "response.completed",
    "output_item.start": "response.output_item.added",
    "output_item.stop": "response.output_item.done",
    "content_part.start": "response.content_part.added",
    "content_part.delta": "response.output_text.delta",
    "content_part.stop": "response.output_text.done",
}
_MEMBERS = {"output_item": "item", "content_part": "part", "text": "delta"}


def opened(value: dict[str, Any]) -> dict[str, Any]:
    """Return what an event of that form says, in today's; any other event as it is."""
    if value.get("object") != "response.delta":
        return value
    inner = as_object(value.get("delta"))
    kind = _NAMES.get(str(inner.get("type")))
    if kind is None:
        return value
    event = {_MEMBERS.get(key, key): item for key, item in inner.items()}
    index = event.pop("index", None)
    if kind.startswith("response.output_item"):
        event["output_index"] = index
    elif index is not None:
        event["content_index"] = index
    event.setdefault("response", {key: value[key] for key in ("id",) if key in value})
    return {**event, "type": kind}
