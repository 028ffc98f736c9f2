"""Shows recorded interactions as they are played, one after the other."""

from __future__ import annotations

from collections.abc import Iterable

from reqllm.chunk import ErrorChunk
from reqllm.cli.rendering import NOTE, WARNING, view_for, watch
from reqllm.cli.reporting import Reporter, described
from reqllm.cli.summary import what_arrived
from reqllm.cli.terminal import Terminal, one_line
from reqllm.errors import ReqLLMError
from reqllm_fixtures import playback, speaking
from reqllm_fixtures.cassette import NO_STATUS, Interaction
from reqllm_fixtures.errors import FixtureError, RecordingEndedError
from reqllm_fixtures.matching.matchers import strict

_PROMPT_SHOWN = 300
_BODY_SHOWN = 4000
_BROKEN = "the recorded stream broke"


class Player:
    """Plays interactions of the cassette at `path` to a terminal.

    `wire` is what all of them speak, `None` to find it out of each. `is_overlaid`: they are what an
    overlay made of what was recorded.
    """

    def __init__(
        self,
        path: str,
        terminal: Terminal,
        reporter: Reporter,
        *,
        pace: float,
        as_json: bool = False,
        wire: str | None = None,
        is_overlaid: bool = False,
    ) -> None:
        self._path = path
        self._terminal = terminal
        self._reporter = reporter
        self._pace = pace
        self._as_json = as_json
        self._wire = wire
        self._times_of = playback.UNDER_OVERLAY if is_overlaid else playback.AS_RECORDED
        self._broken = "the stream broke under the overlay" if is_overlaid else _BROKEN

    def play(self, interactions: Iterable[tuple[int, Interaction]]) -> bool:
        """Play them all; return whether all of them could be."""
        all_played = True
        for place, (number, interaction) in enumerate(interactions):
            if not self._as_json:
                self._show_title(interaction, first=place == 0)
            try:
                self._play(interaction)
            except FixtureError as error:
                self._reporter.error(error, f"interaction {number}: ")
                all_played = False
        return all_played

    def _play(self, interaction: Interaction) -> None:
        refusal = playback.refusal_of(interaction)
        if refusal is not None:
            self._show_refusal(interaction, refusal)
        elif speaking.is_stream(interaction):
            self._play_stream(interaction, self._wire or speaking.wire_of(interaction))
        else:
            self._show_body(interaction)

    def _play_stream(self, interaction: Interaction, wire: str) -> None:
        times = playback.recorded_times(interaction, wire, self._times_of)
        view = view_for(self._terminal, as_json=self._as_json)
        with playback.playing(interaction, wire, path=self._path, pace=self._pace) as response:
            self._reporter.left = lambda: what_arrived(response.partial())
            try:
                watch(response, view)
            except ReqLLMError as error:
                # A failure that was recorded is no failure of the playback.
                self._note(f"{self._broken}: {described(error)}")
            except RecordingEndedError:
                response.cancel("the client left")
                view.finish(response.partial(), times)
                self._note("the client left here when this was recorded")
            else:
                view.finish(response.partial(), times)

    def _show_title(self, interaction: Interaction, *, first: bool) -> None:
        if not first:
            self._terminal.line()
        asked = playback.asked_by(interaction.request)
        self._terminal.mark("▶ ", "bold cyan")
        self._terminal.write(one_line(asked.model) or "(no model named)", "bold")
        self._terminal.mark(f" · {one_line(strict.describe(interaction.request))}", NOTE)
        self._terminal.end_line()
        if asked.prompt:
            self._terminal.mark("> ", "bold cyan")
            self._terminal.write(one_line(asked.prompt, _PROMPT_SHOWN))
            self._terminal.end_line()
        self._terminal.line()

    def _show_refusal(self, interaction: Interaction, refusal: ReqLLMError) -> None:
        if self._as_json:
            self._terminal.json(ErrorChunk(refusal).as_dict())
            return
        response = interaction.response
        if response.status == NO_STATUS:
            self._note(described(refusal))
            return
        reason = f" {one_line(response.reason)}" if response.reason else ""
        self._note(f"the provider answered {response.status}{reason}: {described(refusal)}")

    def _show_body(self, interaction: Interaction) -> None:
        response = interaction.response
        if self._as_json:
            self._terminal.say(f"no stream: {one_line(strict.describe(interaction.request))}")
            return
        kind = next((v for name, v in response.headers if name.lower() == "content-type"), "")
        named = one_line(kind) or "no content type"
        self._terminal.line(
            f"no stream: {response.status} · {named} · {len(response.body):,} bytes", NOTE
        )
        text = playback.readable(response.body)
        self._terminal.write(text[:_BODY_SHOWN])
        if len(text) > _BODY_SHOWN:
            self._terminal.mark("…")
        self._terminal.end_line()

    def _note(self, text: str) -> None:
        if self._as_json:
            self._terminal.say(text)
        else:
            self._terminal.line(text, WARNING)
