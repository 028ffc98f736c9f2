"""What each vendor answers instead of a stream: to a wrong key, an unknown model, a bad request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from .asked.reading import Malformed
from .messages import Answer, Headers
from .problems import Problem, json_answer
from .wires import Wire

Kind = Literal["no_key", "wrong_key", "no_model", "malformed"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is refused; `name` is the key or the model that it is about."""

    kind: Kind
    name: str = ""
    wrong: Malformed | None = None

    @property
    def fault(self) -> Malformed:
        """What is wrong with a request that is malformed."""
        return self.wrong or Malformed((), "not understood")


def refuse(wire: Wire, refusal: Refusal, headers: Headers) -> Answer:
    """The answer, in the vendor's own words."""
    status, body, more = _VENDORS[wire](refusal, headers)
    return json_answer(body, headers + more, status)


Worded = tuple[int, dict[str, Any], Headers]


def _openai(refusal: Refusal, _: Headers) -> Worded:
    return _as_openai(refusal, 404)


def _responses(refusal: Refusal, _: Headers) -> Worded:
    return _as_openai(refusal, 400)


def _as_openai(refusal: Refusal, status_of_no_model: int) -> Worded:
    kind, name = "invalid_request_error", refusal.name
    match refusal.kind:
        case "no_key":
            problem = Problem(401, kind, "You didn't provide an API key.")
        case "wrong_key":
            # The provider shows the ends of the key that it refuses.
            said = f"Incorrect API key provided: {name[:4]}{'*' * 8}{name[-4:]}."
            problem = Problem(401, kind, said, "invalid_api_key")
        case "no_model":
            said = f"The model `{name}` does not exist or you do not have access to it."
            param = None if status_of_no_model == 404 else "model"
            problem = Problem(status_of_no_model, kind, said, "model_not_found", param)
        case "malformed":
            fault = refusal.fault
            said = f"Invalid '{fault.indexed}': {fault.wrong}."
            problem = Problem(400, kind, said, "invalid_value", fault.indexed or None)
    return problem.status, problem.body("openai-chat", ""), ()


def _anthropic(refusal: Refusal, headers: Headers) -> Worded:
    match refusal.kind:
        case "no_key":
            problem = Problem(401, "authentication_error", "x-api-key header is required")
        case "wrong_key":
            problem = Problem(401, "authentication_error", "invalid x-api-key")
        case "no_model":
            problem = Problem(404, "not_found_error", f"model: {refusal.name}")
        case "malformed":
            problem = Problem(400, "invalid_request_error", str(refusal.fault))
    request_id = dict(headers).get("request-id", "")
    return problem.status, problem.body("anthropic-messages", request_id), ()


def _google(refusal: Refusal, _: Headers) -> Worded:
    detail: dict[str, Any] | None = None
    match refusal.kind:
        case "no_key":
            status, word = 403, "PERMISSION_DENIED"
            said = "Method doesn't allow unregistered callers. Please use API Key."
        case "wrong_key":
            # Not 401: only the details say that it is about the key.
            status, word = 400, "INVALID_ARGUMENT"
            said = "API key not valid. Please pass a valid API key."
            about = {"reason": "API_KEY_INVALID", "domain": "googleapis.com"}
            detail = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", **about}
        case "no_model":
            status, word = 404, "NOT_FOUND"
            said = f"models/{refusal.name} is not found for API version v1beta."
        case "malformed":
            status, word = 400, "INVALID_ARGUMENT"
            fault = refusal.fault
            said = f"Invalid value at '{fault.dotted}': {fault.wrong}"
            violation = {"field": fault.dotted, "description": said}
            detail = {"@type": "type.googleapis.com/google.rpc.BadRequest"}
            detail["fieldViolations"] = [violation]
    error = {"code": status, "message": said, "status": word}
    return status, {"error": error | ({"details": [detail]} if detail else {})}, ()


def _cohere(refusal: Refusal, headers: Headers) -> Worded:
    match refusal.kind:
        case "no_key":
            status, said = 401, "no api key supplied"
        case "wrong_key":
            status, said = 401, "invalid api token"
        case "no_model":
            status = 404
            said = f"model '{refusal.name}' not found, make sure the correct model ID was used"
        case "malformed":
            status, said = 400, f"invalid request: {refusal.fault}"
    return status, {"id": dict(headers).get("x-debug-trace-id", ""), "message": said}, ()


def _ollama(refusal: Refusal, _: Headers) -> Worded:
    match refusal.kind:
        case "no_key" | "wrong_key":
            where = {"signin_url": "https://ollama.com/connect?name=loopback"}
            return 401, {"error": "unauthorized", **where}, ()
        case "no_model":
            return 404, {"error": f"model '{refusal.name}' not found"}, ()
        case "malformed":
            return 400, {"error": f"json: {refusal.fault}"}, ()


def _bedrock(refusal: Refusal, _: Headers) -> Worded:
    match refusal.kind:
        case "no_key":
            kind, said = "MissingAuthenticationTokenException", "Missing Authentication Token"
            return 403, {"message": said}, _named(kind)
        case "wrong_key":
            said = "Authentication failed: Please make sure your API Key is valid."
            return 403, {"Message": said}, _named("AccessDeniedException")
        case "no_model":
            said = "The provided model identifier is invalid."
        case "malformed":
            said = f"Malformed input request: {refusal.fault}, please reformat your input."
    return 400, {"message": said}, _named("ValidationException")


def _named(kind: str) -> Headers:
    return (("x-amzn-errortype", f"{kind}:http://internal.amazon.com/coral/{kind}/"),)


_VENDORS: dict[Wire, Callable[[Refusal, Headers], Worded]] = {
    "openai-chat": _openai,
    "openai-responses": _responses,
    "anthropic-messages": _anthropic,
    "gemini": _google,
    "gemini-interactions": _google,
    "cohere-v2": _cohere,
    "ollama": _ollama,
    "bedrock-converse": _bedrock,
    "bedrock-invoke": _bedrock,
}
