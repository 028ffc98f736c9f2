"""Signals, forks, event loops one after the other, and the end of the process."""

from __future__ import annotations

import asyncio
import functools
import gc
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio
import httpx
import httpx2
import pytest

import reqllm
from tests.loopback.provider import KEY
from tests.loopback.server import LoopbackServer

from .programs import run
from .ways import Way, on_asyncio

# The end of the process.
LEFT_OPEN = {
    "sync": """
        client = reqllm.Client(**options)
        response = client.stream("openai:fault-words", "Hi").__enter__()
        chunks = iter(response)
        print(next(chunks).kind)
    """,
    "asyncio": """
        import anyio
        async def main():
            global kept
            client = reqllm.AsyncClient(**options)
            response = await reqllm.start_stream("openai", "fault-words", "Hi", client=client)
            kept = client, response, aiter(response)
            print((await anext(kept[2])).kind)
        anyio.run(main)
    """,
}
LEFT_OPEN["trio"] = LEFT_OPEN["asyncio"].replace("run(main)", 'run(main, backend="trio")')
LEFT_OPEN["a thread in a read"] = """
    client = reqllm.Client(**options)
    response = client.stream("openai:fault-stall_mid", "Hi").__enter__()
    threading.Thread(target=response.text, daemon=True).start()
    time.sleep(0.1)
    print("stream_start")
"""


@pytest.mark.parametrize("program", LEFT_OPEN.values(), ids=LEFT_OPEN)
def test_the_process_ends_while_a_stream_is_open(program: str, server: LoopbackServer) -> None:
    """A program that ends with a stream still open ends, with no traceback."""
    assert run(program, server.url) == "stream_start\n"


# Signals.
INTERRUPTED = """
    client = reqllm.Client(**options)
    try:
        with client.stream("openai:fault-stall_mid", "Hi") as response:
            for chunk in response:
                if chunk.kind == "text_start":
                    soon(signal.SIGINT)
    except KeyboardInterrupt:
        assert response.partial().text, response.partial()
        print(response.state, response.partial().finish_reason.reason)
"""
CANCELLED = """
    client = reqllm.Client(**options)
    signal.signal(signal.SIGUSR1, lambda *_: response.cancel("a signal"))
    with client.stream("openai:fault-stall_mid", "Hi") as response:
        soon(signal.SIGUSR1)
        kinds = [chunk.kind for chunk in response]
    assert kinds[-1] == "finish" and response.error is None, kinds
    print(response.state, response.partial().finish_reason.reason)
"""
INTERRUPTED_TASK = """
    async def main():
        global response
        async with reqllm.AsyncClient(**options) as client:
            async with client.stream("openai:fault-stall_mid", "Hi") as response:
                soon(signal.SIGINT)
                async for chunk in response:
                    pass
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        print(response.state, response.partial().finish_reason.reason)
"""
CANCELLED_TASK = """
    async def main():
        loop, tasks = asyncio.get_running_loop(), []
        stop = lambda: tasks.append(loop.create_task(response.cancel("a signal")))
        loop.add_signal_handler(signal.SIGUSR1, stop)
        async with reqllm.AsyncClient(**options) as client:
            async with client.stream("openai:fault-stall_mid", "Hi") as response:
                soon(signal.SIGUSR1)
                kinds = [chunk.kind async for chunk in response]
        assert kinds[-1] == "finish" and response.error is None, kinds
        print(response.state, response.partial().finish_reason.reason)
    asyncio.run(main())
"""


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(INTERRUPTED, id="interrupted"),
        pytest.param(CANCELLED, id="cancelled"),
        pytest.param(INTERRUPTED_TASK, id="interrupted task"),
        pytest.param(CANCELLED_TASK, id="cancelled task"),
    ],
)
def test_signals(program: str, server: LoopbackServer) -> None:
    """A signal in the middle of a read ends it, frees its connection, and keeps what had come."""
    assert run(program, server.url) == "interrupted cancelled\n"
    assert server.wait_for(lambda: server.open_connections == 0)


# Forks.
FORKED = """
    import warnings
    warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12's, of any other thread
    client = reqllm.Client(**options)
    def ask():
        with client.stream("openai:text", "Hi") as response:
            return response.text()
    ask()
    child = os.fork()
    answers = [ask() for _ in range(5)]
    assert len(set(answers)) == 1, answers
    if child:
        assert os.waitpid(child, 0)[1] == 0
        print("both")
    else:
        os._exit(0)
"""
FORKED_WHILE_OPEN = """
    import warnings
    warnings.simplefilter("ignore")  # the copy of the socket is closed with the child
    client = reqllm.Client(**options)
    with client.stream("openai:fault-words", "Hi", total=30) as response:
        chunks = iter(response)
        next(chunks)
        child = os.fork()
        if not child:
            {how}
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        for _ in range(20):
            assert next(chunks).kind != "finish"
    print(response.state, response.partial().text.count("H") > 1)
"""


def test_a_fork_does_not_share_connections(server: LoopbackServer) -> None:
    """Parent and child each have connections of their own: neither reads the other's answer."""
    assert run(FORKED, server.url) == "both\n"
    assert server.connections == 2


@pytest.mark.parametrize("how", ["response.cancel()", "del response, chunks; gc.collect()"])
def test_a_fork_leaves_an_open_stream_alone(server: LoopbackServer, how: str) -> None:
    """A child that lets go of its copy of a stream does not end that of its parent."""
    assert run(FORKED_WHILE_OPEN.format(how=how), server.url) == "interrupted True\n"


# Threads.
def test_threads_that_begin_at_once_share_connections(server: LoopbackServer) -> None:
    """One HTTP client is made for all of them: a second would be closed by nobody."""
    together = threading.Barrier(8)

    def ask(client: reqllm.Client) -> Any:
        together.wait(10)
        with client.stream("openai:text", "Hi") as response:
            response.text()
        return client.http_client

    with ThreadPoolExecutor(8) as pool:
        for _ in range(3):
            with reqllm.Client(base_url=server.url, api_key=KEY) as client:
                made = set(pool.map(ask, [client] * 8))
                assert made == {client.http_client}


def test_loops_that_begin_at_once_keep_what_is_theirs() -> None:
    """Each loop of many threads gets the HTTP client that was made for it, and none is lost."""
    client = reqllm.AsyncClient(api_key=KEY)
    together = threading.Barrier(8)

    async def made() -> tuple[Any, Any]:
        together.wait(10)
        first = client.http_client
        together.wait(10)
        same = client.http_client
        together.wait(10)  # no loop ends before
        await client.aclose()
        return first, same

    with ThreadPoolExecutor(8) as pool:
        pairs = [each.result() for each in [pool.submit(anyio.run, made) for _ in range(8)]]
    assert all(first is same and first.is_closed for first, same in pairs)
    assert len({id(first) for first, _ in pairs}) == 8


# Event loops.
@pytest.mark.parametrize("loop", ["asyncio", "trio"])
def test_one_client_on_one_loop_after_the_other(loop: str, server: LoopbackServer) -> None:
    """A client of ours serves every loop that it is used on, with connections of each its own."""
    client = reqllm.AsyncClient(base_url=server.url, api_key=KEY, max_retries=0)

    async def ask(*, last: bool = False) -> str:
        for _ in range(2):
            async with client.stream("openai:text", "Hi") as response:
                text = await response.text()
        if last:
            await client.aclose()
        return text

    with warnings.catch_warnings():
        # Nobody closed the connections of the loops that ended before.
        warnings.simplefilter("ignore", ResourceWarning)
        answers = {anyio.run(ask, backend=loop) for _ in range(2)}
        answers.add(anyio.run(functools.partial(ask, last=True), backend=loop))
        gc.collect()
    assert len(answers) == 1
    assert server.connections == 3
    assert len(client._made._kept) == 1


@on_asyncio
async def test_one_client_on_two_loops_at_once(way: Way, server: LoopbackServer) -> None:
    """A client that is used on another loop meanwhile has lost nothing of this one's."""
    client = reqllm.AsyncClient(base_url=server.url, api_key=KEY, max_retries=0)

    async def ask() -> str:
        async with client.stream("openai:text", "Hi") as response:
            return await response.text()

    async def ask_and_close() -> str:
        async with client:
            return await ask()

    async with client:
        first = await ask()
        assert await anyio.to_thread.run_sync(asyncio.run, ask_and_close()) == first
        assert await ask() == first
    assert server.connections == 2


@pytest.mark.parametrize("library", [httpx, httpx2])
def test_a_client_that_was_given_is_of_one_loop(library: Any, server: LoopbackServer) -> None:
    """Somebody's own HTTP client, used on a second loop, is refused in words that say why."""
    client = reqllm.AsyncClient(
        base_url=server.url, api_key=KEY, http_client=library.AsyncClient(verify=False)
    )

    async def ask(client: reqllm.AsyncClient) -> str:
        async with client.stream("openai:text", "Hi") as response:
            return await response.text()

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        asyncio.run(ask(client))
        with pytest.raises(reqllm.InvalidInputError, match="make one for each event loop"):
            asyncio.run(ask(client))
        del client
        gc.collect()
