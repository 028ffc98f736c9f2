"""Answers as objects, over the network: whole and as they grow."""

from __future__ import annotations

import json
from typing import Any

import pytest

import reqllm
from tests.loopback.server import LoopbackServer

from .answers import always
from .ways import Way, everywhere

CITY = {
    "type": "object",
    "properties": {"name": {"type": "string"}},
    "required": ["name"],
}


def stream(*texts: str, end: bool = True) -> bytes:
    deltas: list[dict[str, Any]] = [{"delta": {"content": text}} for text in texts]
    if end:
        deltas.append({"delta": {}, "finish_reason": "stop"})
    events = [f"data: {json.dumps({'choices': [{'index': 0, **d}]})}\n\n" for d in deltas]
    return "".join(events).encode() + (b"data: [DONE]\n\n" if end else b"")


def opened(way: Way, client: Any) -> Any:
    return client.stream("openai:m", "Hi", response_schema=CITY)


@everywhere
async def test_objects(way: Way) -> None:
    """The object comes as it grows, and whole, validated, however often it is asked for."""
    with LoopbackServer(always(stream('{"name": "Os', 'lo"}'))) as server:
        async with way.client(server) as client, opened(way, client) as response:
            grown = [value async for value in response.objects()]
            assert grown == [{"name": "Os"}, {"name": "Oslo"}]
            assert await response.object() == {"name": "Oslo"}
        (request,) = server.requests
        assert json.loads(request.body)["response_format"]["json_schema"]["schema"] == CITY


@everywhere
async def test_another_object(way: Way) -> None:
    """An answer that is not what was asked for raises after all that came was handed out."""
    with LoopbackServer(always(stream('{"town": ', "1}"))) as server:
        async with way.client(server) as client:
            async with opened(way, client) as response:
                objects = response.objects()
                assert [await anext(objects), await anext(objects)] == [{}, {"town": 1}]
                with pytest.raises(reqllm.InvalidObjectError, match="'name' is a required"):
                    await anext(objects)
                with pytest.raises(reqllm.InvalidObjectError):
                    await response.object()
                assert await response.object(validate=False) == {"town": 1}
            async with opened(way, client) as response:
                assert [v async for v in response.objects(validate=False)][-1] == {"town": 1}


@everywhere
async def test_a_cut_object(way: Way) -> None:
    """A stream that was cut raises that, not a complaint of what it had said so far."""
    with LoopbackServer(always(stream('{"name": "Oslo"', end=False))) as server:
        async with way.client(server) as client:
            async with opened(way, client) as response:
                with pytest.raises(reqllm.IncompleteStreamError):
                    [value async for value in response.objects()]
            async with opened(way, client) as response:
                with pytest.raises(reqllm.IncompleteStreamError):
                    await response.object()
