"""Every scenario of both wires is well-formed, deterministic and says what was planted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .catalogue import SCENARIOS
from .scenario import Audio, RedactedReasoning, Scenario, Text
from .wires import Wire, events, whole
from .wording import Options

EVERY = [(wire, name) for wire, table in SCENARIOS.items() for name in table]
DONE = "[DONE]"


def read(event: bytes) -> tuple[str | None, str | None]:
    """The event's name and data, read by the book."""
    text = event.decode()
    assert text.endswith("\n\n")
    assert "\r" not in text
    lines = [line.partition(":") for line in text[:-2].split("\n") if not line.startswith(":")]
    fields = {name: value.removeprefix(" ") for name, _, value in lines}
    assert fields.keys() <= {"event", "data"}
    return fields.get("event"), fields.get("data")


def payloads(wire: Wire, scenario: Scenario, **options: object) -> list[dict[str, Any]]:
    """All JSON payloads of the stream."""
    made = events(wire, scenario, Options(model="m", **options))  # type: ignore[arg-type]
    data = [read(event)[1] for event in made]
    return [json.loads(each) for each in data if each not in (None, DONE)]


@pytest.mark.parametrize(("wire", "name"), EVERY)
def test_every_event_is_well_formed(wire: Wire, name: str) -> None:
    """Each item must be one whole event or comment, its data JSON, its name the JSON's type."""
    for event in events(wire, SCENARIOS[wire][name], Options(model="m")):
        kind, data = read(event)
        if data in (None, DONE):
            continue
        payload = json.loads(data)
        assert kind == (payload["type"] if wire == "anthropic-messages" else None)


@pytest.mark.parametrize(("wire", "name"), EVERY)
def test_same_seed_same_bytes(wire: Wire, name: str) -> None:
    """Equal seeds must give equal bytes; another seed must give other ids."""
    scenario = SCENARIOS[wire][name]
    one, same, other = (events(wire, scenario, Options(model="m", seed=s)) for s in "112")
    assert one == same
    assert name == "error_first" or one != other


@pytest.mark.parametrize(("wire", "name"), EVERY)
def test_constant_fields_are_constant(wire: Wire, name: str) -> None:
    """A chat stream must repeat its id, time and model; a messages stream must start once."""
    said = [each for each in payloads(wire, SCENARIOS[wire][name]) if "error" not in each]
    if wire == "openai-chat":
        assert len({(each["id"], each["created"], each["model"]) for each in said}) <= 1
    else:
        assert [each["type"] for each in said].count("message_start") <= 1


def test_stream_options() -> None:
    """Usage and padding must come only where the request allows them."""
    scenario = SCENARIOS["openai-chat"]["text"]
    bare = payloads("openai-chat", scenario, include_usage=False, obfuscation=False)
    full = payloads("openai-chat", scenario)
    assert not any("usage" in each or "obfuscation" in each for each in bare)
    assert [bool(each["usage"]) for each in full] == [False] * (len(full) - 1) + [True]
    assert all(each["obfuscation"] for each in full)


def test_padding_of_messages() -> None:
    """A messages stream must hide its lengths behind spaces before the last brace."""
    made = events("anthropic-messages", SCENARIOS["anthropic-messages"]["sky"], Options(model="m"))
    assert any(b"}  }\n\n" in event for event in made)


@pytest.mark.parametrize("wire", SCENARIOS)
def test_whole_answer_is_the_stream_joined(wire: Wire) -> None:
    """The object without `stream` must have the id and text of the stream."""
    options = Options(model="m", seed="7")
    scenario = SCENARIOS[wire]["sky"]
    answer = json.dumps(whole(wire, scenario, options), ensure_ascii=False)
    assert scenario.parts[-1].text in answer  # type: ignore[union-attr]
    first = next(data for event in events(wire, scenario, options) if (data := read(event)[1]))
    began = json.loads(first)
    assert began.get("message", began)["id"] in answer


@pytest.mark.parametrize(
    ("wire", "part"),
    [
        ("openai-chat", RedactedReasoning("x")),
        ("anthropic-messages", Audio("x", b"x")),
        ("anthropic-messages", Text("x", logprobs=True)),
    ],
)
def test_what_a_wire_cannot_say(wire: Wire, part: object) -> None:
    """A part that the wire has no words for must be an error, never left out."""
    with pytest.raises(ValueError, match="has no words for"):
        events(wire, Scenario(parts=(part,)), Options(model="m"))  # type: ignore[arg-type]
