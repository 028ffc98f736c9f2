"""What a cassette costs: while recording, when it is opened, and when it is played."""

from __future__ import annotations

import gc
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson
import yaml

from benchmarks import streams
from reqllm_fixtures import use_cassette
from reqllm_fixtures.cassette import (
    Cassette,
    Interaction,
    Piece,
    RecordedRequest,
    RecordedResponse,
)
from reqllm_fixtures.files.format import load, save
from reqllm_fixtures.matching.matchers import strict
from tests.loopback.messages import Answer, Write
from tests.loopback.server import LoopbackServer

EVENT = streams.answer("openai-chat", 20)[10]
STREAM = (("content-type", "text/event-stream"),)


def main(rounds: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _first_piece(folder, rounds)
        _throughput(folder, rounds)
        _opening(folder, rounds)
        _first_opening(folder, rounds)
        _playing(folder, rounds)


def _first_piece(folder: Path, rounds: int) -> None:
    """The time to the first of 20 pieces, 2 ms apart, with and without the tee."""
    body = [Write(EVENT, 0.002) for _ in range(20)]
    with _server(body) as url:
        plain, taped = [], []
        with httpx.Client() as client:
            for number in range(rounds * 10):
                plain.append(_time_to_first(client, url))
                path = folder / f"first{number}.yaml"
                with use_cassette(path, mode="record") as used:
                    transport = used.transport(httpx, upstream=client._transport)
                    taped.append(_time_to_first(_Kept(transport), url))
    added = (statistics.median(taped) - statistics.median(plain)) * 1e3
    print(f"\nfirst piece while recording: {added:+.3f} ms over not recording (budget 1 ms)")


class _Kept:
    """A client whose transport stays open: only the answer is timed."""

    def __init__(self, transport: Any) -> None:
        self._client = httpx.Client(transport=transport)

    def stream(self, *args: Any) -> Any:
        return self._client.stream(*args)


def _time_to_first(client: Any, url: str) -> float:
    begun = time.perf_counter()
    with client.stream("POST", url) as response:
        pieces = response.iter_raw()
        next(pieces)
        first = time.perf_counter() - begun
        for _ in pieces:
            pass
    return first


def _throughput(folder: Path, rounds: int) -> None:
    """A long answer as fast as the network gives it: read, kept in a list, and recorded."""
    for named, write, count in (
        ("an event a write", EVENT, 4000),
        ("61 KB a write", EVENT * 200, 100),
    ):
        with _server([Write(write) for _ in range(count)]) as url:

            def plain(url: str = url) -> float:
                return _read(httpx.HTTPTransport(verify=False), url, lambda _: None)

            def kept(url: str = url) -> float:
                return _read(httpx.HTTPTransport(verify=False), url, [].append)

            def recording(url: str = url) -> float:
                path = folder / "long.yaml"
                with use_cassette(path, mode="record", record_on_error=False) as used:
                    upstream = httpx.HTTPTransport(verify=False)
                    took = _read(used.transport(upstream=upstream), url, lambda _: None)
                    used.discard()
                return took

            runs = (plain, kept, recording)
            best = [
                min(each)
                for each in zip(*([run() for run in runs] for _ in range(rounds * 2)), strict=True)
            ]
        size = len(write) * count / 1e6
        print(
            f"throughput while recording, {named}: {size / best[2]:.0f} MB/s, "
            f"{best[0] / best[2]:.2f} x that of not recording (budget 0.9), "
            f"{best[1] / best[2]:.2f} x that of a client that keeps what it reads"
        )


def _read(transport: Any, url: str, take: Callable[[bytes], object]) -> float:
    with httpx.Client(transport=transport) as client:
        gc.collect()
        begun = time.perf_counter()
        with client.stream("POST", url) as response:
            for piece in response.iter_raw():
                take(piece)
        return time.perf_counter() - begun


def _opening(folder: Path, rounds: int) -> None:
    """Opening a cassette beside the bare parse of its file."""
    print("opening a cassette beside the parse of its text (budgets: YAML 1.2, JSON 2)")
    for size, count in ((10_000, 1), (100_000, 1), (1_000_000, 1), (10_000_000, 1), (500_000, 100)):
        for ending, parse in (("yaml", _libyaml), ("json", orjson.loads)):
            path = folder / f"open{size}.{ending}"
            _write(path, size, count)
            times = 1 if size > 1_000_000 else 20
            best = _fastest(
                {
                    "parse": lambda path=path, parse=parse: parse(path.read_bytes()),
                    "open": lambda path=path: load(path),
                },
                min(rounds, 5),
                times,
            )
            print(
                f"  {ending} {size:>10,} bytes in {count:>3}: parse {best['parse'] * 1e3:8.3f} ms, "
                f"open {best['open'] * 1e3:8.3f} ms, {best['open'] / best['parse']:.2f} x"
            )


def _first_opening(folder: Path, rounds: int) -> None:
    """The first cassette of a process, opened; what importing us costs is in it."""
    path = folder / "first.yaml"
    _write(path, 10_000)
    bare = "import sys, httpx"
    opening = "from reqllm_fixtures import use_cassette\nwith use_cassette(sys.argv[1]): pass"

    def run(code: str) -> None:
        subprocess.run([sys.executable, "-c", code, str(path)], check=True)

    best = _fastest({"bare": lambda: run(bare), "open": lambda: run(f"{bare}\n{opening}")}, rounds)
    above = (best["open"] - best["bare"]) * 1e3
    print(
        f"the first cassette of a run: {above:.1f} ms above import httpx, which with Python itself "
        f"takes {best['bare'] * 1e3:.1f} ms (budget 40 ms)"
    )


def _playing(folder: Path, rounds: int) -> None:
    """A cassette of 10 KB opened, played and closed, beside httpx on a body from memory."""
    path = folder / "play.yaml"
    _write(path, 10_000)
    pieces = [piece.data for piece in load(path).interactions[0].response.pieces]

    class Memory(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            return iter(pieces)

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers=list(STREAM), stream=Memory())

    def read(transport: Any) -> None:
        client = httpx.Client(transport=transport)
        with client, client.stream("POST", "https://api.example.com/v1", json={"a": 1}) as response:
            for _ in response.iter_raw():
                pass

    def play() -> None:
        with use_cassette(path, mode="replay") as used:
            read(used.transport(httpx))

    best = _fastest({"memory": lambda: read(httpx.MockTransport(answer)), "play": play}, rounds, 20)
    above = (best["play"] - best["memory"]) * 1e3
    print(
        f"a 10 KB cassette opened, played and closed: {best['play'] * 1e3:.2f} ms, "
        f"{above:.2f} ms above httpx on a body from memory (budget 1 ms)"
    )


def _write(path: Path, size: int, count: int = 1) -> None:
    """Write a cassette of about this size, in so many interactions."""
    events = max(1, size // count // (len(EVENT) + 7))
    response = RecordedResponse(
        200, "OK", STREAM, tuple(Piece(EVENT, float(number)) for number in range(events))
    )
    requests = (
        RecordedRequest("POST", "https://api.example.com/v1", body=json.dumps({"a": n}).encode())
        for n in range(1, count + 1)
    )
    interactions = tuple(Interaction(request, response) for request in requests)
    save(Cassette(path, interactions, matcher=strict))


def _libyaml(content: bytes) -> Any:
    return yaml.load(content, Loader=yaml.CSafeLoader)


@contextmanager
def _server(body: list[Write]) -> Iterator[str]:
    def answer(request: object) -> Answer:
        return Answer(headers=STREAM, body=body)

    with LoopbackServer(answer) as server:
        yield server.url


def _fastest(
    runs: dict[str, Callable[[], object]], rounds: int, times: int = 1
) -> dict[str, float]:
    best = dict.fromkeys(runs, float("inf"))
    for _ in range(rounds):
        for name, run in runs.items():
            gc.collect()
            begun = time.perf_counter()
            for _ in range(times):
                run()
            best[name] = min(best[name], (time.perf_counter() - begun) / times)
    return best
