"""The layouts that vcrpy and its kin have had, and bodies kept compressed."""

import gzip
import sys
import zlib
from types import ModuleType

import pytest

from reqllm_fixtures import MissingDependencyError, RecordedRequest
from reqllm_fixtures.errors import NodeError
from reqllm_fixtures.files import foreign
from reqllm_fixtures.files import format as cassette_format
from reqllm_fixtures.files.yaml_reading import parse

TEXT = "data: é\n\ndata: [DONE]\n\n"
BODY = TEXT.encode()
REQUEST = {"method": "POST", "uri": "http://a.test/", "headers": {}, "body": None}
STATUS = {"code": 200, "message": "OK"}


def read(response, request=REQUEST):
    return foreign.read_interaction({"request": request, "response": response})


@pytest.mark.parametrize(
    ("node", "body"),
    [
        ({"string": TEXT}, BODY),
        ({"string": BODY}, BODY),
        ({"string": None}, b""),
        ({"string": ""}, b""),
        ({"string": TEXT, "encoding": "utf-8"}, BODY),
        ({"base64_string": "/w==\n", "encoding": "utf-8"}, b"\xff"),
        ({"string": {"a": [1]}}, b'{"a": [1]}'),
        ({"parsed_body": {"a": [1]}}, b'{"a": [1]}'),
        (TEXT, BODY),
        (BODY, BODY),
        (None, b""),
        ({"a": 1}, b'{"a": 1}'),
        ([1], b"[1]"),
    ],
)
def test_response_bodies(node, body):
    """A body may be text, bytes, nothing or a document, in a mapping or by itself."""
    assert read({"status": STATUS, "headers": {}, "body": node}).response.body == body


@pytest.mark.parametrize(
    ("members", "body"),
    [
        ({"body": "é"}, "é".encode()),
        ({"body": b"\xff"}, b"\xff"),
        ({"body": None}, b""),
        ({}, b""),
        ({"body": {"a": 1}}, b'{"a": 1}'),
        ({"parsed_body": {"a": 1}}, b'{"a": 1}'),
        ({"body": "b", "something": "else"}, b"b"),
    ],
)
def test_request_bodies(members, body):
    """So may the body of a request; members that vcrpy would trip over are passed by."""
    request = {"method": "POST", "uri": "http://a.test/", **members}
    found = read({"status": STATUS, "body": {"string": ""}}, request).request

    assert found == RecordedRequest("POST", "http://a.test/", (), body)


@pytest.mark.parametrize(
    ("node", "body"),
    [
        ({"type": "none"}, b""),
        ({"type": "text", "content": TEXT}, BODY),
        ({"type": "json", "content": {"a": 1}}, b'{"a": 1}'),
        ({"type": "json", "content": "a"}, b'"a"'),
        ({"type": "binary", "content": "00ff"}, b"\x00\xff"),
        ({"type": "text", "content": "a", "b": 1}, b'{"type": "text", "content": "a", "b": 1}'),
        ({"type": "message", "content": "a"}, b'{"type": "message", "content": "a"}'),
    ],
)
def test_bodies_of_cassetter(node, body):
    """Its bodies say what they are, both ways; a document that only looks alike is one."""
    found = read({"status": 200, "headers": {}, "body": node}, {**REQUEST, "body": node})
    assert (found.request.body, found.response.body) == (body, body)


def test_a_body_of_cassetter_that_is_damaged():
    """Digits that are none are told."""
    with pytest.raises(NodeError, match="hexadecimal"):
        read({"status": 200, "body": {"type": "binary", "content": "0x"}})


@pytest.mark.parametrize(
    ("node", "status", "reason"),
    [
        ({"code": 429, "message": "Slow down"}, 429, "Slow down"),
        ({"code": 200, "message": ""}, 200, ""),
        ({"code": 404, "message": None}, 404, "Not Found"),
        ({"code": "200"}, 200, "OK"),
        (503, 503, "Service Unavailable"),
        ("201 Made", 201, "Made"),
        ({"code": 799}, 799, ""),
    ],
)
def test_statuses(node, status, reason):
    """A status is a mapping, a number or a line; without a message it has the usual one."""
    response = read({"status": node, "headers": {}, "body": {"string": ""}}).response

    assert (response.status, response.reason) == (status, reason)


def test_headers_are_lists_or_text():
    """Header values may be text, lists, numbers or bytes."""
    headers = {"a": "1", "b": ["2", "3"], "c": 4, "d": [b"\xe9"]}
    response = read({"status": STATUS, "headers": headers, "body": {"string": ""}}).response

    assert response.headers == (("a", "1"), ("b", "2"), ("b", "3"), ("c", "4"), ("d", "é"))


def test_old_layout_for_httpx():
    """The layout that vcrpy 4 had for httpx: a code, and content already decoded."""
    response = read(
        {
            "status_code": 200,
            "http_version": "HTTP/1.1",
            "headers": {"content-type": ["text/event-stream"], "content-encoding": ["gzip"]},
            "content": TEXT,
        }
    ).response

    assert (response.status, response.reason, response.body) == (200, "OK", BODY)
    assert response.headers == (("content-type", "text/event-stream"),)


def test_harmless_python_tags():
    """What older vcrpy wrote with tags of Python that stand for mere data is read."""
    document = parse(
        """
        text: !!python/unicode 'é'
        file: !!python/object/new:_io.BytesIO
          state: !!python/tuple [!!binary aGk=, 0, null]
        parts: !!python/object/apply:builtins.iter
          args: [[!!binary aGk=, 'é']]
        """
    )

    assert document == {"text": "é", "file": b"hi", "parts": "hié".encode()}


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def encoded(coding, body):
    headers = {
        "Content-Type": ["text/event-stream"],
        "Content-Encoding": coding,
        "Content-Length": ["17"],
        "Transfer-Encoding": ["chunked"],
    }
    return {"status": STATUS, "headers": headers, "body": {"string": body}}


PACKED = {
    "gzip": (["gzip"], gzip.compress(BODY)),
    "shouted": ("GZIP", gzip.compress(BODY)),
    "two members": (["x-gzip"], gzip.compress(BODY[:9]) + gzip.compress(BODY[9:]) + b"\0\0"),
    "deflate": (["deflate"], zlib.compress(BODY)),
    "bare deflate": (["deflate"], raw_deflate(BODY)),
    "both in one": (["deflate, gzip"], gzip.compress(zlib.compress(BODY))),
    "both in two": (["deflate", "gzip"], gzip.compress(zlib.compress(BODY))),
    "identity": (["identity"], BODY),
    "no gzip": (["gzip"], TEXT),
    "no brotli": (["br"], TEXT),
    "no deflate": (["deflate"], TEXT),
}


@pytest.mark.parametrize("name", PACKED)
def test_compressed_body_plays_decoded(name):
    """A compressed body is played as text, cut at its events, without the headers of its coding.

    So is one whose recorder had decoded it and kept the header.
    """
    coding, packed = PACKED[name]
    response = read(encoded(coding, packed)).response

    assert [piece.data for piece in response.pieces] == [BODY[:10], BODY[10:]]
    if name != "identity":
        assert response.headers == (("Content-Type", "text/event-stream"),)


def test_compressed_stream_that_broke_off():
    """A compressed recording that was cut plays as far as it goes."""
    data = bytes(range(256)) * 200
    response = read(encoded(["gzip"], gzip.compress(data, 0)[:30_000])).response

    assert data.startswith(response.body)
    assert len(response.body) > 20_000


def test_damaged_compressed_body():
    """Bytes that are neither text nor what their coding says are refused."""
    with pytest.raises(NodeError, match="a body in gzip, came one that is damaged"):
        read(encoded(["gzip"], b"\xff\xfe\xfd"))


def test_unknown_coding():
    """A coding that nobody here knows is named."""
    with pytest.raises(NodeError, match="'compress'"):
        read(encoded(["compress"], b"\x1f\x9d\x90"))


@pytest.mark.parametrize("coding", ["br", "zstd"])
def test_coding_without_a_decoder(monkeypatch, coding):
    """Where no decoder is installed the error says which one to install."""
    for name in ("brotli", "brotlicffi", "zstandard", "compression.zstd", "backports.zstd"):
        monkeypatch.setitem(sys.modules, name, None)

    with pytest.raises(MissingDependencyError, match="pip install"):
        read(encoded([coding], b"\x28\xb5\x2f\xfd\xff"))


def test_coding_with_a_decoder(monkeypatch):
    """Brotli is undone by whichever decoder can be imported."""

    class Brotli:
        decompress = staticmethod(lambda body: BODY if body == b"\xffpacked" else b"")

    monkeypatch.setitem(sys.modules, "brotli", None)
    monkeypatch.setitem(sys.modules, "brotlicffi", Brotli)
    assert read(encoded(["br"], b"\xffpacked")).response.body == BODY


class Zstandard(ModuleType):
    """Both shapes that decoders of Zstandard have."""

    def decompress(self, body):
        return BODY if body == b"\xffpacked" else b""

    def ZstdDecompressor(self):  # noqa: N802
        return self

    def decompressobj(self, read_across_frames):
        return self if read_across_frames else None


@pytest.mark.parametrize("name", ["compression.zstd", "backports.zstd", "zstandard"])
def test_zstd_with_a_decoder(monkeypatch, name):
    """So is Zstandard."""
    for other in ("compression.zstd", "backports.zstd", "zstandard"):
        monkeypatch.setitem(sys.modules, other, None)
    monkeypatch.setitem(sys.modules, name.partition(".")[0], ModuleType(name.partition(".")[0]))
    monkeypatch.setitem(sys.modules, name, Zstandard(name))

    assert read(encoded(["zstd"], b"\xffpacked")).response.body == BODY


def test_vcrpy_is_not_installed(monkeypatch):
    """A foreign cassette without vcrpy says what to install."""
    monkeypatch.setitem(sys.modules, "vcr.serialize", None)

    with pytest.raises(MissingDependencyError, match=r"reqllm\[fixtures\]"):
        read({"status": STATUS, "headers": {}, "body": {"string": ""}})


@pytest.mark.parametrize(
    ("kind", "body", "sizes"),
    [
        ("text/event-stream", b"a: 1\r\n\r\nb: 2\r\r\n\nc", [8, 8, 1]),
        ("text/event-stream; charset=utf-8", b"a\n\n\n\nb\n\n", [5, 3]),
        ("application/x-ndjson", b'{"a":1}\n{"b":2}\n', [8, 8]),
        ("application/json", b"[1,\n\n2]", [7]),
        ("application/vnd.amazon.eventstream", b"\0\0\0\x10" + b"x" * 12 + b"\0\0", [16, 2]),
        ("application/vnd.amazon.eventstream", b"\0\0\0\0garbage", [11]),
        ("application/vnd.amazon.eventstream", b"\0\0\0\4garbage", [11]),
        ("text/event-stream", b"", []),
    ],
)
def test_foreign_body_is_cut_at_its_events(kind, body, sizes):
    """Each event of a stream is a piece; what is no stream is one."""
    headers = {"content-type": [kind]}
    response = read({"status": STATUS, "headers": headers, "body": {"string": body}}).response

    assert [len(piece.data) for piece in response.pieces] == sizes
    assert response.body == body
    assert (response.end, response.recorded_at) == ("eof", None)


def test_own_files_need_no_vcrpy(monkeypatch):
    """Our own interactions are read where vcrpy is not installed."""
    from tests.fixtures_side.making import interaction

    monkeypatch.setitem(sys.modules, "vcr", None)
    monkeypatch.setitem(sys.modules, "vcr.serialize", None)
    text = cassette_format.dumps([interaction(b"x")])
    assert cassette_format.loads(text, path="c") == [interaction(b"x")]
