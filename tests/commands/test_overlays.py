"""`--overlay` of `play` and `show`, and `reqllm-fixtures overlays`."""

from __future__ import annotations

import json
from pathlib import Path

from reqllm_fixtures.overlay.incidents import INCIDENTS
from reqllm_fixtures.overlay.words import GROUPS, KINDS

from .making import JSON, cassette, recorded, said
from .running import DEMO, run


def play(*args: str):
    return run("reqllm-fixtures", "play", "--pace", "0", *args)


def test_a_fault_is_played_as_what_it_is():
    """What arrived is shown, and how it broke; that is no failure of the playback."""
    result = play(DEMO, "--overlay", "recut:bytes | cut:events=30")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "the stream broke under the overlay: InterruptedStreamError" in result.stdout
    assert play(DEMO, "--json", "--overlay", "recut:7").stdout == play(DEMO, "--json").stdout


def test_times_are_told_as_the_overlay_makes_them(tmp_path: Path):
    """Where an overlay changes when things come, its times are told, and not as recorded."""
    file = cassette(tmp_path / "a.yaml", recorded(*said("Hel", "lo"), step=40))
    slow = "rhythm:ttft=0.2,rate=100"
    for command in ("play", "show"):
        result = run("reqllm-fixtures", command, file, "--overlay", slow)
        assert "first token 200 ms under the overlay" in result.stdout
        result = run("reqllm-fixtures", command, file)
        assert "first token 40 ms as recorded" in result.stdout


def test_refusals_are_played_before_the_recording():
    """Each answer of a series is shown, in order."""
    result = play(DEMO, "--overlay", "refused:429,retry_after=1 | unreachable")
    first, second, third = result.stdout.split("▶ ")[1:]
    assert "the provider answered 429" in first
    assert "no answer began (ConnectError" in second
    assert "Sunlight looks white" in third


def test_show_tells_what_an_overlay_makes():
    """Pieces and their times are those that would be played."""
    shown = run(
        *("reqllm-fixtures", "show", DEMO, "--pieces", "--json"),
        *("--overlay", "pace:2 | recut:events | cut:events=3"),
    )
    pieces = [json.loads(line) for line in shown.stdout.splitlines()]
    assert len([each for each in pieces if each["kind"] == "piece"]) == 3


def test_interactions_that_are_no_streams_stay(tmp_path: Path):
    """Only streams are changed; where there is none, or no such place, that is said."""
    plain = recorded(b'{"data":[1]}', url="https://x/v1/embeddings", asked={}, headers=JSON)
    both = cassette(tmp_path / "both.yaml", plain, recorded(*said("Hello")))
    result = play(both, "--overlay", "cut:bytes=5")
    assert result.exit_code == 0
    assert "no stream: 200" in result.stdout
    assert "the stream broke under the overlay" in result.stdout
    for number, text, expected in (
        ("0", "recut:bytes", "changes streams, and"),
        ("1", "drop:1@0", "is for interaction 0 of"),
        ("1", "drop:100", "is about event 100, and the recording has"),
    ):
        result = play(both, "--interaction", number, "--overlay", text)
        assert result.exit_code == 1
        assert expected in result.stderr


def test_a_word_that_means_nothing_is_bad_usage():
    """What there is, is named, and what is near."""
    result = play(DEMO, "--overlay", "recutt:bytes")
    assert result.exit_code == 2
    assert "Did you mean 'recut'?" in result.stderr


def test_all_of_them_are_listed():
    """Every overlay with its arguments, every incident and every group."""
    result = run("reqllm-fixtures", "overlays")
    assert result.exit_code == 0
    lines = [line.strip() for line in result.stdout.splitlines()]
    named = {line.partition(":")[0] for line in lines}
    assert {*KINDS, *INCIDENTS, *GROUPS} <= named
    assert "recut:how,seed=…" in lines
