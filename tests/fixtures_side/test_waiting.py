"""Which recording a request takes: the same whether keys are made for it or not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reqllm_fixtures.cassette import RecordedRequest
from reqllm_fixtures.matching.matchers import StrictMatcher, strict
from reqllm_fixtures.waiting import Waiting

from .making import asked

# Two texts of one document, one of another, one that is none; two methods, two addresses.
SOME = [
    RecordedRequest(method, uri, (), body)
    for method in ("POST", "post", "GET")
    for uri in ("https://a.test/v1", "https://a.test:443/v1", "https://b.test/v1")
    for body in (b'{"a":1}', b'{"a": 1}', b'{"a":2}', b"a")
]
requests = st.sampled_from(SOME)


class ByKeys:
    """The strict matcher without what it tells of requests that are equal to the byte."""

    key = staticmethod(strict.key)


@given(
    recorded=st.lists(requests, max_size=6),
    steps=st.lists(st.one_of(requests, st.integers(0, 5)), max_size=12),
)
def test_with_keys_and_without(recorded, steps):
    """Whatever is asked, in the order of the file or not, and put back: the same one answers."""
    quick, keyed = Waiting(recorded, strict), Waiting(recorded, ByKeys())  # type: ignore[arg-type]
    taken: list[int] = []
    for step in steps:
        if isinstance(step, RecordedRequest):
            found = quick.take(step)
            assert found == keyed.take(step)
            if found is not None:
                taken.append(found)
        elif taken:
            position = taken.pop(step % len(taken))
            quick.put_back(position)
            keyed.put_back(position)


class Counting(StrictMatcher):
    """Counts the documents that it prepares, one for each key."""

    def __init__(self) -> None:
        self.made = 0

    def _prepared(self, document: Any) -> Any:
        self.made += 1
        return document


@pytest.mark.parametrize(("order", "keys"), [((0, 1, 2), 0), ((0, 2, 1), 4)])
def test_no_key_is_made_in_the_order_of_the_file(order, keys):
    """Only once another than the next is asked for are those that wait, and it, given keys."""
    matcher = Counting()
    recorded = [asked(b'{"n":%d}' % number) for number in range(3)]
    waiting = Waiting(recorded, matcher)
    assert [waiting.take(recorded[number]) for number in order] == list(order)
    assert matcher.made == keys


class ByTenant(StrictMatcher):
    """A matcher of somebody's own, whose key is of more."""

    def key(self, request: RecordedRequest) -> Any:
        return (super().key(request), dict(request.headers)["tenant"])


def test_a_key_of_somebodys_own_decides():
    """Requests that are equal to the byte may be told apart by a header."""
    first, second = (RecordedRequest("POST", "https://a.test", (("tenant", t),)) for t in "ab")
    waiting = Waiting([first, second], ByTenant())
    assert [waiting.take(second), waiting.take(first)] == [1, 0]
