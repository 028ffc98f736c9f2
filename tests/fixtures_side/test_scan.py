"""The last look before something is written: what looks like a secret, and what does not."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reqllm_fixtures import Interaction, RecordedRequest
from reqllm_fixtures.secrets_scan import scan, scan_bytes, scan_text
from tests.fixtures_side.making import URL, answered, asked, patiently
from tests.fixtures_side.secrets_made import SHAPED
from tests.fixtures_side.test_redaction import DELTAS, points, split, sse


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
