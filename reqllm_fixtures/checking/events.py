"""Checks a stream's body: each event by its schema, and all of them one after another."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec.structs import replace

from reqllm.wires.common.json_text import events_within, is_framed
from reqllm_fixtures.bodies.cutting import CutEvent, sse_events
from reqllm_fixtures.checking.checked_wire import CheckedWire
from reqllm_fixtures.checking.explaining import came
from reqllm_fixtures.checking.finding import Finding, Profile, checked_profile
from reqllm_fixtures.checking.judging import Judge, check_untyped, judge
from reqllm_fixtures.checking.likeness import Likeness
from reqllm_fixtures.checking.report import Report
from reqllm_fixtures.checking.wires.foreign import FOREIGN_ERROR
from reqllm_fixtures.checking.wires.table import checked_wire

_SENTINEL = b"[DONE]"
NOT_JSON: Any = object()
_decode = msgspec.json.Decoder().decode


def check_events(
    wire: str, body: bytes | Iterable[bytes], *, profile: Profile = "compat"
) -> tuple[Finding, ...]:
    """Check the body of a stream against what its wire promises; return what deviates.

    wire: the name of its wire, as in `reqllm.Provider.wire`.
    body: all its bytes, or its pieces in order.
    profile: `strict` holds it to what the provider documents, `compat` to what a client needs.

    Raises UnknownWireError, ValueError for another profile, TypeError for a text,
    MissingDependencyError.
    """
    spec = checked_wire(wire)
    events = judge(spec.schema or wire, checked_profile(profile))
    if spec.wrapper:
        check: _Check = _WrappedCheck(spec, events, judge(wire, profile), Report(profile))
    else:
        check = _Check(spec, events, Report(profile))
    return check.run(_joined(body))


def _joined(body: bytes | Iterable[bytes]) -> bytes:
    if isinstance(body, bytes | bytearray | memoryview):
        return bytes(body)
    if isinstance(body, str):
        raise TypeError("expected the body as bytes, or its pieces, got str; encode it first")
    return b"".join(body)


class _Check:
    """The check of one stream."""

    def __init__(self, wire: CheckedWire, judge: Judge, report: Report) -> None:
        self._wire = wire
        self._judge = judge
        self._report = report
        self._rules = wire.rules(report)
        self._is_named = wire.is_named
        self._opened = wire.opened if report.profile == "compat" else None
        self._is_done = False
        self._is_failed = False
        self._within = 0
        """Events that stood in another's."""

    def run(self, body: bytes) -> tuple[Finding, ...]:
        """Check all events in order, then how the body ends."""
        report = self._report
        likeness = Likeness(self._wire.more)
        events = sse_events(body, likeness.fits) if self._wire.more else self._wire.cut(body)
        judged = 0
        for event in events:
            if event.is_stray:
                self._take_stray(event, judged + likeness.count)
                likeness.forget()
            else:
                judged += 1
                value = self._judged(event, judged + likeness.count)
                likeness.learn(body[event.start : event.stop], event.data, value)
        number = judged + likeness.count
        report.event, report.start, report.stop = 0, len(body), len(body)
        if self._is_failed and number:
            pass  # what is missing is missing with reason
        elif number + self._within > self._is_done:  # the sentinel is none
            self._rules.end(is_done=self._is_done)
        else:
            report.add("no-events", "$", f"expected events, came {len(body)} bytes without one")
        return report.findings()

    def _judged(self, event: CutEvent, number: int) -> dict[str, Any] | None:
        """Check an event; return its value if nothing was to be told of it."""
        report = self._report
        report.event, report.start, report.stop = number, event.start, event.stop
        told = report.told
        if self._is_done or self._is_failed or self._rules.ended:
            self._take_late(event)
            return None
        value = self._take(event)
        return value if report.told == told else None

    def _take(self, event: CutEvent) -> dict[str, Any] | None:
        """Take an event; return its value, if it is one that its wire knows."""
        if not event.is_finished:
            said = "expected the mark that closes the event, the body ended before it"
            self._report.add("unfinished-event", "$", said)
        data = event.data
        if data[:6] == _SENTINEL or (data[:1] != b"{" and data.strip()[:6] == _SENTINEL):
            self._is_done = True
            if not self._wire.has_sentinel:
                self._report.add("sentinel-unexpected", "$", "expected no [DONE], it came")
            return None
        value = read_json(data)
        if self._opened is not None:
            value = self._opened(value)
        kind = self._wire.kind_of(value, event.name) if isinstance(value, dict) else None
        if kind is None:
            self._take_unreadable(event, value)
            return None
        if kind == FOREIGN_ERROR:
            self._fail_foreign()
            return None
        if self._is_named and event.name != kind:
            self._take_misnamed(event.name, kind)
        if kind:
            self._judge.check(kind, value, self._report, self._wire.kind_path)
        self._rules.take(kind, value)
        return value  # type: ignore[no-any-return]

    def _take_stray(self, event: CutEvent, number: int) -> None:
        report = self._report
        report.event, report.start, report.stop = number, event.start, event.stop
        report.add("unframed", "$", f"expected an event, came {_text(event.data)}")
        # A server that failed may tell so without any framing.
        if not (self._is_done or self._is_failed or self._rules.ended):
            self._is_failed = _reports_failure(event.data.strip().removeprefix(b"error:"))

    def _fail_foreign(self) -> None:
        self._is_failed = True
        said = "expected an error as its wire has it, came one of a gateway's"
        self._report.add("error-form", "$", said)

    def _take_unreadable(self, event: CutEvent, value: Any) -> None:
        data = event.data
        if value is NOT_JSON and self._take_within(event):
            return
        if not data.strip() or value is None:
            self._report.add("empty-event", "$", "expected JSON, came no data")
        elif value is NOT_JSON and event.name != "error":
            self._report.add("not-json", "$", f"expected JSON, came {_text(data)}")
        elif value is NOT_JSON or (isinstance(value, list) and _reports_failure(data)):
            self._fail_foreign()  # in words, or as Google has them, in a list
        elif value == "[DONE]" and self._wire.has_sentinel:
            self._is_done = True
            said = "expected the sentinel [DONE], came a string in its place"
            self._report.add("unknown-event", "$", said)
        else:
            check_untyped(value, self._report, self._wire.kind_path)

    def _take_within(self, event: CutEvent) -> bool:
        """Take the events that stand in the data of one; return whether they are such."""
        is_cut = not event.is_finished
        lines = None if self._wire.is_lines else events_within(event.data, is_cut=is_cut)
        if lines is None:
            return False
        if is_framed(event.data):
            said = "expected JSON, came an event with its frame"
            self._report.add("unknown-event", "$", said)
        else:
            said = "expected a blank line after each event, came another event"
            self._report.add("unfinished-event", "$", said)
        self._within += len(lines) - 1
        for line in lines:
            one = replace(event, data=line, name="", is_finished=True)
            if self._is_done or self._is_failed or self._rules.ended:
                self._take_late(one)
            else:
                self._take(one)
        return True

    def _take_misnamed(self, name: str, kind: str) -> None:
        if name:
            said = f"expected {came(kind)}, as its data says, came {came(name)}"
            self._report.add("event-name", "$", said)
        else:
            said = f"expected the name {came(kind)}, the event has none"
            self._report.add("event-name-missing", "$", said)

    def _take_late(self, event: CutEvent) -> None:
        is_sentinel = event.data.strip()[:6] == _SENTINEL
        if is_sentinel and not self._is_done:
            self._is_done = True
            if not self._wire.has_sentinel:
                self._report.add("sentinel-unexpected", "$", "expected the end, came [DONE]")
            return
        said = f"expected the end of the stream, came {_text(event.data)}"
        self._report.add("after-terminal", "$", said)


class _WrappedCheck(_Check):
    """The check of a stream of messages that each wrap an event: of both, the message first."""

    def __init__(self, wire: CheckedWire, judge: Judge, messages: Judge, report: Report) -> None:
        super().__init__(wire, judge, report)
        self._messages = messages

    def _take(self, event: CutEvent) -> None:  # none is like another: their text is in base64
        message = read_json(event.data)
        if not isinstance(message, dict):
            self._take_unreadable(event, message)
            return
        self._messages.check(event.name, message, self._report, "$")
        if event.name == self._wire.wrapper:
            self._take_wrapped(event, message.get("bytes"))
        elif self._messages.meet(event.name):
            self._rules.take(event.name, message)

    def _take_wrapped(self, event: CutEvent, text: Any) -> None:
        if not isinstance(text, str):
            return  # which its schema told of
        try:
            data = base64.b64decode(text, validate=True)
        except ValueError:
            said = f"expected an event in base64, came {came(text)}"
            self._report.add("value", "$.bytes", said)
        else:
            super()._take(replace(event, data=data))


def read_json(data: bytes) -> Any:
    """Read the data of an event; `NOT_JSON` for what is none."""
    try:
        return _decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:  # the other decoder takes halves of surrogate pairs, which are JSON
        return json.loads(data, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return NOT_JSON


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


def _reports_failure(document: bytes) -> bool:
    from reqllm.wires.common.api_errors import reports_failure  # here, as few streams fail

    return reports_failure(document)


def _text(data: bytes) -> str:
    return came(data.decode("utf-8", "replace")).removeprefix("the string ")
