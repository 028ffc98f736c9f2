"""Audio that a model speaks, in pieces. Pure."""

from __future__ import annotations

import base64

RAW_SOUND = ("audio/l16", "audio/pcm", "audio/l24", "audio/basic")
"""Media types of sound without a head: its pieces, one after another, are one file."""


class AudioTrack:
    """The audio of one choice: base64 that was cut anywhere, decoded as far as it is known."""

    def __init__(self) -> None:
        self.id: str | None = None
        self.index: int | None = None
        """Its place among the choice's blocks, once some of it is known."""
        self._rest = ""

    def receive(self, text: str) -> bytes:
        """Return the bytes that are known now. Raises ValueError for what is no base64."""
        text = self._rest + text
        # Only whole groups of four can be decoded.
        whole = len(text) - len(text) % 4
        self._rest = text[whole:]
        return base64.b64decode(text[:whole], validate=True)
