"""Recordings that real projects keep: they load, and play what their providers sent."""

import json
import os
from pathlib import Path

import httpx
import pytest

from reqllm_fixtures import CassetteFormatError, load, save, use_cassette

HERE = Path(__file__).resolve()
CORPUS = Path(os.environ.get("REQLLM_CORPUS", HERE.parents[3] / "shared" / "corpus"))
INDEX = CORPUS / "INDEX.jsonl"

if INDEX.is_file():
    LINES = map(json.loads, INDEX.read_text(encoding="utf-8").splitlines())
    ENTRIES = [entry for entry in LINES if entry.get("original")]
else:
    ENTRIES = []
CASSETTES = [entry for entry in ENTRIES if entry["original_format"] == "vcrpy-yaml"]
OTHERS = [entry for entry in ENTRIES if entry["original_format"] == "req_llm-json"]

pytestmark = pytest.mark.skipif(
    not ENTRIES, reason=f"no corpus of real recordings at {CORPUS}; set REQLLM_CORPUS"
)


def body_of(entry) -> bytes:
    return (CORPUS / entry["dir"] / entry["body_file"]).read_bytes()


def by_slug(entries):
    return pytest.mark.parametrize("entry", entries, ids=lambda entry: entry["slug"])


@by_slug(CASSETTES)
def test_cassette_holds_what_the_provider_sent(entry):
    """The recording named in the index has the body that its provider sent."""
    tape = load(CORPUS / entry["dir"] / "original.yaml")
    recorded = tape.interactions[entry["original_interaction"]].response

    assert recorded.body == body_of(entry)
    assert recorded.status == entry["status"]


@by_slug(CASSETTES)
def test_cassette_plays(entry):
    """Each request that was recorded is answered, in order, with its own body."""
    with use_cassette(CORPUS / entry["dir"] / "original.yaml") as tape:
        client = httpx.Client(transport=tape.transport())
        for recorded in tape.cassette.interactions:
            asked = recorded.request
            response = client.request(asked.method, asked.uri, content=asked.body)
            assert response.content == recorded.response.body
        assert tape.unplayed == ()


@by_slug(CASSETTES)
@pytest.mark.parametrize("kind", ["yaml", "json"])
def test_cassette_saved_by_us_is_the_same(entry, kind, tmp_path):
    """A cassette of another tool, written again in our layout, loads equal."""
    tape = load(CORPUS / entry["dir"] / "original.yaml")
    save(tape, tmp_path / f"c.{kind}")

    assert load(tmp_path / f"c.{kind}").interactions == tape.interactions


@by_slug(OTHERS)
def test_other_fixtures_are_refused(entry):
    """A recording in a layout that is not vcrpy's is refused clearly."""
    with pytest.raises(CassetteFormatError, match="no list of interactions"):
        load(CORPUS / entry["dir"] / "original.json")
