"""Reads a page as the list of what is in it."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[list[Any]] = []

    def handle_starttag(self, tag, attrs):
        self.found.append(["<", tag, dict(attrs)])

    def handle_endtag(self, tag):
        self.found.append([">", tag])

    def handle_data(self, data):
        if self.found and self.found[-1][0] == "text":
            self.found[-1][1] += data
        else:
            self.found.append(["text", data])

    def handle_comment(self, data):
        self.found.append(["comment", data])

    def handle_decl(self, decl):
        self.found.append(["declaration", decl])

    def unknown_decl(self, data):
        self.found.append(["declaration", data])

    def handle_pi(self, data):
        self.found.append(["instruction", data])


def read(page: str) -> list[list[Any]]:
    """Give elements with their attributes, their ends and their texts, in order."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return reader.found


def texts_of(page: str) -> list[str]:
    """Give the texts that are not blank."""
    return [each[1] for each in read(page) if each[0] == "text" and each[1].strip()]


def elements_of(page: str, tag: str) -> list[dict[str, str | None]]:
    """Give the attributes of each element of a kind."""
    return [each[2] for each in read(page) if each[:2] == ["<", tag]]
