"""What really happened to somebody, under the name by which it is known."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from msgspec import Struct

from reqllm_fixtures.bodies.cutting import CutEvent
from reqllm_fixtures.errors import OtherStreamError, OverlayError
from reqllm_fixtures.overlay.base import Overlay, View, other
from reqllm_fixtures.overlay.dialects import compact
from reqllm_fixtures.overlay.events import failing
from reqllm_fixtures.overlay.framings import SSE
from reqllm_fixtures.overlay.played import Played, spliced

_ROUTED = ": OPENROUTER PROCESSING"
_DONE = b"[DONE]"
_OVERLOADED = (
    b'event: error\ndata: {"type":"error","error":{"details":null,"type":"overloaded_error",'
    b'"message":"Overloaded"}        }\n\n'
)
_PING = b'event: ping\ndata: {"type": "ping"}\n\n'
_BARE = (
    b'{\n  "error": {\n    "code": 503,\n    "message": "This model is currently experiencing '
    b'high demand.",\n    "status": "UNAVAILABLE"\n  }\n}\n'
)
_FILTERED = {"hate": {"filtered": False, "severity": "safe"}}


class _Known(Struct, frozen=True):
    """One incident: whose streams it befell, and what it does to one."""

    wires: tuple[str, ...]
    does: Callable[[Incident, Played, View], Played]
    said: str


class Incident(Overlay, frozen=True):
    """Does to a stream what an incident did."""

    name: ClassVar[str] = "incident"
    which: str

    def __post_init__(self) -> None:
        if self.which not in INCIDENTS:
            raise OverlayError(
                f"Expected one of the incidents {', '.join(INCIDENTS)}. Came: {self.which!r}."
            )

    def changed(self, played: Played) -> Played:
        known = INCIDENTS[self.which]
        view = View(self, played)
        if known.wires and view.dialect.wire not in known.wires:
            raise other(self, meant=" or ".join(known.wires), came=view.dialect.wire)
        if known.wires and known.wires != ("bedrock-converse", "bedrock-invoke"):
            _require_sse(self, view)
        return known.does(self, played, view)

    def __str__(self) -> str:
        return self.which


def _require_sse(overlay: Overlay, view: View) -> None:
    if view.framing is not SSE:
        raise other(overlay, meant=SSE.name, came=view.framing.name)


def _put(played: Played, view: View, index: int, event: bytes) -> Played:
    at, new = view.framing.inserted(view.events, index, event, view.body)
    return spliced(played, at, at, new)


def _openrouter_comments(overlay: Incident, played: Played, view: View) -> Played:
    comment = _ROUTED.encode() + view.framing.mark(view.body)
    start = view.events[0].start
    return spliced(played, start, start, comment * 3)


def _vllm_merged_finish(overlay: Incident, played: Played, view: View) -> Played:
    values = [_value(event) for event in view.events]
    last = next((n for n, value in enumerate(values) if _choice(value).get("finish_reason")), 0)
    spoke = next((n for n in range(last - 1, -1, -1) if _delta(values[n]).get("content")), None)
    if spoke is None or any(_delta(values[last]).get(key) for key in ("content", "tool_calls")):
        raise OtherStreamError(f"{overlay} merges a last piece of text and a finish_reason.")
    merged = values[spoke]
    merged["choices"][0]["finish_reason"] = _choice(values[last])["finish_reason"]
    changed = spliced(played, view.events[last].start, view.events[last].stop, b"")
    return _rewritten(changed, view, spoke, merged)


def _usage_after_finish(overlay: Incident, played: Played, view: View) -> Played:
    values = [_value(event) for event in view.events]
    found = next((n for n, value in enumerate(values) if value.get("usage")), None)
    if found is None or not values[found].get("choices", True) == []:
        raise OtherStreamError(f"{overlay} is about usage in a chunk of its own; there is none.")
    choice = {"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}
    return _rewritten(played, view, found, {**values[found], "choices": [choice]})


def _azure_first_chunk(overlay: Incident, played: Played, view: View) -> Played:
    filters = [{"prompt_index": 0, "content_filter_results": _FILTERED}]
    empty = {"choices": [], "created": 0, "id": "", "model": "", "object": ""}
    value = compact({**empty, "prompt_filter_results": filters})
    return _put(played, view, 0, view.framing.write("", value, view.body))


def _openrouter_error(overlay: Incident, played: Played, view: View) -> Played:
    first = _value(view.events[0])
    choice = {"index": 0, "delta": {"content": ""}, "finish_reason": "error"}
    value: dict[str, Any] = {
        **{key: first[key] for key in ("id", "object", "created", "model") if key in first},
        "choices": [choice],
        "error": {"code": 502, "message": "Provider disconnected"},
    }
    write = view.framing.write
    events = write("", compact(value), view.body) + write("", _DONE, view.body)
    return failing(played, view, view.after(None), events)


def _missing_done(overlay: Incident, played: Played, view: View) -> Played:
    event = view.events[-1]
    if not event.data.startswith(_DONE):
        raise OtherStreamError(f"{overlay} leaves out [DONE], and this stream ends without it.")
    return spliced(played, event.start, event.stop, b"")


def _empty_data(overlay: Incident, played: Played, view: View) -> Played:
    return _put(played, view, view.after(None), b"data: " + view.framing.mark(view.body))


def _anthropic_overloaded(overlay: Incident, played: Played, view: View) -> Played:
    return failing(played, view, view.after(None), _OVERLOADED)


def _anthropic_pings(overlay: Incident, played: Played, view: View) -> Played:
    return _put(_put(played, view, view.after(None), _PING * 2), view, 1, _PING)


def _gemini_bare_error(overlay: Incident, played: Played, view: View) -> Played:
    return failing(played, view, view.after(None), _BARE)


def _bedrock_exception(overlay: Incident, played: Played, view: View) -> Played:
    said = {"message": "The system encountered an unexpected error during processing. Try again."}
    name = "modelStreamErrorException"
    event = view.framing.write(name, compact(said), view.body, kind="exception")
    return failing(played, view, view.after(None), event)


_CHAT, _ANTHROPIC = ("openai-chat",), ("anthropic-messages",)
_BEDROCK = ("bedrock-converse", "bedrock-invoke")
_EVERY = (
    _Known(_CHAT, _openrouter_comments, "comments before the first chunk, while it queues"),
    _Known(_CHAT, _openrouter_error, "an error beside choices, and then [DONE]"),
    _Known(_CHAT, _vllm_merged_finish, "finish_reason beside the last piece of text"),
    _Known(_CHAT, _usage_after_finish, "usage after the finish, beside an empty choice"),
    _Known(_CHAT, _azure_first_chunk, "a first chunk without id, model and choices"),
    _Known(_CHAT, _missing_done, "no [DONE] after the finish"),
    _Known(_CHAT, _empty_data, "an event without data as a sign of life"),
    _Known(_ANTHROPIC, _anthropic_overloaded, "overloaded_error in the middle of an answer"),
    _Known(_ANTHROPIC, _anthropic_pings, "pings, also two in a row"),
    _Known(("gemini",), _gemini_bare_error, "a bare JSON error after events, and then the end"),
    _Known(_BEDROCK, _bedrock_exception, "modelStreamErrorException in the middle"),
)
INCIDENTS: Mapping[str, _Known] = MappingProxyType(
    {each.does.__name__.removeprefix("_"): each for each in _EVERY}
)


def _value(event: CutEvent) -> dict[str, Any]:
    try:
        value = json.loads(event.data)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _choice(value: dict[str, Any]) -> dict[str, Any]:
    choices = value.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else {}
    return first if isinstance(first, dict) else {}


def _delta(value: dict[str, Any]) -> dict[str, Any]:
    delta = _choice(value).get("delta")
    return delta if isinstance(delta, dict) else {}


def _rewritten(played: Played, view: View, index: int, value: dict[str, Any]) -> Played:
    """Write another value into an event; all that was changed before lies after it."""
    event = view.events[index]
    new = view.framing.write(event.name, compact(value), view.body)
    return spliced(played, event.start, event.stop, new)
