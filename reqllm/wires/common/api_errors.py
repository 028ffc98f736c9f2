"""A provider's error, in any of the shapes they are sent in, as one of our errors. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from reqllm import errors as e
from reqllm.wires.common.error_reports import is_report
from reqllm.wires.common.error_words import message_of, unwrapped
from reqllm.wires.common.fields import as_list, as_string
from reqllm.wires.common.json_text import parse_json
from reqllm.wires.common.surrogates import whole_text

# What the providers call their failures, and the HTTP status each stands for.
_STATUS_OF: dict[str, int] = {
    "invalid_request_error": 400,
    "invalid_argument": 400,
    "failed_precondition": 400,
    "context_length_exceeded": 400,
    "tool_use_failed": 400,
    "validationexception": 400,
    "servicequotaexceededexception": 400,
    "authentication_error": 401,
    "invalid_api_key": 401,
    "unauthenticated": 401,
    "billing_error": 402,
    "accessdeniedexception": 403,
    "expiredtokenexception": 403,
    "invalidsignatureexception": 403,
    "unrecognizedclientexception": 403,
    "permission_error": 403,
    "permission_denied": 403,
    "resourcenotfoundexception": 404,
    "not_found_error": 404,
    "not_found": 404,
    "model_not_found": 404,
    "modeltimeoutexception": 408,
    "conflict_error": 409,
    "request_too_large": 413,
    "modelerrorexception": 424,
    "modelstreamerrorexception": 424,
    "modelnotreadyexception": 429,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "resource_exhausted": 429,
    "insufficient_quota": 429,
    "exceeded_current_quota_error": 429,
    "throttlingexception": 429,
    "api_error": 500,
    "server_error": 500,
    "internal_server_error": 500,
    "internalservererror": 500,
    "internalserverexception": 500,
    "internal": 500,
    "unavailable": 503,
    "serviceunavailableexception": 503,
    "timeout": 504,
    "timeout_error": 504,
    "deadline_exceeded": 504,
    "overloaded_error": 529,
}
# What OpenAI's responses fail with by the fault of what they were given; retrying is of no use.
_STATUS_OF |= dict.fromkeys(
    (
        "invalid_prompt",
        "data_residency_mismatch",
        "bio_policy",
        "misalignment_policy_violation",
        "invalid_image",
        "invalid_image_format",
        "invalid_base64_image",
        "invalid_image_url",
        "image_too_large",
        "image_too_small",
        "image_parse_error",
        "image_content_policy_violation",
        "invalid_image_mode",
        "image_file_too_large",
        "unsupported_image_media_type",
        "empty_image_file",
        "failed_to_download_image",
        "image_file_not_found",
    ),
    400,
)
_STATUS_OF["vector_store_timeout"] = 504
_HTTP_ERROR = re.compile("[45][0-9]{2}")
_OVERLOADED = (503, 529)
_NO_WAITING_HELPS = (
    "insufficient_quota",
    "exceeded_current_quota_error",
    "billing_hard_limit_reached",
    "servicequotaexceededexception",
)
_OF_THE_KEY = frozenset(
    {
        "invalid_api_key",
        "authentication_error",
        "expiredtokenexception",
        "invalidsignatureexception",
        "unrecognizedclientexception",
    }
)
# Bedrock gives its models' failures statuses of the caller's.
_OF_THE_MODEL = frozenset(
    {"modelerrorexception", "modelstreamerrorexception", "modeltimeoutexception"}
)
# Retry hints beyond this are not believed; a day is longer than any real one.
_LONGEST_WAIT = 86_400.0
_SHOWN = 1_000
_TITLE = re.compile(r"<(title|h1)[^>]*>([^<]{1,200})</\1>", re.IGNORECASE)


class Report:
    """What a provider's error object says, whatever its shape."""

    __slots__ = ("code", "details", "message", "request_id", "type")

    def __init__(self, body: Any, headers: Mapping[str, str]) -> None:
        body = body[0] if isinstance(body, list) and body else body
        outer: Mapping[str, Any] = unwrapped(body) if isinstance(body, dict) else {}
        inner = outer.get("error") or outer.get("errors") or outer.get("Error")
        told = inner
        inner = inner[0] if isinstance(inner, list) and inner else inner
        detail: Mapping[str, Any] = inner if isinstance(inner, dict) else outer
        self.message = message_of(outer, detail if detail is inner else told, detail)
        self.code = _text(_first(detail, outer, "code"))
        if self.code is None:
            self.code = _text(_any_of(detail, "Code", "error_code", "status_code"))
        own_type = detail.get("type") or detail.get("status")
        # Anthropic's outer "error" is the kind of event, not of error.
        self.type = _text(own_type) if detail is not outer or own_type != "error" else None
        if self.type is None:
            # Amazon's header may go on with an address, its member begin with a namespace.
            named = headers.get("x-amzn-errortype") or _text(outer.get("__type")) or ""
            self.type = _text(named.partition(":")[0].rpartition("#")[2])
        self.request_id = _text(outer.get("request_id") or detail.get("request_id"))
        self.details = [
            entry for entry in as_list(detail.get("details")) if isinstance(entry, dict)
        ]
        """Google's: each says one thing more, and what it is about."""

    @property
    def reasons(self) -> set[str]:
        """What Google gives as the reasons, where a status says too little."""
        return {as_string(entry.get("reason")).lower() for entry in self.details} - {""}

    @property
    def retry_after(self) -> float | None:
        """The seconds to wait that Google asks for: in the body, as "17.5s"."""
        asked = (as_string(entry.get("retryDelay")) for entry in self.details)
        waits = [_seconds(text.removesuffix("s")) for text in asked if text.endswith("s")]
        known = [min(wait, _LONGEST_WAIT) for wait in waits if wait is not None]
        return max(known, default=None)

    @property
    def status(self) -> int | None:
        """The HTTP status that the provider's words stand for."""
        for word in (self.type, self.code):
            if word is None:
                continue
            if word.lower() in _STATUS_OF:
                # OpenAI's type is coarse, its code exact: the more telling one wins.
                exact = _STATUS_OF.get((self.code or "").lower())
                return exact or _STATUS_OF[word.lower()]
            if _HTTP_ERROR.fullmatch(word):
                return int(word)
        return None


def _first(detail: Mapping[str, Any], outer: Mapping[str, Any], key: str) -> Any:
    value = detail.get(key)
    return outer.get(key) if value is None else value


def reports_failure(document: bytes) -> bool:
    """Whether a JSON document reports an error, by itself or as the first in a list."""
    try:
        value = parse_json(document.decode("utf-8", "replace"))
    except ValueError:
        return False
    return is_report(value[0] if isinstance(value, list) and value else value)


def _any_of(detail: Mapping[str, Any], *keys: str) -> Any:
    return next((detail[key] for key in keys if detail.get(key)), None)


def _text(value: Any) -> str | None:
    if value is None or value == "":
        return None
    return value if isinstance(value, str) else str(value)


def api_error(
    body: Any,
    *,
    status: int | None = None,
    headers: Mapping[str, str] | None = None,
    now: datetime | None = None,
    said: str | None = None,
) -> e.APIError:
    """Return the error that `body` reports: parsed JSON, or text.

    `status` is the HTTP status that came with it, `None` for an error inside a stream of
    status 200; `now` is needed to understand a `retry-after` that is a date; `said` is the
    message where the body's own does not tell what happened.
    """
    body = whole_text(body)
    headers = headers or {}
    report = Report(body, headers)
    meant = status if status is not None and status >= 400 else report.status
    kind = _class_for(meant, report)
    wait = retry_after(headers, now)
    return kind(
        said or _sentence(report, body, meant),
        status=meant,
        http_status=200 if status is None else status,
        code=report.code,
        type=report.type,
        request_id=request_id(headers) or report.request_id,
        retry_after=wait if wait is not None else report.retry_after,
        body=body,
    )


def _class_for(status: int | None, report: Report) -> type[e.APIError]:
    words = {(report.code or "").lower(), (report.type or "").lower()}
    # Google answers 400 to a key that is none.
    if words & _OF_THE_KEY or "api_key_invalid" in report.reasons:
        return e.AuthenticationError
    if words & set(_NO_WAITING_HELPS):
        return e.QuotaExceededError
    if words & _OF_THE_MODEL:
        return e.ServerError
    if "overloaded_error" in words or status in _OVERLOADED:
        return e.OverloadedError
    match status:
        case 401:
            return e.AuthenticationError
        case 403:
            return e.PermissionDeniedError
        case 404:
            return e.NotFoundError
        case 429:
            return e.RateLimitError
        case None:
            return e.ServerError
    return e.ServerError if status >= 500 else e.InvalidRequestError


def _sentence(report: Report, body: Any, status: int | None) -> str:
    said = report.message
    if said is None:
        shown = _page(body) if isinstance(body, str) else repr(body) if body else ""
        said = shown.strip()[:_SHOWN] or "no message came with it"
    named = [str(status)] if status is not None else []
    named += [word for word in (report.type, report.code) if word and word not in named]
    return f"{said} ({', '.join(named)})" if named else said


def _page(text: str) -> str:
    """Return a text, and of a page of HTML its title, which says all that it says."""
    title = _TITLE.search(text) if text[:1] == "<" else None
    return f"a page of HTML, titled {' '.join(title[2].split())!r}" if title else text


def error_body(content: bytes) -> Any:
    """Return an error's body as JSON, also out of an event stream; text where it is none."""
    text = content.decode("utf-8-sig", "replace").strip()
    lines = [line[5:].strip() for line in text.splitlines() if line.startswith("data:")]
    for candidate in (text, "\n".join(lines), *lines):
        try:
            value = parse_json(candidate)
        except ValueError:
            continue
        if isinstance(value, dict | list):
            return value
    return text


_REQUEST_ID_HEADERS = (
    "x-request-id",
    "request-id",
    "x-amzn-requestid",
    "apim-request-id",
    "mistral-correlation-id",
    "x-generation-id",
    "x-together-traceid",
    "x-debug-trace-id",
)


def request_id(headers: Mapping[str, str]) -> str | None:
    """Return the provider's id of the request, from headers with lower-case names."""
    return next((headers[name] for name in _REQUEST_ID_HEADERS if headers.get(name)), None)


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Return the seconds to wait that the headers ask for, never less than 0.

    `retry-after-ms` goes before `retry-after`, which is seconds or an HTTP date.
    """
    millis = _seconds(headers.get("retry-after-ms"))
    if millis is not None:
        return min(millis / 1000, _LONGEST_WAIT)
    asked = headers.get("retry-after")
    seconds = _seconds(asked)
    if seconds is None and asked and now is not None:
        try:
            date = parsedate_to_datetime(asked)
            # HTTP dates are of Greenwich, also where they do not say so.
            date = date if date.tzinfo is not None else date.replace(tzinfo=UTC)
            seconds = (date - now).total_seconds()
        except (ValueError, TypeError):
            return None
    return None if seconds is None else min(max(seconds, 0.0), _LONGEST_WAIT)


def _seconds(value: str | None) -> float | None:
    try:
        seconds = float(value) if value else None
    except ValueError:
        return None
    return None if seconds is None or not math.isfinite(seconds) else max(seconds, 0.0)
