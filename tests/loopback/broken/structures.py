"""What can be wrong with tool calls and with objects."""

from __future__ import annotations

from dataclasses import replace

from tests.loopback import spoiling as to
from tests.loopback.defect import ALL, Defect, but

TOOLS = (
    Defect(
        name="broken_arguments",
        why="the call cannot be made",
        caught_by="single_tool",
        wires=but("gemini", "ollama"),  # there they are no text
        says=to.of_arguments(lambda arguments: f'{{"city": "{arguments["city"]}'),
    ),
    Defect(
        name="other_arguments",
        why="the call has a member that the tool does not know, and lacks one that it needs",
        caught_by="single_tool",
        wires=ALL,
        says=to.of_arguments(lambda arguments: {"town": arguments["city"]}),
    ),
    Defect(
        name="arguments_of_another_type",
        why="the tool fails on what its schema forbids",
        caught_by="single_tool",
        wires=ALL,
        says=to.of_arguments(lambda arguments: {"city": [arguments["city"]]}),
    ),
    Defect(
        name="no_arguments",
        why="the tool is called with nothing",
        caught_by="single_tool",
        wires=ALL,
        says=to.of_arguments(lambda _: None),
    ),
    Defect(
        name="another_tool",
        why="a tool is called that was not offered",
        caught_by="single_tool",
        wires=ALL,
        says=to.of_calls(lambda calls: [replace(c, name=f"{c.name}_now") for c in calls]),
    ),
    Defect(
        name="calls_twice",
        why="what a tool does is done twice",
        caught_by="single_tool",
        wires=ALL,
        says=to.of_calls(lambda calls: [*calls, *(replace(call) for call in calls)]),
    ),
    Defect(
        name="same_ids",
        why="a result cannot be told from the other call's",
        caught_by="parallel_tools",
        wires=ALL,
        events=to.same_ids,
    ),
    Defect(
        name="one_call_of_two",
        why="half of what was asked is not done",
        caught_by="parallel_tools",
        wires=ALL,
        says=to.of_calls(lambda calls: calls[:1]),
    ),
    Defect(
        name="same_city_twice",
        why="half of what was asked is not done, the other half twice",
        caught_by="parallel_tools",
        wires=ALL,
        says=to.of_calls(lambda calls: [replace(calls[0]) for _ in calls]),
    ),
    Defect(
        name="stops_for_tools",
        why="an agent that goes by the finish reason never runs the tools",
        caught_by="single_tool",
        wires=("openai-chat", "anthropic-messages", "bedrock-converse", "cohere-v2"),
        events=to.of_payloads(to.finishing_as_stopped),
    ),
    Defect(
        name="calls_unasked",
        why="a tool with a price, or a consequence, is called for nothing",
        caught_by="no_tool",
        wires=ALL,
        says=to.call_unasked,
    ),
    Defect(
        name="ignores_results",
        why="the same tool is called for ever",
        caught_by="tool_round_trip",
        wires=ALL,
        asks=to.without_results,
    ),
    Defect(
        name="invents_results",
        why="what the tool found out is replaced by a guess",
        caught_by="tool_round_trip",
        wires=ALL,
        says=lambda ask, said: (
            to.of_text(lambda _: "It is cold there.")(ask, said) if ask.results else said
        ),
    ),
)
OBJECTS = (
    Defect(
        name="ignores_schema",
        why="a program waits for an object and gets prose",
        caught_by="structured_output",
        wires=ALL,
        asks=lambda ask: replace(ask, schema=None),
    ),
    Defect(
        name="member_of_another_type",
        why="a program that trusts the schema fails on it",
        caught_by="structured_output",
        wires=ALL,
        says=to.of_object(lambda said: said | {"population": str(said["population"])}),
    ),
    Defect(
        name="member_missing",
        why="a program that trusts the schema fails without it",
        caught_by="structured_output",
        wires=ALL,
        says=to.of_object(lambda said: {"name": said["name"]}),
    ),
    Defect(
        name="member_too_many",
        why="a closed schema is there to keep it out",
        caught_by="structured_output",
        wires=ALL,
        says=to.of_object(lambda said: said | {"mayor": "unknown"}),
    ),
    Defect(
        name="object_in_a_fence",
        why="what stands in a code fence is no JSON",
        caught_by="structured_output",
        wires=ALL,
        says=lambda ask, said: (
            to.of_text(lambda text: f"```json\n{text}\n```")(ask, said) if ask.schema else said
        ),
    ),
    Defect(
        name="object_at_once",
        why="nothing can be shown while the object grows",
        caught_by="streaming_structured_output",
        wires=ALL,
        writes=lambda options: replace(options, in_one_piece=True),
    ),
)
