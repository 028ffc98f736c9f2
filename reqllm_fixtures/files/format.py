"""The cassette file: vcrpy's version 1, as YAML or JSON, packed or not, ours or anybody's.

What vcrpy alone can read goes through vcrpy, which is loaded only then.
"""

from __future__ import annotations

import base64
import codecs
import json
from collections.abc import Iterable
from os import PathLike, fspath
from typing import Any

import msgspec

from reqllm_fixtures.cassette import Cassette, Interaction, Matcher
from reqllm_fixtures.errors import CassetteFormatError, NodeError
from reqllm_fixtures.files import disk, own_yaml
from reqllm_fixtures.files.nodes import is_own, moment, read_interaction, write_interaction
from reqllm_fixtures.matching import matchers

VERSION = 1

_QUICKLY_READ = 16_384
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_EXPECTED = f"a cassette of version {VERSION}"
_CUT_SHORT = (
    "It may have been cut short or edited by hand: restore it from version control, "
    "or record it anew."
)


def load(path: str | PathLike[str], *, matcher: Matcher = matchers.strict) -> Cassette:
    """Read a cassette.

    Raises CassetteNotFoundError, CassetteFormatError, MissingDependencyError. A body that was
    changed since it was recorded is told of, by a StalePiecesWarning, when its pieces are first
    looked at.
    """
    name = fspath(path)
    interactions = loads(disk.read(name), path=name, as_json=is_json(name))
    return Cassette(name, interactions, matcher=matcher)


def save(cassette: Cassette, path: str | PathLike[str] | None = None) -> None:
    """Write a cassette, by default to its own path; the file appears whole or not at all.

    Raises ValueError for a header or a message that is not Unicode.
    """
    name = cassette.path if path is None else fspath(path)
    disk.publish(name, dumps(cassette.interactions, as_json=is_json(name)).encode())


def dumps(interactions: Iterable[Interaction], *, as_json: bool = False) -> str:
    """Write interactions as the text of a cassette."""
    if as_json:
        document = _as_document(write_interaction(each, _json_body, dict) for each in interactions)
        return json.dumps(document, indent=4, ensure_ascii=False, default=moment) + "\n"
    # Here, because a JSON cassette needs no PyYAML.
    from reqllm_fixtures.files import yaml_writing

    return yaml_writing.write(
        _as_document(
            write_interaction(each, yaml_writing.body, yaml_writing.Flow) for each in interactions
        )
    )


def loads(text: str | bytes, *, path: str, as_json: bool = False) -> list[Interaction]:
    """Read the text of a cassette; `path` is what errors and warnings call it."""
    if not text or text.isspace():
        raise _refusal(path, "an empty file", _CUT_SHORT)
    nodes = _nodes(path, _json(path, text) if as_json else _yaml(path, text))
    return [_interaction(path, index, node) for index, node in enumerate(nodes)]


def appended(text: str, new: Iterable[Interaction], *, path: str, as_json: bool = False) -> str:
    """Add interactions to the text of a cassette, and leave what it holds as it is written.

    Raises CassetteFormatError.
    """
    addition = dumps(new, as_json=as_json)
    parse = _json if as_json else _yaml
    document = parse(path, text)
    wanted = [*_nodes(path, document), *parse(path, addition)["interactions"]]
    if as_json:
        document = {**document, "interactions": wanted}
        return json.dumps(document, indent=4, ensure_ascii=False, default=moment) + "\n"
    from reqllm_fixtures.files import yaml_reading, yaml_writing

    joined = _joined(text, addition)
    try:
        if joined is not None and yaml_reading.parse(joined)["interactions"] == wanted:
            return joined
    except yaml_reading.NotYamlError:
        pass
    # Written in a layout of its own, by hand or by another tool: the same data in ours.
    return yaml_writing.write({**document, "interactions": wanted})


def text_of(path: str) -> str:
    """Read the text of a cassette. Raises CassetteNotFoundError, CassetteFormatError."""
    return _decoded(path, disk.read(path))


def _decoded(path: str, text: str | bytes) -> str:
    try:
        return text if isinstance(text, str) else text.decode()
    except UnicodeDecodeError as error:
        raise _refusal(
            path, f"bytes that are no UTF-8 text, at {error.start}", "Check the path."
        ) from error


_decode_json = msgspec.json.Decoder().decode


def _json(path: str, text: str | bytes) -> Any:
    try:
        return _decode_json(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        pass  # the slower reader says where, and takes what only it takes: halves of characters
    text = _decoded(path, text)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _refusal(path, f"text that is not JSON ({error})", _CUT_SHORT) from error


def _yaml(path: str, text: str | bytes) -> Any:
    # Line by line it is the quicker one for the small files that most are; libyaml for large ones.
    if len(text) <= _QUICKLY_READ:
        try:
            return own_yaml.parse(text)
        except own_yaml.NotOurs:
            pass  # another's, or edited, or with a body that no literal block can hold
    from reqllm_fixtures.files import yaml_reading

    if isinstance(text, bytes) and text.startswith(_UTF_16):  # which YAML could be, too
        text = _decoded(path, text)
    try:
        return yaml_reading.parse(text)
    except yaml_reading.TagError as error:
        raise _refusal(path, str(error), "Tags are never executed: record it anew.") from error
    except yaml_reading.NotYamlError as error:
        _decoded(path, text)  # which says where, if it is no text at all
        raise _refusal(path, f"text that is not YAML ({error})", _CUT_SHORT) from error


def _nodes(path: str, document: Any) -> list[Any]:
    """Take the interactions out of a document that is a cassette of our version."""
    if isinstance(document, list) and document and isinstance(document[0], dict):
        raise _refusal(
            path, "a list, as vcrpy had it before 1.0", "Migrate it: python -m vcr.migration PATH."
        )
    if not isinstance(document, dict):
        came = "plain text" if isinstance(document, str) else f"a {type(document).__name__}"
        raise _refusal(path, came, "Check the path.")
    if not isinstance(document.get("interactions"), list):
        keys = ", ".join(map(str, list(document)[:8])) or "nothing"
        raise _refusal(path, f"a mapping of {keys}, with no list of interactions", _CUT_SHORT)
    if "version" not in document:
        raise _refusal(path, "interactions without a version", _CUT_SHORT)
    if document["version"] != VERSION:
        came = f"version {document['version']!r}"
        raise _refusal(path, came, "Update reqllm, or record it anew.")
    nodes: list[Any] = document["interactions"]
    return nodes


def _interaction(path: str, index: int, node: Any) -> Interaction:
    try:
        if is_own(node):
            return read_interaction(node, f"interaction {index} of {path}")
        from reqllm_fixtures.files import foreign

        return foreign.read_interaction(node)
    except NodeError as error:
        raise CassetteFormatError(
            path,
            expected=f"{error.expected} in interaction {index}",
            came=error.came,
            advice=error.advice,
        ) from error


def _refusal(path: str, came: str, advice: str) -> CassetteFormatError:
    return CassetteFormatError(path, expected=_EXPECTED, came=came, advice=advice)


def _joined(text: str, addition: str) -> str | None:
    """Put the items of one YAML cassette behind those of another, if both end in their version."""
    head, found, version = text.rpartition("\nversion:")
    items, _, _ = addition.removeprefix("interactions:\n").rpartition("\nversion:")
    if not found or "\n" in version.strip():
        return None
    return f"{head}\n{items}{found}{version}"


def _as_document(interactions: Iterable[Any]) -> dict[str, Any]:
    # The version comes last, as vcrpy has it: a file that was cut short has none.
    return {"interactions": list(interactions), "version": VERSION}


def _json_body(body: bytes) -> Any:
    """Keep text as text; JSON has nothing for the rest, and vcrpy no convention."""
    try:
        return body.decode()
    except UnicodeDecodeError:
        return {"base64_string": base64.b64encode(body).decode()}


def is_json(path: str) -> bool:
    """Tell whether a file of this name is written as JSON."""
    return path.removesuffix(".gz").endswith(".json")
