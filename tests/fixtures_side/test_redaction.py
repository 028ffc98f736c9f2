"""What a recording may hold once it was redacted, and what must stay as it was sent."""

import base64
import gzip
import itertools
import json
import zlib
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reqllm_fixtures import Interaction, RecordedRequest, RecordedResponse
from reqllm_fixtures.matching.matchers import strict
from reqllm_fixtures.secrets.redaction import Redactor
from tests.fixtures_side.making import URL, answered, asked, interactions, patiently
from tests.fixtures_side.secrets_made import PLANTED

KEY = "sk-proj-0123456789abcdefABCDEF"
# Readers that join what belongs together: text, arguments, plain lines.
DELTAS = {
    "openai": lambda part, i: {"choices": [{"index": 0, "delta": {"content": part}}]},
    "openai, index last": lambda part, i: {"choices": [{"delta": {"content": part}, "index": 0}]},
    "arguments": lambda part, i: {
        "choices": [
            {"delta": {"tool_calls": [{"index": 0, "function": {"arguments": part}}]}, "index": 0}
        ]
    },
    "anthropic": lambda part, i: {
        "type": "content_block_delta",
        "index": 1,
        "delta": {"type": "text_delta", "text": part},
    },
    "anthropic, from the start": lambda part, i: (
        {"type": "content_block_delta", "index": 1, "delta": {"text": part}}
        if i
        else {"type": "content_block_start", "index": 1, "content_block": {"text": part}}
    ),
    "responses": lambda part, i: {
        "type": "response.output_text.delta",
        "sequence_number": i,
        "output_index": 0,
        "delta": part,
    },
    "gemini": lambda part, i: {"candidates": [{"content": {"parts": [{"text": part}]}}]},
}


def redactor(*secrets: str, **options) -> Redactor:
    return Redactor.of(secrets=secrets, **options)


def redacted(interaction: Interaction, *secrets: str, **options) -> Interaction:
    return redactor(*secrets, **options).redact(interaction)


def response_of(*pieces: bytes, secrets=(KEY,), **options) -> RecordedResponse:
    return redacted(Interaction(asked(), answered(*pieces, **options)), *secrets).response


def sse(parts, delta) -> bytes:
    return b"".join(
        b"data: " + json.dumps(delta(part, i)).encode() + b"\n\n" for i, part in enumerate(parts)
    )


def split(text, points):
    cuts = sorted({0, len(text), *(point % (len(text) + 1) for point in points)})
    return [text[start:end] for start, end in itertools.pairwise(cuts)]


def events(body: bytes) -> list[dict]:
    return [json.loads(line[6:]) for line in body.decode().splitlines() if line]


def strings(document) -> list[str]:
    match document:
        case dict():
            return [each for value in document.values() for each in strings(value)]
        case list():
            return [each for value in document for each in strings(value)]
        case str():
            return [document]
    return []


points = st.lists(st.integers(0, 5000), max_size=6)


@patiently
@given(st.sampled_from(sorted(PLANTED)), st.sampled_from(sorted(DELTAS)), points, points)
def test_secret_in_deltas(name, shape, parts_at, pieces_at):
    """A secret split over deltas and pieces is gone; every event and piece is still there."""
    secret = PLANTED[name]
    parts = split(f"It is {secret}.", parts_at)
    body = sse(parts, DELTAS[shape])
    pieces = split(body, pieces_at)
    response = response_of(*pieces, secrets=[secret])

    said = "".join(text for event in events(response.body) for text in strings(event))
    assert secret not in said
    assert "It is REDACTED" in said.replace("content_block_delta", "").replace(
        "content_block_start", ""
    ).replace("text_delta", "").replace("response.output_text.delta", "")
    assert len(events(response.body)) == len(parts)
    assert len(response.pieces) == len(pieces)
    assert all(piece.data for piece in response.pieces)


@patiently
@given(st.sampled_from(sorted(PLANTED)), points)
def test_secret_in_every_place(name, pieces_at):
    """No place of an interaction keeps a secret, in whatever form it stood there."""
    secret = PLANTED[name]
    forms = [secret, quote(secret, safe=""), base64.b64encode(secret.encode()).decode()]
    texts = [text for form in forms for text in (form, f"x{form}y")]
    body = json.dumps({"texts": texts, "deep": {secret: [secret]}}).encode()
    interaction = Interaction(
        RecordedRequest(
            "POST",
            f"{URL}/{quote(secret, safe='')}?q={quote(secret, safe='')}&key={quote(secret)}",
            (("authorization", f"Bearer {secret}"), ("accept", secret), ("x-other", secret)),
            body,
        ),
        answered(
            *split(body, pieces_at),
            headers=(("x-request-id", secret), ("set-cookie", f"a={secret}")),
        ),
    )
    result = redacted(interaction, secret)

    written = repr(result)
    for form in (secret, json.dumps(secret)[1:-1], *forms):
        assert form not in written
    assert json.loads(result.request.body)["texts"][0] == "REDACTED"
    assert json.loads(result.response.body)["deep"] == {"REDACTED": ["REDACTED"]}


@patiently
@given(st.sampled_from(sorted(PLANTED)), points, st.sampled_from(["\n\n", "\r\n\r\n"]))
def test_secret_in_lines_of_data(name, parts_at, end):
    """Data that is no JSON is joined over events as well."""
    secret = PLANTED[name]
    body = "".join(f"data: {part}{end}" for part in split(secret, parts_at)).encode()
    response = response_of(body, secrets=[secret])

    said = response.body.decode().replace("data: ", "").replace(end, "")
    assert said.startswith("REDACTED")
    assert said.replace("REDACTED", "") in {"", "R", "RE"}
    assert secret not in said


@patiently
@given(interactions)
def test_redaction_is_idempotent(interaction):
    """What was redacted stays as it is when it is redacted again."""
    once = redacted(interaction, KEY)

    assert redacted(once, KEY) == once


@patiently
@given(
    st.lists(
        st.sampled_from(
            [
                '"',
                "\\",
                "\\u0073k-",
                "sk-",
                "{",
                "}",
                ":",
                "\n",
                "é",
                KEY,
                KEY[:9],
                KEY[9:],
                "data: ",
                "[",
                "]",
                ",",
                "n",
            ]
        ),
        max_size=30,
    ),
    points,
)
def test_what_is_no_json_is_redacted_too(words, pieces_at):
    """However broken a body is, the secret is gone, and text stays text."""
    body = "".join(words).encode()
    response = response_of(*filter(None, split(body, pieces_at)))

    assert KEY.encode() not in response.body
    response.body.decode()


json_texts = st.text(st.sampled_from('ab"\\/\n\té{}[]:,\U0001f600') | st.characters(codec="utf-8"))
json_documents = st.recursive(
    st.none()
    | st.integers(-(10**6), 10**6)
    | json_texts
    | st.builds(lambda before, after: before + KEY + after, json_texts, json_texts),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(json_texts, inner, max_size=4),
    max_leaves=12,
)


def without(document, secret):
    match document:
        case dict():
            return {key: without(value, secret) for key, value in document.items()}
        case list():
            return [without(each, secret) for each in document]
        case str():
            return document.replace(secret, "REDACTED")
    return document


@patiently
@given(json_documents, st.booleans(), st.sampled_from([None, 1]), points)
def test_json_stays_json(document, is_ascii, indent, pieces_at):
    """A JSON body stays JSON, and nothing in it changes but the secret."""
    body = json.dumps(document, ensure_ascii=is_ascii, indent=indent).encode()
    response = response_of(*filter(None, split(body, pieces_at)))

    assert json.loads(response.body) == without(document, KEY)


@patiently
@given(interactions.filter(lambda each: KEY.encode() not in each.response.body))
def test_what_has_no_secret_is_kept(interaction):
    """Bodies, pieces, times and endings without a secret are as they were."""
    result = redacted(interaction, KEY)

    assert result.response.pieces == interaction.response.pieces
    assert result.response.end == interaction.response.end
    assert result.request.body == interaction.request.body
    assert result.request.uri == interaction.request.uri


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": f"Bearer {KEY}"},
        {"Authorization": KEY},
        {"authorization": "Basic " + base64.b64encode(f"me:{KEY}".encode()).decode()},
        {"X-Api-Key": KEY},
        {"api-key": KEY},
        {"x-goog-api-key": KEY},
        {"ocp-apim-subscription-key": KEY},
        {"proxy-authorization": f"Bearer {KEY}"},
        {"cookie": f"a=b; session={KEY}; c=d"},
        {"x-amz-security-token": KEY},
        {"openai-organization": KEY},
        {"openai-project": KEY},
        {"anthropic-workspace-id": KEY},
        {"x-goog-user-project": KEY},
    ],
)
def test_credential_of_the_request(headers):
    """A credential that was sent in a header is gone from header and body, and so is the header."""
    request = RecordedRequest("POST", URL, tuple(headers.items()), f"It is {KEY}.".encode())
    result = redacted(Interaction(request, answered(f"It is {KEY}!".encode())))

    assert result.request == RecordedRequest("POST", URL, (), b"It is REDACTED.")
    assert result.response.body == b"It is REDACTED!"


@pytest.mark.parametrize(
    "name",
    [
        "key",
        "api-key",
        "access_token",
        "sig",
        "X-Amz-Signature",
        "X-Amz-Credential",
        "X-Amz-Security-Token",
        "KEY",
        "api%2Dkey",
    ],
)
def test_credential_of_the_address(name):
    """A key in the address is masked, gone from the rest, and matching leaves its place out."""
    sent = RecordedRequest("GET", f"{URL}?alt=sse&{name}={KEY}&b=%20")
    result = redacted(Interaction(sent, answered(KEY.encode())))

    assert result.request.uri == f"{URL}?alt=sse&{name}=REDACTED&b=%20"
    assert result.response.body == b"REDACTED"
    assert strict.key(result.request) == strict.key(RecordedRequest("GET", f"{URL}?alt=sse&b=%20"))


def test_signed_request():
    """Of a request that AWS's way was signed, the key's id and the signature are gone."""
    signed = (
        f"AWS4-HMAC-SHA256 Credential={KEY}/2026/us/x, SignedHeaders=host, Signature=0123456789"
    )
    request = RecordedRequest("POST", URL, (("authorization", signed),))
    result = redacted(Interaction(request, answered(f"{KEY} 0123456789 host".encode())))

    assert result.response.body == b"REDACTED REDACTED host"


def test_user_of_the_address():
    """A name and password before the host are dropped, and the password is gone from the rest."""
    sent = RecordedRequest("GET", URL.replace("//", "//me:pass-word-1@"))
    result = redacted(Interaction(sent, answered(b"pass-word-1")))

    assert result.request.uri == URL
    assert result.response.body == b"REDACTED"


def test_credential_for_others():
    """What a request hands on for another server's sake is a credential too."""
    body = {
        "mcp_servers": [{"authorization_token": KEY}],
        "tools": [{"headers": {"Authorization": "Bearer another-0123"}}],
        "max_tokens": 5,
        "prompt": "authorization",
    }
    result = redacted(Interaction(asked(json.dumps(body).encode()), answered(b"another-0123")))

    assert KEY.encode() not in result.request.body
    assert result.response.body == b"REDACTED"
    assert json.loads(result.request.body)["max_tokens"] == 5


@pytest.mark.parametrize(
    "name",
    [
        "OPENAI_API_KEY",
        "ANTHROPIC_AUTH_TOKEN",
        "GEMINI_API_KEY",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "HF_TOKEN",
        "REPLICATE_API_TOKEN",
        "OPENAI_ORG_ID",
        "NEW_API_KEY",
    ],
)
def test_credential_of_the_environment(name):
    """The value of a vendor's variable is gone though it was not sent."""
    result = redacted(Interaction(asked(), answered(KEY.encode())), environ={name: KEY})

    assert result.response.body == b"REDACTED"


def test_other_variables_are_no_credentials():
    """Other variables are not looked at; of headers in a variable, every value is."""
    environ = {
        "HOME": "/home/somebody",
        "OPENAI_BASE_URL": "https://api.openai.com",
        "MAX_TOKENS": "12345678",
        "ANTHROPIC_CUSTOM_HEADERS": "X-Team: team-012345\nX-B: b",
    }
    body = b"/home/somebody https://api.openai.com 12345678 team-012345 b"
    result = redacted(Interaction(asked(), answered(body)), environ=environ)

    assert result.response.body == b"/home/somebody https://api.openai.com 12345678 REDACTED b"


def test_headers_are_kept_by_name():
    """Of headers, only those known to be harmless are kept, in both directions."""
    request = RecordedRequest(
        "POST",
        URL,
        (
            ("Content-Type", "application/json"),
            ("user-agent", "x"),
            ("x-stainless-os", "Linux"),
            ("anthropic-version", "2023-06-01"),
            ("traceparent", "00"),
            ("x-new", "1"),
        ),
    )
    names = ["content-type", "x-request-id", "retry-after", "x-ratelimit-remaining-tokens"]
    dropped = ["set-cookie", "openai-organization", "anthropic-organization-id", "cf-ray", "x-new"]
    headers = tuple((name, "1") for name in [*names, *dropped])
    result = redacted(Interaction(request, answered(b"", headers=headers)))

    assert [name for name, _ in result.request.headers] == ["Content-Type", "anthropic-version"]
    assert [name for name, _ in result.response.headers] == names


def test_content_length_stays_true():
    """The length that an answer declares is that of what is kept of it."""
    headers = (("content-length", str(len(KEY) + 2)), ("content-type", "text/plain"))
    result = redacted(Interaction(asked(), answered(f"<{KEY}>".encode(), headers=headers)), KEY)

    assert dict(result.response.headers)["content-length"] == str(len(result.response.body))


def test_account_in_an_error():
    """Whose key it was, and its masked remainder, are gone from an error message."""
    text = (
        "Rate limit reached for gpt-4o in organization org-abcdefghijklmnopqrst1234 on project "
        "proj_ABCDEFGHIJKLMNOP12345678. Incorrect API key provided: sk-abc12***********wxyz."
    )
    body = json.dumps({"error": {"message": text, "total_tokens": 7}}).encode()

    said = json.loads(response_of(body).body)["error"]
    assert said["message"] == (
        "Rate limit reached for gpt-4o in organization REDACTED on project REDACTED. "
        "Incorrect API key provided: REDACTED."
    )
    assert said["total_tokens"] == 7


def test_short_secrets_stay_in_texts():
    """A value of few characters may be any word: it goes from its place and stays in texts."""
    request = RecordedRequest("GET", f"{URL}?key=test", (("x-api-key", "test"),))
    result = redacted(Interaction(request, answered(b"a test of tests")), "abc", "")

    assert result.request == RecordedRequest("GET", f"{URL}?key=REDACTED")
    assert result.response.body == b"a test of tests"


def test_numbers_stay_numbers():
    """A secret of digits that stands in JSON as a number leaves a number."""
    body = b'{"account": 123456789012, "name": "123456789012"}'
    response = response_of(body, secrets=["123456789012"])

    assert json.loads(response.body) == {"account": 100000000000, "name": "REDACTED"}


def frame(payload: bytes) -> bytes:
    headers = b"\x0b:event-type\x07\x00\x05chunk"
    head = (16 + len(headers) + len(payload)).to_bytes(4) + len(headers).to_bytes(4)
    message = head + zlib.crc32(head).to_bytes(4) + headers + payload
    return message + zlib.crc32(message).to_bytes(4)


def read_frames(body: bytes) -> list[bytes]:
    found = []
    while body:
        size, headers = int.from_bytes(body[:4]), int.from_bytes(body[4:8])
        message, body = body[:size], body[size:]
        assert zlib.crc32(message[:-4]).to_bytes(4) == message[-4:]
        found.append(message[12 + headers : -4])
    return found


@patiently
@given(st.sampled_from(sorted(PLANTED)), points, points, st.booleans())
def test_secret_in_an_event_stream_of_aws(name, parts_at, pieces_at, wrapped):
    """A secret split over binary events is gone, and every event is as long and valid as it was."""
    parts = split(f"It is {PLANTED[name]}.", parts_at)
    events = [json.dumps({"delta": {"text": part}, "p": "ab"}).encode() for part in parts]
    if wrapped:
        events = [json.dumps({"bytes": base64.b64encode(e).decode()}).encode() for e in events]
    body = b"".join(map(frame, events))
    headers = (("content-type", "application/vnd.amazon.eventstream"),)
    pieces = [piece for piece in split(body, pieces_at) if piece]
    response = response_of(*pieces, headers=headers, secrets=[PLANTED[name]])

    came = [json.loads(each) for each in read_frames(response.body)]
    if wrapped:
        came = [json.loads(base64.b64decode(each["bytes"])) for each in came]
    said = "".join(each["delta"]["text"] for each in came)
    assert said.startswith("It is REDACTED")
    assert PLANTED[name] not in said
    assert [len(each.data) for each in response.pieces] == [len(each) for each in pieces]


def test_event_stream_of_aws_that_broke_off():
    """What came of a last message is redacted too."""
    body = frame(b'{"text": "a"}') + frame(f'{{"text": "{KEY}"}}'.encode())[:-6]
    headers = (("content-type", "application/vnd.amazon.eventstream"),)
    response = response_of(body, headers=headers)

    assert KEY.encode() not in response.body
    assert len(response.body) == len(body)


def test_compressed_answer():
    """A secret in a compressed body makes it a plain one; without a secret it stays as it came."""
    headers = (("content-encoding", "gzip"), ("content-type", "text/event-stream"))
    response = response_of(gzip.compress(f"data: {KEY}\n\ndata: 2\n\n".encode()), headers=headers)

    assert [piece.data for piece in response.pieces] == [b"data: REDACTED\n\n", b"data: 2\n\n"]
    assert response.headers == headers[1:]
    packed = gzip.compress(b"data: 1\n\n")
    assert response_of(packed, headers=headers).body == packed
    assert response_of(b"\x1f\x8bbroken", headers=headers).body == b"\x1f\x8bbroken"


def test_secret_inside_base64():
    """A secret that was encoded with what stands around it is gone, and the rest decodes."""
    for before in ("", "a", "ab", "abc"):
        encoded = base64.b64encode(f"{before}{KEY}{KEY}..".encode()).decode()
        response = response_of(json.dumps({"file": encoded}).encode())
        read = base64.b64decode(json.loads(response.body)["file"])

        assert KEY[3:-3].encode() not in read
        assert read.startswith(before.encode())


def test_nothing_is_told_of_secrets():
    """What the redactor shows of itself is a number."""
    made = redactor(KEY)

    assert KEY not in repr(made) + repr(vars(made))
    assert made.known == 1


def test_request_is_redacted_for_matching():
    """A request that holds a secret is, redacted, equal to its recording, whatever the secret."""
    body = b'{"mcp_servers": [{"authorization_token": "%s"}]}'
    one, other = asked(body % b"token-0123456"), asked(body % b"another-token-7")
    recorded = redacted(Interaction(one, answered(b""))).request

    assert strict.key(redactor().redact_request(other)) == strict.key(recorded)


@pytest.mark.parametrize("mark", ["index", "output_index", "content_index", "item_id"])
def test_secret_in_streams_that_are_mixed(mark):
    """A secret is found though another stream's events come between its parts."""
    events = [("a", "It is sk-"), ("b", "Hel"), ("a", KEY[3:9]), ("b", "lo"), ("a", KEY[9:])]
    body = b"".join(
        b"data: " + json.dumps({"delta": part, mark: name}).encode() + b"\n\n"
        for name, part in events
    )
    said = [json.loads(line[6:]) for line in response_of(body).body.splitlines() if line]

    assert "".join(each["delta"] for each in said if each[mark] == "a") == "It is REDACTED"
    assert "".join(each["delta"] for each in said if each[mark] == "b") == "Hello"


def test_byte_by_byte():
    """No piece becomes empty, be they more than the replacement has bytes."""
    response = response_of(*(b"%c" % byte for byte in f"<{KEY}>".encode()))

    assert len(response.pieces) == len(KEY) + 2
    assert response.body.startswith(b"<REDACTEDREDACTED")
    assert {len(piece.data) for piece in response.pieces} <= {1, 2, 3}


@pytest.mark.parametrize("secret", ["n0123456789", "u0041-abcdef", '"quoted"-0123'])
def test_escapes_stay_whole(secret):
    """An escape in a name, before what looks like the secret, is not torn apart."""
    body = '{"\\n0123456789": 1, "x\\u0041-abcdef": 2}'
    names = list(json.loads(response_of(body.encode(), secrets=[secret]).body))

    assert len(names) == 2
    assert secret not in "".join(names)


def test_redaction_learns_by_itself():
    """What is in the very request is redacted though nobody had it learnt before."""
    request = RecordedRequest("GET", URL, (("x-api-key", KEY),))

    assert redacted(Interaction(request, answered(KEY.encode()))).response.body == b"REDACTED"
