"""Every fault ends as the client promises: by its state and its error, on every wire."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

import reqllm
from reqllm import ReqLLMError
from reqllm.streaming import read_response
from reqllm_fixtures import (
    Cassette,
    EndError,
    Interaction,
    OtherStreamError,
    OverlayError,
    RecordedResponse,
    use_cassette,
)
from reqllm_fixtures.matching.matchers import strict
from reqllm_fixtures.overlay import parse
from reqllm_fixtures.overlay.applying import OverlaidCassette
from reqllm_fixtures.overlay.words import GROUPS
from reqllm_fixtures.transports.transport import replay_transport
from reqllm_fixtures.virtual_time import VirtualClock
from tests.fixtures_side.making import URL, asked

from .recordings import changed, one_of_each, read, recordings, response

NAMES = tuple(one_of_each())
BINARY = ("bedrock-converse text", "bedrock-invoke text")
TEXT = tuple(name for name in NAMES if name not in BINARY)
DEMO, MODEL, PROMPT = "cassettes/demo.yaml", "anthropic:claude-haiku-4-5", "Why is the sky blue?"
CHAT, MESSAGES = ("openai-chat text",), ("anthropic-messages text",)
# Of these wires a failure in the stream is text alone, without a code.
MUTE = ("cohere-v2 text", "ollama text")
CODED = tuple(name for name in NAMES if name not in MUTE)
WHOLE = ("complete", None)
BROKEN = ("interrupted", reqllm.InterruptedStreamError)
SILENT = ("interrupted", reqllm.StreamTimeoutError)
OVERLOADED = ("failed", reqllm.OverloadedError)
SERVER = ("failed", reqllm.ServerError)

# Overlay, the recordings that it is for, and how those end: state and class of error.
ENDINGS: tuple[tuple[str, tuple[str, ...], tuple[str, type[ReqLLMError] | None]], ...] = (
    ("cut", NAMES, BROKEN),
    ("cut:bytes=40", NAMES, BROKEN),
    ("cut:ms=10", NAMES, BROKEN),
    ("ended", NAMES, ("incomplete", reqllm.IncompleteStreamError)),
    ("reset", NAMES, BROKEN),
    ("stall", NAMES, SILENT),
    ("stall:events=0", NAMES, SILENT),
    ("stall:seconds=20", NAMES, BROKEN),
    ("slow_first_token", NAMES, WHOLE),
    ("slow_first_token:31", NAMES, SILENT),
    ("pause:31", NAMES, SILENT),
    ("drop", NAMES, WHOLE),
    ("double", NAMES, WHOLE),
    ("swap", NAMES, WHOLE),
    ("malformed", NAMES, ("failed", reqllm.MalformedEventError)),
    ("corrupt", BINARY, ("failed", reqllm.CorruptEventError)),
    ("error", CODED, OVERLOADED),
    ("error", MUTE, SERVER),
    ("error:rate_limit", CODED, ("failed", reqllm.RateLimitError)),
    ("error:rate_limit", MUTE, SERVER),
    ("error:server_error", NAMES, SERVER),
    ("keep_alives", TEXT, WHOLE),
    ("comment", TEXT, WHOLE),
    ("content_type", NAMES, WHOLE),
    ("login_page", NAMES, ("failed", reqllm.NotAStreamError)),
    ("openrouter_comments", CHAT, WHOLE),
    ("openrouter_error", CHAT, SERVER),
    ("vllm_merged_finish", CHAT, WHOLE),
    ("usage_after_finish", CHAT, WHOLE),
    ("azure_first_chunk", CHAT, WHOLE),
    ("missing_done", CHAT, WHOLE),
    ("empty_data", CHAT, WHOLE),
    ("anthropic_overloaded", MESSAGES, OVERLOADED),
    ("anthropic_pings", MESSAGES, WHOLE),
    ("gemini_bare_error", ("gemini text",), OVERLOADED),
    ("bedrock_exception", BINARY, SERVER),
)
HARMLESS = (
    *("comment", "content_type", "openrouter_comments", "vllm_merged_finish"),
    *("azure_first_chunk", "missing_done", "empty_data", "anthropic_pings", "keep_alives"),
    *("usage_after_finish", "slow_first_token"),
)


def tape(recorded: RecordedResponse, overlay: str) -> OverlaidCassette:
    kept = Cassette("made.yaml", [Interaction(asked(), recorded)], matcher=strict)
    return OverlaidCassette(kept, parse(overlay))


class Ended:
    """How a stream ended that was read with a client of httpx, 30 s of silence its limit."""

    def __init__(self, wire: str, recorded: RecordedResponse, overlay: str) -> None:
        clock = VirtualClock()
        transport = replay_transport(
            tape(recorded, overlay), httpx, pace=1, clock=clock.time, sleep=clock.sleep
        )
        self.error: ReqLLMError | None = None
        with httpx.Client(transport=transport, timeout=30) as client:
            request = client.build_request("POST", URL, json={"a": 1})
            with read_response(client.send(request, stream=True), wire) as answer:
                try:
                    answer.text()
                except ReqLLMError as error:
                    self.error = error
                self.partial: Any = answer.partial()
        self.seconds = clock.time()


@pytest.mark.parametrize(("overlay", "names", "ending"), ENDINGS, ids=str)
def test_every_fault_ends_as_promised(overlay: str, names: Any, ending: Any) -> None:
    """State and error are those of the documents, on each wire, and what arrived is kept."""
    state, kind = ending
    for name in names:
        wire, recorded = one_of_each()[name]
        ended = Ended(wire, recorded, overlay)
        assert (ended.partial.state, type(ended.error)) == (state, kind or type(None)), name
        whole = read(wire, recorded)[1]
        if kind is None and overlay in HARMLESS:
            assert ended.partial.text == whole.text
            assert ended.partial.usage == whole.usage
            assert ended.partial.finish_reason == whole.finish_reason
        if ended.error is not None:
            assert ended.error.partial is not None
            assert whole.text.startswith(ended.partial.text)
        if kind is reqllm.StreamTimeoutError:
            assert ended.error is not None
            assert (ended.error.which, ended.error.seconds) == ("timeout", 30.0)  # type: ignore[attr-defined]


def test_every_fault_has_an_ending_here():
    """What the groups of faults and incidents hold is in the table, or told apart below."""
    told = {overlay for overlay, _, _ in ENDINGS}
    assert {*GROUPS["faults"], *GROUPS["incidents"]} - told == {
        "refused:429,retry_after=1",
        "unreachable",
    }


@pytest.mark.parametrize("overlay", [*GROUPS["faults"], *GROUPS["incidents"]])
def test_an_overlay_of_other_streams_says_so(overlay: str) -> None:
    """Where the table has no ending of a fault on a wire, the fault is none of that wire's."""
    fits = {name for each, names, _ in ENDINGS if each == overlay for name in names}
    for name, (_, recorded) in one_of_each().items():
        if fits and name not in fits:
            with pytest.raises(OtherStreamError, match=r"is for .*; the recording is .*\."):
                changed(overlay, recorded)


@pytest.mark.parametrize("overlay", ["drop", "double", "swap", "malformed"])
def test_whatever_event_it_befalls(overlay: str) -> None:
    """Lost, doubled, exchanged or damaged, any event of any stream ends in an error of ours."""
    for wire, recorded in recordings().values():
        if len(recorded.body) > 6000:
            continue
        for number in range(1, 40):
            try:
                answer = read(wire, changed(f"{overlay}:{number}", recorded))[1]
            except OverlayError:
                continue
            assert answer.state in ("complete", "incomplete", "failed")
            assert (answer.error is None) == (answer.state == "complete")


def test_what_an_event_overlay_does():
    """One event is lost, comes twice or changes places, in each framing; arrays stay arrays."""
    sse = response(b": hi\n\ndata: 1\n\ndata: 2\n\n", b"data: 3\n\n")
    lines = response(b'{"a":1}\n{"b":2}\n', b'{"c":3}', kind="application/x-ndjson")
    array = response(b'[{"a":1}\n,\r\n{"b":2}', b'\n,\r\n{"c":3}]', kind="application/json")
    expected = {
        "drop:1": (
            b": hi\n\ndata: 2\n\ndata: 3\n\n",
            b'{"b":2}\n{"c":3}',
            b'[{"b":2}\n,\r\n{"c":3}]',
        ),
        "drop:-1": (
            b": hi\n\ndata: 1\n\ndata: 2\n\n",
            b'{"a":1}\n{"b":2}\n',
            b'[{"a":1}\n,\r\n{"b":2}]',
        ),
        "double:-1": (
            sse.body + b"data: 3\n\n",
            lines.body + b'\n{"c":3}',
            array.body[:-1] + b',\r\n{"c":3}]',
        ),
        "swap:1,other=-1": (
            b": hi\n\ndata: 3\n\ndata: 2\n\ndata: 1\n\n",
            b'{"c":3}\n{"b":2}\n{"a":1}\n',
            b'[{"c":3}\n,\r\n{"b":2}\n,\r\n{"a":1}]',
        ),
    }
    for overlay, bodies in expected.items():
        assert tuple(changed(overlay, each).body for each in (sse, lines, array)) == bodies


def test_where_a_stream_is_cut():
    """After events, bytes or ms, also counted from the end; pieces before it stay as they are."""
    recorded = response(b"data: 1\n\ndata: 2\n\n", b"data: 3\n\n", b"data: 4\n\n")
    lengths = {
        "cut": 18,
        "cut:events=1": 9,
        "cut:events=0": 0,
        "cut:events=-1": 27,
        "cut:bytes=20": 20,
        "cut:bytes=-2": 34,
        "cut:ms=10": 18,
        "cut:ms=29": 27,
    }
    assert {text: len(changed(text, recorded).body) for text in lengths} == lengths
    cut = changed("cut:events=3", recorded)
    assert [piece.data for piece in cut.pieces] == [piece.data for piece in recorded.pieces[:2]]
    assert isinstance(cut.end, EndError)


IMPOSSIBLE = {
    "cut:events=50": "is about what comes after event 50, and the recording has 2",
    "drop:3": "is about event 3, and the recording has 2: give a number from 1 to 2",
    "double:0": "is about event 0, and",
    "stall:bytes=19": "is about what comes after 19 bytes, and the recording has 18",
    "reset:ms=10": "is about what comes after 10 ms, and the recording lasted 10 ms",
    "swap:2": "exchanges an event with the next, and it is the last",
    "swap:2,other=2": "exchanges two events. Came: the same one twice",
    "malformed:1": "breaks the JSON of event 1, which has none",
    "ended": "needs to know the wire, and this stream begins as none",
}


@pytest.mark.parametrize("overlay", IMPOSSIBLE)
def test_what_cannot_be_done_is_told_before_anything_plays(overlay: str) -> None:
    """An overlay of what the recording has not is an error that names both, and the interaction."""
    recorded = response(b"data: 1\n\ndata: 2\n\n")
    with pytest.raises(OverlayError) as caught:
        tape(recorded, overlay)
    assert IMPOSSIBLE[overlay] in str(caught.value)
    assert "interaction 0 of made.yaml" in str(caught.value)


def test_recordings_that_are_no_streams():
    """They stay as they are; a cassette of nothing else cannot be changed."""
    plain = Interaction(asked(b"1"), response(b'{"data":[1]}', kind="application/json"))
    stream = Interaction(asked(b"2"), response(b"data: 1\n\n", b"data: 2\n\n"))
    both = Cassette("made.yaml", [plain, stream], matcher=strict)
    made = OverlaidCassette(both, parse("cut:events=1"))
    assert made.play(asked(b"1")) is plain
    assert made.play(asked(b"2")).response.body == b"data: 1\n\n"
    with pytest.raises(OverlayError, match=r"changes streams, and made\.yaml holds none"):
        OverlaidCassette(Cassette("made.yaml", [plain], matcher=strict), parse("recut:bytes"))


def test_some_interactions_alone():
    """`@` and `.on()` name the interactions that an overlay is for; others play as recorded."""
    held = [Interaction(asked(b"%d" % n), response(b"data: 1\n\ndata: 2\n\n")) for n in range(3)]
    made = OverlaidCassette(
        Cassette("made.yaml", held, matcher=strict), parse("drop:1@1 | cut:events=1@1,2")
    )
    bodies = [made.play(asked(b"%d" % n)).response.body for n in range(3)]
    assert bodies == [b"data: 1\n\ndata: 2\n\n", b"data: 2\n\n", b"data: 1\n\n"]
    with pytest.raises(OverlayError, match=r"interaction 3 of made\.yaml\. Expected one of: 0, 1"):
        OverlaidCassette(Cassette("made.yaml", held, matcher=strict), parse("drop@3"))


@pytest.mark.parametrize(
    ("overlay", "error"),
    [
        ("cut:events=0", reqllm.InterruptedStreamError),
        ("cut:bytes=99", reqllm.InterruptedStreamError),
        ("reset:events=1 | recut:bytes", reqllm.InterruptedStreamError),
        ("ended:events=1", reqllm.IncompleteStreamError),
        ("error:overloaded,events=0", reqllm.OverloadedError),
        ("refused:429,times=1 | cut:events=0", reqllm.InterruptedStreamError),
    ],
)
def test_who_asks_again_after_a_fault_finds_it_again(overlay: str, error: type[Exception]) -> None:
    """A client that tries three times more ends by the fault, and not by a recording it lacks."""
    with (
        use_cassette(DEMO, overlay=overlay, clock=VirtualClock()) as cassette,
        reqllm.Client(transport=cassette.transport()) as client,
        pytest.raises(error),
        client.stream(MODEL, PROMPT) as response,
    ):
        response.text()
    assert len(cassette.sent) == 4
    assert not cassette.misses


def test_a_fault_comes_again_only_where_nothing_else_is_recorded() -> None:
    """A second recording is played first; and what breaks nothing comes once."""
    held = [Interaction(asked(), response(b"data: %d\n\n" % n, b"data: x\n\n")) for n in range(2)]
    cut = OverlaidCassette(Cassette("made.yaml", held, matcher=strict), parse("cut:events=1"))
    plays = [cut.take(asked()) for _ in range(3)]
    assert [each and each.response.body for each in plays] == [
        b"data: 0\n\n",
        b"data: 1\n\n",
        b"data: 1\n\n",
    ]
    assert cut.take(asked(b"other")) is None
    drop = OverlaidCassette(Cassette("made.yaml", held, matcher=strict), parse("drop:1"))
    assert [drop.take(asked()) is None for _ in range(3)] == [False, False, True]
