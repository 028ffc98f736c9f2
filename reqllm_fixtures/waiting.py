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

    They are filled when the first request comes. Threads may share it: taking is one atomic step.
    """

    def __init__(self, requests: Sequence[RecordedRequest], matcher: Matcher) -> None:
        self._requests, self._matcher = requests, matcher
        self._answers = getattr(matcher, "answers", None)
        self._repeats = bool(getattr(matcher, "allow_repeats", False))
        self._lock = threading.Lock()
        self._queues: dict[Hashable, deque[int]] | None = None
        self._spent: dict[Hashable, list[int]] = {}

    def take(self, request: RecordedRequest) -> int | None:
        """Take the position of the first recording that answers; None if none is left."""
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

    def put_back(self, position: int) -> None:
        """Have a position that was taken be the next of its queue again."""
        key = self._matcher.key(self._requests[position])
        with self._lock:
            if position in self._spent.get(key, ()):
                self._spent[key].remove(position)
        self._filled()[key].appendleft(position)

    def _filled(self) -> dict[Hashable, deque[int]]:
        if self._queues is None:
            with self._lock:
                if self._queues is None:
                    queues: dict[Hashable, deque[int]] = {}
                    for position, request in enumerate(self._requests):
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
