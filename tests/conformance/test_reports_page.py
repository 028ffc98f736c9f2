"""The page in a real browser: what it makes of hostile text, what it asks for, how it looks."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import threading
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from reqllm.cli.terminal import visible
from reqllm_fixtures.conformance.html_report import TITLE, html_report
from reqllm_fixtures.conformance.results import Matrix

from .matrices import HOSTILE, example, with_texts
from .reading_html import elements_of, read, texts_of

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
SWITCHES = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--virtual-time-budget=500",  # for what a script would do later
)
WHITE, NIGHT = (0xFF, 0xFF, 0xFF), (0x0F, 0x13, 0x18)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


def looked_at(page: str, folder: Path, *switches: str) -> str:
    """Open a page as a file in a browser with nothing of its own; give what it made of it."""
    file = folder / "report.html"
    file.write_text(page, "utf-8")
    profile = f"--user-data-dir={folder / 'profile'}"
    command = [CHROMIUM, *SWITCHES, *switches, profile, "--dump-dom", file.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout


@contextlib.contextmanager
def listening() -> Iterator[tuple[str, list[str]]]:
    """Serve nothing at an address, and note what is asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


def calling(address: str) -> str:
    """Write markup that runs a script and asks for things in several ways, if it is markup."""
    script = f"document.title='owned';fetch('{address}/fetch')"
    return (
        f"</style></script><script>{script}</script><img src='{address}/img' onerror=\"{script}\">"
        f"<link rel=stylesheet href='{address}/css'><style>@import '{address}/import';</style>"
        f"<iframe src='{address}/frame'></iframe><meta http-equiv=refresh content='0;{address}/go'>"
    )


def hostile(text: str) -> Matrix:
    """Make the example with a text before each of its own, and some more."""
    more = iter(HOSTILE * 20)
    return with_texts(example(), lambda own: own and f"{text}{own}{next(more)}")


def first_pixel(png: bytes) -> tuple[int, ...]:
    """Give the colour of the corner, whatever the picture's rows are filtered by."""
    data, at = b"", 8
    while at < len(png):
        size, kind = int.from_bytes(png[at : at + 4]), png[at + 4 : at + 8]
        data += png[at + 8 : at + 8 + size] if kind == b"IDAT" else b""
        at += size + 12
    return tuple(zlib.decompress(data)[1:4])


def test_hostile_text_is_text_in_a_browser(tmp_path: Path):
    """No text became an element, ran or asked for anything; the table holds every cell."""
    with listening() as (address, asked):
        matrix = hostile(calling(address))
        page = html_report(matrix)
        seen = looked_at(page, tmp_path)
    assert asked == []
    assert texts_of(seen)[0] == TITLE

    def shape(text: str):
        return [each for each in read(text) if each[0] in ("<", ">", "comment")]

    assert shape(seen) == shape(page)
    assert texts_of(seen) == texts_of(page)
    links = [each["href"] for each in elements_of(seen, "a")]
    assert sum(link.startswith("#cell-") for link in links) == len(list(matrix.cells))
    said = set(texts_of(seen))
    for row, cell in matrix.cells:
        assert visible(row.model) in said
        assert not cell.message or visible(cell.message) in said


def test_markup_could_do_nothing_either(tmp_path: Path):
    """Were a text not escaped, the page's policy would stop it; without that the test sees it."""
    with listening() as (address, asked):
        # That a page leads elsewhere no policy stops.
        markup = calling(address).replace("http-equiv=refresh", "name=refresh")
        page = html_report(example()).replace("<main>", f"<main>{markup}", 1)
        seen = looked_at(page, tmp_path)
        assert asked == []
        assert texts_of(seen)[0] == TITLE

        bare = page.replace("Content-Security-Policy", "nothing", 1)
        looked_at(bare, tmp_path)
    assert {"/img", "/css"} <= set(asked)


@pytest.mark.parametrize(("scheme", "corner"), [(1, WHITE), (0, NIGHT)], ids=["light", "dark"])
def test_it_follows_the_readers_colours(scheme: int, corner: tuple[int, ...], tmp_path: Path):
    """The style of the page is let through by its policy, in light and in dark."""
    picture = tmp_path / "report.png"
    looked_at(
        html_report(example()),
        tmp_path,
        f"--blink-settings=preferredColorScheme={scheme}",
        f"--screenshot={picture}",
    )
    assert first_pixel(picture.read_bytes()) == corner
