"""Where the cassette of a test lies: under a name of its own, in the folder of cassettes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reqllm_fixtures.testing import naming
from tests.fixtures_side.making import AWKWARD, patiently

# What a file system may take amiss: separators, dots, what is long and what is not ASCII.
awkward = st.one_of(
    st.text(AWKWARD + "/\\.[]", max_size=40),
    st.text("ab./", min_size=140, max_size=200),
    st.sampled_from(["..", ".", "", "../../etc/passwd", "C:\\x", "a\x00b", "\ud800", "x" * 300]),
)


@patiently
@given(st.lists(awkward, min_size=2, max_size=8, unique=True))
def test_every_test_has_a_file_of_its_own(names):
    """Different names are different files, each directly in its folder and short enough."""
    stems = [naming.stem(name) for name in names]
    assert len(set(stems)) == len(names)
    for stem in stems:
        assert Path("folder", f"{stem}.yaml").name == f"{stem}.yaml"
        assert stem.isascii()
        assert stem.isprintable()
        assert 0 < len(stem) <= 150
        assert not stem.startswith(".")


@pytest.mark.parametrize(
    "name", ["test_a", "test_a[gpt-4.1-mini]", "TestChat.test_a[x y]", "test_a[1-True-None]"]
)
def test_ordinary_names_stay_as_they_are(name):
    """A suite of pytest-recording's finds its cassettes under the names that they have."""
    assert naming.stem(name) == name


@patiently
@given(awkward)
def test_a_marker_names_what_is_in_the_folder(name):
    """Whatever a marker's name is let pass stays inside the folder of cassettes."""
    if naming.refusal(name) is None:
        path = naming.path_named(Path("/suite/test_x.py"), "cassettes", name)
        assert path.resolve().is_relative_to("/suite/cassettes")
        assert naming.is_cassette(path.name)


@pytest.mark.parametrize("name", ["a", "chat/hello", "gpt-4.1", "x.json", "x.yaml.gz", "a b"])
def test_names_that_a_marker_may_say(name):
    """Folders, dots and the kinds of cassettes are names."""
    assert naming.refusal(name) is None


@pytest.mark.parametrize(
    "name", ["", "..", "../x", "/x", "a/../../x", "a\\b", "x/", ".x", "é", "a?"]
)
def test_names_that_a_marker_may_not_say(name):
    """What leads elsewhere, or is no file everywhere, is refused."""
    assert naming.refusal(name) is not None
