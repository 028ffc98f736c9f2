"""The short way to read our own YAML never reads anything but what YAML says."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reqllm_fixtures.files.format import dumps
from reqllm_fixtures.files.own_yaml import NotOurs, parse
from reqllm_fixtures.files.yaml_reading import NotYamlError
from reqllm_fixtures.files.yaml_reading import parse as parse_yaml

from .making import AWKWARD, interaction, interactions, patiently

ROOT = Path(__file__).parents[2]
OURS = dumps(
    [
        interaction(b"data: 1\n\n", b"data: {}\n\n", body=b'{"a": "b"}'),
        interaction(b"x\n y\n\n z", body=b""),
        interaction(b"\n leading", body=b" blank"),
    ]
)
# What makes YAML of another meaning out of YAML.
MARKS = st.sampled_from(
    [*" \n:-|>+'\"#&*!{}[]%@`~,?\t\r0n", "\n\n", "  ", ": ", "- ", "|2", "---\n"]
)


def same(text: str) -> bool:
    """Whether both read the same, where the short way is taken at all."""
    try:
        ours = parse(text)
    except NotOurs:
        return True
    try:
        return ours == parse_yaml(text)
    except NotYamlError:
        return False


@patiently
@given(st.lists(interactions, min_size=1, max_size=3))
def test_whatever_we_write(recorded):
    """Every cassette reads the same by either way."""
    assert same(dumps(recorded))


@patiently
@given(
    st.integers(0, len(OURS)),
    st.integers(0, 12),
    st.one_of(MARKS, st.lists(MARKS, max_size=4).map("".join), st.text(AWKWARD, max_size=3)),
)
def test_whatever_was_edited(at, length, put):
    """Cut out, put in, overwritten anywhere: it is left to YAML, or reads as YAML has it."""
    assert same(OURS[:at] + put + OURS[at + length :])


@pytest.mark.parametrize("path", sorted((ROOT / "cassettes").glob("*.yaml")), ids=lambda p: p.stem)
def test_our_own_go_the_short_way(path):
    """What we record is read without any YAML library."""
    assert parse(path.read_bytes()) == parse_yaml(path.read_bytes())


@pytest.mark.parametrize(
    "text",
    [
        "a: 1",
        "a: yes\n",
        "a:\n",
        "a: b: c\n",
        "a: b #c\n",
        "a: |\n  b\n c\nd: 1\n",
        "a: |\n  b\n",
        "a: 'b\n",
        "a: 010\n",
        "a: 1_0\n",
        "a: 1:30\n",
        "- a\n",
        "a: b\n  c\n",
        "a\n  b: c\n",
        "a: &x b\n",
        "no: 1\n",
        "a:\n- b:\n",
        "",
    ],
)
def test_what_is_left_to_yaml(text):
    """What might mean something else is not guessed at."""
    with pytest.raises(NotOurs):
        parse(text)
