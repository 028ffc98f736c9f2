"""No secret comes onto the disk: not into the file, and not into what lies beside it meanwhile."""

from __future__ import annotations

import base64
import contextlib
import json
import time
from itertools import pairwise
from urllib.parse import quote

import httpx
import pytest

from reqllm_fixtures import PublishError, use_cassette
from reqllm_fixtures.files import disk
from tests.fixtures_side.secrets_made import PLANTED
from tests.loopback.messages import Answer, Write
from tests.loopback.server import LoopbackServer

from .reading import LOOPS, transport_of


def echo(request):
    """Say the secret again: in a header, whole, and split over deltas and writes."""
    secret = request.json["secret"]
    cuts = [0, 1, len(secret) // 3, len(secret) // 2, len(secret) - 1, len(secret)]
    deltas = [{"choices": [{"index": 0, "delta": {"content": f"It is {secret}, or in parts: "}}]}]
    for begin, end in pairwise(cuts):
        deltas.append({"choices": [{"index": 0, "delta": {"content": secret[begin:end]}}]})
    body = "".join(f"data: {json.dumps(delta)}\n\n" for delta in deltas).encode()
    writes = [Write(body[at : at + 37]) for at in range(0, len(body), 37)]
    headers = [("content-type", "text/event-stream"), ("x-request-id", quote(secret))]
    return Answer(body=writes, headers=tuple(headers))


def forms(secret):
    return {secret, json.dumps(secret)[1:-1], quote(secret, safe="")} | {
        base64.b64encode(secret.encode()).decode()
    }


def found(folder):
    """The names of the secrets that any file holds, in any form, cut as it was or not."""
    text = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file()).decode()
    joined = text.replace("\\n", "\n").replace('\\"', '"')
    said = "".join(
        line.partition('"content": "')[2].partition('"}')[0]
        for line in joined.splitlines()
        if "data: " in line
    )
    return {
        name
        for name, secret in PLANTED.items()
        if any(form in text or form in said for form in forms(secret))
    }


def journalled(folder):
    return sum(path.read_bytes().count(b"\n") for path in folder.glob(".*.journal"))


@pytest.mark.parametrize("kind", ["yaml", "json"])
def test_forty_secrets(tmp_path, kind, monkeypatch):
    """Planted wherever one can stand, none of forty is in any byte on the disk, at any time."""
    assert len(PLANTED) == 40
    folder, elsewhere = tmp_path / "tests", tmp_path / "rescued"
    folder.mkdir()
    elsewhere.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(elsewhere))

    def ask_all(server, cassette):
        with httpx.Client(transport=transport_of(LOOPS[0], cassette)) as client:
            for secret in PLANTED.values():
                url = f"{server.url}/v1/{quote(secret, safe='')}?key={quote(secret, safe='')}"
                headers = {"x-api-key": secret} if secret.isascii() else {}
                body = {"secret": secret, "list": [f"x{secret}y"], "deep": {secret: 1}}
                client.post(url, json=body, headers=headers)

    with LoopbackServer(echo) as server:
        path = folder / f"c.{kind}"
        with use_cassette(path, mode="record", secrets=PLANTED.values()) as cassette:
            ask_all(server, cassette)
            deadline = time.monotonic() + 20
            while journalled(folder) < len(PLANTED):
                assert time.monotonic() < deadline
                time.sleep(0.01)
            assert found(folder) == set()
        assert list(folder.iterdir()) == [path]
        assert found(folder) == set()
        assert path.read_text().count("REDACTED") > 40 * 5

        real = disk.publish

        def full(name, data):
            if str(folder) in name:
                raise OSError(28, "No space left on device")
            real(name, data)

        monkeypatch.setattr(disk, "publish", full)
        with (
            contextlib.suppress(PublishError),
            use_cassette(folder / f"d.{kind}", mode="record", secrets=PLANTED.values()) as cassette,
        ):
            ask_all(server, cassette)
    assert len(list(elsewhere.rglob("*.*"))) >= 1
    assert found(tmp_path) == set()
