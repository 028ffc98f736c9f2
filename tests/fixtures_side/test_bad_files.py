"""Files that are no cassettes: each is named, explained and left as it is."""

import contextlib
import gzip
import warnings

import pytest

from reqllm_fixtures import (
    CassetteFormatError,
    CassetteNotFoundError,
    FixtureError,
    load,
    use_cassette,
)
from reqllm_fixtures.files import format as cassette_format
from tests.fixtures_side.making import interaction

YAML = cassette_format.dumps([interaction(b"data: 1\n\n" * 20)]).encode()
JSON = cassette_format.dumps([interaction(b"data: 1\n\n" * 20)], as_json=True).encode()
PLAIN = b"interactions:\n- request: {method: GET, uri: 'http://x/'}\n  response: %s\nversion: 1\n"

BAD = {
    "empty.yaml": (b"", "an empty file"),
    "empty.json": (b"", "an empty file"),
    "empty.yaml.gz": (gzip.compress(b""), "an empty file"),
    "blank.yaml": (b" \n\t\n", "an empty file"),
    "comment.yaml": (b"# nothing\n", "NoneType"),
    "no_bytes_left.yaml": (YAML[: len(YAML) // 2], "without a version"),
    "cut_in_a_key.yaml": (YAML[: YAML.index(b"x_reqllm") + 4], "not YAML"),
    "cut.json": (JSON[: len(JSON) // 2], "not JSON"),
    "cut.yaml.gz": (gzip.compress(YAML)[:-20], "breaks off"),
    "damaged.yaml.gz": (b"\x1f\x8b" + b"\x00" * 30, "damaged"),
    "newer.yaml": (YAML.replace(b"version: 1", b"version: 2"), "version 2"),
    "newer.json": (JSON.replace(b'"version": 1', b'"version": 2'), "version 2"),
    "no_version.yaml": (YAML.replace(b"version: 1\n", b""), "without a version"),
    "newer_key.yaml": (YAML.replace(b"v: 1", b"v: 2"), "came: 2"),
    "list.yaml": (b"- 1\n- 2\n", "a list"),
    "list.json": (b"[]", "a list"),
    "old.yaml": (b"- request: {}\n  response: {}\n", "migration"),
    "page.yaml": (b"<!DOCTYPE html><html><body>Not found</body></html>", "plain text"),
    "lines.yaml": (b"<html>\n<p class='a'>a: b: c</p>\n</html>", "not YAML"),
    "yaml_called.json": (YAML, "not JSON"),
    "binary.yaml": (bytes(range(128, 256)), "no UTF-8 text"),
    "control.yaml": (b"\x00\x01\x02", "not YAML"),
    "other.json": (b'{"captured_at": 1, "chunks": []}', "a mapping of captured_at, chunks"),
    "null.yaml": (b"interactions: null\nversion: 1\n", "no list of interactions"),
    "object.yaml": (PLAIN % b"!!python/object:os.system {}", "python/object"),
    "apply.yaml": (PLAIN % b"!!python/object/apply:os.system [touch pwned]", "python/object/apply"),
    "name.yaml": (PLAIN % b"!!python/name:os.system", "python/name"),
    "unfit_tag.yaml": (PLAIN % b"!!bool maybe", "not YAML"),
    "no_response.yaml": (PLAIN % b"null", "in interaction 0"),
    "no_status.yaml": (PLAIN % b"{headers: {}, body: {string: ''}}", "a status with a code"),
    "no_interaction.yaml": (b"interactions: [1]\nversion: 1\n", "a int"),
    "no_method.yaml": (YAML.replace(b"method: POST", b"method: null"), "a method"),
    "bad_uri.yaml": (YAML.replace(b"https://api", b"https://[api"), "a uri"),
    "bad_end.yaml": (YAML.replace(b"end: eof", b"end: whenever"), "client_closed"),
    "bad_time.yaml": (YAML.replace(b"v: 1", b"v: 1\n      recorded_at: soon"), "a time"),
    "bad_headers.yaml": (PLAIN % b"{status: 200, headers: 7, body: {string: ''}}", "headers"),
    "bad_body.json": (JSON.replace(b'"data', b'"\\udc80data'), "surrogate"),
    "bad_base64.json": (JSON.replace(b'"string"', b'"base64_string"'), "base64"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_file(tmp_path, name):
    """The error names the file, what was expected, what came and what to do; the file stays."""
    content, says = BAD[name]
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(CassetteFormatError) as caught:
        load(path)
    message = str(caught.value)
    assert str(path) in message
    assert says in message.replace("Came", "came")
    assert "Expected: " in message
    assert caught.value.advice
    assert path.read_bytes() == content
    assert [each.name for each in tmp_path.iterdir()] == [name]


def test_no_tag_is_executed(tmp_path, monkeypatch):
    """A file that asks for a command to be run is refused without running it."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "c.yaml"
    path.write_bytes(BAD["apply.yaml"][0])

    with pytest.raises(CassetteFormatError):
        load(path)
    assert not (tmp_path / "pwned").exists()


def test_missing_file(tmp_path):
    """A missing file is an error of its own, which says what to do, and nothing is created."""
    path = tmp_path / "deep" / "c.yaml"

    with pytest.raises(CassetteNotFoundError, match=r"deep/c\.yaml.*record one first"):
        load(path)
    with pytest.raises(CassetteNotFoundError), use_cassette(path):
        raise AssertionError("entered")
    assert list(tmp_path.iterdir()) == []


def test_folder_of_a_file_that_is_a_file(tmp_path):
    """A path below a file is a missing file, not an unreadable one."""
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(CassetteNotFoundError):
        load(tmp_path / "file" / "c.yaml")


def test_folder(tmp_path):
    """A folder is no cassette."""
    with pytest.raises(CassetteFormatError, match="a directory"):
        load(tmp_path)


@pytest.mark.parametrize("whole", [YAML, JSON], ids=["yaml", "json"])
def test_every_truncation_is_refused(whole):
    """No cassette that was cut short, wherever, is taken for a whole one."""
    text = whole.decode().rstrip()
    for end in range(len(text)):
        with pytest.raises(CassetteFormatError):
            cassette_format.loads(text[:end], path="c", as_json=whole is JSON)


def test_every_changed_byte_is_read_or_refused():
    """Whatever one byte becomes, the cassette loads or the harness refuses it in its own words."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for position in range(len(YAML)):
            for byte in b"\x00\t\n #:-[{'\"&!0":
                changed = YAML[:position] + bytes([byte]) + YAML[position + 1 :]
                with contextlib.suppress(FixtureError):
                    cassette_format.loads(changed.decode(), path="c")
