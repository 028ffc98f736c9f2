"""`reqllm-fixtures record`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reqllm_fixtures import load
from reqllm_fixtures.cli.launching import NotPythonError, launch_of
from tests.loopback.server import LoopbackServer
from tests.recording.reading import Answers, answer

from .making import said
from .running import ROOT, argv, environment, run

PIECES = said("Hel", "lo")
KEY = "a-key-of-no-known-shape-12345"
ASK = """
import sys, {library} as library
with library.Client(headers={{"authorization": "Bearer {key}"}}) as client:
    with client.stream("POST", {url!r}, json={{"stream": True}}) as response:
        print("body", b"".join(response.iter_raw()) == {body!r})
"""


@pytest.fixture(scope="module")
def answers() -> Answers:
    return Answers()


@pytest.fixture(scope="module")
def server(answers: Answers) -> Iterator[LoopbackServer]:
    """A server that gives what was laid down."""
    with LoopbackServer(answers) as server:
        yield server


@pytest.fixture
def asking(server: LoopbackServer, answers: Answers):
    """Gives code that asks once with a client that it builds by itself."""

    def code(library: str = "httpx", more: str = "") -> str:
        url = server.url + answers.path_of(answer(*PIECES))
        asked = ASK.format(library=library, url=url, body=b"".join(PIECES), key=KEY)
        return asked + textwrap.dedent(more)

    return code


@pytest.fixture
def record(tmp_path: Path):
    """Runs `record` in a folder of its own."""

    def finished(*args: str, **env: str) -> Any:
        return subprocess.run(
            argv("reqllm-fixtures", "record", *args),
            cwd=tmp_path,
            env=environment(PYTHONPATH=str(ROOT), **env),
            capture_output=True,
            text=True,
            timeout=15,
            check=False,
        )

    return finished


def pieces(path: Path) -> list[list[bytes]]:
    return [[piece.data for piece in each.response.pieces] for each in load(path).interactions]


@pytest.mark.parametrize("library", ["httpx", "httpx2"])
def test_a_script_is_recorded(tmp_path: Path, asking, record, library: str):
    """It sees its answer, its arguments and its folder; the cassette is named after it."""
    folder = tmp_path / "scripts"
    folder.mkdir()
    folder.joinpath("helper.py").write_text("word = 'helped'")
    more = """
    import helper, os
    print(helper.word, __name__, sys.argv, "REQLLM_RECORDING" in os.environ)
    """
    folder.joinpath("chat.py").write_text(asking(library, more))
    result = record("--", "python", "-u", "-W", "ignore", "scripts/chat.py", "--flag", "x")
    assert result.stdout.splitlines() == [
        "body True",
        "helped __main__ ['scripts/chat.py', '--flag', 'x'] False",
    ]
    assert (result.returncode, result.stderr) == (
        0,
        "reqllm-fixtures: recorded in cassettes/chat.yaml\n",
    )
    made = tmp_path / "cassettes" / "chat.yaml"
    (taken,) = load(made).interactions
    assert taken.response.body == b"".join(PIECES)
    assert KEY not in made.read_text()


def test_modules_code_and_console_entries(tmp_path: Path, asking, record):
    """Each way to name a Python command."""
    package = tmp_path / "package"
    package.mkdir()
    package.joinpath("__main__.py").write_text(asking(more="print(sys.argv[1:])"))
    assert record("--", "python", "-m", "package", "x").stdout == "body True\n['x']\n"
    assert len(pieces(tmp_path / "cassettes" / "package.yaml")) == 1
    code = asking(more="print(sys.argv)")
    result = record("--into", "c.json", "--", sys.executable, "-c", code, "x")
    assert result.stdout == "body True\n['-c', 'x']\n"
    assert len(pieces(tmp_path / "c.json")) == 1
    script = tmp_path / "entry"
    script.write_text(f"#!{sys.executable}\n{asking()}")
    script.chmod(0o755)
    assert record("./entry").stdout == "body True\n"
    assert len(pieces(tmp_path / "cassettes" / "entry.yaml")) == 1


def test_threads_and_loops_are_recorded(tmp_path: Path, asking, record):
    """A thread that outlives the main one is waited for; an event loop's clients count, too."""
    more = """
    import asyncio, threading, time

    def late():
        time.sleep(0.2)
        library.post(response.request.url)

    async def also():
        async with library.AsyncClient() as client:
            await client.post(response.request.url)

    threading.Thread(target=late).start()
    asyncio.run(also())
    """
    assert record("--into", "c.yaml", "--", "python", "-c", asking(more=more)).returncode == 0
    assert len(load(tmp_path / "c.yaml").interactions) == 3


def test_a_failed_command_keeps_nothing_unless_asked(tmp_path: Path, asking, record):
    """The status is the command's; an old cassette stays as it was."""
    old = tmp_path / "c.yaml"
    assert record("--into", "c.yaml", "--", "python", "-c", asking()).returncode == 0
    before = old.read_bytes()
    failing = asking(more="library.get(response.request.url); sys.exit(7)")
    result = record("--into", "c.yaml", "--", "python", "-c", failing)
    assert result.returncode == 7
    assert "--keep-on-error" in result.stderr
    assert old.read_bytes() == before
    result = record("--into", "c.yaml", "--keep-on-error", "--", "python", "-c", failing)
    assert result.returncode == 7
    assert "what it recorded is in c.yaml" in result.stderr
    assert len(load(old).interactions) == 2
    broken = record("--into", "d.yaml", "--", "python", "-c", asking(more="1 / 0"))
    assert broken.returncode == 1
    # As Python tells it, without what records.
    assert broken.stderr.count("File ") == 1
    assert broken.stderr.endswith("ZeroDivisionError: division by zero\n")
    tmp_path.joinpath("broken.py").write_text("1 / 0")
    for command in (["broken.py"], ["python", "-m", "broken"]):
        told = record("--into", "d.yaml", "--", *command).stderr
        (line,) = [line for line in told.splitlines() if "File " in line]
        assert line.endswith('broken.py", line 1, in <module>')
    assert not tmp_path.joinpath("d.yaml").exists()


def test_fill_answers_from_the_cassette(tmp_path: Path, server: LoopbackServer, asking, record):
    """What is recorded is not asked again, and `exit(0)` is success."""
    code = asking(more="sys.exit(0)")
    for number in (1, 2):
        before = len(server.requests)
        args = ("--into", "c.yaml", "--mode", "fill", "--", "python", "-c", code)
        result = record(*args, CI="true")
        assert (result.returncode, result.stdout) == (0, "body True\n")
        assert len(server.requests) - before == (number == 1)
    assert "nothing was added: c.yaml answered what was asked, 1 times" in result.stderr
    nothing = record("--into", "d.yaml", "--", "python", "-c", "1")
    assert "nothing was recorded: the command sent no request" in nothing.stderr
    assert len(load(tmp_path / "c.yaml").interactions) == 1


def test_what_cannot_be_kept_is_an_error(tmp_path: Path, asking, record):
    """A secret that is left over, and a cassette that is none: one line, and status 1."""
    secret = "sk-proj-" + "Zq8Xw2Lr7Tn4Vb9K" * 3
    more = f"library.post(response.request.url, json={{'content': {secret!r}}}); sys.exit(EXIT)"
    for status, keep in (("0", ()), ("3", ("--keep-on-error",))):
        code = asking(more=more.replace("EXIT", status))
        result = record("--into", "c.yaml", *keep, "--", "python", "-c", code)
        assert result.returncode == (int(status) or 1)
        assert "looks like a secret" in result.stderr
        assert "Traceback" not in result.stderr
        assert secret not in result.stderr
    assert not tmp_path.joinpath("c.yaml").exists()
    tmp_path.joinpath("bad.yaml").write_text("nothing")
    args = ("--into", "bad.yaml", "--mode", "fill", "--", "python", "-c", "print('ran')")
    result = record(*args)
    assert (result.returncode, result.stdout) == (1, "")
    assert "bad.yaml is not a cassette" in result.stderr


def test_the_signal_that_ended_the_command_is_told(tmp_path: Path, record):
    """As a shell tells it."""
    code = "import os, signal; os.kill(os.getpid(), signal.SIGTERM)"
    assert record("--", "python", "-c", code).returncode == 128 + signal.SIGTERM


def test_no_python_command_is_bad_usage(tmp_path: Path):
    """Nothing is run, and it is said what can be."""
    shell = tmp_path / "script.sh"
    shell.write_text("#!/bin/sh\n")
    shell.chmod(0o755)
    for command in (
        (str(shell),),
        ("no-such-command-anywhere",),
        ("python",),
        ("python", "-"),
        ("python", "-m"),
        ("python", "-X", "dev"),
        (str(tmp_path / "python3"), __file__),
        ("python", "no-such-script.py"),
        ("no-such-script.py",),
        (),
    ):
        result = run("reqllm-fixtures", "record", "--", *command)
        assert result.exit_code == 2, command
        assert "Error:" in result.stderr
    assert run("reqllm-fixtures", "record", "--mode", "replay", "--", "x.py").exit_code == 2


def test_how_commands_are_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """By the interpreter that a script names, else by ours."""
    assert launch_of(["x.py", "-v"]) == ((sys.executable,), ("x.py", "-v"))
    assert launch_of(["/opt/python3.12", "-X", "dev", "-m", "a.b"]).argv == [
        *("/opt/python3.12", "-X", "dev", "-m", "reqllm_fixtures.cli.recording_child", "-m", "a.b")
    ]
    assert launch_of(["python3", "-m", "a.b.__main__"]).name == "b"
    assert launch_of(["python", "-c", "1"]).name == "command"
    for line, interpreter in (
        ("/opt/bin/python3", "/opt/bin/python3"),
        ("/usr/bin/env -S python3", sys.executable),
        ("/usr/bin/env python", sys.executable),
    ):
        script = tmp_path / "tool"
        script.write_text(f"#!{line}\n")
        script.chmod(0o755)
        assert launch_of([str(script), "x"]) == ((interpreter,), (str(script), "x"))
    # An installer's launcher that is no Python script: the entry itself.
    monkeypatch.setenv("PATH", str(tmp_path))
    tmp_path.joinpath("pytest").write_text("#!/bin/sh\n")
    tmp_path.joinpath("pytest").chmod(0o755)
    launch = launch_of(["pytest", "-q"])
    assert launch.command[0] == "-c"
    assert launch.command[2:] == ("-q",)
    tmp_path.joinpath("empty").write_text("")
    tmp_path.joinpath("empty").chmod(0o755)
    with pytest.raises(NotPythonError, match="Python command"):
        launch_of(["empty"])


def test_help_teaches():
    """Examples, what counts as a command and statuses stand in the help."""
    text = run("reqllm-fixtures", "record", "--help").stdout
    assert "reqllm-fixtures record -- python agent.py" in text
    assert "httpx and httpx2" in " ".join(text.split())
    assert "Exit status" in text
    listed = run("reqllm-fixtures", "--help").stdout
    assert all(name in listed for name in ("record", "scan", "diff", "import"))


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is another thing there")
def test_ctrl_c_is_the_commands(tmp_path: Path):
    """Both hear it, the command decides how it ends, and nothing is kept."""
    code = "import time; print('up', flush=True); time.sleep(30)"
    with subprocess.Popen(
        argv("reqllm-fixtures", "record", "--into", "c.yaml", "--", "python", "-c", code),
        cwd=tmp_path,
        env=environment(PYTHONPATH=str(ROOT)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        start_new_session=True,
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"up\n"
        os.killpg(child.pid, signal.SIGINT)
        assert child.wait(20) == 130
    assert list(tmp_path.iterdir()) == []
