"""A light provider for many streams at a time, in a process of its own: `with running() as url:`.

The model's name says what is answered: `{events}-{milliseconds between two}-{end}`, the end being
`done`, `cut` (the connection is reset half-way) or `stall` (silence from half-way on).
`{MB}-0-flood` is so much of an answer as fast as it is taken; `GET /sent` says how many bytes of
one went out.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
EVENT = (
    b'data: {"id":"chatcmpl-paced","object":"chat.completion.chunk","created":1,"model":"paced",'
    b'"choices":[{"index":0,"delta":{"content":"word "},"finish_reason":null}]}\n\n'
)
BATCH = EVENT * 100
DONE = (
    EVENT.replace(b'{"content":"word "}', b"{}").replace(b":null", b':"stop"') + b"data: [DONE]\n\n"
)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


class Paced:
    """Answers what the model's name asks for."""

    def __init__(self) -> None:
        self.sent = 0
        """Bytes of the last flood that the system has taken."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while await self._answer_one(reader, writer):
                pass
        writer.close()

    async def _answer_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        if head.startswith(b"get "):
            writer.write(HEAD + chunk(b"%d" % self.sent) + b"0\r\n\r\n")
            return True
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        model = json.loads(await reader.readexactly(length))["model"]
        amount, gap, end = model.split("-")
        writer.write(HEAD)
        if end == "flood":
            await self._flood(writer, int(amount) * 1_000_000)
        else:
            for _ in range(int(amount) if end == "done" else int(amount) // 2):
                writer.write(chunk(EVENT))
                await writer.drain()
                if int(gap):
                    await asyncio.sleep(int(gap) / 1000)
        if end == "cut":
            writer.transport.abort()
            return False
        if end == "stall":
            await reader.read()  # until the client leaves
            return False
        writer.write(chunk(DONE) + b"0\r\n\r\n")
        await writer.drain()
        return True

    async def _flood(self, writer: asyncio.StreamWriter, size: int) -> None:
        writer.transport.set_write_buffer_limits(0)
        self.sent = 0
        while self.sent < size:
            writer.write(chunk(BATCH))
            await writer.drain()
            self.sent += len(BATCH)


async def serve() -> None:
    server = await asyncio.start_server(Paced().serve, "127.0.0.1", 0, backlog=2048)
    print(server.sockets[0].getsockname()[1], flush=True)
    # Until whoever started this goes.
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


@contextlib.contextmanager
def running() -> Iterator[str]:
    """Run it; its address."""
    command = [sys.executable, "-m", "benchmarks.paced_server"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.stdin.close()
            process.terminate()


if __name__ == "__main__":
    asyncio.run(serve())
