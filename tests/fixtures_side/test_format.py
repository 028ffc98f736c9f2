"""The file: what is saved is loaded again, in the layout that was agreed on."""

import gzip
import json
import os
import re
import textwrap
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from reqllm_fixtures import (
    EndError,
    Interaction,
    Piece,
    RecordedResponse,
    StalePiecesWarning,
    load,
    save,
    use_cassette,
)
from reqllm_fixtures.files import format as cassette_format
from tests.fixtures_side.making import (
    AWKWARD,
    SSE,
    URL,
    answered,
    asked,
    bodies,
    cassette,
    interaction,
    interactions,
    patiently,
    saved,
)

NAMES = ["c.yaml", "c.yml", "c.json", "c.yaml.gz", "c.json.gz"]


@patiently
@given(st.lists(interactions, max_size=3), st.booleans())
def test_text_holds_what_was_recorded(recorded, as_json):
    """Any bodies, cut anywhere, with any end, read back equal from YAML and from JSON."""
    text = cassette_format.dumps(recorded, as_json=as_json)

    assert cassette_format.loads(text, path="c", as_json=as_json) == recorded


@pytest.mark.parametrize("name", NAMES)
def test_file_holds_what_was_recorded(tmp_path, name):
    """A cassette saved under each kind of name loads equal."""
    recorded = (
        interaction(b"data: 1\n", b"\ndata: \xf0\x9f", b"\x98\x80\n\n"),
        interaction(b"\x00\xff\x80", end=EndError("ReadTimeout", "silent")),
    )
    path = saved(tmp_path / "deep" / name, *recorded)

    assert load(path).interactions == recorded
    assert os.listdir(tmp_path / "deep") == [name]


def test_packed_file_is_known_by_its_first_bytes(tmp_path):
    """A packed cassette loads whatever its name says."""
    path = tmp_path / "c.yaml"
    path.write_bytes(gzip.compress(cassette_format.dumps([interaction(b"x")]).encode()))

    assert load(path).interactions == (interaction(b"x"),)


def test_equal_cassettes_are_equal_files(tmp_path):
    """Packing adds no time stamp, so that nothing changes in version control."""
    one = saved(tmp_path / "one.yaml.gz", interaction(b"x"))
    two = saved(tmp_path / "two.yaml.gz", interaction(b"x"))

    assert Path(one).read_bytes() == Path(two).read_bytes()
    assert Path(one).read_bytes()[4:8] == bytes(4)  # where gzip keeps the time


def test_layout():
    """The file is vcrpy's version 1 with our key inside the response, lines as they were sent."""
    recorded = Interaction(
        asked(b'{"model":"m","stream":true}'),
        RecordedResponse(
            200,
            "OK",
            SSE,
            (Piece(b'data: {"a"', 137.0), Piece(b":1}\n\ndata: [DONE]\n\n", 187.25)),
            EndError("RemoteProtocolError", "peer closed: early"),
            datetime(2026, 11, 22, 10, tzinfo=UTC),
        ),
    )
    sha256 = "8a70c8ffa4edc2d7a7dd0ac9c2c66c8dfe42f7dd4a2ecd2b0f1a4bcb8cbe2b3b"
    text = re.sub("sha256: .*", f"sha256: {sha256}", cassette_format.dumps([recorded]))

    assert text == textwrap.dedent(
        f"""\
        interactions:
        - request:
            method: POST
            uri: https://api.example.test/v1/chat/completions
            headers:
              content-type:
              - application/json
            body: |-
              {{"model":"m","stream":true}}
          response:
            status:
              code: 200
              message: OK
            headers:
              content-type:
              - text/event-stream
            body:
              string: |+
                data: {{"a":1}}

                data: [DONE]

            x_reqllm:
              v: 1
              recorded_at: 2026-11-22T10:00:00Z
              bytes: '10 19'
              at_ms: '137 187.25'
              length: 29
              sha256: {sha256}
              end: {{error: RemoteProtocolError, message: 'peer closed: early'}}
        version: 1
        """
    )


@pytest.mark.parametrize(
    "body",
    [
        "data: 1\n\n",
        "no newline at the end",
        "one\n",
        "three\n\n\n",
        "\n\nleading",
        "  indented\n less\n",
        "trailing blanks  \n   \n\t\n",
        "a\ttab",
        "\ttab first",
        "emoji \U0001f600 and 你好\n",
        "--- \n...\n# no comment\n%TAG\n",
        "- '\"\\: {[&*!|>%@`",
    ],
)
def test_text_is_a_literal_block(body):
    """Whatever a literal block can hold is one, its lines as they were sent."""
    text = cassette_format.dumps([interaction(body.encode())])

    block = re.search(r"string: \|.*\n((?:.*\n)*)    x_reqllm", text)[1]
    assert [line.removeprefix(" " * 8) for line in block.splitlines()] == (
        body.removesuffix("\n").split("\n")
    )


@pytest.mark.parametrize(
    "body",
    ["a\r\n\r\nb\r\n", "\x85", "\u2028", "\u2029", "\ufeff", "\x00", "\x1b", "\x7f", "\ufffe"],
)
def test_text_that_a_block_would_change_is_quoted(body):
    """What YAML normalises or forbids is escaped, and still told a line apiece."""
    text = cassette_format.dumps([interaction(body.encode())])

    assert 'string: "' in text
    assert text.replace("\n", "").isprintable()
    assert yaml.safe_load(text)["interactions"][0]["response"]["body"]["string"] == body


def test_quoted_text_shows_a_line_for_each_of_its_lines():
    """An event stream with CRLF stays reviewable, though it cannot be a literal block."""
    text = cassette_format.dumps([interaction(b"data: 1\r\n\r\n data: 2\r\n\r\n")])

    quoted = re.search(r'string: "((?:.*\\\n)*.*)"\n', text)[1]
    assert [line.strip() for line in quoted.split("\\\n")] == [
        r"data: 1\r\n",
        r"\r\n",
        r"\ data: 2\r\n",
        r"\r\n",
    ]


def test_what_is_no_text_is_binary():
    """A body that is not UTF-8 is binary in YAML, and base64 beside an empty string in JSON."""
    recorded = [Interaction(asked(b"\xff\x00"), answered(b"\x80" * 100))]

    response = yaml.safe_load(cassette_format.dumps(recorded))["interactions"][0]["response"]
    assert response["body"] == {"string": b"\x80" * 100}
    node = json.loads(cassette_format.dumps(recorded, as_json=True))["interactions"][0]
    assert node["request"]["body"] == {"base64_string": "/wA="}
    assert node["response"]["body"]["string"] == ""


@patiently
@given(st.text(AWKWARD))
def test_yaml_is_the_same_without_libyaml(text):
    """The pure-Python reader, and so stock vcrpy without libyaml, reads what we wrote."""
    written = cassette_format.dumps([interaction(text.encode())])

    read = yaml.load(written, Loader=yaml.SafeLoader)
    assert read["interactions"][0]["response"]["body"]["string"] == text


@pytest.mark.parametrize("field", ["length", "sha256", "bytes", "at_ms", "string"])
@pytest.mark.parametrize("as_json", [True, False])
def test_edited_body_plays_cut_at_its_events(field, as_json):
    """A body that no longer fits what was written of it warns and is cut after its blank lines."""
    text = cassette_format.dumps([interaction(b"data: 1\n\nda", b"ta: 2\n\n")], as_json=True)
    node = json.loads(text)
    response = node["interactions"][0]["response"]
    edits = {
        "length": {"length": 17},
        "sha256": {"sha256": "0" * 64},
        "bytes": {"bytes": "11 6"},
        "at_ms": {"at_ms": "10"},
        "string": {},
    }
    response["x_reqllm"].update(edits[field])
    if field == "string":
        response["body"]["string"] = "data: 2\n\ndata: 2\n\n"
    edited = json.dumps(node) if as_json else yaml.safe_dump(node)

    (found,) = cassette_format.loads(edited, path="c.yaml", as_json=as_json)
    with pytest.warns(StalePiecesWarning, match=r"interaction 0 of c\.yaml") as told:
        pieces = list(found.response.pieces)
    assert [piece.data[-2:] for piece in pieces] == [b"\n\n", b"\n\n"]
    assert found.response.body == b"".join(piece.data for piece in pieces)
    assert list(found.response.pieces) == pieces
    assert len(told) == 1


def test_edited_body_is_told_of_when_it_plays(tmp_path):
    """Opening a cassette does not look at the bodies; who plays an edited one is warned of it."""
    path = tmp_path / "c.yaml"
    text = cassette_format.dumps([interaction(b"data: 1\n\n", b"data: 2\n\n"), interaction(b"3")])
    path.write_text(text.replace("data: 1", "data: 1 and more"))

    with use_cassette(path) as used:
        request = httpx.Request("POST", URL, content=b'{"a":1}')
        with pytest.warns(StalePiecesWarning, match=r"interaction 0 of .*c\.yaml"):
            response = used.transport().handle_request(request)
        assert list(response.stream) == [b"data: 1 and more\n\n", b"data: 2\n\n"]
        assert list(used.transport().handle_request(request).stream) == [b"3"]


def test_edited_binary_body_is_one_piece():
    """Where there are no blank lines to go by, an edited body plays whole."""
    recorded = Interaction(asked(), answered(b"\xff\n\n", b"\xff", headers=()))
    text = cassette_format.dumps([recorded]).replace("bytes: '3 1'", "bytes: '3 3'")

    (found,) = cassette_format.loads(text, path="c")
    with pytest.warns(StalePiecesWarning):
        assert [piece.data for piece in found.response.pieces] == [b"\xff\n\n\xff"]


def test_edited_messages_are_cut_by_their_lengths():
    """An edited AWS event stream is still cut at its messages."""
    message = b"\0\0\0\x10" + b"\n" * 12
    headers = (("content-type", "application/vnd.amazon.eventstream"),)
    recorded = Interaction(asked(), answered(message + message, headers=headers))
    text = cassette_format.dumps([recorded]).replace("bytes: '32'", "bytes: '7'")

    (found,) = cassette_format.loads(text, path="c")
    with pytest.warns(StalePiecesWarning):
        assert [piece.data for piece in found.response.pieces] == [message, message]


@pytest.mark.parametrize("name", ["c.yaml", "c.json"])
def test_what_cannot_be_written_is_not(tmp_path, name):
    """Half a surrogate pair, which no file can hold, is refused and leaves no file."""
    recorded = Interaction(asked(), RecordedResponse(200, headers=(("x", "\ud800"),)))

    with pytest.raises(ValueError, match=r"read back|surrogates"):
        saved(tmp_path / name, recorded)
    assert os.listdir(tmp_path) == []


def test_single_piece_may_lose_its_quotes():
    """A formatter that turns the quoted number into a number does no harm."""
    text = cassette_format.dumps([interaction(b"data")])
    text = text.replace("bytes: '4'", "bytes: 4").replace("at_ms: '10'", "at_ms: 10")

    assert cassette_format.loads(text, path="c") == [interaction(b"data")]


def test_failed_save_harms_nothing(tmp_path, monkeypatch):
    """When the file cannot be moved to its place the old one stays, and nothing is left over."""
    path = saved(tmp_path / "c.yaml", interaction(b"old"))

    def fail(*_):
        raise OSError("disk is gone")

    monkeypatch.setattr("os.replace", fail)
    monkeypatch.setattr("pathlib.Path.replace", fail)
    with pytest.raises(OSError, match="disk is gone"):
        save(cassette(interaction(b"new"), path=path))
    monkeypatch.undo()
    assert load(path).interactions == (interaction(b"old"),)
    assert os.listdir(tmp_path) == ["c.yaml"]


def test_save_follows_a_link(tmp_path):
    """A link to a cassette stays a link, and what it points to is replaced."""
    target = saved(tmp_path / "target.yaml", interaction(b"old"))
    link = tmp_path / "link.yaml"
    link.symlink_to(target)
    saved(link, interaction(b"new"))

    assert link.is_symlink()
    assert load(target).interactions == (interaction(b"new"),)


@patiently
@given(bodies)
def test_yaml_alone_decides_what_a_body_is(body):
    """A body's bytes come back from the plain reading of the file, as vcrpy reads it."""
    text = cassette_format.dumps([interaction(body)])
    string = yaml.safe_load(text)["interactions"][0]["response"]["body"]["string"]

    assert (string.encode() if isinstance(string, str) else string) == body
