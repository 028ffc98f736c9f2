"""The failures that messages of an AWS event stream report, apart from its events. Pure."""

from __future__ import annotations

from reqllm.errors import APIError
from reqllm.framing.event import WireEvent
from reqllm.wires.common.api_errors import api_error, error_body


def failure_of(event: WireEvent) -> APIError | None:
    """Return the failure that a message is, `None` if it is an event.

    An exception is one of the service's own, with a payload; an error has nothing but headers.
    """
    match event.headers.get(":message-type"):
        case "exception":
            return exception(event.event, error_body(event.data))
        case "error":
            body = {
                "code": event.headers.get(":error-code"),
                "message": event.headers.get(":error-message"),
            }
            return api_error({**body, "payload": event.text} if event.data else body)
    return None


def exception(name: str, body: object) -> APIError:
    """Return the exception of that name. Whole answers name theirs in this header, too."""
    return api_error(body, headers={"x-amzn-errortype": name})
