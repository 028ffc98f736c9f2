"""vcrpy plays what we write, we play what vcrpy writes, and both read the same."""

import json

import httpx
import pytest
import vcr
import yaml
from hypothesis import given
from vcr.persisters.filesystem import FilesystemPersister
from vcr.request import Request
from vcr.serializers import jsonserializer, yamlserializer

from reqllm_fixtures import EndError, load, use_cassette
from reqllm_fixtures.files import foreign
from reqllm_fixtures.files import format as cassette_format
from reqllm_fixtures.files.nodes import read_interaction
from reqllm_fixtures.files.yaml_reading import parse
from tests.fixtures_side.making import URL, interaction, interactions, patiently, saved

SERIALIZERS = {"yaml": yamlserializer, "json": jsonserializer}
EVENTS = 'data: {"a":"é \U0001f600"}\n\ndata: [DONE]\n\n'.encode()


def written_by_vcrpy(path, kind, *bodies, headers=None):
    """Write a cassette as vcrpy does when it records through httpx."""
    request = Request("POST", URL, b'{"a":1}', {"content-type": "application/json"})
    responses = [
        {
            "status": {"code": 200, "message": "OK"},
            "headers": headers or {"content-type": ["text/event-stream"], "set-cookie": ["a", "b"]},
            "body": {"string": body},
        }
        for body in bodies
    ]
    recorded = {"requests": [request] * len(bodies), "responses": responses}
    FilesystemPersister.save_cassette(path, recorded, SERIALIZERS[kind])
    return path


@pytest.mark.parametrize("kind", ["yaml", "json"])
@pytest.mark.parametrize("body", [EVENTS, EVENTS.replace(b"\n", b"\r\n"), b"a  \n\t\n\n", b""])
def test_vcrpy_plays_ours(tmp_path, kind, body):
    """Stock vcrpy answers httpx from our file, with the bytes that we recorded."""
    path = saved(tmp_path / f"c.{kind}", interaction(body[:7], body[7:]))

    player = vcr.VCR(record_mode="none", match_on=("method", "uri"), serializer=kind)
    with player.use_cassette(path) as tape, httpx.Client() as client:
        response = client.post(URL, json={"a": 1})
    assert response.content == body
    assert response.headers["content-type"] == "text/event-stream"
    assert tape.all_played


def test_vcrpy_plays_our_binary_body(tmp_path):
    """Stock vcrpy plays a body that is no text from YAML."""
    path = saved(tmp_path / "c.yaml", interaction(b"\x00\xff", b"\x80"))

    with vcr.VCR(record_mode="none").use_cassette(path), httpx.Client() as client:
        assert client.post(URL).content == b"\x00\xff\x80"


def test_vcrpy_loads_our_binary_json(tmp_path):
    """Stock vcrpy opens our JSON with a binary body, which its own format cannot hold."""
    path = saved(tmp_path / "c.json", interaction(b"\xff", body=b"\xfe"))

    with vcr.VCR(record_mode="none", serializer="json").use_cassette(path) as tape:
        assert len(tape) == 1


@pytest.mark.parametrize("kind", ["yaml", "json"])
def test_pieces_survive_vcrpy(tmp_path, kind):
    """A file that vcrpy has loaded and saved again still has its pieces and its ending."""
    recorded = interaction(EVENTS[:12], EVENTS[12:], end=EndError("ReadError", "gone"))
    path = tmp_path / f"c.{kind}"
    saved(path, recorded)

    before = path.read_text(encoding="utf-8")
    with vcr.VCR(serializer=kind).use_cassette(str(path)) as tape:
        tape._save(force=True)
    assert path.read_text(encoding="utf-8") != before
    assert load(path).interactions == (recorded,)


@patiently
@given(interactions)
def test_both_readers_agree(recorded):
    """Our file read by us and read through vcrpy are the same request and response."""
    node = parse(cassette_format.dumps([recorded]))["interactions"][0]
    ours = read_interaction(node, "it")
    theirs = foreign.read_interaction(node)

    assert theirs.request == ours.request == recorded.request
    for name in ("status", "reason", "headers", "body"):
        assert getattr(theirs.response, name) == getattr(ours.response, name)


@pytest.mark.parametrize("kind", ["yaml", "json"])
def test_we_play_what_vcrpy_wrote(tmp_path, kind):
    """A cassette of vcrpy's plays, cut at its events, in the order in which it was recorded."""
    path = written_by_vcrpy(tmp_path / f"c.{kind}", kind, EVENTS, b"data: second\n\n")

    with use_cassette(path) as tape, httpx.Client(transport=tape.transport()) as client:
        with client.stream("POST", URL, json={"a": 1}) as response:
            pieces = list(response.iter_raw())
        second = client.post(URL, json={"a": 1})
    assert pieces == [EVENTS[: EVENTS.index(b"data: [")], b"data: [DONE]\n\n"]
    assert second.text == "data: second\n\n"
    assert second.headers.get_list("set-cookie") == ["a", "b"]
    assert tape.unplayed == ()


def test_we_play_a_binary_body_of_vcrpy(tmp_path):
    """A body that vcrpy kept as binary plays as the bytes that it was."""
    path = written_by_vcrpy(tmp_path / "c.yaml", "yaml", bytes(range(256)), headers={"x": ["y"]})

    assert load(path).interactions[0].response.body == bytes(range(256))


def test_layout_of_pytest_recording(tmp_path):
    """A file as pytest-recording keeps it plays: sorted keys, wrapped text, headers as lists."""
    path = tmp_path / "cassettes" / "test_it" / "test_chat.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(
        """\
interactions:
- request:
    body: '{"messages": [{"role": "user", "content": "Tell me a joke about
      open telemetry"}], "stream": true}'
    headers:
      accept:
      - application/json
      content-type:
      - application/json
    method: POST
    uri: https://api.example.test/v1/chat/completions
  response:
    body:
      string: 'data: {"choices":[{"delta":{"content":"Why"}}]}


        data: [DONE]


        '
    headers:
      Content-Type:
      - text/event-stream; charset=utf-8
      Transfer-Encoding:
      - chunked
    status:
      code: 200
      message: OK
version: 1
""",
        encoding="utf-8",
    )
    message = {"role": "user", "content": "Tell me a joke about open telemetry"}

    with use_cassette(path) as tape, httpx.Client(transport=tape.transport()) as client:
        response = client.post(URL, json={"stream": True, "messages": [message]})
    assert response.text == 'data: {"choices":[{"delta":{"content":"Why"}}]}\n\ndata: [DONE]\n\n'
    assert len(tape.played[0].response.pieces) == 2


@pytest.mark.parametrize("kind", ["yaml", "json"])
def test_mixed_file(tmp_path, kind):
    """A file of ours to which vcrpy has added an interaction plays both."""
    path = written_by_vcrpy(tmp_path / f"c.{kind}", kind, b"data: theirs\n\n")
    theirs = cassette_format.loads(
        path.read_text(encoding="utf-8"), path="c", as_json=kind == "json"
    )
    ours = interaction(b"data: o", b"urs\n\n")
    document = {
        "interactions": [
            *json.loads(cassette_format.dumps([ours], as_json=True))["interactions"],
            *parse(path.read_text(encoding="utf-8"))["interactions"],
        ],
        "version": 1,
    }
    text = json.dumps(document) if kind == "json" else yaml.safe_dump(document)
    path.write_text(text, encoding="utf-8")

    assert load(path).interactions == (ours, *theirs)
