"""The last look before something is written: what looks like a secret, and what does not."""

import base64
import gzip
import json
import time
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reqllm_fixtures import Interaction, RecordedRequest
from reqllm_fixtures.errors import SecretError
from reqllm_fixtures.secrets.redaction import Redactor
from reqllm_fixtures.secrets.scan import Leak, scan, scan_bytes, scan_text
from tests.fixtures_side.making import URL, answered, asked, patiently
from tests.fixtures_side.secrets_made import INNOCENT, SHAPED
from tests.fixtures_side.test_redaction import DELTAS, frame, points, split, sse


@pytest.mark.parametrize("name", SHAPED)
def test_every_shape_is_seen(name):
    """Each vendor's key is seen in every place; place and kind are told, never the value."""
    secret = SHAPED[name]
    body = json.dumps({"a": [f"it is {secret}"]}).encode()
    found = scan(
        Interaction(
            RecordedRequest("POST", f"{URL}?q={secret}", (("x-a", secret),), body),
            answered(body, headers=(("x-b", secret),)),
        )
    )

    assert {leak.place for leak in found} >= {
        "request url",
        "request header x-a",
        "request body line 1",
        "response header x-b",
        "response body line 1",
    }
    assert secret not in repr(found)
    assert secret[8:] not in repr(found)


@patiently
@given(st.sampled_from(sorted(SHAPED)), st.sampled_from(sorted(DELTAS)), points, points)
def test_split_shape_is_seen(name, shape, parts_at, pieces_at):
    """A key is seen wherever it was cut, by pieces or by events."""
    parts = split(f"It is {SHAPED[name]}.", parts_at)
    if shape == "anthropic, from the start":  # the two members are two texts
        parts = ["", *parts]
    body = sse(parts, DELTAS[shape])

    assert scan(Interaction(asked(), answered(*split(body, pieces_at))))


@pytest.mark.parametrize("name", SHAPED)
def test_file_is_scanned(name):
    """A file is scanned as text or bytes, and the line is told."""
    text = f"first\nsecond: '{SHAPED[name]}'\n"

    assert scan_text(text) == scan_bytes(text.encode())
    assert {leak.place for leak in scan_text(text)} == {"line 2"}


def test_there_are_many_innocents():
    """The list of what only looks like a secret is long, and nothing is in it twice."""
    assert len(set(INNOCENT)) == len(INNOCENT) >= 200


@pytest.mark.parametrize("text", INNOCENT, ids=range(len(INNOCENT)))
def test_innocents_are_left_alone(text):
    """What only looks like a secret is neither reported nor touched, wherever it stands."""
    body = json.dumps({"a": text, "b": f"It is {text}, see: {text}\n{text}"}).encode()
    headers = (("content-type", "application/json"), ("x-request-id", text))
    interaction = Interaction(
        RecordedRequest("POST", f"{URL}?q={quote(text)}", (("accept", text),), body),
        answered(body, headers=headers),
    )

    assert scan(interaction) == []
    assert scan_text(body.decode()) == []
    assert Redactor.of(["sk-proj-0123456789abcdefABCDEF"]).redact(interaction) == interaction


@patiently
@given(st.sampled_from(INNOCENT), st.sampled_from(sorted(DELTAS)), points, points)
def test_split_innocents_are_left_alone(text, shape, parts_at, pieces_at):
    """That holds wherever it was cut, by pieces or by events."""
    body = sse(split(f"It is {text}.", parts_at), DELTAS[shape])

    assert scan(Interaction(asked(), answered(*split(body, pieces_at)))) == []


@pytest.mark.parametrize("kind", ["RSA ", "EC ", "OPENSSH ", "", "ENCRYPTED "])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_private_key(kind, end):
    """A private key is seen, as text and inside JSON."""
    key = f"-----BEGIN {kind}PRIVATE KEY-----{end}MIIEvQIBADANBgkqhkiG9w0BAQEFAASC{end}-----END"

    for text in (key, json.dumps(key), json.dumps({"file": json.dumps(key)})):
        assert {leak.kind for leak in scan_text(text)} == {"a private key"}


def test_name_and_password():
    """Basic credentials are seen; other words after `Basic` are not."""
    pair = base64.b64encode(b"somebody:pass-word-1").decode()

    assert [leak.kind for leak in scan_text(f"Authorization: Basic {pair}")] == [
        "a name and password (Basic)"
    ]
    assert scan_text("Basic Authentication12345678") == []


@pytest.mark.parametrize(
    ("place", "uri", "headers", "body"),
    [
        ("request header x-api-key", URL, (("X-Api-Key", "{key}"),), b"{}"),
        ("request header api-key", URL, (("api-key", "{key}"),), b"{}"),
        ("request header cookie", URL, (("Cookie", "a=b; session={key}"),), b"{}"),
        ("request url", URL + "?key={key}", (), b"{}"),
        ("request url", "https://user:{key}@api.example.com/v1", (), b"{}"),
        ("request body", URL, (), b'{"tools":[{"authorization":"{key}"}]}'),
    ],
)
def test_a_key_without_a_shape_is_seen_by_its_place(place, uri, headers, body):
    """Of Azure, Mistral and others keys are letters and digits alone; a placeholder is none."""

    def found(key):
        filled = tuple((name, value.replace("{key}", key)) for name, value in headers)
        sent = body.replace(b"{key}", key.encode())
        asked = RecordedRequest("POST", uri.replace("{key}", key), filled, sent)
        return scan(Interaction(asked, answered()))

    assert found("3f9c01b2e84d47a6b1c05d7e92fa6c38") == [Leak(place, "a credential, by its place")]
    for placeholder in ("REDACTED", "your-api-key-goes-here", "x" * 32, "unused"):
        assert found(placeholder) == []


def test_compressed_and_binary_bodies_are_looked_into():
    """A key is seen through gzip, and in the events of an AWS event stream."""
    body = json.dumps({"text": SHAPED["openai"]}).encode()
    packed = (("content-encoding", "gzip"),)
    assert scan(Interaction(asked(), answered(gzip.compress(body), headers=packed)))
    framed = (("content-type", "application/vnd.amazon.eventstream"),)
    wrapped = json.dumps({"bytes": base64.b64encode(body).decode()}).encode()
    for payload in (body, wrapped):
        assert scan(Interaction(asked(), answered(frame(payload), headers=framed)))
    assert scan(Interaction(asked(), answered(b"\x1f\x8bbroken", headers=packed))) == []


def test_line_of_a_leak():
    """The line that is told is that where the secret begins."""
    body = b"data: 1\n\ndata: 2\n\n" + sse(
        ["a ", "sk-ant-", SHAPED["anthropic"][7:]], DELTAS["openai"]
    )

    assert scan(Interaction(asked(), answered(body))) == [
        Leak("response body line 7", "an Anthropic key (sk-ant-)")
    ]


def test_error_names_everything_but_the_value():
    """The refusal names file, interaction, place, kind and what to do."""
    leak = scan_text(SHAPED["groq"])[0]
    error = SecretError("tests/c.yaml", [(3, *leak)])

    assert str(error) == (
        "tests/c.yaml was not written, because this looks like a secret:\n"
        "  interaction 3, line 1: a Groq key (gsk_)\n"
        "Name the value in secrets=, and it is replaced wherever it stands."
    )
    assert error.leaks == ((3, "line 1", "a Groq key (gsk_)"),)


@pytest.mark.parametrize("name", SHAPED)
def test_nothing_is_found_after_redaction(name):
    """What was named as a secret is not found any more."""
    secret = SHAPED[name].removeprefix("Bearer ")
    body = json.dumps({"text": f"it is {secret}"}).encode()
    interaction = Interaction(asked(body), answered(body))

    assert scan(Redactor.of([secret]).redact(interaction)) == []


@pytest.mark.untraced
@pytest.mark.parametrize(
    "unit",
    [
        b"sk-",
        b"eyJ",
        b"eyJa.",
        b"-----BEGIN ",
        b"Bearer ",
        b'"\\',
        b"{",
        b"data: {",
        b'["a",',
        b'{"a":"b",',
        b"a-1",
        b"\\u0041",
        b"-----BEGIN PRIVATE KEY-----\n",
        b"a: \n",
    ],
)
def test_time_grows_with_size(unit):
    """No text makes the scan or the redaction slow."""
    body = unit * (100_000 // len(unit))
    started = time.process_time()
    scan_bytes(body)
    Redactor.of(["a-secret-value"]).redact(Interaction(asked(), answered(body)))

    assert time.process_time() - started < 10
