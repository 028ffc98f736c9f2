"""`reqllm-fixtures import`."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from reqllm_fixtures import load
from tests.corpus import CORPUS, index, params

from .making import CHAT, SSE, cassette, recorded, said
from .running import run

KEY = "sk-proj-" + "Zq8Xw2Lr7Tn4Vb9K" * 3
STREAM = said("Hel", "lo")


def imported(*args: str):
    return run("reqllm-fixtures", "import", *args)


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def fixture(**changes: Any) -> dict[str, Any]:
    """A recording as ReqLLM keeps it."""
    made: dict[str, Any] = {
        "captured_at": "2026-05-02T09:29:19.145055Z",
        "request": {
            "method": "POST",
            "url": CHAT,
            "headers": {"authorization": "[REDACTED:authorization]", "accept": "*/*"},
            "canonical_json": {"model": "m", "stream": True},
            "body": {"b64": b64(b'{"stream":true,"model":"m"}')},
        },
        "response": {"status": 200, "headers": dict(SSE), "body": None},
        "chunks": [{"b64": b64(piece)} for piece in STREAM],
    }
    return {**made, **changes}


def entry(**changes: Any) -> dict[str, Any]:
    """An entry of a HAR."""
    made: dict[str, Any] = {
        "startedDateTime": "2026-01-28T06:56:08.201Z",
        "request": {
            "method": "POST",
            "url": f"{CHAT}?key={KEY}",
            "headers": [{"name": ":path", "value": "/"}, {"name": "X-Api-Key", "value": KEY}],
            "postData": {"mimeType": "application/json", "text": '{"model": "m"}'},
        },
        "response": {
            "status": 200,
            "statusText": "OK",
            "headers": [{"name": "Content-Type", "value": "text/event-stream"}],
            "content": {"size": 1, "text": b"".join(STREAM).decode()},
        },
    }
    return {**made, **changes}


def answered(**content: Any) -> dict[str, Any]:
    return {**entry()["response"], "content": content}


def har(path: Path, *entries: dict[str, Any]) -> str:
    path.write_text(json.dumps({"log": {"version": "1.2", "entries": entries}}))
    return str(path)


def written(path: Path, document: Any) -> str:
    path.write_text(json.dumps(document))
    return str(path)


def test_a_fixture_of_reqllm_keeps_its_pieces(tmp_path: Path):
    """Each chunk is a piece; the request's bytes and the moment are kept."""
    source = written(tmp_path / "streaming.json", fixture())
    result = imported(source)
    target = tmp_path / "streaming.yaml"
    assert result.exit_code == 0
    assert result.stdout == f"{target}: interactions: 1, from {source}\n"
    (taken,) = load(target).interactions
    assert [piece.data for piece in taken.response.pieces] == list(STREAM)
    assert taken.request.body == b'{"stream":true,"model":"m"}'
    assert str(taken.response.recorded_at) == "2026-05-02 09:29:19+00:00"
    assert "authorization" not in {name for name, _ in taken.request.headers}


@pytest.mark.parametrize(
    ("response", "body", "lost"),
    [
        ({"body": {"b64": b64(b"\xff\x00")}}, b"\xff\x00", None),
        ({"body": {"a": 1}}, b'{"a": 1}', "layout of the answer's JSON"),
        ({"body": "text"}, b"text", None),
        ({"body": None}, b"", "the answer's body"),
    ],
)
def test_a_fixture_without_a_stream(tmp_path: Path, response: dict, body: bytes, lost: str | None):
    """A body is its bytes where they were kept, else its value, which is told."""
    headers = {"content-type": ["application/json"], "content-length": "7"}
    whole = {"status": 400, "headers": headers, **response}
    source = written(tmp_path / "basic.json", fixture(response=whole, chunks=None))
    result = imported(source, "--into", str(tmp_path / "made.json"))
    (taken,) = load(tmp_path / "made.json").interactions
    assert (taken.response.status, taken.response.body) == (400, body)
    assert (lost or "") in result.stderr
    assert bool(result.stderr) is bool(lost)


def test_an_older_fixture_and_a_request_of_parts(tmp_path: Path):
    """Decoded chunks are read; a body of which only the size is known is told as lost."""
    request = {**fixture()["request"], "body": None, "canonical_json": {"_fixture_body": "parts"}}
    chunks = [{"decoded": piece.decode()} for piece in STREAM]
    source = written(tmp_path / "old.json", fixture(request=request, chunks=chunks))
    result = imported(source)
    (taken,) = load(tmp_path / "old.yaml").interactions
    assert [piece.data for piece in taken.response.pieces] == list(STREAM)
    assert taken.request.body == b""
    assert "not taken: the request's body" in result.stderr


def test_a_header_of_a_coding_that_is_gone_is_gone(tmp_path: Path):
    """A client would try to unpack what is not packed."""
    response = {"status": 200, "headers": {**dict(SSE), "content-encoding": "gzip"}}
    source = written(tmp_path / "a.json", fixture(response=response))
    assert imported(source).exit_code == 0
    (taken,) = load(tmp_path / "a.yaml").interactions
    assert taken.response.headers == SSE


def test_a_har_is_cut_at_its_events_and_loses_its_keys(tmp_path: Path):
    """Body, reason and moment are kept; no key is, wherever it stood."""
    target = tmp_path / "made" / "chat.yaml"
    result = imported(har(tmp_path / "a.har", entry()), "--into", str(target))
    assert (result.exit_code, result.stderr) == (0, "")
    (taken,) = load(target).interactions
    assert taken.response.body == b"".join(STREAM)
    assert len(taken.response.pieces) == b"".join(STREAM).count(b"\n\n")
    assert (taken.response.reason, taken.request.body) == ("OK", b'{"model": "m"}')
    assert str(taken.response.recorded_at) == "2026-01-28 06:56:08+00:00"
    assert KEY not in target.read_text()


@pytest.mark.parametrize(
    "content",
    [
        {"encoding": "base64", "text": b64(b"".join(STREAM))},
        {"encoding": "base64", "text": b64(gzip.compress(b"".join(STREAM)))},
        {"_isBinary": True, "text": json.dumps([b64(each) for each in STREAM])},
    ],
)
def test_a_har_with_a_body_in_base64(tmp_path: Path, content: dict):
    """Whole or in parts, and still packed or not."""
    response = answered(**content)
    response["headers"].append({"name": "content-encoding", "value": "gzip"})
    source = har(tmp_path / "a.har", entry(response=response))
    assert imported(source).exit_code == 0
    (taken,) = load(tmp_path / "a.yaml").interactions
    assert taken.response.body == b"".join(STREAM)


def test_what_a_har_cannot_give_is_told(tmp_path: Path):
    """Entry by entry; those that can be taken are."""
    response = entry()["response"]
    source = har(
        tmp_path / "a.har",
        entry(response={**response, "status": 0}),
        entry(response={**response, "status": 101}),
        entry(response=answered(size=77)),
        entry(response=answered(encoding="base64", text="no base64!")),
        {"request": {}},
        entry(),
    )
    result = imported(source)
    assert result.exit_code == 0
    assert "interactions: 2," in result.stdout
    told = [line.partition("not taken: ")[2] for line in result.stderr.splitlines()]
    assert [line.split(":")[0] for line in told] == [f"entry {number}" for number in range(5)]
    assert "WebSocket" in told[1]


def test_a_packed_cassette_of_vcrpy(tmp_path: Path):
    """It becomes a cassette of ours, with its body cut at its events."""
    document = {
        "version": 1,
        "interactions": [
            {
                "request": {"method": "POST", "uri": CHAT, "body": "{}", "headers": {}},
                "response": {
                    "status": {"code": 200, "message": "OK"},
                    "headers": {"content-type": ["text/event-stream"], "set-cookie": ["a=b"]},
                    "body": {"string": b"".join(STREAM).decode()},
                },
            }
        ],
    }
    source = tmp_path / "old.yaml.gz"
    source.write_bytes(gzip.compress(json.dumps(document).encode()))
    assert imported(str(source), "--into", str(tmp_path / "new")).exit_code == 0
    (taken,) = load(tmp_path / "new" / "old.yaml").interactions
    assert taken.response.body == b"".join(STREAM)
    assert taken.response.headers == SSE


def test_a_secret_that_is_left_over_is_refused(tmp_path: Path):
    """Nothing is written, the place is told, and the other file is imported."""
    body = json.dumps({"messages": [{"role": "user", "content": f"my key is {KEY}"}]}).encode()
    request = {**fixture()["request"], "body": {"b64": b64(body)}}
    leaking = written(tmp_path / "leaking.json", fixture(request=request))
    fine = written(tmp_path / "fine.json", fixture())
    result = imported(leaking, fine)
    assert result.exit_code == 1
    assert "interaction 0, request body line 1: an OpenAI key" in result.stderr
    assert KEY not in result.stderr
    assert not tmp_path.joinpath("leaking.yaml").exists()
    assert tmp_path.joinpath("fine.yaml").exists()


def test_nothing_is_overwritten_without_force(tmp_path: Path):
    """What is there stays, unless it is said otherwise."""
    source = written(tmp_path / "a.json", fixture())
    target = tmp_path / "a.yaml"
    target.write_text("mine")
    result = imported(source)
    assert result.exit_code == 1
    assert "--force" in result.stderr
    assert target.read_text() == "mine"
    assert imported(source, "--force").exit_code == 0
    assert len(load(target).interactions) == 1


def test_where_it_would_go_wrong_nothing_is_begun(tmp_path: Path):
    """Two into one file, two of one name, one into itself: bad usage."""
    for name in ("a", "b"):
        tmp_path.joinpath(name).mkdir()
    first = written(tmp_path / "a" / "same.json", fixture())
    second = written(tmp_path / "b" / "same.json", fixture())
    own = cassette(tmp_path / "own.yaml", recorded(*STREAM))
    for args in (
        (first, second, "--into", str(tmp_path / "one.yaml")),
        (first, second, "--into", str(tmp_path / "folder")),
        (own,),
        (),
        (str(tmp_path / "none.har"),),
    ):
        assert imported(*args).exit_code == 2
    assert {path.name for path in tmp_path.rglob("*.*")} == {"same.json", "own.yaml"}


@pytest.mark.parametrize(
    "text",
    ["", "{", '{"log": {}}', '{"log": {"entries": []}}', '{"request": {}, "response": {}}', "[1]"],
)
def test_what_is_no_recording_is_named(tmp_path: Path, text: str):
    """One line says which file, and nothing is written."""
    source = tmp_path / "odd.json"
    source.write_text(text)
    result = imported(str(source))
    assert result.exit_code == 1
    assert str(source) in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["odd.json"]


def test_help_teaches():
    """What is read, where it goes and the statuses stand in the help."""
    text = imported("--help").stdout
    assert "HAR" in text
    assert "--into DIR|FILE" in text
    assert "Exit status" in text


def originals(name: str) -> list[Any]:
    found = [each for each in index() if CORPUS.joinpath(each["dir"], name).is_file()]
    return [pytest.param(each, id=each["slug"]) for each in found] or params(())


@pytest.mark.parametrize("capture", [*originals("original.json")])
def test_fixtures_of_the_corpus(tmp_path: Path, capture: dict):
    """Bytes and pieces are those that the corpus has."""
    folder = CORPUS / capture["dir"]
    made = tmp_path / "made.yaml"
    result = imported(str(folder / "original.json"), "--into", str(made))
    assert result.exit_code == 0, result.stderr
    taken = load(made).interactions[capture["original_interaction"]].response
    body = folder.joinpath(capture["body_file"]).read_bytes()
    chunks = folder / "chunks.json"
    assert taken.body == body
    if chunks.is_file():
        lengths = json.loads(chunks.read_bytes())["lengths"]
        assert [len(piece.data) for piece in taken.pieces] == lengths
    assert run("reqllm-fixtures", "scan", str(made)).exit_code == 0


@pytest.mark.parametrize("capture", [*originals("original.har"), *originals("original.yaml")])
def test_hars_and_cassettes_of_the_corpus(tmp_path: Path, capture: dict):
    """Bytes are those that the corpus has."""
    folder = CORPUS / capture["dir"]
    name = "original.har" if folder.joinpath("original.har").is_file() else "original.yaml"
    made = tmp_path / "made.yaml"
    result = imported(str(folder / name), "--into", str(made))
    assert result.exit_code == 0, result.stderr
    taken = load(made).interactions[capture["original_interaction"]].response
    assert taken.status == capture["status"]
    assert taken.body == folder.joinpath(capture["body_file"]).read_bytes()
