"""What may vary because it was declared to, and that nothing else may."""

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reqllm_fixtures import Difference, UnmatchedRequestError
from reqllm_fixtures.cassette import Cassette
from reqllm_fixtures.errors import ABSENT, RulesError
from reqllm_fixtures.matching.matchers import Rules, StrictMatcher, strict
from reqllm_fixtures.matching.rules import rules
from tests.fixtures_side.making import URL, answered, asked, interaction, patiently

REQUEST = {
    "model": "gpt-5",
    "temperature": 0.5,
    "stream": True,
    "stop": None,
    "metadata": {"trace": "t-1", "user": "u"},
    "messages": [
        {"id": "m1", "role": "system", "content": "Be brief. Today is 2026-11-22."},
        {"id": "m2", "role": "user", "content": [{"type": "text", "text": "Hello"}]},
    ],
    "tools": [{"name": "f", "parameters": {"properties": {"x": {"type": "integer"}}}}],
}
OPENAI = [
    {"role": "user", "content": "?"},
    {
        "role": "assistant",
        "tool_calls": [
            {"id": "call_a", "function": {"name": "f", "arguments": "{}"}},
            {"id": "call_b", "function": {"name": "g", "arguments": "{}"}},
        ],
    },
    {"role": "tool", "tool_call_id": "call_a", "content": "1"},
    {"role": "tool", "tool_call_id": "call_b", "content": "2"},
]
TURNS = {
    "openai": OPENAI,
    "responses": [
        {"type": "function_call", "call_id": "call_a", "name": "f", "arguments": "{}"},
        {"type": "function_call", "call_id": "call_b", "name": "g", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "call_a", "output": "1"},
        {"type": "function_call_output", "call_id": "call_b", "output": "2"},
    ],
    "anthropic": [
        {
            "role": "assistant",
            "content": [
                {"type": "tool_use", "id": "call_a", "name": "f", "input": {"id": "7"}},
                {"type": "tool_use", "id": "call_b", "name": "g", "input": {}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "call_a", "content": "1"},
                {"type": "tool_result", "tool_use_id": "call_b", "content": "2"},
            ],
        },
    ],
    "gemini": [
        {"parts": [{"functionCall": {"id": "call_a", "name": "f"}}]},
        {"parts": [{"functionCall": {"id": "call_b", "name": "g"}}]},
        {"parts": [{"functionResponse": {"id": "call_a", "name": "f"}}]},
        {"parts": [{"functionResponse": {"id": "call_b", "name": "g"}}]},
    ],
    "bedrock": [
        {"content": [{"toolUse": {"toolUseId": "call_a", "name": "f"}}]},
        {"content": [{"toolUse": {"toolUseId": "call_b", "name": "g"}}]},
        {"content": [{"toolResult": {"toolUseId": "call_a", "content": []}}]},
        {"content": [{"toolResult": {"toolUseId": "call_b", "content": []}}]},
    ],
}


def sent(document):
    return asked(json.dumps(document).encode())


def same(matcher, one, other) -> bool:
    left, right = sent(one), sent(other)
    equal = matcher.key(left) == matcher.key(right)
    assert equal == (matcher.differences(left, right) == [])
    return equal


def leaves(value, path=()):
    match value:
        case dict() if value:
            return [leaf for key in value for leaf in leaves(value[key], (*path, key))]
        case list() if value:
            return [leaf for i, each in enumerate(value) for leaf in leaves(each, (*path, i))]
    return [path]


def changed(value, path, new):
    if not path:
        return new(value)
    copied = dict(value) if isinstance(value, dict) else list(value)
    copied[path[0]] = changed(value[path[0]], path[1:], new)
    return copied


def told(path) -> str:
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)


def at(value, path):
    for step in path:
        value = value[step]
    return value


def mutated(value):
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str():
            return value + "!"
    return "something"


@pytest.mark.parametrize("path", leaves(REQUEST), ids=told)
def test_every_leaf_counts(path):
    """A change of any one value is a miss that shows its path and both values, and nothing else."""
    other = changed(REQUEST, path, mutated)
    tape = Cassette("c.yaml", [interaction(body=json.dumps(REQUEST).encode())], matcher=strict)

    with pytest.raises(UnmatchedRequestError) as caught:
        tape.play(sent(other))
    assert caught.value.differences == (Difference(told(path), at(REQUEST, path), at(other, path)),)
    assert f"  {told(path)}\n" in str(caught.value)


@pytest.mark.parametrize("path", leaves(REQUEST), ids=told)
def test_leaf_declared_volatile_does_not_count(path):
    """The same change is none where its path is declared, and that alone varies."""
    matcher = Rules(told(path))

    assert same(matcher, REQUEST, changed(REQUEST, path, mutated))
    for other in leaves(REQUEST):
        if other != path:
            assert not same(matcher, REQUEST, changed(REQUEST, other, mutated))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=10,
)


@patiently
@given(json_values, st.data())
def test_any_leaf_of_any_body_counts(document, data):
    """Whatever a body is, a change of one value in it is a miss at exactly one path."""
    path = data.draw(st.sampled_from(leaves(document)))
    other = changed(document, path, mutated)

    assert len(strict.differences(sent(document), sent(other))) == 1
    assert not same(strict, document, other)


@pytest.mark.parametrize(
    ("declared", "one", "other"),
    [
        ("$.a", {"a": 1, "b": 2}, {"b": 2}),
        ("$.a.b", {"a": {"b": 1, "c": 2}}, {"a": {"b": {"d": 3}, "c": 2}}),
        ("$..id", {"id": 1, "x": [{"id": 2, "y": {"id": 3}}]}, {"id": 4, "x": [{"y": {"id": 5}}]}),
        ("$..a..b", {"a": {"x": {"b": 1}}, "b": 2}, {"a": {"x": {"b": 3}}, "b": 2}),
        ("$.m[*].id", {"m": [{"id": 1}, {"id": 2}]}, {"m": [{"id": 3}, {}]}),
        ("$.m[0]", {"m": [1, 2]}, {"m": [3, 2]}),
        ("$.m[-1]", {"m": [1, 2]}, {"m": [1, 3]}),
        ('$["a b"]', {"a b": 1}, {"a b": 2}),
        ("$['a.b'].c", {"a.b": {"c": 1}}, {"a.b": {"c": 2}}),
        ("$.m.*", {"m": {"x": 1}}, {"m": {"y": 1}}),
        ("$..[0]", {"m": [1, [2, 3]]}, {"m": [4, [5, 3]]}),
        ("$.m[*]", {"m": [1, 2]}, {"m": [3, [4]]}),
        ("$.x-y", {"x-y": 1}, {"x-y": 2}),
        ("$", {"a": 1}, [2]),
    ],
)
def test_path_names_what_varies(declared, one, other):
    """A declared path takes its place out of the comparison."""
    assert same(Rules(declared), one, other)
    assert not same(strict, one, other)


@pytest.mark.parametrize(
    ("declared", "one", "other"),
    [
        ("$.a", {"a": 1, "b": 2}, {"a": 1, "b": 3}),
        ("$.a", {"x": {"a": 1}}, {"x": {"a": 2}}),
        ("$.m[0]", {"m": [1, 2]}, {"m": [1, 3]}),
        ("$.m[*]", {"m": [1, 2]}, {"m": [1]}),
        ("$.m[-1]", {"m": [1, 2]}, {"m": [3, 2]}),
        ("$.m[*].id", {"m": {"id": 1}}, {"m": {"id": 2}}),
    ],
)
def test_path_names_nothing_else(declared, one, other):
    """What is beside a declared path still counts."""
    assert not same(Rules(declared), one, other)


@pytest.mark.parametrize(
    ("declared", "says"),
    [
        ("$.", "at position 1"),
        ("$.a[", "at position 3"),
        ("$.a[x]", "at position 3"),
        ("$a", "at position 1"),
        ("a.b", "one of the presets"),
        ("uuid", "Did you mean 'uuids'?"),
        ("tool_calls", "Did you mean 'tool_call_ids'?"),
        ("zzz", "dates, generated_ids, obfuscation, tool_call_ids, uuids"),
    ],
)
def test_unknown_declaration(declared, says):
    """A path or a preset that means nothing is refused, with the place or the nearest name."""
    with pytest.raises(RulesError) as caught:
        rules(declared)
    assert says in str(caught.value)


PRESETS = [
    ("uuids", "x 0b0b1c1e-7a3c-4f0e-8f3e-0a1b2c3d4e5f", "x 7A3C1C1E-7a3c-4f0e-8f3e-0a1b2c3d4e5f"),
    ("dates", "Today is 2026-11-22.", "Today is 2025-01-02."),
    ("dates", "2026-11-22T10:00:00Z", "2025-01-02T11:22:33.456+02:00"),
    ("dates", "Sunday, November 22, 2026 at 10:15 AM", "Monday, May 4, 2026 at 1:02 PM"),
    ("dates", "Sun, 22 Nov 2026 10:00:00 GMT", "Tue, 3 Feb 2026 01:02:03 GMT"),
    ("generated_ids", "msg_68a1b2c3d4", "msg_77f1b2c3d4"),
    ("generated_ids", "resp_0123456789abcdef", "resp_fedcba9876543210"),
    ("generated_ids", "chatcmpl-B9MBs8CjcvOU2jLn4n57", "chatcmpl-C9MBs8CjcvOU2jLn4n57"),
]


@pytest.mark.parametrize(("preset", "one", "other"), PRESETS)
def test_preset(preset, one, other):
    """A preset knows its values wherever they stand, and leaves the words around them."""
    assert same(Rules(preset), {"a": [one]}, {"a": [other]})
    assert not same(strict, {"a": [one]}, {"a": [other]})
    assert not same(Rules(preset), {"a": [one]}, {"a": [f"{other} and more"]})
    assert not same(Rules(preset), {"a": [one]}, {"a": ["none"]})


@pytest.mark.parametrize("preset", ["dates", "generated_ids", "obfuscation", "uuids"])
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("gpt-5-2025-08-07x", "gpt-5-2025-08-08x"),
        ("msg_of_the_day", "msg_of_the_week"),
        ("1-2026-11-22", "2-2026-11-22"),
        ("version 1.2.3", "version 1.2.4"),
        ("item-a", "item-b"),
    ],
)
def test_preset_leaves_other_text(preset, one, other):
    """What is no id and no date counts as ever."""
    assert not same(Rules(preset), {"a": one}, {"a": other})


def test_generated_ids_keep_their_identity():
    """A reference to another item is a difference, though any id will do."""
    one = {"items": ["msg_00000001", "msg_00000002"], "ref": "msg_00000001"}

    assert same(
        Rules("generated_ids"),
        one,
        {"items": ["msg_10000001", "msg_10000002"], "ref": "msg_10000001"},
    )
    assert not same(Rules("generated_ids"), one, {**one, "ref": "msg_00000002"})


def test_obfuscation():
    """Padding does not count, nor whether it was asked for."""
    one = {"stream_options": {"include_obfuscation": False}, "obfuscation": "x"}

    assert same(Rules("obfuscation"), one, {"stream_options": {}, "obfuscation": "abc"})


@pytest.mark.parametrize("wire", TURNS)
def test_tool_call_ids(wire):
    """A conversation matches with other ids, but not with ids that were swapped."""
    text = json.dumps(TURNS[wire])
    matcher = Rules("tool_call_ids")

    renamed = text.replace("call_a", "toolu_1").replace("call_b", "toolu_2")

    assert same(matcher, json.loads(text), json.loads(renamed))
    assert not same(strict, json.loads(text), json.loads(renamed))
    half = text.index("call_b") + 20
    swapped = text[half:].replace("call_a", "X").replace("call_b", "call_a").replace("X", "call_b")
    assert not same(matcher, json.loads(text), json.loads(text[:half] + swapped))
    assert not same(matcher, json.loads(text), json.loads(text.replace('"g"', '"h"', 1)))


def test_swapped_ids_are_told_by_what_they_stand_for():
    """Where two ids are the same text, the message says whose they are."""
    other = json.loads(json.dumps(OPENAI))
    other[1]["tool_calls"][0]["id"] = "call_c"

    assert Rules("tool_call_ids").differences(sent(OPENAI), sent(other)) == [
        Difference(
            "$[2].tool_call_id",
            "(the call met at $[1].tool_calls[0].id)",
            "(the call met at $[2].tool_call_id)",
        )
    ]


def test_values_are_shown_as_they_were_sent():
    """What a preset did to a text is not shown."""
    one, other = {"a": "On 2026-11-22: x"}, {"a": "On 2025-01-01: y"}

    assert Rules("dates").differences(sent(one), sent(other)) == [
        Difference("$.a", "On 2026-11-22: x", "On 2025-01-01: y")
    ]


def test_several_declarations():
    """Paths and presets add up."""
    matcher = rules(["$.user", "dates"])

    assert same(matcher, {"user": 1, "a": "2026-11-22"}, {"user": 2, "a": "2026-11-23"})
    assert not same(matcher, {"user": 1, "b": 1}, {"user": 2, "b": 2})


def test_other_bodies_are_compared_as_ever():
    """A body that is no JSON has no paths."""
    matcher = Rules(["$", "dates"])

    assert matcher.key(asked(b"a=2026-11-22")) != matcher.key(asked(b"a=2026-11-23"))
    deep = b"[" * 100_000
    assert matcher.differences(asked(deep), asked(deep + b" ")) != []


@patiently
@given(json_values, json_values)
def test_rules_match_when_there_is_no_difference(one, other):
    """Two requests match exactly if no difference is found, whatever is declared."""
    same(Rules(["$..a", "$.*[0]", "uuids", "dates", "generated_ids", "tool_call_ids"]), one, other)


def tape(*bodies: dict, **options) -> Cassette:
    recorded = [interaction(b"%d" % i, body=json.dumps(b).encode()) for i, b in enumerate(bodies)]
    return Cassette("c.yaml", recorded, matcher=rules(**options))


def played(cassette, body) -> bytes:
    return cassette.play(sent(body)).response.body


def test_repeats_are_opt_in():
    """A request that was played plays again only where that is allowed, and then the last of it."""
    cassette = tape({"a": 1}, {"a": 2}, {"a": 1}, allow_repeats=True)

    assert [played(cassette, {"a": 1}) for _ in range(4)] == [b"0", b"2", b"2", b"2"]
    assert cassette.unplayed == (cassette.interactions[1],)
    with pytest.raises(UnmatchedRequestError):
        played(cassette, {"a": 3})
    once = tape({"a": 1})
    played(once, {"a": 1})
    with pytest.raises(UnmatchedRequestError, match="played already"):
        played(once, {"a": 1})


@pytest.mark.parametrize("match_on", [["method", "uri"], ["path"], ["host", "method", "port"]])
def test_matchers_of_vcrpy_by_name(match_on):
    """Only what was named counts, by vcrpy's own matchers; first in, first out among equals."""
    cassette = tape({"a": 1}, {"a": 2}, match_on=match_on)

    assert [played(cassette, {"a": 3}) for _ in range(2)] == [b"0", b"1"]
    with pytest.raises(UnmatchedRequestError):
        played(cassette, {"a": 3})


NAMED = {
    "method": asked(method="PUT"),
    "uri": asked(uri=f"{URL}/x"),
    "scheme": asked(uri=URL.replace("https", "http") + ":443"),
    "host": asked(uri=URL.replace("api", "other")),
    "port": asked(uri=URL.replace(".test", ".test:8443")),
    "path": asked(uri=f"{URL}/x"),
    "query": asked(uri=f"{URL}?x=1"),
    "body": asked(b'{"a": 2}'),
    "raw_body": asked(b'{"a": 2}'),
}


@pytest.mark.parametrize("name", NAMED)
def test_each_matcher_of_vcrpy(name):
    """Each of vcrpy's matchers objects to what it is named after, and the miss tells where."""
    matcher = rules(match_on=[name])
    recorded = asked(b'{"a": 1}')

    assert matcher.answers(recorded, recorded)
    assert matcher.differences(recorded, recorded) == []
    assert not matcher.answers(recorded, NAMED[name])
    assert matcher.differences(recorded, NAMED[name]) != []


def test_body_matcher_of_vcrpy_compares_json():
    """vcrpy's `body` compares JSON by value, its `raw_body` by bytes, as in vcrpy."""
    one, other = asked(b'{"a":1,"b":2}'), asked(b'{"b": 2, "a": 1}')

    assert rules(match_on=["body"]).answers(one, other)
    assert not rules(match_on=["raw_body"]).answers(one, other)


def test_key_in_the_address_is_no_difference_to_vcrpy_either():
    """A recording whose key was masked answers a request with its key."""
    matcher = rules(match_on=["uri", "query"])

    assert matcher.answers(asked(uri=f"{URL}?key=REDACTED&a=1"), asked(uri=f"{URL}?a=1&key=x"))


def test_functions_decide():
    """A function of two requests of vcrpy's decides, by answer or assert."""
    seen = []

    def nearly(one, other):
        seen.append((type(one).__module__, one.body, other.body))
        assert one.body[:6] == other.body[:6]

    cassette = tape({"a": 1}, {"b": 2}, match_on=["method", nearly])

    assert played(cassette, {"b": 3}) == b"1"
    assert seen[0] == ("vcr.request", b'{"b": 3}', b'{"a": 1}')
    with pytest.raises(UnmatchedRequestError) as caught:
        played(cassette, {"c": 3})
    assert [each.path for each in caught.value.differences] == ["nearly"]
    cassette = tape({"a": 1}, match_on=[lambda one, other: False])
    with pytest.raises(UnmatchedRequestError):
        played(cassette, {"a": 1})


def test_volatile_paths_with_matchers_of_vcrpy():
    """What may vary is blank before vcrpy's matchers see it."""
    assert played(tape({"a": 1, "b": 2}, match="$.a", match_on=["body"]), {"a": 3, "b": 2}) == b"0"
    with pytest.raises(UnmatchedRequestError):
        played(tape({"a": 1, "b": 2}, match="$.a", match_on=["body"]), {"a": 1, "b": 3})


def test_unknown_matcher():
    """A name that vcrpy does not have is refused with the nearest; so is what is no function."""
    with pytest.raises(RulesError, match="Did you mean 'method'"):
        rules(match_on=["methods"])
    with pytest.raises(RulesError, match="or a function"):
        rules(match_on=[7])


def test_vcrpy_is_loaded_only_for_its_matchers():
    """Declaring paths and presets loads no vcrpy."""
    program = (
        "import sys; from reqllm_fixtures.matching.rules import rules\n"
        "from tests.fixtures_side.making import asked; m = rules(['$.a', 'dates'])\n"
        "m.key(asked()); print('vcr' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert (done.stdout, done.stderr) == ("False\n", "")


def test_matcher_of_ones_own_is_taken_as_it_is():
    """A matcher given is the matcher used; none given is the strict one."""
    own = StrictMatcher()

    assert rules(own) is own
    assert rules() is strict


def test_advice_is_the_last_line():
    """A miss ends with the command that records it, which may be told otherwise."""
    cassette = Cassette("c", [], matcher=strict, advice="Run make record.")

    with pytest.raises(UnmatchedRequestError) as caught:
        cassette.play(asked())
    assert str(caught.value).endswith("\nRun make record.")
    with pytest.raises(UnmatchedRequestError, match=r"REQLLM_MODE=fill .*--reqllm-mode=fill\)\.$"):
        tape().play(asked())


def test_what_was_absent():
    """A member that is new is told as absent in the recording."""
    assert strict.differences(sent({}), sent({"seed": 1})) == [Difference("$.seed", ABSENT, 1)]
    assert answered(b"").status == 200


def test_layout_does_not_decide_what_an_id_is_called():
    """Ids are equal whatever the order of the keys under which they stand."""
    one = {"a": "msg_00000001", "b": "msg_00000002", "c": "msg_00000001"}

    assert same(Rules("generated_ids"), one, dict(reversed(one.items())))
