"""What a test is told that fails because of its cassette. Pure.

The last line is how it is recorded anew, if that is of any help: the command, but under an overlay,
where nothing is recorded, what to do in its place.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence

from reqllm_fixtures.cassette import Interaction, Matcher
from reqllm_fixtures.errors import RECORD_ADVICE, FixtureError, RulesError

_MOST_LISTED = 10


class Refusal:
    """Something that was asked for and not given: what was said of it, and where it was asked."""

    def __init__(self, error: FixtureError | str, place: str | None) -> None:
        self._text = str(error).removesuffix(RECORD_ADVICE).rstrip("\n")
        self._place = place

    @property
    def lines(self) -> list[str]:
        """What was said of it; the place second, so that a summary of one line tells the first."""
        first, *others = self._text.splitlines()
        place = [] if self._place is None else [f"It was asked at {self._place}."]
        return [first, *place, *others]


class Wording:
    """Words for one test: how to record it, and paths as they are seen from where pytest runs."""

    def __init__(self, node_id: str, folder: str, mode: str, *, is_overlaid: bool = False) -> None:
        self._folder = os.path.join(folder, "")
        self._command = f"To record it: pytest {shlex.quote(node_id)} --reqllm-mode={mode}"
        if is_overlaid:
            self._command = (
                "Nothing is recorded under an overlay. To record it: a test without one that has "
                f'the same cassette, by @pytest.mark.reqllm("its name"), and --reqllm-mode={mode}'
            )

    def missed(self, refusals: Sequence[Refusal], then: BaseException | None) -> str:
        """Tell of what found no answer; `then` is what the test raised after that was swallowed."""
        first, others = refusals[0], refusals[1:]
        lines = first.lines
        if others:
            lines.append(f"{len(others)} more of its requests were refused:")
            lines += [f"  {each.lines[0]}" for each in others[:_MOST_LISTED]]
        if then is not None:
            said = (str(then).splitlines() or [""])[0]
            lines.append(f"The test then raised {type(then).__name__}: {said}".rstrip(": "))
        return self._ended(lines)

    def unplayed(
        self, path: str, recorded: Sequence[Interaction], left: Sequence[Interaction], by: Matcher
    ) -> str:
        """Tell of recordings that a passing test did not ask for."""
        numbered = [(i, each) for i, each in enumerate(recorded) if any(each is u for u in left)]
        lines = [f"{len(left)} of {len(recorded)} recordings in {path} were not played:"]
        lines += [
            f"  interaction {i} ({by.describe(each.request)})"
            for i, each in numbered[:_MOST_LISTED]
        ]
        if len(numbered) > _MOST_LISTED:
            lines.append(f"  and {len(numbered) - _MOST_LISTED} more")
        lines.append(
            "The test no longer asks for them. Ask again or record it anew; where that is meant: "
            '@pytest.mark.reqllm(unplayed="ignore").'
        )
        return self._ended(lines)

    def failed(self, error: FixtureError | str) -> str:
        """Tell of a cassette that cannot be used."""
        # What was written wrongly is mended where it was written.
        return str(error) if isinstance(error, RulesError) else self._ended([str(error)])

    def broken(self, path: str, findings: Sequence[str]) -> str:
        """Tell where the streams of a cassette break the rules of their wire."""
        lines = [f"{path} holds a stream that is not as its wire has it:"]
        lines += [f"  {each}" for each in findings[:_MOST_LISTED]]
        if len(findings) > _MOST_LISTED:
            lines.append(f"  and {len(findings) - _MOST_LISTED} more")
        lines.append('Where that is meant: @pytest.mark.reqllm(schema="off").')
        return self._ended(lines)

    def _ended(self, lines: list[str]) -> str:
        return self.shortened("\n".join([*lines, self._command]))

    def shortened(self, text: str) -> str:
        """Write paths from where pytest was started."""
        return text.replace(self._folder, "")
