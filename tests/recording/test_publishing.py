"""How a recording becomes a file: whole or not at all, and nobody's work is lost."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import httpx
import pytest

from reqllm_fixtures import LeftJournalWarning, PublishError, load, recover, use_cassette
from reqllm_fixtures.files import disk
from reqllm_fixtures.files.locking import locked

from .reading import LOOPS, answer, fetch

SYNC = LOOPS[0]
ROOT = Path(__file__).parents[2]


@pytest.fixture
def old(path, url):
    """The text of a cassette that is there already."""
    with use_cassette(path, mode="record") as cassette:
        fetch(SYNC, url, cassette, json="old")
    return path.read_text()


def bodies(path):
    return [interaction.request.body for interaction in load(path).interactions]


def ask_and_fail(url, cassette):
    fetch(SYNC, url, cassette)
    raise ZeroDivisionError


@pytest.mark.parametrize("mode", ["record", "fill"])
def test_nothing_is_published_when_the_block_raises(path, old, url, mode):
    """What a failing test recorded is no fixture: the file stays, and nothing lies beside it."""
    with pytest.raises(ZeroDivisionError), use_cassette(path, mode=mode) as cassette:
        ask_and_fail(url, cassette)
    assert path.read_text() == old
    assert os.listdir(path.parent) == [path.name]


def test_a_failing_block_can_be_kept(path, url):
    """Who wants it gets it: the recording up to the error."""
    with (
        pytest.raises(ZeroDivisionError),
        use_cassette(path, mode="record", record_on_error=True) as cassette,
    ):
        ask_and_fail(url, cassette)
    assert bodies(path) == [b'{"a":1}']


def test_publish_and_discard(path, old, url):
    """Both can be said before the block ends, which then does nothing more."""
    with use_cassette(path, mode="fill") as cassette:
        fetch(SYNC, url, cassette)
        cassette.publish()
        assert bodies(path) == [b'"old"', b'{"a":1}']
        fetch(SYNC, url, cassette, json=2)
    assert bodies(path) == [b'"old"', b'{"a":1}', b"2"]
    with use_cassette(path, mode="record") as cassette:
        fetch(SYNC, url, cassette)
        cassette.discard()
        fetch(SYNC, url, cassette)
    assert bodies(path) == [b'"old"', b'{"a":1}', b"2"]
    assert os.listdir(path.parent) == [path.name]


def test_the_order_is_that_of_the_requests(path, server, answers):
    """An answer that ends late keeps the place in which its request began."""
    slow = server.url + answers.path_of(answer(b"1", b"2", after=0.2))
    fast = server.url + answers.path_of(answer(b"3"))
    with use_cassette(path, mode="record") as cassette:
        thread = threading.Thread(target=fetch, args=(SYNC, slow, cassette))
        thread.start()
        assert server.wait_for(lambda: any(slow.endswith(r.path) for r in server.requests))
        fetch(SYNC, fast, cassette)
        thread.join()
    assert [each.response.body for each in load(path).interactions] == [b"12", b"3"]


def test_a_response_still_open_ends_where_it_is(path, server, answers):
    """What is not read by the end of the block is not part of the recording."""
    url = server.url + answers.path_of(answer(b"1", b"2", after=0.05))
    with httpx.Client(verify=False) as client, use_cassette(path, mode="record") as cassette:
        transport = cassette.transport(upstream=httpx.HTTPTransport(verify=False))
        response = transport.handle_request(client.build_request("POST", url))
        pieces = iter(response.stream)
        assert next(pieces) == b"1"
    assert next(pieces) == b"2"
    transport.close()
    (interaction,) = load(path).interactions
    assert (interaction.response.body, interaction.response.end) == (b"1", "client_closed")


def test_recording_again_changes_only_what_differs(path, server, answers):
    """The same answer recorded again differs in when it was recorded and came, and nowhere else."""
    pieces = [b'data: {"id":%d}\n\n' % number for number in range(5)]
    url = server.url + answers.path_of(answer(*pieces, after=0.02))

    def lines():
        with use_cassette(path, mode="record") as cassette:
            fetch(SYNC, url, cassette)
        return path.read_text().splitlines()

    first, second = lines(), lines()
    assert len(first) == len(second)
    differing = {a.split(":")[0].strip() for a, b in zip(first, second, strict=True) if a != b}
    assert differing <= {"recorded_at", "at_ms"}


def run(code: str, *args: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, args)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


KILLED = """
import sys, time, httpx
from reqllm_fixtures import use_cassette
path, url = sys.argv[1:]
with use_cassette(path, mode="record") as cassette:
    transport = cassette.transport(upstream=httpx.HTTPTransport(verify=False))
    with httpx.Client(transport=transport) as client:
        for number in range(2):
            client.post(url, json=number, headers={"authorization": "Bearer top-secret-value"})
        with client.stream("POST", url, json=2) as response:
            next(response.iter_raw())
            print("recorded", flush=True)
            time.sleep(60)
"""


def lines_beside(path):
    journals = path.parent.glob(".*.journal")
    return sum(journal.read_bytes().count(b"\n") for journal in journals)


@pytest.mark.parametrize("kind", ["yaml", "json"])
def test_a_killed_recording(tmp_path, url, kind):
    """`kill -9` leaves the old file, and a journal of which the next recording tells."""
    path = tmp_path / f"c.{kind}"
    with use_cassette(path, mode="record") as cassette:
        fetch(SYNC, url, cassette, json="old")
    old = path.read_bytes()
    process = run(KILLED, path, url)
    assert process.stdout.readline() == "recorded\n"
    # While it lives, its journal is nobody else's business.
    with use_cassette(path, mode="fill"):
        pass
    deadline = time.monotonic() + 5
    while lines_beside(path) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()

    assert path.read_bytes() == old
    (journal,) = [entry for entry in tmp_path.iterdir() if entry != path]
    assert b"top-secret" not in journal.read_bytes()
    with pytest.warns(LeftJournalWarning) as told, use_cassette(path, mode="fill") as cassette:
        fetch(SYNC, url, cassette, json="old")
    message = str(told[0].message)
    assert str(path) in message
    assert str(journal) in message
    assert told[0].filename == __file__

    assert recover(journal, path) == 2
    assert bodies(path) == [b'"old"', b"0", b"1"]
    assert os.listdir(tmp_path) == [path.name]


FILLING = """
import sys, httpx
from reqllm_fixtures import use_cassette
path, url, number = sys.argv[1:]
print("ready", flush=True)
sys.stdin.readline()
for turn in range(5):
    with use_cassette(path, mode="fill") as cassette:
        transport = cassette.transport(upstream=httpx.HTTPTransport(verify=False))
        with httpx.Client(transport=transport) as client:
            client.post(url, json=[int(number), turn])
"""


@pytest.mark.parametrize("kind", ["yaml", "json"])
def test_eight_processes_fill_one_cassette(tmp_path, url, kind):
    """Each adds what it recorded to what the others did: nothing is lost, nothing is left over."""
    path = tmp_path / f"c.{kind}"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", FILLING, str(path), url, str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for number in range(8)
    ]
    for process in processes:
        process.stdout.readline()
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        process.communicate(timeout=60)
        assert process.returncode == 0

    wanted = {f"[{number},{turn}]".encode() for number in range(8) for turn in range(5)}
    assert len(bodies(path)) == 40
    assert set(bodies(path)) == wanted
    assert os.listdir(tmp_path) == [path.name]


def test_threads_fill_one_cassette(tmp_path, url):
    """Threads that each use the cassette on their own lose nothing either."""
    path = tmp_path / "c.yaml"

    def fill(number):
        with use_cassette(path, mode="fill") as cassette:
            fetch(SYNC, url, cassette, json=number)

    threads = [threading.Thread(target=fill, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(bodies(path)) == [b"%d" % number for number in range(8)]


def test_a_lock_is_one_at_a_time(tmp_path):
    """Who comes second waits; the file of the lock is gone when both have left."""
    order = []

    def hold(name):
        with locked(tmp_path / "lock"):
            order.append(name)
            threading.Event().wait(0.03)
            order.append(name)

    threads = [threading.Thread(target=hold, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert order[::2] == order[1::2]
    assert sorted(order[::2]) == list("abcd")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_what_cannot_be_written_is_not_lost(path, old, url, monkeypatch, number):
    """A full disk or a read-only folder is told by path, and the recording is kept elsewhere."""

    def never(name, *_):
        if str(path) in str(name):
            raise OSError(number, os.strerror(number))
        return real(name, *_)

    real = disk.publish
    monkeypatch.setattr(disk, "publish", never)
    body = None
    with pytest.raises(PublishError) as caught, use_cassette(path, mode="fill") as cassette:
        body = fetch(SYNC, url, cassette).body
    assert body == b"data: 1\n\ndata: 2\n\n"
    message = str(caught.value)
    assert str(path) in message
    assert os.strerror(number) in message
    assert caught.value.rescued in message
    assert bodies(caught.value.rescued) == [b'{"a":1}']
    assert path.read_text() == old
    assert os.listdir(path.parent) == [path.name]


def test_a_folder_that_cannot_be_made(tmp_path, url):
    """A path below a file is told when all is over; the test's own answer came all the same."""
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(PublishError, match=r"c\.yaml could not be written"),
        use_cassette(tmp_path / "file" / "c.yaml", mode="record") as cassette,
    ):
        assert fetch(SYNC, url, cassette).status == 200


def test_folders_are_made(tmp_path, url):
    """A cassette's folder need not be there; a symbolic link stays one."""
    path = tmp_path / "a" / "b" / "c.yaml"
    with use_cassette(path, mode="record") as cassette:
        fetch(SYNC, url, cassette)
    link = tmp_path / "link.yaml"
    link.symlink_to(path)
    with use_cassette(link, mode="fill") as cassette:
        fetch(SYNC, url, cassette, json=2)
    assert link.is_symlink()
    assert bodies(path) == [b'{"a":1}', b"2"]
    assert sorted(os.listdir(tmp_path)) == ["a", "link.yaml"]
