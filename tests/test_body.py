"""What a body is, told from its first bytes."""

from __future__ import annotations

import sys

import pytest

from reqllm.body import BodySniffer

KINDS = [
    (b"data: a\n\n", "stream"),
    (b": hi\n\n", "stream"),
    (b"\n \n data: a", "stream"),
    (b"upstream connect error", "stream"),
    (b'{"error":1}', "json"),
    (b' \r\n\t[{"a":1}]', "json"),
    (b'\xef\xbb\xbf {"a":1}', "json"),
    (b"<html>", "foreign"),
    (b"\xef\xbb\xbf\n<!doctype html>", "foreign"),
    (b"\x1f\x8b\x08rest", "foreign"),
    (b"\x1fno gzip", "stream"),
    (b" \n", None),
    (b"\xef\xbb", None),
    (b"\x1f", None),
    (b"", None),
]


@pytest.mark.parametrize(("body", "kind"), KINDS)
def test_any_cut_tells_the_same_kind(body: bytes, kind: str | None):
    """However the first bytes are cut, they tell the same, and none of them is lost."""
    for size in (1, 2, 3, len(body) or 1):
        sniffer = BodySniffer()
        taken = b""
        for at in range(0, len(body), size):
            taken += body[at : at + size]
            if sniffer.receive(body[at : at + size]) is not None:
                break
        assert sniffer.kind == kind
        assert sniffer.held == taken


def test_a_drip_of_blanks_costs_the_same_for_each():
    """Padding that drips in is looked at once: the work for a byte does not grow."""
    sniffer = BodySniffer()
    copied = 0

    def profile(frame, event, arg):
        nonlocal copied
        if event == "c_call" and getattr(arg, "__name__", "") == "lstrip":
            copied += len(arg.__self__)

    sys.setprofile(profile)
    try:
        for _ in range(2_000):
            sniffer.receive(b" ")
    finally:
        sys.setprofile(None)
    assert copied <= 4_000
    assert sniffer.receive(b"d") == "stream"


def test_padding_without_end_is_given_up():
    """Blanks beyond all padding are no reason to hold the body back."""
    assert BodySniffer().receive(b" " * 100_000) == "stream"
