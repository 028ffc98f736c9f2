"""What a recording may hold once it was redacted, and what must stay as it was sent."""

import base64
import itertools
import json
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from reqllm_fixtures import Interaction, RecordedRequest, RecordedResponse
from reqllm_fixtures.redaction import Redactor
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
