"""A request that no recording answers fails the test, whatever stands between."""

from __future__ import annotations

import pytest

from .suites import told

# Each swallows what it can, on its way from the transport to the test.
WAYS = """
    import asyncio, contextlib, gc, threading
    import anyio, trio, httpx2
    from unittest import IsolatedAsyncioTestCase, TestCase
    from reqllm import start_stream

    PROMPT = os.environ.get("PROMPT", "Hi")

    def test_plain(reqllm_cassette):
        ask(reqllm_cassette.transport(), PROMPT)

    def test_swallowed(reqllm_cassette):
        with contextlib.suppress(Exception):
            ask(reqllm_cassette.transport(), PROMPT)

    def test_swallowed_wholly(reqllm_cassette):
        with contextlib.suppress(BaseException):
            ask(reqllm_cassette.transport(), PROMPT)

    def test_then_another_error(reqllm_cassette):
        try:
            answer = ask(reqllm_cassette.transport(), PROMPT)
        except BaseException:
            answer = b""
        assert answer

    def test_client(reqllm_client):
        with pytest.raises(ZeroDivisionError):
            with reqllm_client.stream("openai:text", PROMPT) as response:
                list(response)
            1 / 0

    def test_thread(reqllm_cassette):
        thread = threading.Thread(target=ask, args=(reqllm_cassette.transport(), PROMPT))
        thread.start()
        thread.join()

    def test_asyncio(reqllm_cassette):
        asyncio.run(aask(reqllm_cassette.async_transport(), PROMPT))

    def test_asyncio_group(reqllm_cassette):
        async def main():
            async with asyncio.TaskGroup() as group:
                for _ in range(2):
                    group.create_task(aask(reqllm_cassette.async_transport(), PROMPT))
        asyncio.run(main())

    def test_asyncio_task_that_nobody_awaits(reqllm_cassette):
        async def main():
            task = asyncio.create_task(aask(reqllm_cassette.async_transport(), PROMPT))
            await asyncio.wait([task])
        asyncio.run(main())
        gc.collect()  # what is told of a task that nobody awaited is told here

    def test_trio_nursery(reqllm_cassette):
        async def main():
            async with trio.open_nursery() as nursery:
                nursery.start_soon(aask, reqllm_cassette.async_transport(), PROMPT)
        trio.run(main)

    @pytest.mark.anyio
    async def test_anyio(reqllm_async_client, anyio_backend):
        async with anyio.create_task_group() as group:
            async def run():
                async with reqllm_async_client.stream("openai:text", PROMPT) as response:
                    assert await response.text() == "Hello"
            group.start_soon(run)

    def test_start_stream(fixture_path):
        async def main():
            with contextlib.suppress(Exception):
                async with await start_stream(
                    "openai", "text", PROMPT, fixture_path=fixture_path
                ) as response:
                    await response.text()
        asyncio.run(main())

    @pytest.mark.reqllm(patch=True)
    def test_own_client():
        try:
            ask(httpx2.HTTPTransport(), PROMPT, httpx2)
        except Exception:
            pass

    @pytest.mark.reqllm(patch=True)
    class TestUnit(TestCase):
        def test_unit(self):
            ask(None, PROMPT)

        def test_swallowed(self):
            with contextlib.suppress(BaseException):
                ask(None, PROMPT)

        def test_of_nobody(self):
            pass

    @pytest.mark.reqllm(patch=True)
    class TestAsyncUnit(IsolatedAsyncioTestCase):
        async def test_async_unit(self):
            await aask(None, PROMPT)

    @pytest.fixture
    def answer(reqllm_cassette):
        return ask(reqllm_cassette.transport(), PROMPT)

    def test_fixture(answer):
        pass

    @pytest.mark.xfail(strict=True, condition=PROMPT != "Hi", reason="asks for something else")
    def test_xfail(reqllm_cassette):
        with contextlib.suppress(BaseException):
            ask(reqllm_cassette.transport(), PROMPT)
"""
ON_OUR_CLIENT = ["test_client", "test_anyio[asyncio]", "test_anyio[trio]", "test_start_stream"]
ON_ANY = [
    "test_plain",
    "test_swallowed",
    "test_swallowed_wholly",
    "test_then_another_error",
    "test_thread",
    "test_asyncio",
    "test_asyncio_group",
    "test_asyncio_task_that_nobody_awaits",
    "test_trio_nursery",
    "test_own_client",
    "test_fixture",
    "test_xfail",
    "TestUnit.test_unit",
    "TestUnit.test_swallowed",
    "TestAsyncUnit.test_async_unit",
]
# Told where it is known: the fixture's test never ran.
FAILED = len(ON_OUR_CLIENT) + len(ON_ANY) - 2


@pytest.fixture
def ways(suite):
    suite.write("test_ways.py", WAYS)
    for test in ON_OUR_CLIENT:
        suite.cassette_of_client(f"cassettes/test_ways/{test}.yaml")
    for test in ON_ANY:
        prompts = ["Hi"] * (2 if test == "test_asyncio_group" else 1)
        suite.cassette(f"cassettes/test_ways/{test}.yaml", *prompts)
    return suite


def test_what_was_recorded_passes(ways):
    """The same tests pass while they ask what was recorded, and the run says nothing of us."""
    result = ways.run()
    result.assert_outcomes(passed=FAILED + 3)
    result.stdout.no_fnmatch_line("*reqllm: *")


def test_a_miss_fails_through_everything(ways):
    """Every test fails exactly once, and what it tells ends in the difference and the command."""
    ways.environ(PROMPT="Bye")
    result = ways.run_apart()  # tasks of which asyncio tells when they are collected, here or there
    result.assert_outcomes(failed=FAILED, errors=1, passed=1, xfailed=1)
    said = told(result)
    for test in [*ON_OUR_CLIENT, *ON_ANY]:
        if test == "test_xfail":
            continue
        lines = said[test]
        name = test.replace(".", "::")
        shown = f"test_ways.py::{name}" if "[" not in name else f"'test_ways.py::{name}'"
        assert lines[-1] == f"To record it: pytest {shown} --reqllm-mode=record"
        assert '    recorded: "Hi"' in lines
        assert '    asked:    "Bye"' in lines
        assert sum("It was asked at" in line for line in lines) == 1


def test_the_line_that_asked(ways):
    """A miss names the line of the user's code that asked, and what a test raised because of it."""
    ways.environ(PROMPT="Bye")
    said = told(ways.run("-k", "test_client or another"))
    assert "It was asked at test_ways.py:31, in test_client." in said["test_client"]
    assert "The test then raised AssertionError: assert b''" in said["test_then_another_error"]
