"""A syrupy extension that keeps an answer as one line of JSON a chunk; see docs/snapshots.md.

syrupy's own words are at https://syrupy-project.github.io/syrupy/.
"""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from unicodedata import category

from syrupy.extensions.base import AbstractSyrupyExtension
from syrupy.extensions.json import JSONSnapshotExtension
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from reqllm.chunk import RawChunk, StreamChunk
from reqllm.cli.terminal import as_json
from reqllm.response import Response
from reqllm.stream_response import StreamResponse, SyncStreamResponse
from reqllm_fixtures.matching.normalising import Normalised
from reqllm_fixtures.snapshot_chunks import chunks_of
from reqllm_fixtures.snapshot_joining import joined

if TYPE_CHECKING:
    from syrupy.location import PyTestLocation
    from syrupy.types import PropertyFilter, PropertyMatcher, SnapshotIndex

# A file's bytes make no line that can be reviewed: longer ones are told by their sum.
_SHOWN_BYTES = 64
_LINE_ENDS = {0x2028: "\\u2028", 0x2029: "\\u2029"}  # what else a diff takes for the end of a line
_LONGEST_NAME = 180  # bytes, which leaves room for an index and the ending
_NOT_IN_NAMES = set('\\/?*:|"<>')


class StreamSnapshotExtension(SingleFileSnapshotExtension):
    """Keeps answers and lists of chunks: a file a snapshot, a line a chunk.

    Ids are numbered and what is new in every answer is blanked, so that only what an answer says is
    compared. The deltas of a block are joined; `DeltaSnapshotExtension` keeps them apart.
    """

    _write_mode = WriteMode.TEXT
    file_extension = "jsonl"
    joins: ClassVar[bool] = True

    def serialize(
        self,
        data: Any,
        *,
        exclude: PropertyFilter | None = None,
        include: PropertyFilter | None = None,
        matcher: PropertyMatcher | None = None,
    ) -> str:
        """Write a Response, a StreamResponse after its end, or chunks; a line each.

        The filters see a chunk as `as_dict()` gives it, their paths begin in it. Raises TypeError
        for anything else, ValueError for a stream that still is open.
        """
        normalised = Normalised()
        filters: dict[str, Any] = {"exclude": exclude, "include": include, "matcher": matcher}
        lines = []
        for chunk in self._chunks(data):
            plain = _filtered(_plain(chunk), filters)
            lines.append(as_json(normalised.value(plain)).translate(_LINE_ENDS))
        return "".join(f"{line}\n" for line in lines)

    def _chunks(self, data: Any) -> Sequence[StreamChunk]:
        if isinstance(data, StreamResponse | SyncStreamResponse):
            data = data.partial()
        if not isinstance(data, Response):
            chunks = _checked(data)
        elif data.state == "open":
            raise ValueError(
                "The stream is still open: read it to its end, or leave its `with` block, before "
                "it is compared with a snapshot."
            )
        elif not data.chunks and not self.joins:
            raise TypeError(
                "This answer no longer has its chunks, only what they said. To compare it delta by "
                "delta, keep them: `chunks = list(response)`, then `assert chunks == snapshot`."
            )
        else:
            chunks = data.chunks or chunks_of(data)
        return joined(chunks) if self.joins else chunks

    # A name of its own for each test: syrupy drops what no file name may hold, and then the tests
    # of "a:b" and "ab" share a file.
    @classmethod
    def get_snapshot_name(cls, *, test_location: PyTestLocation, index: SnapshotIndex = 0) -> str:
        """Name the snapshot after its test; a test whose name no file can bear gets a hash."""
        plain = AbstractSyrupyExtension.get_snapshot_name(test_location=test_location, index=index)
        name = test_location.snapshot_name
        return _as_name(name) + _as_name(plain[len(name) :])

    @classmethod
    def matches_test_location(
        cls, *, test_location: PyTestLocation, snapshot_location: str
    ) -> bool:
        """Tell whether a file is a snapshot of this test."""
        path = Path(snapshot_location)
        name = _as_name(test_location.snapshot_name)
        return (
            path.parent.name == test_location.basename
            and test_location.matches_snapshot_site(snapshot_location)
            and (path.stem == name or path.stem.startswith((f"{name}.", f"{name}[")))
        )


class DeltaSnapshotExtension(StreamSnapshotExtension):
    """Keeps every chunk as it came, so also how the provider cut its answer."""

    joins = False


def _checked(data: Any) -> Sequence[StreamChunk]:
    chunks = list(data) if isinstance(data, Iterable) and not isinstance(data, str) else [data]
    for chunk in chunks:
        if not isinstance(chunk, StreamChunk):
            raise TypeError(
                "Expected a Response, a StreamResponse that has ended, or chunks of a stream. "
                f"Came: {'' if chunk is data else 'among others '}a {type(chunk).__name__}. "
                "For other values use syrupy's own `snapshot`."
            )
    return chunks


def _plain(chunk: StreamChunk) -> dict[str, Any]:
    """Give a chunk as plain values, an event's data read as JSON and long bytes as their sum."""
    plain = chunk.as_dict()
    data = getattr(chunk, "data", None)
    if isinstance(chunk, RawChunk):
        plain["data"] = _read(chunk.data)
    elif isinstance(data, bytes) and len(data) > _SHOWN_BYTES:
        plain["data"] = f"({len(data)} bytes, sha256 {hashlib.sha256(data).hexdigest()[:16]})"
    return plain


def _filtered(plain: dict[str, Any], filters: dict[str, Any]) -> Any:
    """Apply syrupy's filters to a chunk; only of an OrderedDict does it keep the order."""
    ordered = json.loads(json.dumps(plain), object_pairs_hook=OrderedDict)
    return json.loads(JSONSnapshotExtension().serialize(ordered, **filters))


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _as_name(text: str) -> str:
    name = "".join(
        "-" if each in _NOT_IN_NAMES or category(each)[0] == "C" else each for each in text
    )
    if name == text and len(name.encode()) <= _LONGEST_NAME:
        return text
    cut = name.encode()[:_LONGEST_NAME].decode(errors="ignore")
    return f"{cut}-{hashlib.sha256(text.encode(errors='surrogatepass')).hexdigest()[:8]}"
