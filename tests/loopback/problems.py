"""What each provider answers instead of a stream: statuses and the true shape of their bodies."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .messages import Answer, Headers, Write
from .wires import Wire
from .wording import compact

JSON: Headers = (("content-type", "application/json"),)


@dataclass(frozen=True, slots=True)
class Problem:
    """An HTTP error in the words of both wires; `code` and `param` are openai-chat's."""

    status: int
    kind: str  # error.type
    message: str
    code: str | None = None
    param: str | None = None
    headers: Headers = field(default=())

    def body(self, wire: Wire, request_id: str) -> dict[str, Any]:
        """The JSON body, as this wire shapes it."""
        if wire == "anthropic-messages":
            named = {"type": self.kind, "message": self.message}
            return {"type": "error", "error": named, "request_id": request_id}
        said = {"message": self.message, "type": self.kind, "param": self.param, "code": self.code}
        return {"error": said}


class Refused(Exception):
    """A request gets this problem instead of an answer."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def refusal(
    status: int,
    message: str,
    *,
    code: str | None = None,
    param: str | None = None,
    kind: str = "invalid_request_error",
) -> Refused:
    """What to raise; most refusals of both wires are of one kind."""
    return Refused(Problem(status, kind, message, code, param))


def json_answer(body: Any, headers: Headers = (), status: int = 200) -> Answer:
    """A whole JSON body, counted."""
    data = compact(body).encode()
    return Answer(status=status, headers=JSON + headers, body=(Write(data),), framing="length")


_SLOW_DOWN: Headers = (("retry-after", "1"), ("retry-after-ms", "25"), ("x-should-retry", "true"))
_INVALID = "invalid_request_error"

CHAT_PROBLEMS: dict[str, Problem] = {
    "400": Problem(400, _INVALID, "Unsupported value: 'temperature'.", None, "temperature"),
    "401": Problem(401, _INVALID, "Incorrect API key provided: loop****back.", "invalid_api_key"),
    "403": Problem(403, _INVALID, "You are not allowed to sample from this model"),
    "404": Problem(404, _INVALID, "The model `gone` does not exist.", "model_not_found"),
    "413": Problem(413, _INVALID, "The request is larger than the server accepts."),
    "422": Problem(422, _INVALID, "The request could not be processed."),
    "429": Problem(
        429,
        "requests",
        "Rate limit reached on requests per min (RPM): Limit 3, Used 3, Requested 1.",
        "rate_limit_exceeded",
        headers=_SLOW_DOWN,
    ),
    "429-quota": Problem(
        429,
        "insufficient_quota",
        "You exceeded your current quota, please check your plan and billing details.",
        "insufficient_quota",
        headers=(("x-should-retry", "false"),),
    ),
    "500": Problem(500, "server_error", "The server had an error while processing your request."),
    "503": Problem(503, "server_error", "The engine is currently overloaded."),
    "529": Problem(529, "server_error", "Overloaded"),
}
MESSAGES_PROBLEMS: dict[str, Problem] = {
    "400": Problem(400, _INVALID, "temperature: Extra inputs are not permitted"),
    "401": Problem(401, "authentication_error", "invalid x-api-key"),
    "403": Problem(403, "permission_error", "Your API key may not use this resource."),
    "404": Problem(404, "not_found_error", "model: gone"),
    "413": Problem(413, "request_too_large", "Request exceeds the maximum size"),
    "422": Problem(422, _INVALID, "The request could not be processed."),
    "429": Problem(
        429,
        "rate_limit_error",
        "This request would exceed your rate limit.",
        headers=(("retry-after", "1"), ("x-should-retry", "true")),
    ),
    "429-quota": Problem(429, "rate_limit_error", "You have reached your spend limit."),
    "500": Problem(500, "api_error", "Internal server error"),
    "503": Problem(503, "api_error", "Service unavailable"),
    "529": Problem(529, "overloaded_error", "Overloaded", headers=(("x-should-retry", "true"),)),
}
PROBLEMS: dict[Wire, dict[str, Problem]] = {
    "openai-chat": CHAT_PROBLEMS,
    "anthropic-messages": MESSAGES_PROBLEMS,
}
