"""Vertex AI: Gemini and Claude, with a token that was given or that Google's library finds."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import reqllm
from reqllm.errors import MissingKeyError
from reqllm.providers.base import GoogleToken
from reqllm.providers.registry import provider_named
from reqllm.signing import Signer
from reqllm.wires.recognising import wire_of_path
from tests.loopback.messages import Answer, Request, Write
from tests.loopback.provider import LoopbackProvider
from tests.loopback.server import LoopbackServer

from .answers import always
from .ways import Way, everywhere

CLAUDE, GEMINI = "vertex:claude-haiku-4-5@20251001", "vertex:gemini-2.5-flash"


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GOOGLE_CLOUD_LOCATION", "CLOUD_ML_REGION", "ANTHROPIC_VERTEX_PROJECT_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "my-project")
    monkeypatch.setenv("VERTEX_ACCESS_TOKEN", "ya29.token-of-a-test")


def encoded(model: str = GEMINI, **options: Any) -> Any:
    base_url = options.pop("base_url", None)
    provider = provider_named("vertex")
    context = reqllm.Context.new("Hi")
    return provider.encode(reqllm.Model.parse(model), context, options, base_url=base_url)


PUBLISHED = "projects/my-project/locations"


@pytest.mark.parametrize(
    ("location", "host"),
    [
        (None, "aiplatform.googleapis.com"),
        ("europe-west1", "europe-west1-aiplatform.googleapis.com"),
        ("eu", "aiplatform.eu.rep.googleapis.com"),
    ],
)
def test_addresses(location: str | None, host: str) -> None:
    """Project and location make the address; each publisher's models are asked on their wire."""
    place = f"{PUBLISHED}/{location or 'global'}/publishers"
    gemini, claude = encoded(location=location), encoded(CLAUDE, location=location)
    assert gemini.url == (
        f"https://{host}/v1beta1/{place}/google/models/gemini-2.5-flash:streamGenerateContent?alt=sse"
    )
    assert claude.url == (
        f"https://{host}/v1/{place}/anthropic/models/claude-haiku-4-5@20251001:streamRawPredict"
    )
    for request, wire in ((gemini, "gemini"), (claude, "anthropic-messages")):
        assert (request.wire, wire_of_path(request.url.partition("?")[0])) == (wire, wire)
        assert request.headers["authorization"] == "Bearer ya29.token-of-a-test"
        assert request.signing is None


def test_the_body_of_claude() -> None:
    """The model stands in the address, and the version in the body; the rest is Anthropic's."""
    request = encoded(CLAUDE, max_tokens=9)
    body = json.loads(request.body)
    assert body["anthropic_version"] == "vertex-2023-10-16"
    assert body["stream"] is True
    assert body["max_tokens"] == 9
    assert not {"model", "project", "location"} & set(body)
    assert "anthropic-version" not in request.headers


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"project": "a b"}, "name of a project"),
        ({"location": 7}, "name of a location"),
        ({"location": "../x"}, "name of a location"),
    ],
)
def test_names_that_are_none(options: dict[str, Any], words: str) -> None:
    """What cannot stand in an address is refused."""
    with pytest.raises(reqllm.InvalidInputError, match=words):
        encoded(**options)


def test_without_a_project(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a project the error says where to name one."""
    monkeypatch.delenv("GOOGLE_CLOUD_PROJECT")
    with pytest.raises(reqllm.InvalidInputError, match="GOOGLE_CLOUD_PROJECT"):
        encoded()
    assert "/projects/other/" in encoded(project="other").url


def test_another_wire() -> None:
    """What Vertex does not speak is refused by name."""
    with pytest.raises(reqllm.UnknownWireError, match="vertex speaks gemini, anthropic-messages"):
        provider_named("vertex").encode(
            reqllm.Model.parse(GEMINI), reqllm.Context.new("Hi"), {}, wire="cohere-v2"
        )


VERTEX_EVENT = b'event: vertex_event\ndata: {"usage":{}}\n\n'


@everywhere
async def test_claude_answers(way: Way) -> None:
    """Claude's stream on Vertex is Anthropic's, with events of Vertex's own between."""
    healthy = LoopbackProvider()

    def handler(request: Request) -> Answer:
        # The model stands in the address, and the version in the body.
        body = {key: value for key, value in request.json.items() if key != "anthropic_version"}
        answer = healthy(
            replace(
                request,
                target="/v1/messages",
                headers=(*request.headers, ("anthropic-version", "2023-06-01")),
                body=json.dumps({"model": "text", **body}).encode(),
            )
        )
        first, *others = answer.body
        return replace(answer, body=(first, Write(VERTEX_EVENT), *others))

    with LoopbackServer(handler) as server:
        async with (
            way.client(server) as client,
            client.stream("vertex:claude-text", "Hi") as response,
        ):
            chunks = [chunk async for chunk in response]
    assert response.state == "complete"
    assert not [chunk for chunk in chunks if chunk.kind in ("custom", "warning")]
    assert await response.text()


# Credentials that Google's library finds.
def service_account(path: Path, token_uri: str) -> str:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    account = {
        "type": "service_account",
        "project_id": "my-project",
        "client_email": "test@my-project.iam.gserviceaccount.com",
        "private_key": pem.decode(),
        "token_uri": token_uri,
    }
    path.write_text(json.dumps(account))
    return str(path)


def test_a_token_that_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without a token one is fetched by the credentials that there are, and kept while it holds."""
    monkeypatch.delenv("VERTEX_ACCESS_TOKEN")
    granted = b'{"access_token":"ya29.granted","expires_in":3600,"token_type":"Bearer"}'
    with LoopbackServer(always(granted, "application/json")) as server:
        file = service_account(tmp_path / "account.json", f"{server.url}/token")
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", file)
        request = encoded()
        assert request.signing == GoogleToken()
        assert "authorization" not in request.headers
        sign = Signer()
        for _ in range(2):
            signed = sign(request)
            assert signed.headers["authorization"] == "Bearer ya29.granted"
            assert "granted" not in repr(signed)
        assert len(server.requests) == 1


def test_a_token_that_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Credentials that give no token are told in Google's words."""
    monkeypatch.delenv("VERTEX_ACCESS_TOKEN")
    refused = always(b'{"error":"invalid_grant"}', "application/json", status=400)
    with LoopbackServer(refused) as server:
        file = service_account(tmp_path / "account.json", f"{server.url}/token")
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", file)
        with pytest.raises(MissingKeyError, match="invalid_grant"):
            Signer()(encoded())


def test_no_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where there are none, or no library to find them, the error says what to do."""
    monkeypatch.delenv("VERTEX_ACCESS_TOKEN")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    with pytest.raises(MissingKeyError, match="set VERTEX_ACCESS_TOKEN"):
        Signer()(encoded())
    monkeypatch.setitem(sys.modules, "google.auth", None)
    with pytest.raises(MissingKeyError, match=r"reqllm\[vertex\]"):
        Signer()(encoded())
