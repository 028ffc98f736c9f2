"""Many cassettes as one: which recording of which file answers a request. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple

from reqllm_fixtures.cassette import (
    Cassette,
    Interaction,
    Matcher,
    RecordedRequest,
    RecordedResponse,
)
from reqllm_fixtures.errors import UnmatchedRequestError

Redacted = Callable[[RecordedRequest], RecordedRequest]


class Taken(NamedTuple):
    """A recording that is to be played: which cassette it is of, and its number there."""

    path: str
    number: int
    interaction: Interaction
    repeated: bool = False
    paced: bool = False
    """Whether the times of its pieces are those at which they play."""

    def answering(self, response: RecordedResponse) -> Taken:
        """Return it with another response, whose times are those at which it plays."""
        changed = Interaction(self.interaction.request, response)
        return self._replace(interaction=changed, paced=True)


class Shelf:
    """The cassettes that are served; among equals the first of the first file is first.

    redacted: what a request looks like once it is recorded.
    repeat: the last recording of a request plays again where all of them were played.
    """

    def __init__(self, matcher: Matcher, redacted: Redacted, *, repeat: bool = False) -> None:
        self._matcher, self._redacted, self._repeat = matcher, redacted, repeat
        self._cassettes: dict[str, Cassette] = {}
        self._last: dict[Hashable, Taken] = {}
        self._misses: list[UnmatchedRequestError] = []
        self.plays = 0
        """How often something was played, repetitions too."""

    def put(self, path: str, interactions: Sequence[Interaction]) -> None:
        """Serve the recordings of a file; one that is served already starts over."""
        self._forget(path)
        self._cassettes[path] = Cassette(
            path, interactions, matcher=self._matcher, advice=_advice(path)
        )

    def remove(self, path: str) -> None:
        """Serve the recordings of a file no longer, if there are any."""
        self._forget(path)
        self._cassettes.pop(path, None)

    def reset(self) -> None:
        """Forget what was played and what was missed."""
        for path, cassette in self._cassettes.items():
            self.put(path, cassette.interactions)
        self._misses.clear()
        self.plays = 0

    def take(self, asked: RecordedRequest) -> Taken | None:
        """Take the first recording that answers and was not played yet."""
        taken = self._taken(asked) or self._taken(self._redacted(asked))
        if taken is not None:
            self.plays += 1
        return taken

    def put_back(self, taken: Taken) -> None:
        """Have a recording that was taken, and cannot be played so, count as not played."""
        self.plays -= 1
        if not taken.repeated:
            self._cassettes[taken.path].put_back(taken.number)

    def key(self, asked: RecordedRequest) -> Hashable:
        """Give equal keys to requests that one recording answers."""
        return self._matcher.key(asked)

    def missed(self, asked: RecordedRequest) -> UnmatchedRequestError:
        """Keep and return the miss of a request that nothing answers: it has no secrets."""
        asked = self._redacted(asked)
        ranked = [
            (nearest.rank, cassette)
            for cassette in self._cassettes.values()
            if (nearest := cassette.nearest(asked)) is not None
        ]
        if ranked:
            error = min(ranked, key=lambda each: each[0])[1].missed(asked)
        elif self._cassettes:
            error = next(iter(self._cassettes.values())).missed(asked)
        else:
            error = UnmatchedRequestError("no cassette", self._matcher.describe(asked))
        self._misses.append(error)
        return error

    @property
    def cassettes(self) -> tuple[Cassette, ...]:
        """The cassettes, in the order in which they are searched."""
        return tuple(self._cassettes.values())

    @property
    def misses(self) -> tuple[UnmatchedRequestError, ...]:
        """The requests that no recording answered."""
        return tuple(self._misses)

    def unplayed(self) -> list[tuple[str, int, str]]:
        """List what nobody asked for yet: its file, its number there, and its request."""
        return [
            (cassette.path, number, self._matcher.describe(each.request))
            for cassette in self._cassettes.values()
            for number, each in cassette.numbered_unplayed
        ]

    def _taken(self, asked: RecordedRequest) -> Taken | None:
        for path, cassette in self._cassettes.items():
            number = cassette.take_number(asked)
            if number is not None:
                taken = Taken(path, number, cassette.interactions[number])
                if self._repeat:
                    self._last[self.key(asked)] = taken._replace(repeated=True)
                return taken
        return self._last.get(self.key(asked)) if self._repeat else None

    def _forget(self, path: str) -> None:
        self._last = {key: taken for key, taken in self._last.items() if taken.path != path}


def _advice(path: str) -> str:
    return (
        "To record it, have the program ask the provider instead of this server: "
        f"reqllm-fixtures record --mode fill --into {shlex.quote(path)} -- python PROGRAM"
    )
