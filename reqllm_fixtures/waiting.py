"""The recordings that were not played yet, each where a request finds it. Pure."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reqllm_fixtures.cassette import Matcher, RecordedRequest


class Waiting:
    """Queues of positions, one for each key; among equals the first recorded is first.

    They are filled when the first request comes that is not the next recording to the byte: as long
    as a test asks what it asked when it was recorded, no key is made. Threads may share it: taking
    is one atomic step.
    """

    def __init__(self, requests: Sequence[RecordedRequest], matcher: Matcher) -> None:
        self._requests, self._matcher = requests, matcher
        self._answers = getattr(matcher, "answers", None)
        self._repeats = bool(getattr(matcher, "allow_repeats", False))
        # Where the key does not decide, or what was played may play again, each is looked for.
        is_searched = self._answers is not None or self._repeats
        self._are_same = None if is_searched else getattr(matcher, "are_same", None)
        self._next = 0
        """As long as there are no queues: how many were taken, in the order of the file."""
        self._lock = threading.Lock()
        self._queues: dict[Hashable, deque[int]] | None = None
        self._spent: dict[Hashable, list[int]] = {}

    def take(self, request: RecordedRequest) -> int | None:
        """Take the position of the first recording that answers; None if none is left."""
        if self._are_same is not None and (position := self._taken_next(request)) is not None:
            return position
        key = self._matcher.key(request)
        queue = self._filled().get(key)
        if queue is None:
            return None
        if self._answers is None and not self._repeats:
            try:
                return queue.popleft()
            except IndexError:
                return None
        with self._lock:
            return self._searched(key, queue, request)

    def _taken_next(self, request: RecordedRequest) -> int | None:
        """Take the next of the file if it is this request, and all before it were taken."""
        with self._lock:
            position = self._next
            if self._queues is not None or position == len(self._requests):
                return None
            assert self._are_same is not None
            if not self._are_same(self._requests[position], request):
                return None
            self._next += 1
            return position

    def put_back(self, position: int) -> None:
        """Have a position that was taken be the next of its queue again."""
        key = self._matcher.key(self._requests[position])
        with self._lock:
            if position in self._spent.get(key, ()):
                self._spent[key].remove(position)
        self._filled().setdefault(key, deque()).appendleft(position)

    def _filled(self) -> dict[Hashable, deque[int]]:
        if self._queues is None:
            with self._lock:
                if self._queues is None:
                    queues: dict[Hashable, deque[int]] = {}
                    for position in range(self._next, len(self._requests)):
                        request = self._requests[position]
                        queues.setdefault(self._matcher.key(request), deque()).append(position)
                    self._queues = queues
        return self._queues

    def _searched(self, key: Hashable, queue: deque[int], request: RecordedRequest) -> int | None:
        """Search one queue, where the key does not decide or what was played may play again."""
        spent = self._spent.setdefault(key, [])
        for position in queue:
            if self._is_answer(position, request):
                queue.remove(position)
                spent.append(position)
                return position
        if self._repeats:  # the last, as a state that was reached stays what it is
            return next((each for each in reversed(spent) if self._is_answer(each, request)), None)
        return None

    def _is_answer(self, position: int, request: RecordedRequest) -> bool:
        return self._answers is None or bool(self._answers(self._requests[position], request))
