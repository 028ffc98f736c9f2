"""What `reqllm stream` does: asks what was typed, and shows what comes."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from reqllm.cli.rendering import view_for, watch
from reqllm.cli.reporting import Reporter
from reqllm.cli.summary import Stopwatch, Times, what_arrived
from reqllm.cli.terminal import Terminal
from reqllm.content import Tool
from reqllm.context import Context
from reqllm.errors import InvalidInputError, InvalidToolError
from reqllm.streaming import Client

if TYPE_CHECKING:
    from reqllm_fixtures.library import CassetteInUse

_SCHEMA_NAMES = ("parameters", "input_schema", "inputSchema")


class Question(Struct, frozen=True, kw_only=True):
    """What was typed."""

    model: str
    prompt: str
    system: str | None = None
    tools: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    wire: str | None = None
    base_url: str | None = None
    timeout: float | None = 30.0
    cassette: str | None = None
    pace: float = 0.0


def ask(question: Question, terminal: Terminal, reporter: Reporter, *, as_json: bool) -> None:
    """Send the question and show the answer as it arrives. Raises ReqLLMError, FixtureError."""
    options = dict(map(_option, question.options))
    tools = [tool for given in question.tools for tool in _tools(given)]
    context = Context.new(question.prompt, system=question.system, tools=tools)
    with _cassette(question) as cassette, _client(question, cassette) as client:
        call = client.stream(question.model, context, wire=question.wire, **options)
        stopwatch = Stopwatch(time.monotonic)
        with call as response:
            reporter.left = lambda: what_arrived(response.partial())
            view = view_for(terminal, as_json=as_json)
            watch(response, view, stopwatch)
            times = stopwatch.times if cassette is None else _recorded(cassette, question)
            view.finish(response.partial(), times)


@contextlib.contextmanager
def _client(question: Question, cassette: CassetteInUse | None) -> Iterator[Client]:
    if cassette is not None:
        transport = cassette.transport()
        with Client(question.base_url, transport=transport, timeout=question.timeout) as client:
            yield client
        return
    import httpx

    # Made before the watch starts: what it takes to read certificates is not the provider's time.
    with httpx.Client() as http:
        yield Client(question.base_url, http_client=http, timeout=question.timeout)


@contextlib.contextmanager
def _cassette(question: Question) -> Iterator[CassetteInUse | None]:
    if question.cassette is None:
        yield None
        return
    from reqllm_fixtures import use_cassette

    with use_cassette(question.cassette, mode="replay", pace=question.pace) as cassette:
        yield cassette


def _recorded(cassette: CassetteInUse, question: Question) -> Times:
    """Return the provider's own times: those of a playback say nothing of it."""
    from reqllm_fixtures.playback import recorded_times
    from reqllm_fixtures.speaking import wire_of

    interaction = cassette.played[-1]
    return recorded_times(interaction, question.wire or wire_of(interaction))


def _option(given: str) -> tuple[str, Any]:
    """Read "name=value", whose value is JSON or else text."""
    name, equals, value = given.partition("=")
    if not equals or not name.strip():
        raise InvalidInputError(f"expected --option NAME=VALUE, got {given!r}")
    try:
        return name.strip(), json.loads(value)
    except ValueError:
        return name.strip(), value


def _tools(given: str) -> list[Tool]:
    """Read one tool or a list of them, from JSON or from a file of it."""
    is_json = given.lstrip()[:1] in ("{", "[")
    source = "--tool" if is_json else f"--tool {given}"
    try:
        document = json.loads(given if is_json else Path(given).read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidToolError(f"cannot read {source}: {error.strerror}") from error
    except ValueError as error:
        raise InvalidToolError(f"{source} is not JSON: {error}") from error
    return [
        _tool(each, source) for each in (document if isinstance(document, list) else [document])
    ]


def _tool(document: Any, source: str) -> Tool:
    """Read a tool as we write it, or as OpenAI, Anthropic or MCP do."""
    if isinstance(document, dict) and isinstance(document.get("function"), dict):
        document = document["function"]
    if not isinstance(document, dict):
        raise InvalidToolError(
            f"{source}: expected a tool, an object with name, description and parameters, "
            f"got {document!r:.100}"
        )
    schema = next((document[name] for name in _SCHEMA_NAMES if name in document), None)
    return Tool(
        name=document.get("name", ""),
        description=document.get("description") or "",
        parameters={"type": "object", "properties": {}} if schema is None else schema,
        strict=bool(document.get("strict", False)),
    )
