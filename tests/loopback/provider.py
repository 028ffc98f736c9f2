"""A provider on loopback that speaks two wires, checks what it is asked, and fails on request.

POST /v1/chat/completions (openai-chat) and POST /v1/messages (anthropic-messages), streamed or
whole. The model's name chooses what happens:

==================  =====================================================================
model               answer
==================  =====================================================================
a scenario's name   that scenario of `catalogue.SCENARIOS`: text sky unicode empty length
                    cached tools parallel_tools text_and_tools tool_no_arguments tool_cut
                    reasoning refusal content_filter citations noise error_first
                    error_mid truncated tool_truncated no_terminator no_finish;
                    openai-chat only: logprobs audio reasoning_content;
                    anthropic-messages only: reasoning_tools reasoning_omitted redacted
                    server_tool pause
error-CODE          the HTTP error of `problems.PROBLEMS`: 400 401 403 404 413 422 429
                    429-quota 500 503 529
flaky-CODE          that error the first time, then the scenario `text`
fault-NAME          the failure of `faults.FAULTS`: a broken connection, silence, no stream
gpt-5-mini ...      a real model's name (`MODELS`): the prompt chooses, by
                    `catalogue.PROMPTS`: "sky", "cycle", "weather"; else `text`
anything else       404, as the provider says it
==================  =====================================================================

The same seed and request give the same bytes and times.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import replace
from typing import Any

from .catalogue import PROMPTS, SCENARIOS
from .checks import check
from .faults import FAULTS, Stage
from .messages import Answer, Headers, Request
from .pacing import Rhythm, pace
from .problems import PROBLEMS, Problem, Refused, json_answer, refusal
from .scenario import Scenario
from .wires import Wire, events, whole
from .wording import Options

KEY = "loopback-key-1234567890"
PATHS: dict[str, Wire] = {
    "/v1/chat/completions": "openai-chat",
    "/v1/messages": "anthropic-messages",
}
MODELS: dict[Wire, dict[str, str]] = {
    "openai-chat": {"gpt-5-mini": "gpt-5-mini-2025-08-07"},
    "anthropic-messages": {
        "claude-haiku-4-5": "claude-haiku-4-5-20251001",
        "claude-sonnet-4-5": "claude-sonnet-4-5-20250929",
    },
}
SSE: Headers = (("content-type", "text/event-stream; charset=utf-8"),)


class LoopbackProvider:
    """A handler for LoopbackServer; `speed` 1 is human, 0 does not wait."""

    def __init__(
        self,
        *,
        keys: tuple[str, ...] = (KEY,),
        speed: float = 0.0,
        rhythm: Rhythm | None = None,
        seed: int = 0,
        beat: float = 0.2,
    ) -> None:
        self.keys = keys
        self.speed = speed
        self.rhythm = rhythm
        self.seed = seed
        self.beat = beat
        self._asked: Counter[str] = Counter()

    def __call__(self, request: Request) -> Answer:
        """Answer one request."""
        wire = PATHS.get(request.path, "openai-chat")
        seed = f"{self.seed}|{wire}|{_digest(request)}"
        headers = vendor_headers(wire, Options(model="", seed=seed))
        try:
            _route(request)
            body = check(wire, request, self.keys)
            return self._answer(wire, body, seed, headers)
        except Refused as refused:
            return _refusal(wire, refused.problem, headers)

    def _answer(self, wire: Wire, body: dict[str, Any], seed: str, headers: Headers) -> Answer:
        model: str = body["model"]
        options = _options(wire, body, seed)
        what, _, key = model.partition("-")
        if what == "fault" and key in FAULTS:
            healthy = self._scenario(wire, "text", options, headers)
            return FAULTS[key](Stage(wire, options, healthy, self.beat))
        self._fail(wire, what, key)
        name = "text" if what == "flaky" else _scenario_name(wire, model, body)
        if not body.get("stream", False):
            return _whole(wire, SCENARIOS[wire][name], options, headers)
        return self._scenario(wire, name, options, headers)

    def _fail(self, wire: Wire, what: str, key: str) -> None:
        if what in ("error", "flaky") and key in PROBLEMS[wire]:
            self._asked[f"{what}-{key}"] += 1
            if what == "error" or self._asked[f"{what}-{key}"] == 1:
                raise Refused(PROBLEMS[wire][key])

    def _scenario(self, wire: Wire, name: str, options: Options, headers: Headers) -> Answer:
        said = events(wire, SCENARIOS[wire][name], options)
        writes = pace(said, self.rhythm, seed=options.seed, speed=self.speed)
        return Answer(headers=SSE + headers, body=tuple(writes))


def _digest(request: Request) -> str:
    """Equal for bodies that say the same, whatever the order of their keys."""
    try:
        said = json.dumps(request.json, sort_keys=True).encode()
    except ValueError:
        said = request.body
    return hashlib.sha256(said).hexdigest()


def _route(request: Request) -> None:
    if request.path not in PATHS:
        raise refusal(404, f"Invalid URL ({request.method} {request.path})")
    if request.method != "POST":
        raise refusal(405, f"Not allowed to {request.method} here.")


def _scenario_name(wire: Wire, model: str, body: dict[str, Any]) -> str:
    if model in SCENARIOS[wire]:
        return model
    if model in MODELS[wire]:
        prompt = _prompt(body["messages"])
        return next((name for word, name in PROMPTS[wire].items() if word in prompt), "text")
    if wire == "openai-chat":
        text = f"The model `{model}` does not exist or you do not have access to it."
        raise refusal(404, text, code="model_not_found")
    raise refusal(404, f"model: {model}", kind="not_found_error")


def _prompt(messages: list[dict[str, Any]]) -> str:
    asked = [message.get("content") for message in messages if message["role"] == "user"]
    last = asked[-1] if asked else ""
    if isinstance(last, list):
        last = " ".join(part.get("text", "") for part in last if isinstance(part, dict))
    return str(last).lower()


def _options(wire: Wire, body: dict[str, Any], seed: str) -> Options:
    wanted = body.get("stream_options") or {}
    return Options(
        model=MODELS[wire].get(body["model"], body["model"]),
        seed=seed,
        include_usage=bool(wanted.get("include_usage", False)),
        obfuscation=bool(wanted.get("include_obfuscation", True)),
    )


def _whole(wire: Wire, scenario: Scenario, options: Options, headers: Headers) -> Answer:
    if scenario.ending == "error":
        raise Refused(PROBLEMS[wire]["500"])
    return json_answer(whole(wire, scenario, options), headers)


def _refusal(wire: Wire, problem: Problem, headers: Headers) -> Answer:
    request_id = dict(headers).get("request-id", "")
    answer = json_answer(problem.body(wire, request_id), headers, problem.status)
    if problem.status == 529:
        answer = replace(answer, reason="Overloaded")  # http.HTTPStatus does not know it
    return replace(answer, headers=answer.headers + problem.headers)


def vendor_headers(wire: Wire, options: Options) -> Headers:
    """What each provider adds, account ids and cookies among it: a recorder must drop those."""
    if wire.startswith("gemini") or wire == "ollama":
        return ()
    if wire == "cohere-v2":
        return (("x-debug-trace-id", options.identifier("", 32).lower()),)
    if wire.startswith("bedrock"):
        return (("x-amzn-requestid", options.identifier("", 36).lower()),)
    if wire == "anthropic-messages":
        return (
            ("request-id", options.identifier("req_011C", 20)),
            ("anthropic-organization-id", "11111111-2222-4333-8444-555555555555"),
            ("anthropic-ratelimit-requests-limit", "50"),
            ("anthropic-ratelimit-requests-remaining", "49"),
            ("anthropic-ratelimit-requests-reset", "2026-11-22T10:00:01Z"),
            ("cf-cache-status", "DYNAMIC"),
        )
    return (
        ("x-request-id", options.identifier("req_", 32).lower()),
        ("openai-organization", "loopback-organisation"),
        ("openai-processing-ms", "212"),
        ("openai-version", "2020-10-01"),
        ("x-ratelimit-limit-requests", "5000"),
        ("x-ratelimit-remaining-requests", "4999"),
        ("x-ratelimit-reset-requests", "12ms"),
        ("set-cookie", "__cf_bm=loopback; path=/; HttpOnly"),
    )
