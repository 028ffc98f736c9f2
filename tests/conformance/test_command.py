"""`reqllm-fixtures conformance`."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import Result

from reqllm_fixtures.conformance import SCENARIOS
from reqllm_fixtures.conformance.json_report import read_report
from tests.commands.running import on_terminal, process, run
from tests.loopback.conformance import LoopbackConformance
from tests.loopback.defects import defect_named
from tests.loopback.messages import Answer, Request
from tests.loopback.provider import KEY
from tests.loopback.server import LoopbackServer

MODEL = "openai:gpt-5-mini"
TWO = ("--scenario", "text", "--scenario", "usage")
VARIABLE = "CONFORMANCE_KEY"


@pytest.fixture(scope="module")
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer(LoopbackConformance(silence=0)) as server:
        yield server


@pytest.fixture
def recorded(server: LoopbackServer, tmp_path: Path) -> tuple[str, ...]:
    """What asks for a replay of what has just been recorded."""
    where = ("--base-url", server.url, "--cassettes", str(tmp_path / "kept"))
    assert conformance(MODEL, *TWO, *where, "--mode", "record").exit_code == 0
    return (MODEL, *TWO, *where)


def conformance(*args: str, **env: str) -> Result:
    """Run it with the key of the loopback provider, where a key is asked for."""
    return run("reqllm-fixtures", "conformance", *args, **{"OPENAI_API_KEY": KEY, **env})


def test_recordings_prove_what_a_model_can(recorded):
    """Replay is the default: no key, success, and how old the proof is; nothing on a pipe's err."""
    result = conformance(*recorded, OPENAI_API_KEY="")

    assert (result.exit_code, result.stderr) == (0, "")
    assert "text   ✓ passed, recorded today" in result.stdout
    assert f"{MODEL} (openai-chat, http://127.0.0.1:" in result.stdout
    assert "2 passed" in result.stdout


def test_what_is_not_recorded(recorded):
    """It fails the run, unless that is allowed; a run that proves nothing fails all the same."""
    more = (*recorded, "--scenario", "system")
    lacking, allowed = conformance(*more), conformance(*more, "--allow-unproved")
    nothing = conformance(*recorded, "--cassettes", "nowhere", "--allow-unproved")

    assert (lacking.exit_code, allowed.exit_code, nothing.exit_code) == (1, 0, 1)
    assert "system  ○ not proved, no answer" in lacking.stdout
    assert f"{MODEL}: 1 of 3 scenarios failed the run" in lacking.stderr
    assert f"{MODEL}: no scenario was proved to pass" in nothing.stderr


def test_what_is_not_claimed(recorded):
    """It is neither asked nor missed."""
    result = conformance(*recorded, "--scenario", "image_input", "--without", "vision,cancel")

    assert result.exit_code == 0
    assert "1 not claimed" in result.stdout


def test_a_provider_that_fails(server: LoopbackServer, tmp_path: Path):
    """Exit status 1, and what was expected and came; remarks fail the strict profile alone."""
    live = (MODEL, "--mode", "live", "--scenario")
    with LoopbackServer(LoopbackConformance(defect=defect_named("ignores_system"))) as broken:
        failed = conformance(*live, "system", "--base-url", broken.url)
    with LoopbackServer(LoopbackConformance(defect=defect_named("no_model"))) as odd:
        lenient = conformance(*live, "text", "--base-url", odd.url)
        strict = conformance(*live, "text", "--base-url", odd.url, "--profile", "strict")

    assert (failed.exit_code, lenient.exit_code, strict.exit_code) == (1, 0, 1)
    assert "expected a text with 'PINEAPPLE', came 'Paris'" in failed.stdout
    assert "model-missing" in lenient.stdout


def test_forms(recorded, tmp_path: Path):
    """Each form on the standard output, and in files as their names say."""
    files = [str(tmp_path / "deep" / name) for name in ("m.txt", "m.json", "m.xml", "m.html")]
    outputs = [each for file in files for each in ("-o", file)]
    printed = {
        form: conformance(*recorded, "--format", form, *outputs).stdout
        for form in ("text", "json", "junit", "html")
    }
    written = [Path(file).read_text() for file in files]

    matrix = read_report(printed["json"])
    assert [cell.status for _, cell in matrix.cells] == ["passed", "passed"]
    assert len(json.loads(written[1])["rows"][0]["cells"]) == 2
    for text in (printed["junit"], written[2]):
        assert len(list(ElementTree.fromstring(text).iter("testcase"))) == 2
    for text in (printed["html"], written[3]):
        assert text.startswith("<!DOCTYPE html>")
    assert "✓ passed" in written[0]


def test_a_file_that_cannot_be_written(recorded, tmp_path: Path):
    """It is told, and no success; the matrix was printed."""
    (tmp_path / "taken").write_text("")
    result = conformance(*recorded, "-o", str(tmp_path / "taken" / "m.json"))

    assert result.exit_code == 1
    assert "the matrix could not be written" in result.stderr
    assert "2 passed" in result.stdout


def test_a_server_that_is_in_no_table(server: LoopbackServer, tmp_path: Path):
    """`compatible:NAME` with its address, on the wire that it speaks, with a key from anywhere."""
    common = ("--mode", "record", "--cassettes", str(tmp_path), "--api-key-env", VARIABLE)
    key = {VARIABLE: KEY}
    chat = conformance(
        "compatible:gpt-5-mini", *common, *TWO, "--base-url", f"{server.url}/v1", **key
    )
    messages = conformance(
        "compatible:claude-haiku-4-5",
        *common,
        *("--scenario", "text", "--wire", "anthropic-messages", "--base-url", server.url),
        **key,
    )

    assert (chat.exit_code, messages.exit_code) == (0, 0)
    assert "compatible:gpt-5-mini (openai-chat" in chat.stdout
    assert "compatible:claude-haiku-4-5 (anthropic-messages" in messages.stdout
    assert KEY not in "".join(each.read_text() for each in tmp_path.rglob("*.yaml"))


def test_scenarios_are_listed():
    """With the capability of each, and without a model."""
    lines = conformance("--list").stdout.splitlines()

    assert [line.split()[:2] for line in lines] == [[s.name, s.capability] for s in SCENARIOS]


@pytest.mark.parametrize(
    ("args", "told"),
    [
        ((), "Missing argument 'MODEL...'"),
        (("gpt-5-mini",), "expected a model as 'provider:model'"),
        (("qwen3:8b",), "write compatible:qwen3:8b with --base-url"),
        (("qwen3:8b", "--base-url", "http://x"), "write compatible:qwen3:8b"),
        (("compatible:x",), "there is no provider 'compatible'"),
        (("compatible:x", "--base-url", "nowhere"), "expected base_url as http(s)://"),
        ((MODEL, "--wire", "telegraph"), "there is no wire 'telegraph'"),
        ((MODEL, "--wire", "gemini"), "openai speaks openai-chat, openai-responses, not gemini"),
        ((MODEL, "--scenario", "nonsense"), "There is no scenario 'nonsense'"),
        ((MODEL, "--without", "tools,flight"), "there is no capability 'flight'"),
        ((MODEL, "-o", "matrix.pdf"), "'matrix.pdf' tells no form by its end"),
        ((MODEL, "--mode", "live", "--api-key-env", VARIABLE), f"{VARIABLE} is not set"),
        ((MODEL, "--mode", "always"), "'always' is not one of"),
        ((MODEL, "--max-age", "0"), "0 is not in the range"),
    ],
)
def test_asked_wrongly(args: tuple[str, ...], told: str):
    """Exit status 2, the reason, and what to do; nothing is run."""
    result = conformance(*args)

    assert result.exit_code == 2
    assert told in " ".join(result.stderr.split())
    assert result.stdout == ""


def test_on_a_terminal(recorded):
    """A line for each cell as it comes, and how far the run is, which is gone at its end."""
    shown, status = on_terminal("reqllm-fixtures", "conformance", *recorded, columns=100)

    assert status == 0
    assert f"✓ {MODEL} text: passed (recorded today)\n" in shown.replace("\r\x1b[2K", "")
    assert "[##########..........] 1/2" in shown
    *_, last = shown.split("\r\x1b[2K")
    assert last.lstrip("\x1b[1m").startswith("Conformance")


def test_left_in_the_middle(tmp_path: Path):
    """By Ctrl-C: what is known is written, the file too, and the exit status says so."""
    asked: list[str] = []
    healthy = LoopbackConformance(silence=0)

    def slow(request: Request) -> Answer:
        asked.append(request.path)
        if len(asked) > 1:
            os.kill(child.pid, signal.SIGINT)
        return healthy(request)

    out = tmp_path / "m.json"
    with LoopbackServer(slow) as server:
        env = {**os.environ, "OPENAI_API_KEY": KEY}
        where = ("--base-url", server.url, "--mode", "live", "-o", str(out))
        with process("reqllm-fixtures", "conformance", MODEL, *TWO, *where, env=env) as child:
            printed, told = child.communicate(timeout=20)

    assert child.returncode == 130
    assert b"1 of 2 cells are known" in told
    assert b"Traceback" not in told
    matrix = read_report(out.read_bytes())
    assert [(cell.scenario, cell.status) for _, cell in matrix.cells] == [("text", "passed")]
    assert b"text   \xe2\x9c\x93 passed" in printed
