"""Checks chunks: each by its schema, and all of them one after another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from reqllm.chunk import StreamChunk
from reqllm_fixtures.checking.chunk_rules import TABLE, ChunkRules
from reqllm_fixtures.checking.explaining import came
from reqllm_fixtures.checking.finding import Finding, Profile, checked_profile
from reqllm_fixtures.checking.judging import check_untyped, judge
from reqllm_fixtures.checking.report import Report


def check_chunks(
    chunks: Iterable[StreamChunk | Mapping[str, Any]], *, profile: Profile = "compat"
) -> tuple[Finding, ...]:
    """Check the chunks of one stream against what they promise; return what deviates.

    chunks: as they came, or as `as_dict()` wrote them. `event` of a finding is a chunk's number.
    profile: `strict` is this release; to `compat`, what a newer one added is a warning.

    Raises ValueError for another profile, TypeError for what is no chunk, MissingDependencyError.
    """
    report = Report(checked_profile(profile))
    rules = ChunkRules(report)
    judging = judge("chunks", profile)
    for number, chunk in enumerate(chunks, 1):
        report.event = number
        value = _as_dict(chunk)
        kind = value.get("kind")
        if rules.ended:
            said = f"expected the end of the stream, came {came(kind)}"
            report.add("after-terminal", "$", said)
        elif isinstance(kind, str):
            judging.check(kind, value, report, TABLE.kind_path)
            rules.take(kind, value)
        else:
            check_untyped(value, report, TABLE.kind_path)
    found_any = report.event > 0
    report.event = 0
    if found_any:
        rules.end()
    else:
        report.add("no-events", "$", "expected chunks, came none")
    return report.findings()


def _as_dict(chunk: object) -> dict[str, Any]:
    if isinstance(chunk, StreamChunk):
        return chunk.as_dict()
    if isinstance(chunk, Mapping):
        return dict(chunk)
    raise TypeError(f"expected chunks, or what their as_dict() wrote, got {type(chunk).__name__}")
