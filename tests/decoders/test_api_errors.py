"""A provider's refusal, in whatever shape, becomes the error of its kind."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reqllm import errors as e
from reqllm.wires.common.api_errors import api_error, error_body, request_id, retry_after

NOW = datetime(2026, 11, 22, 10, 0, 0, tzinfo=UTC)

# (who, status, body, class, message, type, code): the shapes in which errors are sent.
SHAPES: tuple[tuple[Any, ...], ...] = (
    (
        *("OpenAI", 404),
        {
            "error": {
                "message": "No such model",
                "type": "invalid_request_error",
                "param": None,
                "code": "model_not_found",
            }
        },
        *(e.NotFoundError, "No such model", "invalid_request_error", "model_not_found"),
    ),
    (
        *("OpenAI, key", 401),
        {
            "error": {
                "message": "Incorrect API key provided",
                "type": "invalid_request_error",
                "code": "invalid_api_key",
            }
        },
        *(e.AuthenticationError, "Incorrect API key", "invalid_request_error", "invalid_api_key"),
    ),
    (
        *("OpenAI, quota", 429),
        {
            "error": {
                "message": "You exceeded your quota",
                "type": "insufficient_quota",
                "code": "insufficient_quota",
            }
        },
        *(e.QuotaExceededError, "You exceeded", "insufficient_quota", "insufficient_quota"),
    ),
    (
        *("OpenAI, rate", 429),
        {"error": {"message": "Slow", "type": "tokens", "code": "rate_limit_exceeded"}},
        *(e.RateLimitError, "Slow", "tokens", "rate_limit_exceeded"),
    ),
    (
        *("Azure", 400),
        {
            "error": {
                "message": "Filtered",
                "type": None,
                "code": "content_filter",
                "innererror": {"code": "ResponsibleAIPolicyViolation"},
            }
        },
        *(e.InvalidRequestError, "Filtered", None, "content_filter"),
    ),
    (
        *("vLLM", 400),
        {"error": {"message": "too long", "type": "BadRequestError", "code": 400}},
        *(e.InvalidRequestError, "too long", "BadRequestError", "400"),
    ),
    (
        *("Anthropic", 529),
        {
            "type": "error",
            "error": {"type": "overloaded_error", "message": "Overloaded", "details": None},
            "request_id": "req_1",
        },
        *(e.OverloadedError, "Overloaded", "overloaded_error", None),
    ),
    (
        *("Anthropic, key", 401),
        {"type": "error", "error": {"type": "authentication_error", "message": "bad key"}},
        *(e.AuthenticationError, "bad key", "authentication_error", None),
    ),
    (
        *("Anthropic, size", 413),
        {"type": "error", "error": {"type": "request_too_large", "message": "too large"}},
        *(e.InvalidRequestError, "too large", "request_too_large", None),
    ),
    (
        *("Gemini", 400),
        {"error": {"code": 400, "message": "bad key", "status": "INVALID_ARGUMENT"}},
        *(e.InvalidRequestError, "bad key", "INVALID_ARGUMENT", "400"),
    ),
    (
        *("Gemini, in a list", 503),
        [{"error": {"code": 503, "message": "no room", "status": "UNAVAILABLE"}}],
        *(e.OverloadedError, "no room", "UNAVAILABLE", "503"),
    ),
    (
        *("OpenRouter", 402),
        {"error": {"code": 402, "message": "no credits", "metadata": {}}, "user_id": "u"},
        *(e.InvalidRequestError, "no credits", None, "402"),
    ),
    (
        *("llama.cpp", 500),
        {"error": {"code": 500, "message": "oops", "type": "server_error"}},
        *(e.ServerError, "oops", "server_error", "500"),
    ),
    (
        *("Ollama", 404),
        {"error": "model not found"},
        *(e.NotFoundError, "model not found", None, None),
    ),
    (
        *("xAI", 400),
        {"code": "Client specified an invalid argument", "error": "bad temperature"},
        *(e.InvalidRequestError, "bad temperature", None, "Client specified an invalid argument"),
    ),
    (
        *("Mistral", 400),
        {"object": "error", "message": "bad", "type": "invalid_model", "code": "1500"},
        *(e.InvalidRequestError, "bad", "invalid_model", "1500"),
    ),
    (
        *("FastAPI", 422),
        {"detail": [{"loc": ["body", "model"], "msg": "field required", "type": "missing"}]},
        *(e.InvalidRequestError, "body.model: field required (", None, None),
    ),
    (
        *("Mistral, FastAPI's", 422),
        {
            "object": "error",
            "message": {"detail": [{"loc": ["body", 0], "msg": "no"}, {"loc": [], "msg": "nor"}]},
            "type": "invalid_request_error",
        },
        *(e.InvalidRequestError, "body.0: no; nor (", "invalid_request_error", None),
    ),
    (
        *("TGI", 422),
        {"error": ["too long", "too hot"]},
        *(e.InvalidRequestError, "too long; too hot (", None, None),
    ),
    (
        *("OpenRouter, of another", 429),
        {"error": {"code": 429, "message": "Provider failed", "metadata": {"raw": " slow down\n"}}},
        *(e.RateLimitError, "Provider failed: slow down (", None, "429"),
    ),
    (
        *("OpenRouter, in JSON", 400),
        {"error": {"message": "Failed", "metadata": {"raw": '{"error":{"message":"too long"}}'}}},
        *(e.InvalidRequestError, "Failed: too long (", None, None),
    ),
    (
        *("Moonshot, quota", 429),
        {"error": {"message": "suspended", "type": "exceeded_current_quota_error"}},
        *(e.QuotaExceededError, "suspended", "exceeded_current_quota_error", None),
    ),
    (
        *("OAuth", 401),
        {"error": "invalid_client", "error_description": "the secret is wrong"},
        *(e.AuthenticationError, "invalid_client: the secret is wrong (", None, None),
    ),
    (
        *("Tencent", 400),
        {"Response": {"Error": {"Code": "AuthFailure", "Message": "no"}, "RequestId": "r"}},
        *(e.InvalidRequestError, "no (", None, "AuthFailure"),
    ),
    (
        *("Amazon, before it knows of what", 404),
        {"Output": {"__type": "com.amazon.coral.service#UnknownOperationException"}},
        *(e.NotFoundError, "{'Output'", "UnknownOperationException", None),
    ),
    (
        *("FastAPI, text", 403),
        {"detail": "Not allowed"},
        *(e.PermissionDeniedError, "Not allowed", None, None),
    ),
    (
        *("Cerebras", 429),
        {"message": "Slow", "type": "too_many_requests", "param": "quota", "code": "request_quota"},
        *(e.RateLimitError, "Slow", "too_many_requests", "request_quota"),
    ),
    (
        *("Cohere", 404),
        {"message": "no such model", "id": "x"},
        *(e.NotFoundError, "no such model", None, None),
    ),
    (*("Bedrock", 403), {"Message": "denied"}, *(e.PermissionDeniedError, "denied", None, None)),
    (*("a proxy", 502), "<html>Bad Gateway</html>", *(e.ServerError, "<html>Bad", None, None)),
    (*("nothing", 500), "", *(e.ServerError, "no message came with it", None, None)),
    (*("null", 500), None, *(e.ServerError, "no message came with it", None, None)),
)


@pytest.mark.parametrize("shape", [pytest.param(shape, id=shape[0]) for shape in SHAPES])
def test_every_shape_is_understood(shape: tuple[Any, ...]) -> None:
    """Class by status and words; message, type and code as the provider sent them."""
    _, status, body, kind, message, own_type, code = shape
    error = api_error(body, status=status)
    assert type(error) is kind
    assert error.message.startswith(message)
    assert str(status) in error.message
    assert (error.status, error.http_status) == (status, status)
    assert (error.type, error.code) == (own_type, code)
    assert error.provider_code == (code or own_type)
    assert error.body == body
    # The body as it comes over the line is read to the same.
    content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    if body is not None:
        assert error_body(content) == body


# (body of an error inside a stream, class, status that it stands for)
IN_BAND: tuple[tuple[Any, ...], ...] = (
    ({"error": {"type": "overloaded_error", "message": "m"}}, e.OverloadedError, 529),
    ({"error": {"type": "rate_limit_error", "message": "m"}}, e.RateLimitError, 429),
    ({"error": {"type": "api_error", "message": "m"}}, e.ServerError, 500),
    ({"error": {"type": "invalid_request_error", "message": "m"}}, e.InvalidRequestError, 400),
    ({"error": {"type": "permission_error", "message": "m"}}, e.PermissionDeniedError, 403),
    ({"error": {"type": "timeout_error", "message": "m"}}, e.ServerError, 504),
    ({"error": {"code": 502, "message": "m"}}, e.ServerError, 502),
    ({"error": {"code": "429", "message": "m"}}, e.RateLimitError, 429),
    ({"error": {"code": 503, "status": "UNAVAILABLE", "message": "m"}}, e.OverloadedError, 503),
    ({"error": {"status": "RESOURCE_EXHAUSTED", "message": "m"}}, e.RateLimitError, 429),
    (
        {"error": {"type": "invalid_request_error", "code": "invalid_api_key", "message": "m"}},
        e.AuthenticationError,
        401,
    ),
    ({"error": {"code": "brand_new", "message": "m"}}, e.ServerError, None),
    ({"error": {"code": 1302, "message": "m"}}, e.ServerError, None),
    ({"message": "m"}, e.ServerError, None),
    ("m", e.ServerError, None),
)


@pytest.mark.parametrize(("body", "kind", "status"), IN_BAND)
def test_an_error_inside_a_stream_has_the_status_it_stands_for(
    body: Any, kind: type[e.APIError], status: int | None
) -> None:
    """Status 200 came over the line; the provider's words say which was meant."""
    error = api_error(body)
    assert type(error) is kind
    assert (error.status, error.http_status) == (status, 200)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": " 2 "}, 2.0),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "1e9"}, 86_400.0),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after-ms": "250", "retry-after": "3"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "3"}, 3.0),
        ({"retry-after": "Sun, 22 Nov 2026 10:00:30 GMT"}, 30.0),
        ({"retry-after": "Sun, 22 Nov 2026 09:00:00 GMT"}, 0.0),
        ({"retry-after": "Sun, 22 Nov 2026 10:00:30"}, 30.0),
        ({"retry-after": "Sun, 99 Nov 2026 10:00:30 GMT"}, None),
    ],
)
def test_the_wait_that_is_asked_for(headers: dict[str, str], seconds: float | None) -> None:
    """Milliseconds before seconds before dates; never below 0, never beyond a day."""
    assert retry_after(headers, NOW) == seconds


def test_a_date_needs_a_clock() -> None:
    """Without the time of day a date is not understood, and nothing is guessed."""
    assert retry_after({"retry-after": "Sun, 22 Nov 2026 10:00:30 GMT"}) is None


def test_the_error_carries_the_wait_and_the_request() -> None:
    """Headers of the answer are on the error; their request id goes before the body's."""
    body = {"type": "error", "error": {"type": "rate_limit_error", "message": "m"}}
    headers = {"retry-after": "7", "request-id": "req_h"}
    error = api_error({**body, "request_id": "req_b"}, status=429, headers=headers, now=NOW)
    assert (error.retry_after, error.request_id) == (7.0, "req_h")
    assert api_error({**body, "request_id": "req_b"}, status=429).request_id == "req_b"
    assert api_error({"error": {"message": "m", "request_id": "req_i"}}).request_id == "req_i"


@pytest.mark.parametrize(
    "name", ["x-request-id", "request-id", "x-amzn-requestid", "apim-request-id"]
)
def test_a_request_is_named_by_several_headers(name: str) -> None:
    """Each provider has its own header for the request's id; an empty one is none."""
    assert request_id({"x-request-id": "", name: "r1"}) == "r1"
    assert request_id({}) is None


@pytest.mark.parametrize(
    ("content", "read"),
    [
        (b'{"error":"x"}', {"error": "x"}),
        (b'  {"error":"x"}\n', {"error": "x"}),
        (b'data: {"error":"x"}\n\n', {"error": "x"}),
        (b'event: error\ndata: {"error":\ndata: "x"}\n\n', {"error": "x"}),
        (b': hi\n\ndata: {"error":"x"}\n\ndata: [DONE]\n\n', {"error": "x"}),
        (b"\xff<html>", "\ufffd<html>"),
        (b"", ""),
        (b'"text"', '"text"'),
        (b"[" * 5000, "[" * 5000),
    ],
)
def test_a_body_is_read_as_json_if_it_is_any(content: bytes, read: Any) -> None:
    """JSON, also inside an event stream; text otherwise, whatever the bytes."""
    assert error_body(content) == read


def test_a_byte_order_mark_is_no_part_of_the_body() -> None:
    """A body that begins with a byte order mark is JSON all the same."""
    assert error_body(b'\xef\xbb\xbf{"error":"x"}') == {"error": "x"}


def test_a_long_page_is_cut_in_the_message() -> None:
    """The message shows the beginning of a page; the body keeps all of it."""
    error = api_error("x" * 5000, status=502)
    assert len(error.message) < 1100
    assert len(error.body) == 5000


KEY = "sk-live-0123456789abcdef"


def test_no_header_gets_into_the_text() -> None:
    """Only ids and waits are read from headers: a key among them is nowhere in the error."""
    headers = {"authorization": f"Bearer {KEY}", "x-api-key": KEY, "set-cookie": KEY}
    error = api_error({"error": {"message": "m"}}, status=401, headers=headers, now=NOW)
    assert KEY not in f"{error!s} {error!r} {vars(error)!r}"


def test_later_dates_wait_longer() -> None:
    """A date is understood relative to the clock that is given."""
    headers = {"retry-after": "Sun, 22 Nov 2026 10:01:00 GMT"}
    assert retry_after(headers, NOW) == 60
    assert retry_after(headers, NOW + timedelta(seconds=20)) == 40


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["error", "message", "code", "type", "status", "detail", "msg"]), inner
        )
    ),
)


@given(body=ANY, status=st.none() | st.integers(100, 999))
def test_any_body_is_some_error(body: Any, status: int | None) -> None:
    """Whatever the body is, there is an error with a message, and nothing is raised."""
    error = api_error(body, status=status)
    assert error.message
    json.dumps(error.message, ensure_ascii=False).encode()
    assert error.http_status == (200 if status is None else status)
