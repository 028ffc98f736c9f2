"""Record what language models really sent, and play it back byte for byte.

Names are loaded when first used: importing this package loads no YAML, HTTP or test library.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reqllm_fixtures.cassette import Cassette as Cassette
    from reqllm_fixtures.cassette import EndError as EndError
    from reqllm_fixtures.cassette import Interaction as Interaction
    from reqllm_fixtures.cassette import Piece as Piece
    from reqllm_fixtures.cassette import RecordedRequest as RecordedRequest
    from reqllm_fixtures.cassette import RecordedResponse as RecordedResponse
    from reqllm_fixtures.checking import Finding as Finding
    from reqllm_fixtures.checking import check_chunks as check_chunks
    from reqllm_fixtures.checking import check_events as check_events
    from reqllm_fixtures.errors import CassetteFormatError as CassetteFormatError
    from reqllm_fixtures.errors import CassetteNotFoundError as CassetteNotFoundError
    from reqllm_fixtures.errors import ConformanceError as ConformanceError
    from reqllm_fixtures.errors import Difference as Difference
    from reqllm_fixtures.errors import FixtureError as FixtureError
    from reqllm_fixtures.errors import FixtureWarning as FixtureWarning
    from reqllm_fixtures.errors import LeftJournalWarning as LeftJournalWarning
    from reqllm_fixtures.errors import MissingDependencyError as MissingDependencyError
    from reqllm_fixtures.errors import ModeError as ModeError
    from reqllm_fixtures.errors import NoKeyError as NoKeyError
    from reqllm_fixtures.errors import OtherStreamError as OtherStreamError
    from reqllm_fixtures.errors import OverlayError as OverlayError
    from reqllm_fixtures.errors import PatchedWarning as PatchedWarning
    from reqllm_fixtures.errors import PublishError as PublishError
    from reqllm_fixtures.errors import RecordingEndedError as RecordingEndedError
    from reqllm_fixtures.errors import ReportError as ReportError
    from reqllm_fixtures.errors import RulesError as RulesError
    from reqllm_fixtures.errors import SecretError as SecretError
    from reqllm_fixtures.errors import SlowYamlWarning as SlowYamlWarning
    from reqllm_fixtures.errors import StalePiecesWarning as StalePiecesWarning
    from reqllm_fixtures.errors import UnknownScenarioError as UnknownScenarioError
    from reqllm_fixtures.errors import UnmatchedRequestError as UnmatchedRequestError
    from reqllm_fixtures.errors import UnplayedWarning as UnplayedWarning
    from reqllm_fixtures.files.format import load as load
    from reqllm_fixtures.files.format import save as save
    from reqllm_fixtures.files.publishing import recover as recover
    from reqllm_fixtures.library import fixture_transport as fixture_transport
    from reqllm_fixtures.library import use_cassette as use_cassette
    from reqllm_fixtures.mode import Mode as Mode

_HOMES = {
    "cassette": (
        "Cassette",
        "EndError",
        "Interaction",
        "Piece",
        "RecordedRequest",
        "RecordedResponse",
    ),
    "checking": ("Finding", "check_chunks", "check_events"),
    "errors": (
        "CassetteFormatError",
        "CassetteNotFoundError",
        "ConformanceError",
        "Difference",
        "FixtureError",
        "FixtureWarning",
        "LeftJournalWarning",
        "MissingDependencyError",
        "ModeError",
        "NoKeyError",
        "OtherStreamError",
        "OverlayError",
        "PatchedWarning",
        "PublishError",
        "RecordingEndedError",
        "ReportError",
        "RulesError",
        "SecretError",
        "SlowYamlWarning",
        "StalePiecesWarning",
        "UnknownScenarioError",
        "UnmatchedRequestError",
        "UnplayedWarning",
    ),
    "files.format": ("load", "save"),
    "library": ("fixture_transport", "use_cassette"),
    "mode": ("Mode",),
    "files.publishing": ("recover",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}
__all__ = sorted(_HOME_OF)


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME_OF})
