"""The commands as processes: signals, pipes, terminals, and what they load."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from .making import said
from .running import (
    DEMO,
    MODEL,
    PATIENCE,
    PROMPT,
    REASONING,
    ROOT,
    argv,
    environment,
    finished,
    on_terminal,
    process,
)

ESCAPE = "\x1b"
SLOWLY = ("reqllm", "stream", MODEL, PROMPT, "--cassette", DEMO, "--pace", "1")


def until(child: subprocess.Popen[bytes], what: bytes) -> bytes:
    """Read the child's output until it holds `what`."""
    assert child.stdout is not None
    seen = b""
    while what not in seen:
        piece = os.read(child.stdout.fileno(), 4096)
        assert piece, f"ended before {what!r}: {seen!r}"
        seen += piece
    return seen


# Ctrl-C.
@pytest.mark.parametrize("extra", [(), ("--json",)], ids=["text", "json"])
def test_ctrl_c_tells_what_is_there(extra: tuple[str, ...]):
    """An answer that is left tells how much of it arrived, on the error stream, and exits 130."""
    with process(*SLOWLY, *extra) as child:
        until(child, b"They want")
        child.send_signal(signal.SIGINT)
        _, told = child.communicate(timeout=PATIENCE)
    assert child.returncode == 130
    assert re.fullmatch(
        r"reqllm: cancelled: \d+ characters of reasoning had arrived, "
        r"6 tokens out as last reported; state interrupted\n",
        told.decode(),
    )


def test_ctrl_c_leaves_a_playback():
    """A playback can be left like an answer."""
    with process("reqllm-fixtures", "play", DEMO) as child:
        until(child, b"They want")
        child.send_signal(signal.SIGINT)
        _, told = child.communicate(timeout=PATIENCE)
    assert child.returncode == 130
    assert told.startswith(b"reqllm-fixtures: cancelled: ")
    assert b"Traceback" not in told


def test_ctrl_c_leaves_a_body_that_still_comes():
    """A body that is left tells how much of it came."""
    with process("reqllm-fixtures", "decode", "--wire", "openai-chat", "--json") as child:
        child.stdin.write(said("Hi")[0])
        child.stdin.flush()
        until(child, b"text_delta")
        child.send_signal(signal.SIGINT)
        _, told = child.communicate(timeout=PATIENCE)
    assert child.returncode == 130
    assert b"2 characters of text had arrived; state interrupted" in told


# Pipes.
def test_a_body_is_decoded_while_it_comes():
    """Each piece of a pipe is printed before the next one is sent."""
    pieces = said("One ", "two ", "three.")
    with process("reqllm-fixtures", "decode", "--wire", "openai-chat", "-") as child:
        for piece, text in zip(pieces[:3], (b"One", b"two", b"three"), strict=True):
            child.stdin.write(piece)
            child.stdin.flush()
            until(child, text)
        rest, told = child.communicate(pieces[3], timeout=PATIENCE)
    assert (child.returncode, told) == (0, b"")
    assert rest.endswith(b"finish stop\n")


def test_an_answer_comes_token_by_token():
    """In a pipe, too, tokens are sent on as they come."""
    with process(*SLOWLY) as child:
        until(child, b"They want")
        begun = time.monotonic()
        until(child, b"Scattering")
        assert time.monotonic() - begun > 0.05
        child.kill()
        child.communicate()


@pytest.mark.parametrize(
    "args",
    [
        ("reqllm", "stream", MODEL, PROMPT, "--cassette", DEMO, "--json"),
        ("reqllm-fixtures", "play", DEMO, "--pace", "0"),
        ("reqllm-fixtures", "show", DEMO, "--json"),
    ],
    ids=["stream", "play", "show"],
)
def test_a_closed_pipe_is_no_error(args: tuple[str, ...]):
    """Whoever reads no more ends the command, and nobody hears of it."""
    with process(*args) as child:
        child.stdout.close()
        told = child.stderr.read()
        assert child.wait(PATIENCE) == 141
    assert told == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is full")
@pytest.mark.parametrize(
    "args", [("reqllm", "providers"), ("reqllm-fixtures", "play", DEMO, "--pace", "0")]
)
def test_a_full_disk_is_told(args: tuple[str, ...]):
    """Where the output cannot be written, one line says why, and the status that it is not."""
    with open("/dev/full", "wb") as full:
        result = subprocess.run(
            argv(*args), cwd=ROOT, env=environment(), stdout=full, stderr=-1, check=False
        )
    assert result.returncode == 1
    assert result.stderr.decode() == f"{args[0]}: OSError: the output: No space left on device\n"


def test_a_closed_output_is_no_error():
    """A shell can start a command without any output: what it would write goes nowhere."""
    command = shlex.join(argv("reqllm-fixtures", "show", DEMO, "--json"))
    result = subprocess.run(
        f"{command} >&-", shell=True, cwd=ROOT, env=environment(), stderr=-1, check=False
    )
    assert (result.returncode, result.stderr) == (0, b"")


# Terminals.
def test_a_pipe_gets_no_styles():
    """Without a terminal there is not one escape sequence."""
    result = finished("reqllm-fixtures", "play", REASONING, "--pace", "0")
    assert result.returncode == 0
    assert ESCAPE.encode() not in result.stdout + result.stderr


def test_a_terminal_gets_styles():
    """Reasoning is dimmed, names of tools stand out, text is left as it is."""
    text, status = on_terminal("reqllm-fixtures", "play", REASONING, "--pace", "0")
    assert status == 0
    assert f"{ESCAPE}[2;3mWhether to{ESCAPE}[0m" in text
    assert "[reasoning]" not in text
    assert "\n\nLet me check today's weather in Bergen first.\n\n" in text
    assert f"{ESCAPE}[1;36mget_weather {ESCAPE}[0m" in text


def test_a_narrow_terminal_breaks_the_summary_between_facts():
    """Facts are not torn apart at the edge of the screen."""
    text, _ = on_terminal("reqllm-fixtures", "play", DEMO, "--pace", "0", columns=80)
    *_, second, last = [re.sub(r"\x1b\[[\d;]*m", "", line) for line in text.splitlines()]
    assert second == "tokens 14 in, 149 out (37 reasoning) · finish stop (end_turn)"
    assert last == "first token 693 ms · 24.0 tokens/s as recorded"


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=["NO_COLOR", "dumb"])
def test_styles_can_be_declined(env: dict[str, str]):
    """NO_COLOR and a terminal that knows no styles get plain text."""
    text, status = on_terminal("reqllm-fixtures", "play", DEMO, "--pace", "0", **env)
    assert status == 0
    assert ESCAPE not in text
    assert "[reasoning] They want" in text


def test_markup_of_a_model_is_text_on_a_terminal(tmp_path: Path):
    """Rich's markup, emoji codes, tabs and blanks of a model come out as they are."""
    text = "[red]x[/red] :smile:\ty  \n\n  [/]"
    file = tmp_path / "body"
    file.write_bytes(b"".join(said(text)))
    shown, status = on_terminal("reqllm-fixtures", "decode", "--wire", "openai-chat", str(file))
    assert status == 0
    assert shown.startswith(f"{text}\n")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_another_encoding_gets_replacements(encoding: str):
    """A stream that cannot hold a character gets another one, and no crash."""
    env = environment(PYTHONIOENCODING=encoding)
    result = finished("reqllm-fixtures", "play", DEMO, "--pace", "0", env=env)
    assert (result.returncode, result.stderr) == (0, b"")
    assert result.stdout.startswith(b"> claude-haiku-4-5 | POST")
    lines = finished("reqllm-fixtures", "play", DEMO, "--pace", "0", "--json", env=env).stdout
    texts = [json.loads(line).get("text", "") for line in lines.splitlines()]
    assert "🌍" in "".join(texts)


# What is loaded.
@pytest.mark.parametrize("command", ["reqllm", "reqllm-fixtures"])
@pytest.mark.parametrize("args", [["--help"], ["--version"]], ids=["help", "version"])
def test_help_loads_little(command: str, args: list[str]):
    """Neither rich, nor an HTTP library, nor YAML is loaded to print help."""
    program = argv(command, *args)
    heavy = "[m for m in ('rich', 'httpx', 'httpx2', 'yaml', 'vcr', 'pytest') if m in sys.modules]"
    program[2] = program[2].replace("; main()", f"\ntry: main()\nfinally: print({heavy})")
    result = subprocess.run(program, cwd=ROOT, env=environment(), capture_output=True, check=True)
    assert result.stdout.splitlines()[-1] == b"[]"


@pytest.mark.parametrize("command", ["reqllm", "reqllm-fixtures"])
@pytest.mark.parametrize("module", ["click", "rich"])
def test_a_missing_package_is_named(command: str, module: str):
    """Without click or rich the command says in one line what to install, and exits 2."""
    program = argv(command, "--help")
    program[2] = f"import sys; sys.modules[{module!r}] = None; {program[2]}"
    result = subprocess.run(program, cwd=ROOT, env=environment(), capture_output=True, check=False)
    assert (result.returncode, result.stdout) == (2, b"")
    assert result.stderr.startswith(f"{command}: {module} not installed: pip install".encode())
    assert result.stderr.count(b"\n") == 1


@pytest.mark.parametrize(
    ("args", "status"),
    [
        (("reqllm",), 2),
        (("reqllm", "-h"), 0),
        (("reqllm", "--version"), 0),
        (("reqllm", "sing"), 2),
        (("reqllm", "stream", "openai:x", "Hi"), 2),
        (("reqllm", "stream", "openai:x", "Hi", "--cassette", "absent.yaml"), 1),
        (("reqllm-fixtures", "play", "absent.yaml"), 1),
        (("reqllm-fixtures", "play", DEMO, "--pace", "-1"), 2),
        (("reqllm-fixtures", "show", DEMO, "--interaction", "7"), 2),
        (("reqllm-fixtures", "decode", "--wire", "openai-chat"), 1),
    ],
)
def test_exit_statuses_of_the_processes(args: tuple[str, ...], status: int):
    """The processes exit as the commands do, and never with a traceback."""
    result = finished(*args)
    assert result.returncode == status
    assert b"Traceback" not in result.stderr
    assert bool(result.stderr) == bool(status)


def test_the_demo_keeps_its_rhythm():
    """The playback takes as long as the pace says."""
    begun = time.monotonic()
    assert finished("reqllm-fixtures", "play", DEMO, "--pace", "0.2").returncode == 0
    assert 6.9 * 0.2 <= time.monotonic() - begun < 6.9


def test_the_installed_scripts_are_these():
    """The package installs both commands."""
    for name in ("reqllm", "reqllm-fixtures"):
        script = Path(sys.executable).parent / name
        result = subprocess.run([script, "--version"], capture_output=True, check=True)
        assert result.stdout.startswith(f"{name}, version ".encode())
