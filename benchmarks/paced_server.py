"""A light provider for many streams at a time, in a process of its own: `with running() as url:`.

The model's name says what is answered: `{events}-{milliseconds between two}-{end}`, the end being
`done`, `cut` (the connection is reset half-way) or `stall` (silence from half-way on).
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
DONE = (
    EVENT.replace(b'{"content":"word "}', b"{}").replace(b":null", b':"stop"') + b"data: [DONE]\n\n"
)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        while await answer_one(reader, writer):
            pass
    writer.close()


async def answer_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
    model = json.loads(await reader.readexactly(length))["model"]
    events, gap, end = model.split("-")
    writer.write(HEAD)
    for _ in range(int(events) if end == "done" else int(events) // 2):
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


async def serve() -> None:
    server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=2048)
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
