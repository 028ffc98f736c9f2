"""`reqllm-fixtures serve`."""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from .making import CHAT, cassette, recorded, said
from .running import DEMO, PATIENCE, process, run

ASKED = {"n": 1}
COMMAND = "reqllm-fixtures"


@contextmanager
def serving(*args: str) -> Iterator[tuple[Any, str]]:
    """Run the command in a process of its own; give it and its address."""
    with process(COMMAND, "serve", "--port", "0", *args, text=True) as child:
        try:
            yield child, child.stdout.readline().strip()
        finally:
            child.kill()


def ended(child: Any, by: signal.Signals) -> tuple[int, list[str]]:
    child.send_signal(by)
    _, said = child.communicate(timeout=PATIENCE)
    return child.returncode, said.splitlines()


def ask(url: str, asked: Any = ASKED, path: str = "/v1/chat/completions") -> httpx.Response:
    return httpx.post(url + path, json=asked, trust_env=False, timeout=PATIENCE)


def test_it_serves_until_ctrl_c_and_sums_up(tmp_path: Path):
    """The address comes first; a running stream does not hold it up; no trace of ours is shown."""
    slow = recorded(*said("Hel", "lo"), asked={"n": 2}, step=60_000)
    path = cassette(tmp_path / "a.yaml", recorded(b"{}", asked=ASKED), slow, recorded())
    with serving(path) as (child, url):
        assert ask(url).content == b"{}"
        assert ask(url, {"n": 3}).status_code == 404
        with httpx.stream("POST", f"{url}/v1/chat/completions", json={"n": 2}, trust_env=False):
            status, told = ended(child, signal.SIGINT)
    assert status == 1
    assert told[:3] == [
        f"{COMMAND}: cassettes: 1, interactions: 3; Ctrl-C ends it",
        f"{COMMAND}: {url} is in place of https://api.openai.com",
        f"{COMMAND}: {path}, interaction 0, answers POST",
    ]
    assert told[3] == f"{COMMAND}: No recording in {path} answers POST {url}/v1/chat/completions."
    assert told[-4:] == [
        f"{COMMAND}: {path}, interaction 1, answers POST",
        f"{COMMAND}: played: 2, not played: 1, missed: 1",
        f"{COMMAND}: not played: {path}, interaction 2: POST {CHAT}",
        f"{COMMAND}: missed: POST {url}/v1/chat/completions",
    ]


def test_sigterm_is_an_end_like_any_other(tmp_path: Path):
    """With its summary; nothing missed is a success, unless what was not played counts."""
    path = cassette(tmp_path / "a.yaml", recorded(b"{}", asked=ASKED), recorded(asked={"n": 2}))
    with serving(path, "--quiet", "--fail-on", "unplayed") as (child, url):
        assert ask(url).content == b"{}"
        status, told = ended(child, signal.SIGTERM)
    assert (status, told[2]) == (1, f"{COMMAND}: played: 1, not played: 1, missed: 0")
    with serving(path, "--quiet") as (child, url):
        assert ask(url).content == b"{}"
        status, told = ended(child, signal.SIGTERM)
    assert (status, told[2]) == (0, f"{COMMAND}: played: 1, not played: 1, missed: 0")


def test_other_addresses():
    """Of IPv6 the address is one that can be asked; beyond this machine it is warned."""
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    with serving(DEMO, "--host", "::") as (child, url):
        assert url.startswith("http://[::]:")
        assert httpx.get(f"{url}/_reqllm", trust_env=False).json()["missed"] == []
        _, told = ended(child, signal.SIGINT)
    assert f"{COMMAND}: warning: whoever reaches this machine can read the recordings" in told


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch):
    """With the extra that holds it."""
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    status, said_of_it = refused(DEMO)
    assert (status, "pip install 'reqllm[fixtures,serve]'" in said_of_it) == (2, True)


def refused(*args: str) -> tuple[int, str]:
    result = run(COMMAND, "serve", *args)
    return result.exit_code, result.stderr


def test_what_cannot_be_served_is_told(tmp_path: Path):
    """Before anything listens: a file, a folder, a rule, an overlay, an address."""
    broken = tmp_path / "broken.yaml"
    broken.write_text("interactions: [")
    status, said_of_it = refused(str(broken))
    assert status == 1
    assert str(broken) in said_of_it
    empty = tmp_path / "empty"
    empty.mkdir()
    status, said_of_it = refused(str(empty))
    assert (status, "there is no cassette in" in said_of_it) == (2, True)
    status, said_of_it = refused(DEMO, "--match", "datse")
    assert (status, "Did you mean 'dates'" in said_of_it) == (2, True)
    status, said_of_it = refused(DEMO, "--overlay", "cutt")
    assert (status, "Did you mean 'cut'" in said_of_it) == (2, True)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        status, said_of_it = refused(DEMO, "--port", str(taken.getsockname()[1]))
    assert status == 2
    assert "--port 0 takes any that is free" in said_of_it
