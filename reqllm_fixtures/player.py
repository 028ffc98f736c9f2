"""Shows recorded interactions, one after the other, as they are played."""

from __future__ import annotations

from reqllm.chunk import ErrorChunk, ReasoningDelta
from reqllm.errors import ReqLLMError
from reqllm.rendering import NOTE, AnswerView, summary
from reqllm.reporting import Reporter
from reqllm.terminal import Terminal, one_line
from reqllm_fixtures import matching, playback
from reqllm_fixtures.cassette import Cassette, Interaction
from reqllm_fixtures.errors import RecordingEndedError


def play(
    cassette: Cassette,
    terminal: Terminal,
    reporter: Reporter,
    *,
    pace: float,
    as_json: bool,
    wire: str | None,
) -> None:
    for number, interaction in enumerate(cassette.interactions):
        if not as_json:
            if number:
                terminal.line()
            title(terminal, cassette, number, interaction)
        play_one(
            cassette.path, interaction, terminal, reporter, pace=pace, as_json=as_json,
            wire=wire or playback.wire_of(interaction),
        )


def title(terminal: Terminal, cassette: Cassette, number: int, interaction: Interaction) -> None:
    asked = playback.asked_by(interaction.request)
    terminal.mark(f"▶ {matching.strict.describe(interaction.request)}", "bold")
    if asked.model:
        terminal.mark(f" · {one_line(asked.model)}", "bold")
    terminal.line()
    if asked.prompt:
        terminal.line(f"  {one_line(asked.prompt, 300)}", NOTE)
    terminal.line()


def play_one(
    path: str,
    interaction: Interaction,
    terminal: Terminal,
    reporter: Reporter,
    *,
    pace: float,
    as_json: bool,
    wire: str,
) -> None:
    view = AnswerView(terminal)
    with playback.playing(interaction, wire, path=path, pace=pace) as response:
        try:
            for chunk in response:
                if as_json:
                    terminal.json(chunk.as_dict())
                else:
                    view.show(chunk)
        except ReqLLMError as error:
            reporter.error(error)
        except RecordingEndedError as error:
            reporter.error(error)
        view.close()
        terminal.line()
        terminal.line(summary(response.metadata(), playback.recorded_times(interaction, wire)), NOTE)
