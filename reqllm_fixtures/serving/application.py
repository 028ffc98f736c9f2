"""The Starlette application that plays a shelf.

/_reqllm         GET: what was played, what was not, what was missed
/_reqllm/reset   POST: forget all of that, and read the files again
anything else    is answered from the recordings
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from reqllm_fixtures.cassette import RecordedRequest
from reqllm_fixtures.errors import OverlayError
from reqllm_fixtures.overlay.base import Overlay
from reqllm_fixtures.serving import refusals
from reqllm_fixtures.serving.answers import Answer, answer_of
from reqllm_fixtures.serving.overlaying import HEADER, Overlaying
from reqllm_fixtures.serving.playing import Play, Timing
from reqllm_fixtures.serving.rereading import Files
from reqllm_fixtures.serving.shelf import Shelf, Taken

Say = Callable[[str], None]


def application(
    shelf: Shelf,
    files: Files,
    *,
    pace: float,
    say: Say,
    overlay: Overlay | None = None,
    origins: Sequence[str] = (),
    timing: Timing | None = None,
) -> Starlette:
    """Make the application; `say` is told of each request what became of it.

    origins: whose pages may ask, from a browser. https://fetch.spec.whatwg.org/#http-cors-protocol
    """
    overlaying = Overlaying(overlay, pace)
    control = Control(shelf, files, overlaying)
    made = Starlette(
        routes=[
            Route("/_reqllm", control.state, methods=["GET"]),
            Route("/_reqllm/reset", control.reset, methods=["POST"]),
        ],
        middleware=[_cors(origins)] if origins else [],
    )
    # No route: a target need not begin with "/".
    made.router.default = Player(shelf, files, overlaying, pace, say, timing or Timing())
    return made


def _cors(origins: Sequence[str]) -> Middleware:
    every = ["*"]
    return Middleware(
        CORSMiddleware,
        allow_origins=list(origins),
        allow_methods=every,
        allow_headers=every,
        expose_headers=every,
    )


class Control:
    """What is no recording: how far the play is, and its start anew."""

    def __init__(self, shelf: Shelf, files: Files, overlaying: Overlaying) -> None:
        self._shelf, self._files, self._overlaying = shelf, files, overlaying

    async def state(self, _: Request) -> Response:
        """Tell what was played, what was not, and what was missed."""
        unplayed = [
            {"cassette": path, "interaction": number, "request": request}
            for path, number, request in self._shelf.unplayed()
        ]
        return JSONResponse(
            {
                "cassettes": [each.path for each in self._shelf.cassettes],
                "played": self._shelf.plays,
                "unplayed": unplayed,
                "missed": [str(each) for each in self._shelf.misses],
            }
        )

    async def reset(self, _: Request) -> Response:
        """Forget what was played and missed."""
        self._files.look_again()
        self._files.look_for_more()
        self._shelf.reset()
        self._overlaying.reset()
        return Response(status_code=204)


class Player:
    """Answers every request that a recording answers, and the others with what differs."""

    def __init__(
        self,
        shelf: Shelf,
        files: Files,
        overlaying: Overlaying,
        pace: float,
        say: Say,
        timing: Timing,
    ) -> None:
        self._shelf, self._files, self._overlaying = shelf, files, overlaying
        self._pace, self._say, self._timing = pace, say, timing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            asked = _as_asked(request, await request.body())
        except ClientDisconnect:
            return
        respond = self._response_to(asked, self._timing.clock())
        await respond(scope, receive, send)

    def _response_to(self, asked: RecordedRequest, began: float) -> ASGIApp:
        self._files.look_again()
        try:
            overlay = self._overlaying.asked_by(asked.headers)
            taken = self._taken(asked, overlay)
        except OverlayError as error:
            return self._refused(asked, error)
        if taken is None:
            return self._missed(asked)
        answer = answer_of(taken.interaction)
        self._say(_told(taken, asked, answer, overlay))
        return Play(answer, self._timing, began, 1.0 if taken.paced else self._pace)

    def _taken(self, asked: RecordedRequest, overlay: Overlay | None) -> Taken | None:
        """Take what is to be played. Raises OverlayError, and then nothing was taken."""
        if overlay is None:
            return self._found(asked)
        key = self._shelf.key(asked)
        again = self._overlaying.again(key, overlay)
        if again is not None:
            return again
        taken = self._found(asked)
        if taken is None:
            return self._overlaying.fault(key, overlay)
        try:
            return self._overlaying.changed(key, overlay, taken)
        except OverlayError:
            self._shelf.put_back(taken)
            raise

    def _found(self, asked: RecordedRequest) -> Taken | None:
        taken = self._shelf.take(asked)
        if taken is None and self._files.look_for_more():
            taken = self._shelf.take(asked)
        return taken

    def _missed(self, asked: RecordedRequest) -> ASGIApp:
        error = self._shelf.missed(asked)
        others = len(self._shelf.cassettes) - 1
        message = f"None of {others + 1} cassettes has it.\n{error}" if others else str(error)
        self._say(message)
        return _json(refusals.miss(asked.uri, error, message))

    def _refused(self, asked: RecordedRequest, error: OverlayError) -> ASGIApp:
        message = f"{error} The overlay was asked for by {HEADER} or by --overlay."
        self._say(message)
        return _json(refusals.refusal(asked.uri, 400, message, "overlay_error", {}))


def _json(refusal: refusals.Refusal) -> ASGIApp:
    return JSONResponse(refusal.body, refusal.status, dict(refusal.headers))


def _as_asked(request: Request, body: bytes) -> RecordedRequest:
    scope: Any = request.scope
    target = scope["raw_path"].decode("latin-1")
    if query := scope["query_string"].decode("latin-1"):
        target = f"{target}?{query}"
    if target.startswith("/"):  # else somebody takes us for a proxy, and names it all
        target = f"http://{scope['server'][0]}:{scope['server'][1]}{target}"
    headers = tuple(
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]
    )
    return RecordedRequest(request.method, target, headers, body)


def _told(taken: Taken, asked: RecordedRequest, answer: Answer, overlay: Overlay | None) -> str:
    how = {"whole": "", "closed": ", and breaks off", "reset": ", and is reset"}[answer.ending]
    if answer.left_early:
        how = ", and breaks off where the client left when it was recorded"
    under = f" under {overlay}" if overlay is not None else ""
    return f"{taken.path}, interaction {taken.number}{under}, answers {asked.method}{how}"
