"""How a recording becomes a file: all of it or nothing, and nothing of anybody else's is lost."""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
import warnings
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from reqllm_fixtures import files, journal
from reqllm_fixtures import format as cassette_format
from reqllm_fixtures.cassette import Headers, Interaction, RecordedRequest, RecordedResponse
from reqllm_fixtures.errors import CassetteNotFoundError, LeftJournalWarning, PublishError
from reqllm_fixtures.locking import locked
from reqllm_fixtures.matching import SECRET_QUERY

_REQUEST_HEADERS = {"content-type", "accept", "anthropic-version", "anthropic-beta"}
_RESPONSE_HEADERS = {
    "content-type",
    "content-encoding",
    "request-id",
    "x-request-id",
    "retry-after",
    "retry-after-ms",
}


class Recording:
    """What was recorded and is not published yet, in memory and in the journal."""

    def __init__(self, path: str, *, replaces: bool) -> None:
        self.path = path
        # A link keeps pointing where it points: journal and lock lie beside the file behind it.
        self._target = Path(os.path.realpath(path))
        self._replaces = replaces
        self._journal = journal.Journal(self._target)
        self._lock = threading.Lock()
        self._fresh: dict[int, Interaction] = {}
        self._discarded = False
        for left in journal.left_behind(self._target):
            warnings.warn(_told(self.path, left), LeftJournalWarning, stacklevel=4)

    def __len__(self) -> int:
        return len(self._fresh)

    def add(self, number: int, interaction: Interaction) -> None:
        """Take what was recorded. It never raises: the answer belongs to the client."""
        with self._lock:
            if self._discarded:
                return
            self._fresh[number] = interaction
            # What the journal cannot take may still fit where the cassette goes; if it does not,
            # publishing tells.
            with contextlib.suppress(OSError):
                self._journal.add(number, _without_secrets(interaction))

    def publish(self) -> None:
        """Write what is new into the cassette, in the order of the requests.

        Raises PublishError and CassetteFormatError; the old file is then as it was.
        """
        with self._lock:
            if not self._fresh:
                return
            new = [_without_secrets(self._fresh[number]) for number in sorted(self._fresh)]
            try:
                self._write(new)
            except OSError as error:
                raise self._refusal(error, new) from error
            self._fresh.clear()
            self._replaces = False  # what is recorded from now on is added to what was
            self._journal.remove()

    def discard(self) -> None:
        """Forget what was recorded, and what is still to be."""
        with self._lock:
            self._discarded = True
            self._fresh.clear()
            self._journal.remove()

    def _write(self, new: list[Interaction]) -> None:
        self._target.parent.mkdir(parents=True, exist_ok=True)
        with locked(self._target.with_name(f".{self._target.name}.lock")):
            merge(str(self._target), new, replace=self._replaces)

    def _refusal(self, error: OSError, new: list[Interaction]) -> PublishError:
        rescued: str | None = None
        with contextlib.suppress(OSError):
            folder = tempfile.mkdtemp(prefix="reqllm-")
            rescued = str(Path(folder, self._target.name))
            merge(rescued, new, replace=True)
            # It is all there: nobody needs the journal any more.
            self._journal.remove()
        return PublishError(self.path, error.strerror or str(error), rescued)


def merge(path: str, new: list[Interaction], *, replace: bool) -> None:
    """Put interactions behind those of a cassette, or in their place. Raises OSError."""
    as_json = cassette_format.is_json(path)
    text = None
    if not replace:
        with contextlib.suppress(CassetteNotFoundError):
            text = cassette_format.text_of(path)
    if text is None:
        files.publish(path, cassette_format.dumps(new, as_json=as_json).encode())
    else:
        merged = cassette_format.appended(text, new, path=path, as_json=as_json)
        files.publish(path, merged.encode())


def recover(left: str | os.PathLike[str], into: str | os.PathLike[str]) -> int:
    """Add what a journal holds to a cassette, remove the journal, tell how many it held."""
    source, target = Path(left), Path(os.path.realpath(into))
    interactions = journal.read(source)
    with locked(target.with_name(f".{target.name}.lock")):
        merge(str(target), interactions, replace=False)
    source.unlink()
    return len(interactions)


def _told(path: str, left: Path) -> str:
    return (
        f"A recording of {path} broke off before it was published; the cassette is as it was. "
        f"What was recorded until then is in {left}. Remove that file, or keep what it holds: "
        f"reqllm_fixtures.recover({str(left)!r}, {path!r})."
    )


def _without_secrets(interaction: Interaction) -> Interaction:
    """Keep of the headers what is on the lists: a key is never among them."""
    request, response = interaction.request, interaction.response
    return Interaction(
        RecordedRequest(
            request.method,
            _masked(request.uri),
            _kept(request.headers, _REQUEST_HEADERS),
            request.body,
        ),
        RecordedResponse(
            response.status,
            response.reason,
            _kept(response.headers, _RESPONSE_HEADERS),
            response.pieces,
            response.end,
            response.recorded_at,
        ),
    )


def _kept(headers: Headers, names: set[str]) -> Headers:
    return tuple((name.lower(), value) for name, value in headers if name.lower() in names)


def _masked(uri: str) -> str:
    parts = urlsplit(uri)
    fields = parts.query.split("&") if parts.query else []
    query = "&".join(
        f"{name}=REDACTED" if unquote(name).lower() in SECRET_QUERY else field
        for field in fields
        for name in [field.partition("=")[0]]
    )
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query=query))
