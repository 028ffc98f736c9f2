"""Programs that know nothing of us, led here by their base URL alone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest

from reqllm_fixtures import EndError, Interaction, load
from tests.commands.making import cassette, recorded, said

DEMO = Path("cassettes/demo.yaml")
TOOLS = Path("cassettes/openai_tools.yaml")
CUT = EndError("RemoteProtocolError", "peer closed connection")


def messages(content: str) -> list[dict[str, Any]]:
    return [{"role": "user", "content": content}]


def asking(content: str) -> dict[str, Any]:
    return {"model": "m", "messages": messages(content), "stream": True}


@pytest.fixture
def held(tmp_path: Path) -> str:
    """One answer that is whole, and one that was cut off."""
    return cassette(
        tmp_path / "held.yaml",
        recorded(*said("Hel", "lo"), asked=asking("Hi")),
        recorded(*said("Hel", "lo", ending=False), asked=asking("Cut"), end=CUT),
    )


def test_the_openai_sdk(serve, held: str):
    """It streams, finds what broke broken, and shows the diff of a miss without asking again."""
    served = serve(held)
    client = openai.OpenAI(api_key="unused", base_url=served.url + "/v1")

    def words(content: str) -> str:
        stream: Any = client.chat.completions.create(**asking(content))
        return "".join(chunk.choices[0].delta.content or "" for chunk in stream)

    with client:
        assert words("Hi") == "Hello"
        with pytest.raises(openai.APIConnectionError):
            words("Cut")
        with pytest.raises(openai.NotFoundError, match=r'recorded: \\?"(Hi|Cut)'):
            words("Hello?")
    assert len(served.shelf.misses) == 1


def test_the_openai_sdk_calls_tools(serve):
    """The project's own cassette, asked as it was recorded."""
    asked = json.loads(load(TOOLS).interactions[0].request.body)
    with openai.OpenAI(api_key="unused", base_url=serve(TOOLS).url + "/v1") as client:
        chunks = list(client.chat.completions.create(**asked))
    calls = [c for each in chunks if each.choices for c in each.choices[0].delta.tool_calls or ()]
    assert calls[0].function.name
    assert chunks[-1].usage or chunks[-1].choices[0].finish_reason == "tool_calls"


def test_the_anthropic_sdk(serve):
    """The same, by Anthropic's own: its base URL has no path."""
    served = serve(DEMO)
    asked = json.loads(load(DEMO).interactions[0].request.body)
    with anthropic.Anthropic(api_key="unused", base_url=served.url) as client:
        events = list(client.messages.create(**asked))
        assert events[-1].type == "message_stop"
        with pytest.raises(anthropic.NotFoundError, match="Every recording equal to it was played"):
            client.messages.create(**asked)
        with pytest.raises(anthropic.NotFoundError, match=r"\$\.messages\[0\]\.content"):
            client.messages.create(**{**asked, "messages": messages("Why is the sea blue?")})
    assert len(served.shelf.misses) == 2


@pytest.mark.parametrize("protocol", ["--http1.1", "--http1.0", "--http2"])
def test_curl(serve, tmp_path: Path, caplog: pytest.LogCaptureFixture, protocol: str):
    """A program in another language: it gets every byte, and says that a stream was cut off."""
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not installed")
    whole = recorded(*said("Hel", "lo"), asked=asking("Hi"))
    broken = recorded(*said("Hel", "lo", ending=False), asked=asking("Cut"), end=CUT)
    served = serve(cassette(tmp_path / "a.yaml", whole, broken))

    def run(interaction: Interaction) -> tuple[int, bytes]:
        body, url = interaction.request.body.decode(), served.url + "/v1/chat/completions"
        command = [curl, protocol, "-sN", "--noproxy", "*", "-d", body, url]
        done = subprocess.run(command, capture_output=True, timeout=20, check=False)
        return done.returncode, done.stdout

    assert run(whole) == (0, whole.response.body)
    status, body = run(broken)
    assert status in (18, 56)  # "partial file", "failure in receiving network data"
    assert body == broken.response.body
    assert caplog.messages == []  # nothing of what a server thinks of Upgrade: h2c


NODE = """
import OpenAI from "openai";
const asked = JSON.parse(process.argv[2]);
try {
  const stream = await new OpenAI().chat.completions.create(asked);
  let text = "";
  for await (const chunk of stream) text += chunk.choices[0]?.delta?.content ?? "";
  console.log(JSON.stringify({ text }));
} catch (error) {
  console.log(JSON.stringify({ status: error.status ?? null, message: error.message }));
}
"""


def test_the_openai_sdk_of_node(serve, held: str, tmp_path: Path):
    """The same three as by Python's, where somebody installed it: nothing is fetched here."""
    node, packages = shutil.which("node"), os.environ.get("REQLLM_NODE_MODULES", "")
    if node is None:
        pytest.skip("node is not installed")
    if not Path(packages, "openai").is_dir():
        pytest.skip("REQLLM_NODE_MODULES names no folder with openai, as `npm install` makes it")
    served = serve(held)
    tmp_path.joinpath("node_modules").symlink_to(Path(packages).resolve())
    tmp_path.joinpath("ask.mjs").write_text(NODE)

    def ask(content: str) -> dict[str, Any]:
        done = subprocess.run(
            [node, "ask.mjs", json.dumps(asking(content))],
            cwd=tmp_path,
            env={**os.environ, "OPENAI_API_KEY": "unused", "OPENAI_BASE_URL": served.url + "/v1"},
            capture_output=True,
            timeout=20,
            check=True,
        )
        return json.loads(done.stdout)

    assert ask("Hi") == {"text": "Hello"}
    assert "text" not in ask("Cut")
    miss = ask("Hello?")
    assert miss["status"] == 404
    assert "$.messages[0].content" in miss["message"]
    assert len(served.shelf.misses) == 1
