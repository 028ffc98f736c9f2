"""Puts a scenario to a provider, by a client: sends, reads, leaves. It judges nothing. (shell)"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from reqllm.chunk import StreamChunk, TextDelta, WarningChunk
from reqllm.context import Context, Message
from reqllm.errors import InvalidInputError, ReqLLMError
from reqllm.http_libraries import library_of
from reqllm.model import Model
from reqllm.providers.base import Provider
from reqllm.response import Response, StreamMetadata
from reqllm.streaming import Client
from reqllm_fixtures.conformance.case import Scenario
from reqllm_fixtures.conformance.listening import Listener
from reqllm_fixtures.conformance.scenarios import NO_SUCH_KEY, NO_SUCH_MODEL, REFUSED, scenario
from reqllm_fixtures.conformance.taken import Taken, Turn

# Of Bedrock: the region that may answer, the vendor.
_BEFORE_A_MODEL = re.compile(r"(?:[a-z0-9-]+\.)*")
_NO_KEY_SENT = "reqllm-conformance"
# Codes of what our client says of a request that a wire has no form for.
_UNSUPPORTED = frozenset({"unsupported_option", "content_not_sent"})


class Question(Struct, frozen=True, kw_only=True):
    """A scenario as it is put to one model."""

    scenario: Scenario
    model: Model
    wire: str
    options: Mapping[str, Any]

    @classmethod
    def of(cls, scenario: Scenario, model: Model, wire: str) -> Question:
        """Return the scenario with what is to be wrong about it."""
        options = scenario.options
        match scenario.wrong:
            case "model":
                model = Model(model.provider, _no_such(model.name, wire))
            case "body":
                options = {**options, "provider_options": REFUSED[wire]}
        return cls(scenario=scenario, model=model, wire=wire, options=options)

    def warned_of(self, speaker: Provider, base_url: str | None) -> tuple[WarningChunk, ...]:
        """Return what the client says of the first request, without sending it.

        Raises ReqLLMError for what it cannot write at all.
        """
        request = speaker.encode(
            self.model,
            self.scenario.context,
            self.options,
            wire=self.wire,
            api_key=_NO_KEY_SENT,
            base_url=base_url,
        )
        return tuple(request.warnings)


def perform(
    question: Question, client: Client, *, clock: Callable[[], float] = time.monotonic
) -> Taken:
    """Ask what is to be asked; return what came.

    What the client raises is in the turns. Raises what the client does not promise to raise.
    """
    asked = question.scenario
    if asked.wrong == "key":
        client = Client(client.base_url, NO_SUCH_KEY, http_client=client.http_client, max_retries=0)
    asking = _Asking(question, client, clock)
    turns = [asking.turn(1, asked.context)]
    context = _with_results(asked, turns[0])
    if context is not None:
        turns.append(asking.turn(2, context))
    return Taken(wire=question.wire, turns=tuple(turns))


class _Asking:
    def __init__(self, question: Question, client: Client, clock: Callable[[], float]) -> None:
        self._question, self._client, self._clock = question, client, clock

    def turn(self, number: int, context: Context) -> Turn:
        """Make one call and read its answer."""
        http = self._client.http_client
        with Listener(http, library_of(http)) as listener:
            reading = _Reading(listener, self._question.scenario.leaves, self._clock)
            reading.read(self._opening(context))
        return Turn(
            number=number,
            answer=reading.answer.with_chunks(reading.chunks),
            error=reading.error,
            metadata=reading.metadata,
            heard=listener.last,
            recording=listener.recording,
            is_live=listener.is_live,
            pieces_by_chunk=tuple(reading.pieces),
            seconds_to_leave=reading.seconds_to_leave,
        )

    def _opening(self, context: Context) -> Callable[[], Any]:
        asked = self._question
        return lambda: self._client.stream(asked.model, context, wire=asked.wire, **asked.options)


class _Reading:
    """Reads one answer as far as it is to be read."""

    def __init__(self, listener: Listener, leaves: bool, clock: Callable[[], float]) -> None:
        self._listener, self._leaves, self._clock = listener, leaves, clock
        self.chunks: list[StreamChunk] = []
        self.pieces: list[int] = []
        self.answer = Response()
        self.metadata: StreamMetadata | None = None
        self.error: ReqLLMError | None = None
        self.seconds_to_leave: float | None = None
        self._left_at: float | None = None

    def read(self, opening: Callable[[], Any]) -> None:
        response: Any = None
        try:
            with opening() as response:
                for chunk in response:
                    self._take(chunk, response)
                self.metadata = response.metadata()
        except ReqLLMError as error:
            self.error = error
        if response is not None:
            self.answer = response.partial()
        if self._left_at is not None:
            self.seconds_to_leave = self._clock() - self._left_at

    def _take(self, chunk: StreamChunk, response: Any) -> None:
        self.chunks.append(chunk)
        self.pieces.append(self._listener.pieces)
        is_text = isinstance(chunk, TextDelta) and chunk.text.strip()
        if self._leaves and self._left_at is None and is_text:
            self._left_at = self._clock()
            response.cancel("conformance")


def _with_results(scenario: Scenario, turn: Turn) -> Context | None:
    """Return what to ask next where an answer called for tools whose results are known."""
    if turn.error is not None or not turn.calls:
        return None
    if not all(call.name in scenario.results and not call.invalid for call in turn.calls):
        return None
    results = [
        Message.tool(call.id, scenario.results[call.name], name=call.name) for call in turn.calls
    ]
    return scenario.context.append(turn.answer.message, *results)


def _no_such(name: str, wire: str) -> str:
    before = _BEFORE_A_MODEL.match(name) if wire.startswith("bedrock-") else None
    return f"{before[0] if before else ''}{NO_SUCH_MODEL}"


def spoken(speaker: Provider, model: Model, wire: str | None) -> str:
    """Return the wire on which a model is asked."""
    if wire is not None:
        return wire
    wire_for: Callable[[Model], str] | None = getattr(speaker, "wire_for", None)
    return speaker.wire if wire_for is None else wire_for(model)


def unsupported(
    question: Question, speaker: Provider, base_url: str | None, *, is_keyed: bool
) -> str:
    """Say why a wire has no form for what is asked; nothing if it has, or takes no question at all.

    is_keyed: it is known that a key is asked for.
    """
    if question.scenario.wrong == "key" and not (is_keyed or _wants_key(speaker)):
        return f"{speaker.name} asks for no key"
    try:
        warned = question.warned_of(speaker, base_url)
    except InvalidInputError as error:
        return str(error) if _takes_text(question, speaker, base_url) else ""
    return "; ".join(each.message for each in warned if each.code in _UNSUPPORTED)


def _takes_text(question: Question, speaker: Provider, base_url: str | None) -> bool:
    plain = Question.of(scenario("text"), question.model, question.wire)
    try:
        plain.warned_of(speaker, base_url)
    except InvalidInputError:
        return False
    return True


def _wants_key(speaker: Provider) -> bool:
    """Whether a provider can refuse a key: not one that is asked without any."""
    if not getattr(speaker, "key_optional", False):
        return bool(getattr(speaker, "key_variables", True))
    return any(os.environ.get(name) for name in getattr(speaker, "key_variables", ()))
