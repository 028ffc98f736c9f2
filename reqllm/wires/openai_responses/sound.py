"""Audio of a Responses answer, and what is said in it. Pure."""

from __future__ import annotations

from collections.abc import Callable

from reqllm import chunk as c
from reqllm.wires.common.audio import AudioTrack
from reqllm.wires.common.blocks import Block, BlockWriter


class Sound:
    """Writes the one track that an answer may have, and its transcript as text."""

    def __init__(self, write: BlockWriter, warn_once: Callable[[str, str], None]) -> None:
        self._write = write
        self.warn_once = warn_once
        self._track = AudioTrack()
        self._transcript: Block | None = None

    def take(self, family: str, step: str, delta: str) -> None:
        """Take an event of either; its events say of no item that they are of."""
        if family == "response.audio.transcript":
            self._say(delta, is_end=step == "done")
        else:
            self._hear(delta)

    def _say(self, delta: str, *, is_end: bool) -> None:
        if self._transcript is None and delta:
            self._transcript = self._write.start_text()
        if self._transcript is not None:
            self._write.text(self._transcript, delta)
            if is_end:
                self._write.close(self._transcript)
                self._transcript = None

    def _hear(self, delta: str) -> None:
        try:
            known = self._track.receive(delta)
        except ValueError:
            self.warn_once("bad_base64", "audio data was no base64; left out")
            return
        if known:
            if self._track.index is None:
                self._track.index = self._write.next_index(0)
            self._write.out.append(c.FileDelta(known, self._track.index))
