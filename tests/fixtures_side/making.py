"""Cassettes for tests: made by hand, and strategies for any that could have been recorded."""

from datetime import UTC

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from reqllm_fixtures import (
    Cassette,
    EndError,
    Interaction,
    Piece,
    RecordedRequest,
    RecordedResponse,
    save,
)
from reqllm_fixtures.matching.matchers import strict

URL = "https://api.example.test/v1/chat/completions"
SSE = (("content-type", "text/event-stream"),)
# What YAML, JSON and text files each have their own mind about.
AWKWARD = (
    " \t\n\r\x00\x07\x1b\x7f\x85\xa0\u2028\u2029\ufeff\ufffe\uffff\U0001f600\U0010ffff"
    "é你#:-|>?'\"\\%&*!{}[],~=<.01ab"
)

# A busy machine is no failure.
patiently = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def asked(body: bytes = b'{"a":1}', *, method: str = "POST", uri: str = URL) -> RecordedRequest:
    return RecordedRequest(method, uri, (("content-type", "application/json"),), body)


def answered(*pieces: bytes, end="eof", headers=SSE, step: float = 10) -> RecordedResponse:
    timed = tuple(Piece(data, step * (i + 1)) for i, data in enumerate(pieces))
    return RecordedResponse(200, "OK", headers, timed, end)


def interaction(*pieces: bytes, body: bytes = b'{"a":1}', end="eof", step=10) -> Interaction:
    return Interaction(asked(body), answered(*pieces, end=end, step=step))


def cassette(*interactions: Interaction, path="made.yaml") -> Cassette:
    return Cassette(path, interactions, matcher=strict)


def saved(path, *interactions: Interaction) -> str:
    save(cassette(*interactions, path=path))
    return str(path)


texts = st.one_of(st.text(AWKWARD), st.text())
# Binary in the sense of a wire: now and then text, mostly not.
bodies = st.one_of(texts.map(str.encode), st.binary())
names = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=12).filter(
    lambda name: name not in {"content-encoding"}
)
headers = st.dictionaries(names, st.lists(texts, min_size=1, max_size=3), max_size=4).map(
    lambda grouped: tuple((name, value) for name, values in grouped.items() for value in values)
)
moments = st.integers(0, 10**8).map(lambda microseconds: microseconds / 1000)
ends = st.one_of(
    st.sampled_from(["eof", "client_closed"]),
    st.builds(EndError, st.sampled_from(["ReadTimeout", "RemoteProtocolError"]), texts),
)
requests = st.builds(
    RecordedRequest,
    st.sampled_from(["GET", "POST", "DELETE"]),
    st.sampled_from([URL, f"{URL}?alt=sse&x=%20", "http://localhost:8080", "http://[::1]/é"]),
    headers,
    bodies,
)


@st.composite
def cut_bodies(draw):
    """Any body, cut anywhere, also inside a character, also into nothing."""
    body = draw(bodies)
    cuts = sorted(draw(st.lists(st.integers(0, len(body)), max_size=5)))
    starts, stops = [0, *cuts], [*cuts, len(body)]
    pieces = [body[start:stop] for start, stop in zip(starts, stops, strict=True)]
    return tuple(Piece(data, draw(moments)) for data in pieces if body)


responses = st.builds(
    RecordedResponse,
    st.integers(100, 599),
    texts,
    headers,
    cut_bodies(),
    ends,
    st.none() | st.datetimes(timezones=st.just(UTC)),
    st.sampled_from(["HTTP/1.0", "HTTP/1.1", "HTTP/2"]),
)
interactions = st.builds(Interaction, requests, responses)
