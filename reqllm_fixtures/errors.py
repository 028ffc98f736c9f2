"""What can go wrong with a recording, told so that the reader knows what to do next.

FixtureError
 ├── CassetteNotFoundError     there is no such file
 ├── CassetteFormatError       the file is there and is not a cassette that we can read
 ├── UnmatchedRequestError     no recording answers this request
 ├── RecordingEndedError       the client reads on where it had left when this was recorded
 ├── RulesError                no such path, preset or matcher
 ├── SecretError               what looks like a secret would be written
 ├── ModeError                 no such mode
 ├── PublishError              what was recorded cannot be written where it belongs
 ├── NoKeyError                nothing answers the request, and there is no key to send it with
 ├── OverlayError              no such overlay, or the recording has not what it is to change
 │    └── OtherStreamError     the overlay is about streams of another kind than the recorded one
 ├── MissingDependencyError    a package is needed for this file and is not installed
 ├── ReportError               what should be a report of conformance is none
 ├── UnknownScenarioError      there is no scenario of conformance of this name
 └── ConformanceError          a scenario of conformance did not pass (also an AssertionError)

FixtureWarning
 ├── StalePiecesWarning        the body was changed since its pieces were written down
 ├── LeftJournalWarning        a recording broke off and left its journal behind
 ├── PatchedWarning            another recorder or mock has patched the library that is recorded
 ├── UnplayedWarning           a passing test did not play all of its recordings
 └── SlowYamlWarning           PyYAML was built without libyaml

None of these is an error of httpx: a client library must not take a missing recording for a
network failure and retry it.
"""

import json
from collections.abc import Iterable, Sequence
from os import PathLike, fspath
from typing import Any, Final, NamedTuple

ABSENT: Final = type("Absent", (), {"__repr__": lambda _: "(absent)", "__slots__": ()})()

RECORD_ADVICE: Final = "To record it: REQLLM_MODE=fill (under pytest: --reqllm-mode=fill)."

_SHOWN_CHARACTERS = 120
_SHOWN_BEFORE_DIFFERENCE = 30


class Difference(NamedTuple):
    """One place where a request departs from a recording.

    `path` is a JSON path (`$.messages[0].content`) for what is inside a JSON body, else a name:
    `method`, `url.host`, `url.query.alt`, `body`. A side that has nothing there holds `ABSENT`.
    """

    path: str
    recorded: Any
    asked: Any


class FixtureError(Exception):
    """Base of every error of the harness."""


class CassetteNotFoundError(FixtureError):
    """There is no cassette at this path."""

    def __init__(self, path: str | PathLike[str]) -> None:
        self.path = fspath(path)
        super().__init__(
            f"There is no cassette at {self.path}. Replay needs a recording: "
            "check the path, or record one first."
        )


class CassetteFormatError(FixtureError):
    """The file is not a cassette that we can read; it was left as it is."""

    def __init__(self, path: str | PathLike[str], *, expected: str, came: str, advice: str) -> None:
        self.path = fspath(path)
        self.expected, self.came, self.advice = expected, came, advice
        super().__init__(
            f"{self.path} is not a cassette that can be played. "
            f"Expected: {expected}. Came: {came}. {advice} The file was left as it is."
        )


class UnmatchedRequestError(FixtureError):
    """No recording answers this request.

    `nearest` is the position of the recording that comes closest, None in an empty cassette;
    `differences` say where it departs. No difference at all means: it was played already.
    `advice` is the last line: the command that records the request.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        request: str,
        *,
        nearest: int | None = None,
        nearest_request: str = "",
        differences: Sequence[Difference] = (),
        advice: str = RECORD_ADVICE,
    ) -> None:
        self.path = fspath(path)
        self.request = request
        self.nearest = nearest
        self.differences = tuple(differences)
        self.advice = advice
        head = f"No recording in {self.path} answers {request}."
        super().__init__("\n".join([head, *self._reasons(nearest_request), advice]))

    def _reasons(self, nearest_request: str) -> list[str]:
        if self.nearest is None:
            return ["The cassette has no recordings: record this request first."]
        name = f"interaction {self.nearest} ({nearest_request})"
        if not self.differences:
            return [
                f"Every recording equal to it was played already, the last is {name}.",
                "A recording plays once: record the request as often as it is sent.",
            ]
        return [
            f"The nearest is {name}. It differs in:",
            *(line for each in self.differences for line in _told(each)),
            "Undo the change if it was not meant; record the request anew if it was.",
        ]


class RecordingEndedError(FixtureError):
    """The client reads past the point where it had closed the stream while recording."""

    def __init__(self, path: str | PathLike[str], length: int) -> None:
        self.path = fspath(path)
        self.length = length
        super().__init__(
            f"The recording in {self.path} ends after {length} bytes, because the client closed "
            "the stream there when it was recorded; what would have followed is not known. "
            "Leave the stream there again, or record it anew and read it to its end."
        )


class RulesError(FixtureError):
    """What may vary was declared in words that mean nothing: a path, a preset or a matcher."""


class SecretError(FixtureError):
    """What looks like a secret would have been written, and nothing was.

    `leaks` holds for each the position of its interaction, the place in it and the kind; never the
    value.
    """

    def __init__(
        self, path: str | PathLike[str], leaks: Iterable[tuple[int, str, str]], *, advice: str = ""
    ) -> None:
        self.path = fspath(path)
        self.leaks = tuple(leaks)
        found = [f"  interaction {index}, {place}: {kind}" for index, place, kind in self.leaks]
        super().__init__(
            "\n".join(
                [
                    f"{self.path} was not written, because this looks like a secret:",
                    *found,
                    advice or "Name the value in secrets=, and it is replaced wherever it stands.",
                ]
            )
        )


class ModeError(FixtureError):
    """The cassette cannot be used in this mode."""


class PublishError(FixtureError):
    """What was recorded cannot be written to its cassette; the old file is as it was."""

    def __init__(self, path: str | PathLike[str], reason: str, rescued: str | None) -> None:
        self.path = fspath(path)
        self.rescued = rescued
        kept = (
            f"What was recorded is in {rescued}: make room or rights, and move it there."
            if rescued
            else "What was recorded could not be kept elsewhere either: record it anew."
        )
        super().__init__(
            f"The cassette {self.path} could not be written ({reason}). "
            f"A file that was there is as it was. {kept}"
        )


class NoKeyError(FixtureError):
    """No recording answers a request, and it has no key with which it could go out."""

    def __init__(self, path: str | PathLike[str], request: str) -> None:
        self.path = fspath(path)
        super().__init__(
            f"No recording in {self.path} answers {request}, and there is no API key to send it "
            "with. Set the provider's key in the environment or pass api_key=... to record it; "
            "to play a recording, send what was recorded."
        )


class OverlayError(FixtureError):
    """There is no such overlay, or the recording has not what it is to change."""


class OtherStreamError(OverlayError):
    """An overlay is about streams of another wire or framing than the recorded one."""


class ReportError(FixtureError):
    """What should be a report of a run of conformance cannot be read as one."""

    def __init__(self, name: str, *, expected: str, came: str) -> None:
        self.name = name
        self.expected, self.came = expected, came
        super().__init__(
            f"{name} is not a report of conformance that can be read. Expected: {expected}. "
            f"Came: {came}. Give a file that `reqllm-fixtures conformance` wrote as JSON."
        )


class MissingDependencyError(FixtureError):
    """A package is needed that is not installed."""


class UnknownScenarioError(FixtureError):
    """There is no scenario of conformance of this name."""

    def __init__(self, name: object, known: Iterable[str]) -> None:
        super().__init__(f"There is no scenario {name!r}. The scenarios are {', '.join(known)}.")


class ConformanceError(FixtureError, AssertionError):
    """A scenario of conformance did not pass; the message says what was expected and what came."""


class FixtureWarning(UserWarning):
    """Base of every warning of the harness."""


class StalePiecesWarning(FixtureWarning):
    """A recorded body no longer is what its piece sizes were written for."""


class LeftJournalWarning(FixtureWarning):
    """A recording broke off, and its journal holds what it had recorded."""


class PatchedWarning(FixtureWarning):
    """Another recorder or mock stands between a recording and the network."""


class UnplayedWarning(FixtureWarning):
    """A test passed and did not play all of its recordings."""


class SlowYamlWarning(FixtureWarning):
    """PyYAML has no libyaml here and reads cassettes some thirty times slower."""


def _told(difference: Difference) -> list[str]:
    recorded, asked = _shown(difference.recorded, difference.asked)
    return [f"  {difference.path}", f"    recorded: {recorded}", f"    asked:    {asked}"]


def _shown(recorded: Any, asked: Any) -> tuple[str, str]:
    """Show both values, long ones around the first place where they part."""
    left, right = _spelt(recorded), _spelt(asked)
    parted = next(
        (i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b),
        min(len(left), len(right)),
    )
    start = max(0, parted - _SHOWN_BEFORE_DIFFERENCE)
    return _window(left, start), _window(right, start)


def _spelt(value: Any) -> str:
    """Write a value as JSON, which it was; bytes and ABSENT as they show themselves."""
    try:
        return json.dumps(value, ensure_ascii=False)
    except TypeError:
        return repr(value)


def _window(text: str, start: int) -> str:
    if len(text) <= _SHOWN_CHARACTERS:
        return text
    end = start + _SHOWN_CHARACTERS
    return f"{'…' if start else ''}{text[start:end]}{'…' if end < len(text) else ''}"


class NodeError(ValueError):
    """Data that is no interaction: what was expected, what came, what to do."""

    def __init__(self, expected: str, came: str, advice: str = "Record it anew.") -> None:
        super().__init__(f"Expected {expected}, came {came}.")
        self.expected, self.came, self.advice = expected, came, advice
