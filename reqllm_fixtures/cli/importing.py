"""Makes cassettes of what other recorders kept; redacted, as if we had recorded it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from reqllm_fixtures.cassette import Interaction
from reqllm_fixtures.cli import har_source, reqllm_source
from reqllm_fixtures.cli.foreign_parts import Taken
from reqllm_fixtures.errors import CassetteFormatError, FixtureError, NodeError, SecretError
from reqllm_fixtures.files import disk
from reqllm_fixtures.files import format as cassette_format
from reqllm_fixtures.secrets.redaction import Redactor
from reqllm_fixtures.secrets.scan import scan

_ENDINGS = (".yaml", ".yml", ".json", ".yaml.gz", ".yml.gz", ".json.gz")
_FOREIGN = (".gz", ".har", ".json", ".yaml", ".yml")


class NotImportedError(FixtureError):
    """A file was not made a cassette of, or the cassette was not written."""


def targets(sources: Sequence[str], into: str | None) -> list[str]:
    """Tell where the cassette of each source goes: beside it, into a folder, or into one file.

    Raises NotImportedError where two would go to one place, or one to where it comes from.
    """
    if into is not None and into.endswith(_ENDINGS) and not Path(into).is_dir():
        if len(sources) > 1:
            raise NotImportedError(
                f"Expected one file to import into {into}, came {len(sources)}. "
                "Each source becomes a cassette of its own: name a folder."
            )
        made = [into]
    else:
        made = [
            str(Path(source).parent / _named(source))
            if into is None
            else str(Path(into, _named(source)))
            for source in sources
        ]
    places: dict[str, str] = {}
    for source, target in zip(sources, made, strict=True):
        place = os.path.realpath(target)
        if place == os.path.realpath(source):
            raise NotImportedError(
                f"The cassette of {source} would take its place: say where to put it with --into."
            )
        if place in places:
            raise NotImportedError(
                f"{places[place]} and {source} would both become {target}: import them apart, "
                "each with --into."
            )
        places[place] = source
    return made


def take(source: str) -> Taken:
    """Read a file of another recorder, whichever it is; tell what of it could not be taken.

    Raises NotImportedError, CassetteNotFoundError, CassetteFormatError, MissingDependencyError.
    """
    text = cassette_format.text_of(source)
    document = _json(text)
    try:
        if har_source.is_har(document):
            taken = har_source.read(document)
        elif reqllm_source.is_fixture(document):
            taken = reqllm_source.read(document)
        else:
            as_json = isinstance(document, Mapping)
            taken = Taken(cassette_format.loads(text, path=source, as_json=as_json), [])
    except NodeError as error:
        raise CassetteFormatError(
            source, expected=error.expected, came=error.came, advice=error.advice
        ) from error
    if not taken.interactions:
        raise NotImportedError("\n  ".join([f"There is nothing in {source} to take.", *taken.lost]))
    return taken


def write(
    source: str,
    interactions: Sequence[Interaction],
    target: str,
    *,
    force: bool,
    environ: Mapping[str, str] = os.environ,
) -> None:
    """Write a cassette, redacted. Raises NotImportedError, SecretError; nothing is written then.

    force: whether a file that is there is replaced.
    """
    if not force and os.path.lexists(target):
        raise NotImportedError(f"{target} is there already: replace it with --force.")
    redacted = list(_redacted(interactions, environ))
    leaks = [(i, *leak) for i, each in enumerate(redacted) for leak in scan(each)]
    if leaks:
        advice = f"Take it out of {source}, and revoke it; then import the file again."
        raise SecretError(target, leaks, advice=advice)
    as_json = cassette_format.is_json(target)
    try:
        disk.publish(target, cassette_format.dumps(redacted, as_json=as_json).encode())
    except OSError as error:
        raise NotImportedError(f"{target} could not be written ({error.strerror}).") from error
    except ValueError as error:
        raise NotImportedError(f"{source} holds what is no text ({error}).") from error


def _redacted(
    interactions: Sequence[Interaction], environ: Mapping[str, str]
) -> Iterator[Interaction]:
    redactor = Redactor.of(environ=environ)
    for each in interactions:
        redactor.learn(each.request)  # a key of the last may stand in an answer to the first
    for each in interactions:
        redacted = redactor.redact(each)
        if redacted is not None:
            yield redacted


def _json(text: str) -> Any:
    try:
        return json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return None


def _named(source: str) -> str:
    """Name the cassette of a source, without the endings that say how others keep theirs."""
    path = Path(source)
    while path.suffix in _FOREIGN and path.stem:
        path = path.with_suffix("")
    return f"{path.name}.yaml"
