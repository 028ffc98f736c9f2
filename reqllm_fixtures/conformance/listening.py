"""Hears what goes over an HTTP client while it is in use: each request, each piece of an answer."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

from reqllm_fixtures.cassette import (
    NO_STATUS,
    Interaction,
    RecordedRequest,
    RecordedResponse,
)
from reqllm_fixtures.transports.answering import REPLAYED
from reqllm_fixtures.transports.recording import Recorder, Tape, Tee


class Listener:
    """Use it by `with`: the client's answers are noted on their way, and handed on unchanged.

    It goes by the client's own event hooks, so that it does not matter what sends: the network, a
    cassette, a mock.
    """

    def __init__(self, client: Any, library: Any) -> None:
        """
        client: a sync client of httpx or httpx2; `library` is which of the two.
        """
        self._client = client
        self._stream = type("HeardStream", (Tee, library.SyncByteStream), {})
        self._recorder = Recorder(self)
        self._tape: Tape | None = None
        self._before: dict[str, list[Any]] = {}
        self._heard: dict[int, Interaction] = {}
        self._replayed: RecordedResponse | None = None
        self.recording = ""
        """The cassette that the last answer was played from."""
        self.is_live = False
        """Whether the last answer came over a network."""

    def __enter__(self) -> Self:
        self._before = dict(self._client.event_hooks)
        self._client.event_hooks = {
            "request": [*self._before["request"], self._asked],
            "response": [*self._before["response"], self._answered],
        }
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._client.event_hooks = self._before
        self._recorder.stop()

    @property
    def pieces(self) -> int:
        """How many pieces of the answer that is being read have come."""
        return 0 if self._tape is None else len(self._tape.pieces)

    @property
    def last(self) -> Interaction | None:
        """The last request and its answer, once that is over; `None` if there was no answer.

        What was played is as it was recorded, with the times at which it came.
        """
        heard = self._heard.get(max(self._heard, default=0))
        if heard is None or heard.response.status == NO_STATUS:
            return None
        return heard if self._replayed is None else Interaction(heard.request, self._replayed)

    def learn(self, request: RecordedRequest) -> None:
        """Hear of a request: nothing is written, so nothing need be kept out of it."""

    def add(self, number: int, interaction: Interaction) -> None:
        """Take an interaction that is over."""
        self._heard[number] = interaction

    def _asked(self, request: Any) -> None:
        headers = tuple(request.headers.multi_items())
        asked = RecordedRequest(request.method, str(request.url), headers, request.read())
        self._tape = self._recorder.begin(asked)

    def _answered(self, response: Any) -> None:
        tape = self._tape
        assert tape is not None  # its request was heard of
        headers = tuple(response.headers.multi_items())
        tape.head(response.status_code, response.reason_phrase, headers, response.http_version)
        response.stream = self._stream(response.stream, tape)
        self.is_live = "network_stream" in response.extensions
        self.recording, self._replayed = response.extensions.get(REPLAYED, ("", None))
