"""How a recording becomes a file: all of it or nothing, and nothing of anybody else's is lost."""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from reqllm_fixtures.cassette import Interaction, RecordedRequest
from reqllm_fixtures.errors import (
    CassetteNotFoundError,
    LeftJournalWarning,
    PublishError,
    SecretError,
)
from reqllm_fixtures.files import disk, journal
from reqllm_fixtures.files import format as cassette_format
from reqllm_fixtures.files.locking import locked
from reqllm_fixtures.secrets.redaction import Redactor
from reqllm_fixtures.secrets.scan import Leak, scan

# Seconds in which a client has taken its last piece, before another thread competes with it.
_LEISURE = 0.05


class _Checked(NamedTuple):
    """An interaction as it may be written, and what in it still looks like a secret."""

    known: int  # how many secrets were, when it was redacted
    interaction: Interaction | None
    leaks: list[Leak]


class Recording:
    """What was recorded and is not published yet, in memory and in the journal.

    What is written, be it to the journal, was redacted, and what still looks like a secret is not
    written.
    """

    def __init__(self, path: str, redactor: Redactor, *, replaces: bool) -> None:
        self.path = path
        self._redactor = redactor
        # A link keeps pointing where it points: journal and lock lie beside the file behind it.
        self._target = Path(os.path.realpath(path))
        self._replaces = replaces
        self._journal = journal.Journal(self._target)
        self._lock = threading.Lock()
        self._fresh: dict[int, Interaction] = {}
        self._checked: dict[int, _Checked] = {}
        # Redacting takes longer than receiving: an event loop must not wait for it.
        self._writer: ThreadPoolExecutor | None = None
        self._hurry = threading.Event()
        self._discarded = False
        for left in journal.left_behind(self._target):
            warnings.warn(_told(self.path, left), LeftJournalWarning, stacklevel=3)

    def __len__(self) -> int:
        return len(self._fresh)

    @property
    def interactions(self) -> tuple[Interaction, ...]:
        """What is not published yet, in the order of the requests, as it came."""
        with self._lock:
            return tuple(self._fresh[number] for number in sorted(self._fresh))

    def learn(self, request: RecordedRequest) -> None:
        """Note the credentials of a request that is about to be sent."""
        self._redactor.learn(request)

    def add(self, number: int, interaction: Interaction) -> None:
        """Take what was recorded. It never raises: the answer belongs to the client."""
        with self._lock:
            if self._discarded:
                return
            self._fresh[number] = interaction
            if self._writer is None:
                self._writer = ThreadPoolExecutor(1, "reqllm-journal")
                self._hurry.clear()
            due = time.monotonic() + _LEISURE
            self._writer.submit(self._note, number, interaction, due)

    def publish(self) -> None:
        """Write what is new into the cassette, in the order of the requests.

        Raises PublishError, SecretError, CassetteFormatError; the old file is then as it was.
        """
        self._finish_writing()
        with self._lock:
            if not self._fresh:
                self._journal.remove()
                return
            new = self._redacted()
            if new:
                try:
                    self._write(new)
                except OSError as error:
                    raise self._refusal(error, new) from error
                self._replaces = False  # what is recorded from now on is added to what was
            self._forget()

    def discard(self) -> None:
        """Forget what was recorded, and what is still to be."""
        self._discarded = True
        self._finish_writing()
        with self._lock:
            self._forget()

    def _note(self, number: int, interaction: Interaction, due: float) -> None:
        """Write to the journal; whatever fails here, a full disk or a filter, publishing tells."""
        if self._hurry.wait(max(0.0, due - time.monotonic())):
            return  # it is being published, or forgotten: no journal is needed any more
        with contextlib.suppress(Exception):
            checked = self._checked[number] = self._check(interaction)
            if checked.interaction is not None and not checked.leaks:
                self._journal.add(number, checked.interaction)

    def _finish_writing(self) -> None:
        with self._lock:
            writer, self._writer = self._writer, None
            self._hurry.set()
        if writer is not None:
            writer.shutdown()

    def _forget(self) -> None:
        self._fresh.clear()
        self._checked.clear()
        self._journal.remove()

    def _check(self, interaction: Interaction) -> _Checked:
        known = self._redactor.known
        redacted = self._redactor.redact(interaction)
        return _Checked(known, redacted, [] if redacted is None else scan(redacted))

    def _redacted(self) -> list[Interaction]:
        """Give what may be written. Raises SecretError."""
        found: list[tuple[Interaction, list[Leak]]] = []
        for number in sorted(self._fresh):
            checked = self._checked.get(number)
            if checked is None or checked.known != self._redactor.known:
                # By now more credentials are known than when it was redacted for the journal.
                checked = self._check(self._fresh[number])
            if checked.interaction is not None:
                found.append((checked.interaction, checked.leaks))
        leaks = [(i, leak.place, leak.kind) for i, (_, each) in enumerate(found) for leak in each]
        if leaks:
            self._forget()
            raise SecretError(self.path, leaks)
        return [interaction for interaction, _ in found]

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
        disk.publish(path, cassette_format.dumps(new, as_json=as_json).encode())
    else:
        merged = cassette_format.appended(text, new, path=path, as_json=as_json)
        disk.publish(path, merged.encode())


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
