"""Suites for the plugin's tests: files of tests, cassettes beside them, and runs of them."""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
import sys
import warnings
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

import reqllm
import reqllm_fixtures
from reqllm import Context, Model
from reqllm.providers.registry import provider_named
from reqllm_fixtures import Interaction, RecordedRequest, load
from tests.fixtures_side.making import answered, asked, saved
from tests.loopback.provider import KEY

# pytester forgets modules that are loaded while it runs: these would be loaded again, as others.
for package in (reqllm, reqllm_fixtures):
    for each in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not each.name.endswith(".__main__"):
            importlib.import_module(each.name)
LAZY = (
    *("httpcore", "httpcore2", "httpx2", "openai"),  # a library loads its core when it sends
    *("anyio._backends._asyncio", "anyio._backends._trio", "xdist.dsession"),
)
for name in LAZY:
    importlib.import_module(name)

__all__ = ["ANSWER", "Suite", "body", "told"]

URL = "https://api.example.test/v1/chat/completions"
# What is installed beside takes ten times as long to load: most runs do without.
OPTIONS = (
    "-preqllm_fixtures.plugin",
    "-panyio",
    "-pxdist",
    "-pno:cacheprovider",
    "--strict-markers",
)
# Where beside.txt is installed, and the names by which its plugins are left out.
BESIDE = Path(sys.prefix, "beside")
PLUGINS_BESIDE = ("asyncio", "cassetter", "randomly", "rerunfailures")
# Two that load for seconds, and stand beside ours in the run that runs these tests.
SLOW = ("-pno:hypothesispytest", "-pno:langsmith_plugin")
EVENT = (
    '{{"id":"c1","object":"chat.completion.chunk","created":1,"model":"text","choices":'
    '[{{"index":0,"delta":{{"role":"assistant","content":{text}}},"finish_reason":{finish}}}]}}'
)
ANSWER = [
    f"data: {EVENT.format(text=json.dumps(text), finish=finish)}\n\n".encode()
    for text, finish in (("Hel", "null"), ("lo", "null"), ("", '"stop"'))
] + [b"data: [DONE]\n\n"]
# What the tests of a suite may use.
ASKING = f"""
import json, os
import httpx, httpx2
URL = os.environ.get("LOOPBACK", {URL!r})
KEY = {{"authorization": "Bearer {KEY}"}}

def request(prompt="Hi"):
    messages = [{{"role": "user", "content": prompt}}]
    body = {{"model": "text", "stream": True, "messages": messages}}
    return dict(method="POST", url=URL, json=body, headers=KEY)

def ask(transport, prompt="Hi", library=httpx):
    with library.Client(transport=transport) as client:
        with client.stream(**request(prompt)) as response:
            return b"".join(response.iter_raw())

async def aask(transport, prompt="Hi", library=httpx):
    async with library.AsyncClient(transport=transport) as client:
        async with client.stream(**request(prompt)) as response:
            return b"".join([piece async for piece in response.aiter_raw()])
"""


def body(prompt: str) -> bytes:
    """What `ask` sends."""
    message = {"role": "user", "content": prompt}
    return json.dumps({"model": "text", "stream": True, "messages": [message]}).encode()


class Suite:
    """A folder of tests that is run by a pytest of its own."""

    def __init__(self, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
        self._pytester, self._monkeypatch = pytester, monkeypatch
        self.folder = pytester.path
        self.folder.joinpath("asking.py").write_text(ASKING)
        self.ini("filterwarnings = error")

    def ini(self, *lines: str) -> None:
        self.folder.joinpath("pytest.ini").write_text(
            "\n".join(["[pytest]", "pythonpath = .", *lines])
        )

    def write(self, file: str, text: str) -> Path:
        path = self.folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"import pytest\nfrom asking import *\n{dedent(text)}")
        return path

    def cassette(self, path: str, *prompts: str, pieces: list[bytes] = ANSWER, **how: Any) -> Path:
        """Lay down a cassette that answers these prompts."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        requests = [asked(body(prompt), uri=URL) for prompt in prompts]
        saved(target, *(Interaction(each, answered(*pieces, **how)) for each in requests))
        return target

    def cassette_of_client(self, path: str, prompt: str = "Hi") -> None:
        """Lay down a cassette that answers our own client."""
        asked = provider_named("openai").encode(
            Model("openai", "text"), Context.new(prompt), {}, api_key="unused"
        )
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        request = RecordedRequest(asked.method, asked.url, body=asked.body)
        saved(target, Interaction(request, answered(*ANSWER)))

    def prompts(self, path: str) -> list[str]:
        """What the interactions of a cassette asked."""
        recorded = load(self.folder / path).interactions
        return [json.loads(each.request.body)["messages"][0]["content"] for each in recorded]

    def cassettes(self) -> list[str]:
        """All files below folders of cassettes, hidden ones and journals too."""
        found = self.folder.rglob("cassettes/**/*")
        return sorted(str(each.relative_to(self.folder)) for each in found if each.is_file())

    def environ(self, **values: str) -> None:
        for name, value in values.items():
            self._monkeypatch.setenv(name, value)

    def run(self, *args: str) -> pytest.RunResult:
        """Run the tests with our plugin, anyio's, and xdist's where it is asked for.

        It is a run of its own in this process, which takes a tenth of the time of a process.
        """
        with warnings.catch_warnings():
            warnings.resetwarnings()  # the suite says which are errors
            return self._pytester.runpytest_inprocess(*OPTIONS, *args)

    def run_apart(self, *args: str) -> pytest.RunResult:
        """Do the same in a process of its own, where nothing has been loaded yet."""
        return self._pytester.runpytest_subprocess(*OPTIONS, *args)

    def run_beside(self, *args: str, plugins: tuple[str, ...] = ()) -> pytest.RunResult:
        """Run the tests with the plugins that are installed, and these of those in `BESIDE`."""
        if not BESIDE.is_dir():
            pytest.skip(f"the plugins of {BESIDE} are installed by make test")
        self._monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
        self.environ(PYTHONPATH=str(BESIDE))
        left_out = [f"-pno:{name}" for name in PLUGINS_BESIDE if name not in plugins]
        left_out += ["-pno:cacheprovider", *SLOW]
        result = self._pytester.runpytest_subprocess(*args, *left_out)
        self.environ(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
        return result


def told(result: pytest.RunResult) -> dict[str, list[str]]:
    """What each test that failed was told, line by line, without what was captured meanwhile."""
    found: dict[str, list[str]] = {}
    lines: list[str] | None = None
    for line in result.outlines:
        if header := re.fullmatch(r"_+ (?:ERROR at \w+ of )?(.+?) _+", line):
            assert header[1] not in found, "told twice"
            lines = found[header[1]] = []
        elif line.startswith(("====", "----")):
            lines = None
        elif lines is not None:
            lines.append(line)
    return found
