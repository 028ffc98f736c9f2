"""vcrpy's filters and hooks, on what is recorded."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reqllm_fixtures import Interaction, Piece, RecordedRequest
from reqllm_fixtures.secrets.vcr_hooks import with_body
from tests.fixtures_side.making import URL, answered, asked, cut_bodies, interactions, patiently
from tests.fixtures_side.test_redaction import redacted, redactor

BODY = b'{"user": "me", "prompt": "x"}'


def recorded(sent=None, came=None, **options):
    return redacted(Interaction(sent or asked(BODY), came or answered(b"x\n", b"y\n")), **options)


def test_filter_headers():
    """A header that is filtered with a value is written with it; one without is not written."""
    sent = RecordedRequest("POST", URL, (("Authorization", "Bearer 0123456789"), ("accept", "a")))
    result = recorded(sent, filter_headers=[("authorization", "DUMMY"), "accept"])

    assert [(name.lower(), value) for name, value in result.request.headers] == [
        ("authorization", "DUMMY")
    ]


def test_filter_query_parameters():
    """A query is filtered by name, value or function, as in vcrpy."""
    sent = asked(uri=f"{URL}?a=1&b=2&c=3&d=4")
    filters = ["a", ("b", "x"), ("c", lambda key, value, request: value * 2)]

    uri = recorded(sent, filter_query_parameters=filters).request.uri
    assert uri == f"{URL}?b=x&c=33&d=4"


def test_filter_post_data_parameters():
    """A member of the body is filtered, as in vcrpy."""
    result = recorded(filter_post_data_parameters=["user"])

    assert result.request.body == b'{"prompt": "x"}'


def test_request_hook():
    """A hook sees vcrpy's request and may change all of it, or say that it is not recorded."""

    def hook(request):
        assert type(request).__module__ == "vcr.request"
        assert request.host == "api.example.test"
        request.uri, request.body = "https://b.test/", "changed"
        return request

    result = recorded(before_record_request=hook)
    assert (result.request.uri, result.request.body) == ("https://b.test/", b"changed")
    assert recorded(before_record_request=lambda request: None) is None


def test_response_hook():
    """A hook sees vcrpy's response and may change all of it, or say that it is not recorded."""

    def hook(response):
        assert response["status"] == {"code": 200, "message": "OK"}
        assert response["headers"]["content-type"] == ["text/event-stream"]
        response["status"]["code"] = 201
        response["headers"]["retry-after"] = ["7"]
        response["body"]["string"] = response["body"]["string"].replace(b"y", b"zz")
        return response

    result = recorded(before_record_response=hook).response
    assert (result.status, dict(result.headers)["retry-after"]) == (201, "7")
    assert result.pieces == (Piece(b"x\n", 10), Piece(b"zz\n", 20))
    assert recorded(before_record_response=lambda response: None) is None


def test_what_a_hook_adds_is_redacted():
    """A hook comes before the redaction, not after it."""

    def hook(response):
        response["body"]["string"] = b"it is 0123456789ab"
        return response

    sent = RecordedRequest("GET", URL, (("x-api-key", "0123456789ab"),))
    assert recorded(sent, before_record_response=hook).response.body == b"it is REDACTED"


@patiently
@given(interactions)
def test_hooks_that_change_nothing(interaction):
    """A hook that returns what it got changes nothing."""
    same = {"before_record_request": lambda r: r, "before_record_response": lambda r: r}
    result = redacted(interaction, **same)

    assert result.response.pieces == interaction.response.pieces
    assert result.request == redacted(interaction).request


@patiently
@given(cut_bodies(), st.binary() | st.text().map(str.encode))
def test_another_body_keeps_the_pieces(pieces, body):
    """Whatever a body becomes, it is all there, in as many pieces at the same times."""
    result = with_body(pieces, body)

    assert b"".join(piece.data for piece in result) == body
    if pieces:
        assert [piece.at_ms for piece in result] == [piece.at_ms for piece in pieces]


def test_asked_request_is_filtered_too():
    """What is matched was filtered like its recording; a hook that says no leaves it as it is."""
    assert redactor(filter_post_data_parameters=["user"]).redact_request(asked(BODY)).body == (
        b'{"prompt": "x"}'
    )
    assert redactor(before_record_request=lambda _: None).redact_request(asked(BODY)).body == BODY


def test_vcrpy_is_loaded_only_for_hooks():
    """Redaction without filters loads no vcrpy."""
    program = (
        "import sys; from tests.fixtures_side.making import interaction;"
        "from reqllm_fixtures.secrets.redaction import Redactor;"
        "Redactor.of().redact(interaction(b'x')); print('vcr' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert (done.stdout, done.stderr) == ("False\n", "")


@pytest.mark.parametrize("name", ["filter_headers", "filter_query_parameters"])
def test_filter_of_nothing(name):
    """A filter of what is not there changes nothing."""
    assert recorded(**{name: ["x-none"]}) == recorded()


def test_lines_that_change_stay_in_their_pieces():
    """What a hook changes in several lines, it changes in the pieces in which they came."""

    def hook(response):
        response["body"]["string"] = response["body"]["string"].replace(b"me", b"someone")
        return response

    came = answered(b"me 1\nnot", b" me 2\n", b"me 3\n")
    assert [
        piece.data for piece in recorded(came=came, before_record_response=hook).response.pieces
    ] == [
        b"someone 1\nnot",
        b" someone 2\n",
        b"someone 3\n",
    ]
