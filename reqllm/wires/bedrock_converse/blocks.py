"""Blocks of a Converse answer that are handed out whole: images, and results of tools."""

from __future__ import annotations

import base64
from typing import Any

from reqllm import chunk as c
from reqllm.wires.bedrock_converse.words import HIDDEN, WIRE
from reqllm.wires.common.blocks import Block
from reqllm.wires.common.fields import as_list, as_object, as_string, filled


def take_hidden(block: Block, pieces: list[str]) -> None:
    """Put hidden reasoning into its block: the text that it is on the wire of its vendor.

    This wire sends that text's bytes in base64. What is no text goes back as it came.
    """
    try:
        text = _decoded(pieces).decode("ascii")
    except ValueError:
        text = ""
    block.data = text or "".join(pieces)
    if not text:
        block.metadata[HIDDEN] = block.data


def _decoded(pieces: list[str]) -> bytes:
    return b"".join(base64.b64decode(piece, validate=True) for piece in pieces)


class ImageBlock:
    """An image that the model made."""

    def __init__(self, content: dict[str, Any]) -> None:
        self._content = content
        self._data: list[str] = []
        self._url: str | None = None
        self._error: Any = None
        self.take(content)

    def take(self, delta: dict[str, Any]) -> None:
        """Take a piece of its bytes, its place, or why there is none."""
        source = as_object(delta.get("source"))
        data = filled(source.get("bytes"))
        if data is not None:
            self._data.append(data)
        self._url = filled(as_object(source.get("s3Location")).get("uri")) or self._url
        self._error = delta.get("error") or self._error

    def chunk(self, index: int) -> c.StreamChunk:
        kind = f"image/{as_string(self._content.get('format')) or 'png'}"
        try:
            data = _decoded(self._data)
        except ValueError:
            data = b""
        if not data and self._url is None:
            whole = {**self._content, "bytes": self._data, "error": self._error}
            return c.CustomChunk(f"{WIRE}.image", whole, index)
        return c.FileChunk(index, media_type=kind, data=data or None, url=self._url)


class ResultBlock:
    """The result of a tool that the provider ran."""

    def __init__(self, content: dict[str, Any]) -> None:
        self._block = {**content, "content": list(as_list(content.get("content")))}

    def take(self, delta: Any) -> None:
        """Take more of the result's parts."""
        self._block["content"] += delta if isinstance(delta, list) else [delta]

    def chunk(self, index: int) -> c.StreamChunk:
        block = self._block
        return c.ToolResult(
            as_string(block.get("toolUseId")),
            block,
            filled(block.get("type")),
            block.get("status") == "error",
            index,
        )
