"""What a replayed test costs: suites of tests with a cassette each, side by side.

Whoever opens a client in each test is compared with who does so too, and whoever shares one client
with who shares one: theirs was built for the network, with its TLS context, and ours is not, as its
module is patched. Ours is also compared with theirs where each of our tests opens its own on a
transport of its cassette.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import httpx
import vcr

from benchmarks import streams
from reqllm_fixtures import Cassette, Interaction, Piece, RecordedRequest, RecordedResponse, save
from reqllm_fixtures.matching.matchers import strict

URL = "https://api.example.com/v1/chat/completions"
EVENTS = streams.answer("openai-chat", 24)
STREAM = (("content-type", "text/event-stream"),)
ASK = f"""
import json
import httpx
import pytest

def ask(client, number):
    asked = {{"model": "bench", "stream": True, "n": number}}
    with client.stream("POST", {URL!r}, json=asked) as response:
        assert sum(line.startswith("data:") for line in response.iter_lines()) == {len(EVENTS)}
"""
OWN = "    with httpx.Client({}) as client:\n        ask(client, {{number}})\n"
SHARED_CLIENT = "from shared import CLIENT\n"


class Kind(NamedTuple):
    """A way to write the suite, and the plugins that it needs."""

    plugins: tuple[str, ...]
    head: str
    test: str
    """The lines of a test, with its number where `{number}` stands."""


KINDS = {
    "an empty test": Kind((), "", "def test_{number}():\n    pass\n"),
    "reqllm, own client": Kind(
        ("reqllm_fixtures.plugin",),
        "",
        "def test_{number}(reqllm_cassette):\n"
        + OWN.format("transport=reqllm_cassette.transport()"),
    ),
    "reqllm, patch=True, own client": Kind(
        ("reqllm_fixtures.plugin",),
        "pytestmark = pytest.mark.reqllm(patch=True)\n",
        "def test_{number}():\n" + OWN.format(""),
    ),
    "reqllm, patch=True, shared client": Kind(
        ("reqllm_fixtures.plugin",),
        f"{SHARED_CLIENT}pytestmark = pytest.mark.reqllm(patch=True)\n",
        "def test_{number}():\n    ask(CLIENT, {number})\n",
    ),
    "pytest-recording, own client": Kind(
        ("pytest_recording.plugin",),
        "pytestmark = pytest.mark.vcr\n",
        "def test_{number}():\n" + OWN.format(""),
    ),
    "pytest-recording, shared client": Kind(
        ("pytest_recording.plugin",),
        f"{SHARED_CLIENT}pytestmark = pytest.mark.vcr\n",
        "def test_{number}():\n    ask(CLIENT, {number})\n",
    ),
    "pytest-httpx, shared client": Kind(
        ("pytest_httpx",),
        f"{SHARED_CLIENT}BODY = {b''.join(EVENTS)!r}\nHEADERS = {dict(STREAM)!r}\n",
        "def test_{number}(httpx_mock):\n"
        "    httpx_mock.add_response(content=BODY, headers=HEADERS)\n"
        "    ask(CLIENT, {number})\n",
    ),
}
OURS, PATCHED, OURS_SHARED, OWN_CLIENT, SHARED, MOCK = list(KINDS)[1:]
AIMS = {OWN_CLIENT: 0.1, SHARED: 1 / 3, MOCK: 1.5}
COMPARED = {
    OURS: (OWN_CLIENT, SHARED, MOCK),
    PATCHED: (OWN_CLIENT,),
    OURS_SHARED: (SHARED, MOCK),
}


def main(tests: int = 500, rounds: int = 3) -> None:
    """Print what each test of 30 events takes above an empty one.

    The first round is the one in which Python compiles what it imports.
    """
    with tempfile.TemporaryDirectory() as name:
        suites = {kind: _written(Path(name, str(i)), kind, tests) for i, kind in enumerate(KINDS)}
        best = dict.fromkeys(KINDS, float("inf"))
        for _ in range(rounds):
            for kind, folder in suites.items():
                best[kind] = min(best[kind], _cpu(lambda f=folder, k=kind: _run(f, k)))  # type: ignore[misc]
        above = {kind: (each - best["an empty test"]) / tests * 1e3 for kind, each in best.items()}
        print(f"\n{tests} tests of {len(EVENTS)} events, CPU time of each above an empty test")
        for kind, each in above.items():
            if each:
                print(f"  {kind:34} {each:6.2f} ms{_ratios(kind, above)}")
        _scaling(suites)


def _ratios(kind: str, above: dict[str, float]) -> str:
    return "".join(
        f"; {above[kind] / above[other]:.2f} x {other} (aim {AIMS[other]:.2f})"
        for other in COMPARED.get(kind, ())
    )


def _scaling(suites: dict[str, Path]) -> None:
    """Print what a second process gains; it, too, must collect all tests, and send its reports."""
    print("  with -n 2, the whole run")
    for kind in ("an empty test", OURS, MOCK):
        seconds = []
        for how in ((), ("-p", "xdist.plugin", "-n", "2")):
            begun = time.perf_counter()
            _run(suites[kind], kind, *how)
            seconds.append(time.perf_counter() - begun)
        alone, divided = seconds
        print(
            f"  {kind:34} {divided:6.2f} s, without {alone:6.2f} s: {alone / divided:.2f} x as fast"
        )


def _run(folder: Path, kind: str, *more: str) -> None:
    plugins = [option for each in KINDS[kind].plugins for option in ("-p", each)]
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *plugins, *more],
        cwd=folder,
        env={
            **os.environ,
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            # As after an installation, which compiles: also ours, which may lie in a work tree.
            "PYTHONDONTWRITEBYTECODE": "",
            "PYTHONPYCACHEPREFIX": str(folder.parent / "compiled"),
        },
        stdout=subprocess.DEVNULL,
        check=True,
    )


def _cpu(run: Callable[[], None]) -> float:
    """Measure in time of the processor: what else the machine does counts less in it."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _written(folder: Path, kind: str, tests: int) -> Path:
    """Write a suite in modules of 100 tests, and the cassettes that it needs."""
    folder.mkdir()
    folder.joinpath("shared.py").write_text("import httpx\n\nCLIENT = httpx.Client()\n")
    for first in range(0, tests, 100):
        module = f"test_{first}"
        numbers = range(first, min(first + 100, tests))
        cassettes = folder / "cassettes" / module
        cassettes.mkdir(parents=True)
        text = ASK + KINDS[kind].head
        for number in numbers:
            text += KINDS[kind].test.replace("{number}", str(number))
            if "reqllm" in kind:
                save(Cassette(cassettes / f"test_{number}.yaml", [_answer(number)], matcher=strict))
            elif "recording" in kind:
                _save_for_vcrpy(cassettes / f"test_{number}.yaml", number)
        folder.joinpath(f"{module}.py").write_text(text)
    return folder


def _answer(number: int) -> Interaction:
    asked = httpx.Request("POST", URL, json={"model": "bench", "stream": True, "n": number})
    pieces = tuple(Piece(event, float(i)) for i, event in enumerate(EVENTS))
    request = RecordedRequest("POST", URL, tuple(asked.headers.items()), asked.content)
    return Interaction(request, RecordedResponse(200, "OK", STREAM, pieces))


def _save_for_vcrpy(path: Path, number: int) -> None:
    """Write what vcrpy would have recorded."""
    request = vcr.request.Request("POST", URL, _answer(number).request.body, {})
    answer = {
        "status": {"code": 200, "message": "OK"},
        "headers": {name: [value] for name, value in STREAM},
        "body": {"string": b"".join(EVENTS)},
    }
    document = {"requests": [request], "responses": [answer]}
    path.write_text(vcr.serialize.serialize(document, vcr.serializers.yamlserializer))


if __name__ == "__main__":
    main()
