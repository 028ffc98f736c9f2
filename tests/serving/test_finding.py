"""Which recording answers, what a miss says, and what becomes of files that change."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest

from reqllm.errors import NotFoundError
from reqllm.wires.common.api_errors import api_error
from reqllm.wires.table import WIRE_NAMES
from reqllm_fixtures.secrets.places import REDACTED
from tests.commands.making import CHAT, MESSAGES, cassette, event, recorded

from .conftest import Served

ASKED = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
PATH = "/v1/chat/completions"


def answering(text: str, asked: Any = ASKED, **more: Any) -> Any:
    return recorded(event(text), asked=asked, **more)


def ask(served: Served, asked: Any = ASKED, path: str = PATH) -> httpx.Response:
    return httpx.post(served.url + path, json=asked, trust_env=False)


def texts(served: Served, count: int, **more: Any) -> list[str]:
    return [ask(served, **more).text for _ in range(count)]


def test_first_in_first_out_over_all_files(tmp_path: Path, serve):
    """Among equals the first of the first file is first; each plays once; hosts do not count."""
    elsewhere = "https://eu.gateway.example:8443" + PATH
    a = cassette(tmp_path / "b.yaml", answering("1"), answering("2", url=elsewhere))
    b = cassette(tmp_path / "a.json", answering("3"))
    served = serve(a, b)
    assert texts(served, 3) == [f"data: {n}\n\n" for n in "123"]
    assert ask(served).status_code == 404


def test_repeating(tmp_path: Path, serve):
    """With --repeat the last recording of a request plays again, once all were played."""
    a = cassette(tmp_path / "a.yaml", answering("1"), answering("other", {"n": 1}))
    b = cassette(tmp_path / "b.yaml", answering("2"))
    served = serve(a, b, repeat=True)
    assert texts(served, 4) == [f"data: {n}\n\n" for n in "1222"]
    assert served.shelf.plays == 4
    assert ask(served, {"n": 2}).status_code == 404
    cassette(tmp_path / "a.yaml", recorded())
    cassette(tmp_path / "b.yaml", recorded())
    assert ask(served).status_code == 404  # what is in no file any more plays no more


def test_reset_and_state(tmp_path: Path, serve):
    """What was played and missed can be read, and forgotten, over HTTP."""
    path = cassette(tmp_path / "a.yaml", answering("1"), answering("2"))
    served = serve(path)
    assert texts(served, 1) == ["data: 1\n\n"]
    ask(served, {"n": 1})
    state = httpx.get(served.url + "/_reqllm", trust_env=False).json()
    assert (state["cassettes"], state["played"], len(state["missed"])) == ([path], 1, 1)
    assert state["unplayed"] == [{"cassette": path, "interaction": 1, "request": f"POST {CHAT}"}]
    assert httpx.post(served.url + "/_reqllm/reset", trust_env=False).status_code == 204
    assert texts(served, 2) == ["data: 1\n\n", "data: 2\n\n"]
    assert served.shelf.misses == ()


def test_what_may_vary(tmp_path: Path, serve):
    """Declared paths and presets do not count; keys in the address never do."""
    asked = {"trace": 1, "when": "2026-01-02", "n": 1}
    path = cassette(tmp_path / "a.yaml", answering("1", asked, url=f"{CHAT}?key=***&alt=sse"))
    served = serve(path, match=["$.trace", "dates"])
    other = {"n": 1.0, "when": "2027-03-04"}
    assert ask(served, other, PATH + "?alt=sse&key=another").text == "data: 1\n\n"
    assert ask(served, other, PATH + "?alt=json").status_code == 404


def test_a_body_that_was_redacted_is_found(tmp_path: Path, serve):
    """A secret that was masked when it was recorded matches itself when it is asked again."""
    secret = "a-secret-of-no-known-shape-98765"
    path = cassette(tmp_path / "a.yaml", answering("1", {"token": REDACTED, "n": 1}))
    served = serve(path, secrets=[secret])
    assert secret not in ask(served, {"token": secret, "n": 2}).text
    assert ask(served, {"token": secret, "n": 1}).text == "data: 1\n\n"


WIRES = {
    "openai-chat": PATH,
    "openai-responses": "/v1/responses",
    "anthropic-messages": "/v1/messages",
    "gemini": "/v1beta/models/m:streamGenerateContent?alt=sse",
    "gemini-interactions": "/v1beta/interactions",
    "cohere-v2": "/v2/chat",
    "ollama": "/api/chat",
    "bedrock-converse": "/model/m/converse-stream",
    "bedrock-invoke": "/model/m/invoke-with-response-stream",
}


def test_all_wires_are_tried():
    """A wire that is added has its miss tested."""
    assert set(WIRES) == set(WIRE_NAMES)


@pytest.mark.parametrize("wire", WIRES)
def test_a_miss_is_an_error_of_the_provider(tmp_path: Path, serve, wire: str):
    """In the shape of each wire, with the diff and the command, and nothing retries it."""
    address = "https://api.example" + WIRES[wire]
    path = cassette(tmp_path / "a b.yaml", answering("1", {"n": 1}, url=address))
    served = serve(path)
    response = ask(served, {"n": 2}, WIRES[wire])
    error = api_error(response.json(), status=response.status_code, headers=response.headers)
    assert isinstance(error, NotFoundError)
    assert not error.retryable
    said = str(error)
    assert "$.n\n    recorded: 1\n    asked:    2" in said
    assert f"record --mode fill --into '{path}' -- python PROGRAM" in said
    assert response.headers["x-should-retry"] == "false"
    more = response.json()["reqllm"]
    assert (more["cassette"], more["nearest"]) == (path, 0)
    assert more["differences"] == [{"path": "$.n", "recorded": 1, "asked": 2}]
    assert [str(each) for each in served.shelf.misses] == served.said


def test_the_nearest_of_all_files_is_named(tmp_path: Path, serve):
    """A miss is held against the recordings of every file; absent sides are left out."""
    a = cassette(tmp_path / "a.yaml", answering("1", {"n": 1}, url=MESSAGES))
    b = cassette(tmp_path / "b.yaml", answering("1", {"n": 1, "x": 1}), answering("2", {"n": 1}))
    more = ask(serve(a, b), {"n": 1, "y": True}).json()["reqllm"]
    assert (more["cassette"], more["nearest"]) == (b, 1)
    assert more["differences"] == [{"path": "$.y", "asked": True}]


def test_binary_differences_are_json(tmp_path: Path, serve):
    """Bodies that are no text are compared too, and the error is JSON all the same."""
    held = recorded(b"x", asked={})
    path = cassette(tmp_path / "a.yaml", held)
    response = httpx.post(serve(path).url + PATH, content=b"\xff\x00", trust_env=False)
    (difference,) = response.json()["reqllm"]["differences"]
    assert difference == {"path": "body", "recorded": "{}", "asked": {"base64": "/wA="}}


def test_a_changed_file_is_read_again(tmp_path: Path, serve):
    """It starts over; the other files go on; one that is broken or gone says so."""
    a = cassette(tmp_path / "a.yaml", answering("1", {"n": 1}))
    b = cassette(tmp_path / "b.yaml", answering("2", {"n": 2}))
    served = serve(tmp_path)
    assert texts(served, 1, asked={"n": 1}) + texts(served, 1, asked={"n": 2})
    cassette(tmp_path / "a.yaml", answering("new", {"n": 1}))
    assert ask(served, {"n": 1}).text == "data: new\n\n"
    assert ask(served, {"n": 2}).status_code == 404
    Path(b).write_text("interactions: [")
    cassette(tmp_path / "a.yaml", answering("newer", {"n": 1}))
    assert ask(served, {"n": 1}).text == "data: newer\n\n"
    broken = [each for each in served.said if "is still served" in each]
    assert len(broken) == 1
    assert b in broken[0]
    Path(b).unlink()
    assert ask(served, {"n": 2}).json()["reqllm"]["cassette"] == a
    assert f"{b} is gone" in served.said


def test_a_new_file_in_a_folder_is_found(tmp_path: Path, serve):
    """A miss looks for files that came since, as a recording of it would have made."""
    a = cassette(tmp_path / "a.yaml", answering("1", {"n": 1}))
    served = serve(tmp_path, tmp_path / ".." / tmp_path.name / "a.yaml")
    assert ask(served, {"n": 2}).status_code == 404
    tmp_path.joinpath("broken.yaml").write_text("interactions: [")
    tmp_path.joinpath("no_cassette.yaml").write_text("a: b")
    (tmp_path / "deep").mkdir()
    made = cassette(tmp_path / "deep" / "b.json", answering("2", {"n": 2}))
    assert ask(served, {"n": 2}).text == "data: 2\n\n"
    assert len(served.shelf.cassettes) == 2  # the first is named twice, and there once
    assert ask(served, {"n": 3}).status_code == 404
    told = [each for each in served.said if not each.startswith(("No rec", "None of"))]
    assert told[0].startswith(f"{tmp_path}/broken.yaml is not a cassette")  # once
    assert told[1:2] == [f"read {made}"]
    assert not any("broken" in each for each in told[1:])
    assert {each.path for each in served.shelf.cassettes} == {a, made}


def test_a_file_of_the_same_size_and_time_that_was_replaced(tmp_path: Path, serve):
    """Version control may set the time back: another file in the same place is another file."""
    a = cassette(tmp_path / "a.yaml", answering("1"))
    served = serve(a)
    status = os.stat(a)
    other = cassette(tmp_path / "other.yaml", answering("2"))
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    shutil.move(other, a)
    assert ask(served).text == "data: 2\n\n"


def test_a_client_may_take_it_for_a_proxy(tmp_path: Path, serve):
    """A request that names the provider in its target is answered by its path."""
    served = serve(cassette(tmp_path / "a.yaml", answering("1")))
    url = "http://api.openai.com" + PATH
    response = httpx.post(url, content=json.dumps(ASKED), proxy=served.url)
    assert response.text == "data: 1\n\n"


def test_pages_in_a_browser(tmp_path: Path, serve):
    """Only those that were allowed may ask; their preflight is no miss."""
    served = serve(cassette(tmp_path / "a.yaml", answering("1")), origins=["http://ui.test"])
    asking = {"access-control-request-method": "POST", "access-control-request-headers": "x-a"}
    for origin, status in (("http://ui.test", 200), ("http://other.test", 400)):
        headers = {"origin": origin, **asking}
        response = httpx.options(served.url + PATH, headers=headers, trust_env=False)
        assert response.status_code == status
        assert ("access-control-allow-origin" in response.headers) == (status == 200)
    assert served.shelf.misses == ()
    headers = {"origin": "http://ui.test"}
    response = httpx.post(served.url + PATH, json=ASKED, headers=headers, trust_env=False)
    assert (response.text, response.headers["access-control-allow-origin"]) == (
        "data: 1\n\n",
        "http://ui.test",
    )
