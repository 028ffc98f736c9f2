"""Calls that may take only so long, and pauses that end early."""

from __future__ import annotations

import os
import threading
import time
import weakref

import anyio
import pytest

from reqllm.timing import AsyncPause, AsyncTimer, Pause, Timer, TimeUpError


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "reqllm-timer"]


def gone() -> bool:
    """Wait until no timer's thread is left; tell whether there came to be none."""
    deadline = time.monotonic() + 3
    while threads() and time.monotonic() < deadline:
        time.sleep(0.01)
    return not threads()


def test_a_call_in_time():
    """A call that ends in time gives what it gives, and nothing is woken; the thread goes."""
    assert gone()  # those of other tests
    woken: list[bool] = []
    timer = Timer()
    assert [timer.run(5.0, lambda n=n: n, lambda: woken.append(True)) for n in range(100)] == [
        *range(100)
    ]
    assert woken == []
    assert len(threads()) == 1
    assert gone()
    assert timer.run(5.0, lambda: "again", lambda: None) == "again"
    assert gone()


def test_alarms_that_were_stopped_are_not_kept():
    """Limits that are far away leave nothing behind, however many calls end before them."""
    timer = Timer()
    timer.run(600.0, lambda: None, lambda: None)  # the first to be due hides none behind it
    stop = threading.Event()
    waiting = threading.Thread(target=timer.run, args=(1.0, stop.wait, stop.set))
    waiting.start()
    kept = [Kept() for _ in range(1000)]
    left = weakref.WeakSet(kept)
    for each in kept:
        timer.run(600.0, lambda: None, each.wake)
    del kept, each
    stop.set()
    waiting.join()
    assert len(left) == 0
    assert len(timer._watch._alarms) < 200
    assert gone()


class Kept:
    """What an alarm would wake."""

    def wake(self) -> None:
        raise AssertionError("it was stopped")


def test_a_call_that_takes_too_long():
    """It is woken when its time is up, and then that is told, whatever it made of it."""
    stop = threading.Event()

    def call() -> None:
        stop.wait(5.0)
        raise ConnectionError("woken")

    with pytest.raises(TimeUpError) as caught:
        Timer().run(0.02, call, stop.set)
    assert isinstance(caught.value.__cause__, ConnectionError)
    assert gone()


def test_a_call_that_fails_by_itself():
    """Its own error is its own, before its time is up; an interrupt is so even after."""
    with pytest.raises(ZeroDivisionError):
        Timer().run(5.0, lambda: 1 // 0, lambda: None)
    stop = threading.Event()

    def interrupted() -> None:
        stop.wait(5.0)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Timer().run(0.02, interrupted, stop.set)
    assert gone()


def test_calls_of_many_threads():
    """Each of many calls at once is woken at its own time."""
    timer, late = Timer(), []

    def one(number: int) -> None:
        stop, begun = threading.Event(), time.monotonic()
        seconds = 0.05 + 0.005 * (number % 7)
        with pytest.raises(TimeUpError):
            timer.run(seconds, lambda: stop.wait(5.0) and 1 // 0, stop.set)
        late.append(time.monotonic() - begun - seconds)

    running = [threading.Thread(target=one, args=(n,)) for n in range(30)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    assert len(late) == 30
    assert min(late) >= -0.001
    assert gone()


def test_after_a_fork():
    """In a child process, where no thread lives on, a call is woken all the same."""
    timer = Timer()
    timer.run(5.0, lambda: None, lambda: None)
    child = os.fork()
    if child == 0:  # pragma: no cover - in another process
        stop = threading.Event()
        try:
            timer.run(0.02, lambda: stop.wait(5.0) and 1 // 0, stop.set)
        except TimeUpError:
            os._exit(0)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert gone()


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_async_calls(backend):
    """A task's call is cancelled when its time is up; the task itself is not."""

    async def value() -> int:
        return 7

    async def main() -> None:
        timer = AsyncTimer()
        assert await timer.run(5.0, value, lambda: None) == 7
        with pytest.raises(TimeUpError):
            await timer.run(0.01, anyio.sleep_forever, lambda: None)
        await anyio.lowlevel.checkpoint()

    anyio.run(main, backend=backend)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_an_async_pause_is_broken_off(backend):
    """Whoever stops it ends it at once, and every pause after it."""

    async def main() -> None:
        pause = AsyncPause()
        with anyio.fail_after(2):
            async with anyio.create_task_group() as group:
                group.start_soon(pause.wait, 60.0)
                await anyio.sleep(0.01)
                pause.stop()
            await pause.wait(60.0)
        assert pause.is_stopped

    anyio.run(main, backend=backend)


def test_a_pause_is_broken_off():
    """Whoever stops it ends it at once, and every pause after it."""
    pause = Pause()
    begun = time.monotonic()
    threading.Timer(0.02, pause.stop).start()
    pause.wait(60.0)
    pause.wait(60.0)
    assert pause.is_stopped
    assert time.monotonic() - begun < 5
