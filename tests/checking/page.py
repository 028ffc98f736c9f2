"""docs/checking.md: its tables come from the rules, and from what they find in the corpus."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from reqllm.wires.table import WIRE_NAMES
from reqllm_fixtures.checking.rules import RULES, Rule

from .deviations import DEVIATIONS, Deviation
from .over_corpus import Found, found

PAGE = Path(__file__).parents[2] / "docs" / "checking.md"
_MOST_PROVIDERS = 6


def with_tables(text: str, tables: dict[str, str]) -> str:
    """Put each table where its marks are."""
    for name, table in tables.items():
        marks = re.compile(f"(<!-- {name} -->\n).*?(<!-- end of {name} -->)", re.DOTALL)
        if not marks.search(text):
            raise ValueError(f"the page has no marks of the table {name}")
        text = marks.sub(lambda match, table=table: f"{match[1]}{table}{match[2]}", text)
    return text


def rules(table: Mapping[str, Rule] = RULES) -> str:
    """Write a table of rules."""
    rows = [
        (f"`{name}`", rule.strict or "", rule.compat or "", rule.asks)
        for name, rule in table.items()
    ]
    return _table(("rule", "strict", "compat", "asks that"), rows)


def deviations() -> str:
    """Write the table of what deviates, and why, wire by wire."""
    explained = [(each, each.explained_by[0]) for each in found("strict") if each.explained_by]
    parts = []
    for wire in WIRE_NAMES:
        rows = [
            _row(deviation, [each for each, why in explained if why is deviation])
            for deviation in DEVIATIONS
            if deviation.wire == wire
        ]
        if rows:
            head = ("rule", "at", "why", "captures of")
            parts.append(f"\n**{wire}**\n\n{_table(head, rows)}")
    return "".join(parts) + "\n"


def _row(deviation: Deviation, of_it: list[Found]) -> tuple[str, ...]:
    places = " ".join(f"`{path}`" for path in sorted({each.place for each in of_it}))
    captures = {(each.capture.name, each.capture.provider) for each in of_it}
    counts = Counter(provider for _, provider in captures).most_common()
    said = [f"{provider} {count}" for provider, count in sorted(counts, key=_by_count)]
    if len(said) > _MOST_PROVIDERS:
        said = [*said[:_MOST_PROVIDERS], f"and {len(said) - _MOST_PROVIDERS} more"]
    return (f"`{deviation.rule}`", places, deviation.why, ", ".join(said))


def _by_count(counted: tuple[str, int]) -> tuple[int, str]:
    return -counted[1], counted[0]


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
