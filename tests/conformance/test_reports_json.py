"""The report for programs: by its schema, and the same matrix when it is read."""

from __future__ import annotations

import json
from importlib import resources

import msgspec
import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator

from reqllm_fixtures.checking.schemas import closed
from reqllm_fixtures.conformance.json_report import json_report, read_report
from reqllm_fixtures.conformance.results import Matrix
from reqllm_fixtures.errors import ReportError

from .matrices import example, matrices, with_texts

SCHEMA = json.loads(
    (resources.files("reqllm_fixtures") / "schemas" / "conformance.json").read_bytes()
)


def joined(text: str) -> str:
    """Join halves of a character that stand beside one another: JSON cannot tell them apart."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


@settings(max_examples=60, deadline=None)
@given(matrices)
def test_it_comes_back_equal(matrix: Matrix):
    """Any text in any field is read as it was; the document is valid, with nothing unlisted."""
    text = json_report(matrix)
    assert read_report(text) == with_texts(matrix, joined)
    assert read_report(text.encode()) == read_report(text)
    Draft202012Validator(closed(SCHEMA)).validate(json.loads(text))


def test_the_schema_has_the_fields_of_the_values():
    """Every field is there, in its place and with the words that it may be, and no other."""
    Draft202012Validator.check_schema(SCHEMA)
    (top,), known = msgspec.json.schema_components([Matrix])
    named = {"Matrix": SCHEMA, "ScenarioInfo": SCHEMA["$defs"]["scenario"]}
    named |= {name: SCHEMA["$defs"][name.lower()] for name in ("Row", "Cell", "Proof", "Remark")}
    assert top == {"$ref": "#/$defs/Matrix"}
    assert known.keys() == named.keys()
    for name, expected in known.items():
        written = named[name]
        assert written["properties"].keys() == expected["properties"].keys(), name
        assert set(written["required"]) == written["properties"].keys(), name
        for field, each in expected["properties"].items():
            if "enum" in each:
                assert set(written["properties"][field]["enum"]) == set(each["enum"]), field


def test_later_fields_are_passed_over():
    """A report of a later version of the same number is read without what is new in it."""
    document = json.loads(json_report(example()))
    document["new"] = document["rows"][0]["new"] = {"a": 1}
    assert read_report(json.dumps(document)) == example()


@pytest.mark.parametrize(
    ("text", "expected", "came"),
    [
        ("{", "a JSON document", "Expecting"),
        (b"\xff\xfe\xff", "a JSON document", "decode"),
        ("[" * 100_000, "a JSON document", "recursion"),
        ("[1]", "version 1", "version None"),
        ('{"version": 2}', "version 1", "version 2"),
        ('{"version": 1}', "fields as the schema has them", "`started_at`"),
        (
            json_report(example()).replace('"not_claimed"', '"shrug"'),
            "fields as the schema has them",
            "$.rows[0].cells[3].status",
        ),
    ],
    ids=["broken", "no text", "deep", "no object", "later", "lacking", "no such status"],
)
def test_what_is_no_report(text, expected, came):
    """What was expected, what came and what to do are told, with the name of the file."""
    with pytest.raises(ReportError) as raised:
        read_report(text, "old.json")
    said = str(raised.value)
    assert said.startswith("old.json is not a report of conformance")
    assert f"Expected: {expected}" in said
    assert came in said.partition("Came: ")[2]
