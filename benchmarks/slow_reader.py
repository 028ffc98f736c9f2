"""A reader who is much slower than its provider: nothing piles up here, and the provider waits."""

from __future__ import annotations

import http.client
import json
import socket
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import reqllm
from benchmarks.memory import growth, resident
from benchmarks.paced_server import BATCH, EVENT
from tests.shells.ways import Way

SLOWER = 100
_EVENTS_OF_BATCH = len(BATCH) // len(EVENT)


@dataclass
class Report:
    """What came of a run."""

    megabytes: int
    unread: float = 0.0
    """Seconds in which the provider sends it to somebody who throws it away."""
    seconds: float = 0.0
    """Seconds in which it was read."""
    ahead: float = 0.0
    """MB, the most that was sent and not read yet: what the system's buffers hold."""
    memory: list[float] = field(default_factory=list)
    """MB, over the run."""
    text: float = 0.0
    """MB of text, which `partial()` keeps."""
    events: int = 0
    state: str = "open"

    @property
    def slower(self) -> float:
        return self.seconds / self.unread

    @property
    def growth(self) -> float:
        """MB by which memory grew in the second half."""
        return growth(self.memory)

    def faults(self, *, slower: float = 0.9 * SLOWER, most: float = 4.0) -> list[str]:
        """What is not as it must be."""
        found = []
        if self.state != "complete" or self.events < self.megabytes * 1e6 / len(EVENT):
            found.append(f"it ended as {self.state} after {self.events} events")
        if self.slower < slower:
            found.append(f"the reader was only {self.slower:.0f} x slower")
        if self.ahead > 20:
            found.append(f"{self.ahead:.1f} MB were sent and not read yet")
        if self.growth > most:
            found.append(f"memory grew by {self.growth:.1f} MB in the second half")
        return found


def run(way: Way, url: str, *, megabytes: int, slower: float = SLOWER) -> Report:
    """Read so much of an answer, so many times slower than the provider sends it."""
    report = Report(megabytes, unread=min(_thrown_away(url, megabytes) for _ in range(3)))
    way.run(_read, way, url, report, slower)
    return report


async def _read(way: Way, url: str, report: Report, slower: float) -> None:
    host = urlsplit(url).netloc
    allowed = report.megabytes * 1e6 / report.unread / slower  # bytes a second
    http_client = way.http()
    client = way.made(base_url=url, api_key="a", http_client=http_client, max_retries=0)
    begun = time.monotonic()
    async with client.stream(f"openai:{report.megabytes}-0-flood", "Hi") as response:
        async for chunk in response:
            report.events += isinstance(chunk, reqllm.TextDelta)
            if report.events % (10 * _EVENTS_OF_BATCH) or not isinstance(chunk, reqllm.TextDelta):
                continue
            read = report.events * len(EVENT)
            report.ahead = max(report.ahead, (_sent(host) - read) / 1e6)
            report.memory.append(resident())
            await way.sleep(max(begun + read / allowed - time.monotonic(), 0))
        report.seconds = time.monotonic() - begun
        report.state = response.state
        report.text = len(response.partial().text) / 1e6
    await way.end(http_client)


def _sent(host: str) -> int:
    """Return how many bytes the system has taken from the provider."""
    connection = http.client.HTTPConnection(host)
    try:
        connection.request("GET", "/sent")
        return int(connection.getresponse().read())
    finally:
        connection.close()


def _thrown_away(url: str, megabytes: int) -> float:
    """Return the seconds in which the provider sends so much to somebody who looks at none."""
    parts = urlsplit(url)
    body = json.dumps({"model": f"{megabytes}-0-flood"}).encode()
    request = b"POST / HTTP/1.1\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)
    begun = time.monotonic()
    with socket.create_connection((parts.hostname, parts.port)) as raw:
        raw.sendall(request)
        end = b""
        while not end.endswith(b"\r\n0\r\n\r\n"):
            end = raw.recv(1 << 20)[-7:]
    return time.monotonic() - begun
