"""Requests to AWS are signed at each attempt; nothing on their way harms the signature."""

from __future__ import annotations

import hashlib
import hmac
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from botocore.credentials import DeferredRefreshableCredentials
from botocore.exceptions import CredentialRetrievalError
from msgspec.structs import replace

import reqllm
from reqllm.errors import InvalidInputError, MissingKeyError
from reqllm.providers.base import SigV4
from reqllm.providers.registry import provider_named
from reqllm.signing import Signer
from reqllm_fixtures import load, use_cassette
from tests.decoders.bedrock_cases import END, HELLO, MS
from tests.loopback.messages import Answer, Request, Write
from tests.loopback.server import LoopbackServer
from tests.recording.reading import transport_of

from .ways import LOOPS, Way, everywhere, in_ways

ACCESS_KEY, SECRET, TOKEN = (
    "AKIAIOSFODNN7EXAMPLE",
    "wJalrXUtnFEMI/K7MDENG+made+up",
    "FwoG/made/up==",
)
MODEL = "amazon_bedrock:arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.claude:0"
FRAMES = "application/vnd.amazon.eventstream"
VARIABLES = (
    *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"),
    *("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_BEARER_TOKEN_BEDROCK"),
)


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """Credentials of a session, and none of the machine that runs the tests."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_SESSION_TOKEN", TOKEN)
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.delenv("REQLLM_MODE", raising=False)
    monkeypatch.delenv("CI", raising=False)


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    frames = tuple(Write(piece) for piece in (MS, HELLO[:50], HELLO[50:] + END))
    answer = Answer(headers=(("content-type", FRAMES), ("x-amzn-requestid", "r1")), body=frames)
    with LoopbackServer(lambda _: answer) as server:
        yield server


def expected_signature(request: Request, region: str = "eu-west-1") -> str:
    """Sign a received request again, as AWS' reference says; return its authorization."""
    headers = {name.lower(): value.strip() for name, value in request.headers}
    date = headers["x-amz-date"]
    named = sorted({"content-type", "host", "x-amz-date", "x-amz-security-token"} & set(headers))
    scope = f"{date[:8]}/{region}/bedrock/aws4_request"
    canonical = "\n".join(
        (
            request.method,
            # The path as it was sent, encoded once more.
            quote(request.target, safe="/-_.~"),
            "",
            *(f"{name}:{headers[name]}" for name in named),
            "",
            ";".join(named),
            hashlib.sha256(request.body).hexdigest(),
        )
    )
    to_sign = f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{_sha256(canonical)}"
    key = f"AWS4{SECRET}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
    return (
        f"AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/{scope}, "
        f"SignedHeaders={';'.join(named)}, Signature={signature}"
    )


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def header(request: Request, name: str) -> str | None:
    return dict(request.headers).get(name)


def client_of(way: Way, server: LoopbackServer, **options: Any) -> Any:
    return way.client(server, api_key=None, **options)


@everywhere
async def test_a_request_is_signed_as_it_arrives(way: Way, server: LoopbackServer) -> None:
    """The signature fits the path, the headers and the body that the server gets."""
    async with client_of(way, server) as client, client.stream(MODEL, "Hi ☺") as response:
        assert await response.text() == "Hello"
        assert response.request_id == "r1"
    [request] = server.requests
    assert request.target == f"/model/{quote(MODEL.partition(':')[2], safe='')}/converse-stream"
    assert header(request, "authorization") == expected_signature(request)
    assert header(request, "x-amz-security-token") == TOKEN
    assert header(request, "accept") == FRAMES


@in_ways(LOOPS)
async def test_a_recorder_harms_no_signature_and_keeps_no_secret(
    way: Way, server: LoopbackServer, tmp_path: Any
) -> None:
    """What is recorded was signed well, replays to the same chunks, and holds no credential."""
    path = tmp_path / "c.yaml"
    heard = []
    for mode in ("record", "replay"):
        with use_cassette(path, mode=mode) as cassette:
            transport = transport_of(way, cassette)
            client = way.made(transport=transport, base_url=server.url, max_retries=0)
            async with client, client.stream(MODEL, "Hi") as response:
                heard.append([chunk.as_dict() async for chunk in response])
    assert heard[0] == heard[1]
    [request] = server.requests
    assert header(request, "authorization") == expected_signature(request)
    [interaction] = load(path).interactions
    assert interaction.response.body == MS + HELLO + END
    assert len(interaction.response.pieces) == 3
    written = path.read_text()
    for secret in (ACCESS_KEY, SECRET, TOKEN, header(request, "authorization")):
        assert secret is not None
        assert secret not in written
    assert "Signature=" not in written


@in_ways(LOOPS)
async def test_fill_asks_for_credentials_only_where_nothing_is_recorded(
    way: Way, server: LoopbackServer, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was recorded with credentials is played without any, and nothing else goes out."""
    path = tmp_path / "c.yaml"

    async def ask(prompt: str) -> str:
        with use_cassette(path, mode="fill") as cassette:
            transport = transport_of(way, cassette)
            client = way.made(transport=transport, base_url=server.url, max_retries=0)
            async with client, client.stream(MODEL, prompt) as response:
                text: str = await response.text()
                return text

    assert await ask("Hi") == "Hello"
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    assert await ask("Hi") == "Hello"
    with pytest.raises(Exception, match="there is no API key"):
        await ask("Other")
    assert len(server.requests) == 1


@in_ways(LOOPS)
async def test_a_bearer_token_needs_no_signature(
    way: Way, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With AWS_BEARER_TOKEN_BEDROCK nothing is signed, and botocore is not asked for."""
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "bedrock-token")
    monkeypatch.setitem(sys.modules, "botocore.session", None)
    async with client_of(way, server) as client, client.stream(MODEL, "Hi") as response:
        assert await response.text() == "Hello"
    [request] = server.requests
    assert header(request, "authorization") == "Bearer bedrock-token"
    assert header(request, "x-amz-date") is None


@in_ways(LOOPS)
async def test_each_attempt_is_signed(way: Way) -> None:
    """A request that is tried again is signed again: a signature lasts for minutes only."""
    answers = iter(
        (
            Answer(status=503, framing="length"),
            Answer(headers=(("content-type", FRAMES),), body=(Write(MS + HELLO + END),)),
        )
    )
    with LoopbackServer(lambda _: next(answers)) as server:
        async with (
            client_of(way, server, max_retries=1) as client,
            client.stream(MODEL, "Hi") as response,
        ):
            assert await response.text() == "Hello"
        first, second = server.requests
    assert header(first, "authorization") == expected_signature(first)
    assert header(second, "authorization") == expected_signature(second)


@in_ways(LOOPS)
async def test_without_credentials_nothing_is_sent(
    way: Way, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a key nor credentials is an error that names both ways to give them."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    async with client_of(way, server) as client:
        with pytest.raises(MissingKeyError, match=r"AWS_BEARER_TOKEN_BEDROCK.*AWS_ACCESS_KEY_ID"):
            await client.stream(MODEL, "Hi").__aenter__()
    assert server.requests == []


@in_ways(LOOPS)
async def test_a_refused_signature_is_told_without_it(way: Way) -> None:
    """What AWS says of a signature is an error of the key, which repeats no secret."""
    said = b'{"message":"The security token FwoG/made/up== is expired"}'
    refused = Answer(
        status=403,
        headers=(("x-amzn-errortype", "ExpiredTokenException"),),
        body=(Write(said),),
        framing="length",
    )
    with LoopbackServer(lambda _: refused) as server:
        async with client_of(way, server) as client:
            with pytest.raises(reqllm.AuthenticationError, match="is expired") as caught:
                await client.stream(MODEL, "Hi").__aenter__()
    assert TOKEN not in f"{caught.value} {caught.value.body}"


# The signer by itself.
def request_of(**options: Any) -> Any:
    provider = provider_named("amazon_bedrock")
    return provider.encode(
        reqllm.Model.parse(MODEL), reqllm.Context.new("Hi"), options, api_key=None
    )


def test_a_signed_request_shows_no_secret() -> None:
    """Neither the credentials nor the signature are in what is printed."""
    signed = Signer()(request_of())
    assert signed.headers["authorization"].startswith("AWS4-HMAC-SHA256 ")
    for secret in (SECRET, TOKEN, "Signature="):
        assert secret not in repr(signed)


def test_what_asks_for_no_signature_gets_none() -> None:
    """A request with a key goes as it is."""
    request = replace(request_of(), signing=None)
    assert Signer()(request) is request


def test_without_botocore(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where botocore is not installed, the error says what to install or set instead."""
    monkeypatch.setitem(sys.modules, "botocore.session", None)
    with pytest.raises(MissingKeyError, match=r"AWS_BEARER_TOKEN_BEDROCK.*reqllm\[bedrock\]"):
        Signer()(request_of())


def test_a_profile_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials that cannot be read are told in botocore's words."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(MissingKeyError, match=r"cannot be used: .*nobody"):
        Signer()(request_of())


class Expired:
    """A session of botocore's whose credentials can no more be renewed."""

    def get_credentials(self) -> Any:
        def refresh() -> None:
            raise CredentialRetrievalError(provider="sso", error_msg="log in again")

        return DeferredRefreshableCredentials(refresh, "sso")


def test_credentials_that_cannot_be_renewed() -> None:
    """A login that has run out is told in botocore's words."""
    with pytest.raises(MissingKeyError, match=r"cannot be used: .*log in again"):
        Signer(Expired())(request_of())


# The region.
@pytest.mark.parametrize(
    ("options", "base_url", "environ", "region", "host"),
    [
        ({}, None, {}, "eu-west-1", "https://bedrock-runtime.eu-west-1.amazonaws.com"),
        (
            {"region": "us-gov-west-1"},
            None,
            {},
            "us-gov-west-1",
            "https://bedrock-runtime.us-gov-west-1.amazonaws.com",
        ),
        (
            {},
            None,
            {"AWS_REGION": "", "AWS_DEFAULT_REGION": "ap-south-1"},
            "ap-south-1",
            "https://bedrock-runtime.ap-south-1.amazonaws.com",
        ),
        (
            {},
            "https://bedrock-runtime-fips.us-east-2.amazonaws.com",
            {},
            "us-east-2",
            "https://bedrock-runtime-fips.us-east-2.amazonaws.com",
        ),
        ({}, "https://vpce-1.example.org", {}, "eu-west-1", "https://vpce-1.example.org"),
        (
            {"region": "us-west-2"},
            "https://bedrock-runtime.us-east-2.amazonaws.com",
            {},
            "us-west-2",
            "https://bedrock-runtime.us-east-2.amazonaws.com",
        ),
    ],
)
def test_the_region(
    options: dict[str, Any],
    base_url: str | None,
    environ: dict[str, str],
    region: str,
    host: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The option goes first, then the address that was given, then the environment."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    request = provider_named("amazon_bedrock").encode(
        reqllm.Model("amazon_bedrock", "m"), reqllm.Context.new("Hi"), options, base_url=base_url
    )
    assert request.signing == SigV4("bedrock", region)
    assert request.url == f"{host}/model/m/converse-stream"


@pytest.mark.parametrize("base_url", [None, "https://gateway.example"])
def test_no_region(base_url: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any region the error names all the ways to give one."""
    monkeypatch.delenv("AWS_REGION")
    with pytest.raises(InvalidInputError, match=r"region=\.\.\., or set AWS_REGION or AWS_D"):
        provider_named("amazon_bedrock").encode(
            reqllm.Model("amazon_bedrock", "m"), reqllm.Context.new("Hi"), {}, base_url=base_url
        )


def test_a_gateway_with_a_key_needs_no_region(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing is signed and the address is given, no region is asked for."""
    monkeypatch.delenv("AWS_REGION")
    request = provider_named("amazon_bedrock").encode(
        reqllm.Model("amazon_bedrock", "anthropic.claude"),
        reqllm.Context.new("Hi"),
        {},
        wire="bedrock-invoke",
        api_key="k",
        base_url="https://gateway.example/aws",
    )
    assert request.url == (
        "https://gateway.example/aws/model/anthropic.claude/invoke-with-response-stream"
    )
    assert request.signing is None


@pytest.mark.parametrize("region", ["", "us east", "US-EAST-1", "evil.example/", 7])
def test_what_is_no_region(region: Any) -> None:
    """A region becomes part of a host, so it must look like one."""
    with pytest.raises(InvalidInputError, match="expected a region such as 'us-east-1'"):
        request_of(region=region)


def test_others_take_no_region() -> None:
    """Providers without regions refuse the option as any that there is not."""
    with pytest.raises(InvalidInputError, match="there is no option 'region'"):
        provider_named("openai").encode(
            reqllm.Model("openai", "m"), reqllm.Context.new("Hi"), {"region": "x"}, api_key="k"
        )
