"""A server of recordings, in a thread of this process."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from reqllm_fixtures.cli.looking_over import cassettes_in
from reqllm_fixtures.matching.matchers import Rules
from reqllm_fixtures.secrets.redaction import Redactor
from reqllm_fixtures.serving.application import application
from reqllm_fixtures.serving.by_path import ByPath
from reqllm_fixtures.serving.rereading import Files
from reqllm_fixtures.serving.server import Server, listen, url_of
from reqllm_fixtures.serving.shelf import Shelf


class Served(NamedTuple):
    """A running server: its address, what it serves, and what it said."""

    url: str
    shelf: Shelf
    said: list[str]


@contextmanager
def serving(
    *paths: Path | str,
    match: Sequence[str] = (),
    repeat: bool = False,
    pace: float = 0.0,
    secrets: Sequence[str] = (),
    **more: Any,
) -> Iterator[Served]:
    """Serve files and folders while the block runs."""
    said: list[str] = []
    shelf = Shelf(ByPath(Rules(match)), Redactor.of(secrets).redact_request, repeat=repeat)
    files = Files(lambda: cassettes_in(map(str, paths)), shelf, said.append)
    assert not files.open()
    server = Server(application(shelf, files, pace=pace, say=said.append, **more))
    with listen("127.0.0.1", 0) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield Served(url_of(listener), shelf, said)
        finally:
            server.should_exit = True
            thread.join(10)
    assert not thread.is_alive()


@pytest.fixture
def serve() -> Iterator[Any]:
    """Gives `serving` for the length of a test."""
    with ExitStack() as stack:
        yield lambda *paths, **options: stack.enter_context(serving(*paths, **options))
