"""The event streams that decoders get wrong, as rows: bytes, and what must come of them.

Where the fault that a row stands for lies above framing (a sentinel, a content type, JSON), the row
says what framing must hand up for the layer above to be able to do right.
"""

from __future__ import annotations

import zlib

from msgspec import Struct

from reqllm.framing.event import MAX_EVENT_BYTES

from .reading import Reading
from .reading import WireEvent as Event

BOM = b"\xef\xbb\xbf"


def openai_chunk(delta: bytes, finish: bytes = b"null") -> bytes:
    """Return an event of the openai-chat wire."""
    return (
        b'data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"m",'
        b'"choices":[{"index":0,"delta":' + delta + b',"finish_reason":' + finish + b"}]}\n\n"
    )


HE = openai_chunk(b'{"role":"assistant","content":"He"}')
LLO = openai_chunk(b'{"content":"llo"}')
STOP = openai_chunk(b"{}", b'"stop"')
DONE = b"data: [DONE]\n\n"


def payload(event: bytes) -> bytes:
    """Return what the one data line of an event holds."""
    return event.removeprefix(b"data: ").removesuffix(b"\n\n")


def gzip(*parts: bytes) -> tuple[bytes, ...]:
    """Compress to gzip, flushing after each part, so that each can be read on its own."""
    packer = zlib.compressobj(wbits=31)
    packed = [packer.compress(part) + packer.flush(zlib.Z_SYNC_FLUSH) for part in parts]
    return (*packed, packer.flush())


class Case(Struct, frozen=True):
    """One row. `pieces` is how the catalogue cuts the body; it is cut everywhere else as well."""

    id: str
    """The catalogue's number, and a word where it has several bodies."""
    pieces: tuple[bytes, ...]
    reading: Reading
    limit: int = MAX_EVENT_BYTES

    @property
    def body(self) -> bytes:
        return b"".join(self.pieces)


def row(
    name: str,
    body: bytes | tuple[bytes, ...],
    *events: bytes | Event,
    limit: int = MAX_EVENT_BYTES,
    retry: int | None = None,
    keepalives: int = 0,
    last_id: str = "",
    too_large: bool = False,
) -> Case:
    """Write a row; an event of no name and no id is written as its data alone."""
    whole = tuple(Event(event) if isinstance(event, bytes) else event for event in events)
    pieces = (body,) if isinstance(body, bytes) else body
    return Case(name, pieces, Reading(whole, retry, keepalives, last_id, too_large), limit)


def flushed(data: bytes, name: str = "message") -> Event:
    """Return an event that the end of the stream closed."""
    return Event(data, name, flushed=True)


CASES = (
    row("S01", b"data: a\n\ndata: b\n\n", b"a", b"b"),
    # A byte order mark is one, and at the very start; anywhere else it is part of a field's name.
    row("S02", BOM + b"data: a\n\n", b"a"),
    row("S03", (b"\xef", b"\xbb", b"\xbfdata: a\n\n"), b"a"),
    row("S04", BOM + BOM + b"data: a\n\ndata: b\n\n", b"b"),
    row("S05", b"data: a\n\n" + BOM + b"data: x\n\ndata: b\n\n", b"a", b"b"),
    # Line ends, alone, mixed, and cut between CR and LF.
    row("S06", b"event: e\r\ndata: a\r\n\r\n", Event(b"a", "e")),
    row("S07", (b"data: a\r", b"\n", b"\r\n"), b"a"),
    row("S08", b"event: e\rdata: a\r\rdata: b\r\r", Event(b"a", "e"), b"b"),
    row(
        "S09",
        b"data: a\r\n\ndata: b\n\rdata: c\r\r\ndata: d\n\r\n",
        b"a",
        b"b",
        b"c",
        b"d",
    ),
    row("S10", b"data: a\r\r", b"a"),
    # Data: several lines, none, and exactly one space taken off.
    row("S11", b'data: {\ndata:  "x":1\ndata: }\n\n', b'{\n "x":1\n}'),
    row("S12", b"data\n\ndata:\n\ndata: \n\n", b"", b"", b""),
    row("S13", b"data:  a\n\ndata:b\n\ndata:\tc\n\n", b" a", b"b", b"\tc"),
    # What is no event.
    row("S14", b": keep-alive\n\n:\n\ndata: a\n: mid\ndata: b\n\n", b"a\nb", keepalives=3),
    row("S15", b": OPENROUTER PROCESSING\n\n" * 3 + HE, payload(HE), keepalives=3),
    row("S16", b"event: ping\n\ndata: a\n\n", b"a"),
    row("S17", b"retry: 3000\n\n" + HE, payload(HE), retry=3000),
    row("S17-zeros", b"retry: 0000000000000000000003000\n\n", retry=3000),
    row("S17-absurd", b"retry: 5\nretry: " + b"9" * 900 + b"\n\n", retry=5),
    row("S18", b"id: 1\n\n", last_id="1"),
    row(
        "S19",
        b"id: 1\ndata: a\n\n\n\n: ping\n\ndata: b\n\n",
        Event(b"a", id="1"),
        Event(b"b", id="1"),
        keepalives=1,
        last_id="1",
    ),
    row("S20", b"id: 1\x002\ndata: a\n\n", b"a"),
    row("S21", b"retry: 10x\nretry: -5\nretry: \xd9\xa3\ndata: a\n\n", b"a"),
    # Bytes inside of data are nobody's business here.
    row("S22", b"data: a\x00b\n\n", b"a\x00b"),
    row(
        "S23",
        'data: {"t":"a\u2028b\u2029c\u0085d"}\n\n'.encode(),
        '{"t":"a\u2028b\u2029c\u0085d"}'.encode(),
    ),
    row("S24", b"data: a\x0bb\x0cc\x1cd\x1de\x1ef\n\n", b"a\x0bb\x0cc\x1cd\x1de\x1ef"),
    row("S25", "data: é😀漢\n\n".encode(), "é😀漢".encode()),
    row("S26", b"data: a\xffb\n\ndata: c\n\n", b"a\xffb", b"c"),
    row("S27", b"data: a\xf0\x9f\x98\n\ndata: c\n\n", b"a\xf0\x9f\x98", b"c"),
    row("S28", "data: déjà vu\n\n".encode(), "déjà vu".encode()),
    row("S29", b"\n  \ndata: a\n\n", b"a"),
    # Ends without the last blank line, at every stage of the last event.
    row("S30", b"data: a\n\ndata: b\n", b"a", flushed(b"b")),
    row("S30-name", b"event: e\ndata: b", flushed(b"b", "e")),
    row("S31", HE + STOP[:-2], payload(HE), flushed(payload(STOP))),
    row("S31-one-line-end", HE + STOP[:-1], payload(HE), flushed(payload(STOP))),
    row("S32", HE + b'data: {"a":', payload(HE), flushed(b'{"a":')),
    row("S32-in-the-name", HE + b"dat", payload(HE)),
    row("S33", HE + b"data: [DONE]", payload(HE), flushed(b"[DONE]")),
    # The sentinel in its spellings: data like any other.
    row("S34-no-space", b"data:[DONE]\n\n", b"[DONE]"),
    row("S34-space-behind", b"data: [DONE] \n\n", b"[DONE] "),
    row("S34-crlf", b"data: [DONE]\r\n\r\n", b"[DONE]"),
    row("S35", b'data: "[DONE]"\n\n', b'"[DONE]"'),
    row(
        "S36", openai_chunk(b'{"content":"[DONE]"}'), payload(openai_chunk(b'{"content":"[DONE]"}'))
    ),
    row("S37", HE + STOP + DONE + LLO, payload(HE), payload(STOP), payload(DONE), payload(LLO)),
    # Fields that are not quite fields.
    row("S38-unknown", b"foo: bar\nbaz\ndata: a\n\n", b"a"),
    row("S38-spelling", b" data: x\ndata : y\nData: z\ndata: a\n\n", b"a"),
    row("S39", b"event: e\nevent:\ndata: a\n\n", b"a"),
    row("S40", b"data: a:b: c\n\n", b"a:b: c"),
    # Size, on a small scale; `test_sse_growth` has the large one.
    row("S41", b"data: " + b"x" * 700 + b"\n\n", b"x" * 700, limit=706),
    row("S42", b"data: " + b"x" * 700 + b"\n\ndata: a\n\n", b"x" * 700, b"a"),
    row("S43", b"data: a\n\ndata: " + b"x" * 80, b"a", limit=64, too_large=True),
    row(
        "S43-then-more",
        b"data: a\n\ndata: " + b"x" * 80 + b"\n\ndata: b\n\ndata: c\ndata: c\n\ndata",
        b"a",
        limit=64,
        too_large=True,
    ),
    row(
        "S43-many-lines",
        b"data: a\n\n" + b"data: xx\n" * 20 + b"\ndata: b\n\n",
        b"a",
        limit=16,
        too_large=True,
    ),
    row(
        "S43-long-but-allowed",
        b"id: 1\n: much\n: talk\ndata: a\n\ndata: b\n\n",
        Event(b"a", id="1"),
        Event(b"b", id="1"),
        limit=10,
        keepalives=2,
        last_id="1",
    ),
    row("S44-lf", b"\n" * 200),
    row("S44-comments", b":\n" * 200, keepalives=200),
    row("S45", b"\n\n\r\n\rdata: a\n\n", b"a"),
    row("S46", (b"", b"da", b"", b"", b"ta: a\r", b"", b"\n\n", b""), b"a"),
    # Compressed: framing reads what was unpacked, and makes no event of what was not.
    row(
        "S47",
        tuple(map(zlib.decompressobj(wbits=31).decompress, gzip(b"data: a\n\nda", b"ta: b\n\n"))),
        b"a",
        b"b",
    ),
    row("S48", gzip(b"data: a\n\n", b"data: b\n\n")),
    # Other documents than event streams.
    row("S49", b'{\n  "error": {\n    "message": "no",\n    "data": 1\n  }\n}\n'),
    row("S50", b'{"message":{"content":"He"}}\n{"message":{"content":"llo"}}\n{"done":true}\n'),
)
