"""Every rule there is: how bad it is to break it, in which profile, and what it asks for.

`strict` asks for what the provider documents, `compat` for what must hold for a client to work.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Struct

from reqllm_fixtures.checking.finding import Profile, Severity


class Rule(Struct, frozen=True):
    """A rule; a severity of `None` means that the profile does not ask for it."""

    strict: Severity | None
    compat: Severity | None
    asks: str

    def severity(self, profile: Profile) -> Severity | None:
        """How bad it is to break the rule in this profile."""
        return self.strict if profile == "strict" else self.compat


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        # Bytes to events.
        "no-events": Rule("error", "error", "the body holds at least one event"),
        "not-json": Rule("error", "error", "the data of an event is JSON"),
        "empty-event": Rule("error", None, "an event has data; some send none to stay connected"),
        "unframed": Rule("error", "warning", "every byte belongs to an event or a comment"),
        "unfinished-event": Rule("error", "warning", "the last event is closed"),
        "event-name": Rule("error", "warning", "the event's name is the type in its JSON"),
        "event-name-missing": Rule("error", None, "an event has the name that the wire gives it"),
        # One event by its schema.
        "unknown-event": Rule("error", "warning", "the type of an event is known"),
        "error-form": Rule("error", None, "an error is told in the form of its wire"),
        "unknown-variant": Rule("error", "warning", "the type of a part of an event is known"),
        "unknown-field": Rule("error", "warning", "every field is known"),
        "unknown-value": Rule("error", "error", "a value is one of those listed"),
        "required-field": Rule("error", "error", "a field that must be there is there"),
        "type": Rule("error", "error", "a value is of its JSON type"),
        "value": Rule("error", "error", "a value is within its limits"),
        # Events after one another.
        "start-missing": Rule("error", "error", "the stream begins with its first event"),
        "start-repeated": Rule("error", "warning", "the first event comes once"),
        "role-missing": Rule("error", None, "the first delta of a choice names its role"),
        "delta-before-start": Rule("error", "error", "a block is begun before its parts come"),
        "start-implied": Rule("error", "warning", "a part of an item is begun before its text"),
        "delta-after-stop": Rule("error", "error", "nothing of a block comes once it is closed"),
        "delta-mismatch": Rule("error", "error", "a part is of a kind that its block can hold"),
        "block-repeated": Rule("error", "error", "a block is begun once"),
        "block-open": Rule("error", "warning", "a block is closed before what comes after it"),
        "stop-without-start": Rule("error", "warning", "only what is open is closed"),
        "index-order": Rule("error", "warning", "blocks are numbered from 0, without gaps"),
        "sequence-number": Rule("error", "warning", "events are numbered from 0, without gaps"),
        "arguments-not-json": Rule("error", "error", "the pieces of arguments join to an object"),
        "arguments-differ": Rule("error", "warning", "the whole is what its pieces join to"),
        "tool-call-unnamed": Rule("error", "error", "a tool call begins with its name"),
        "tool-call-without-id": Rule("error", None, "a tool call begins with its id"),
        "id-changed": Rule("error", "warning", "id and model stay the same through the stream"),
        "created-changed": Rule("error", None, "the time of creation stays the same"),
        "usage-decreased": Rule("error", "warning", "usage is cumulative: it never falls"),
        "usage-inconsistent": Rule("error", "warning", "the parts of usage fit into its total"),
        "usage-unexplained": Rule("error", None, "the parts of usage add up to its total"),
        "usage-before-finish": Rule("error", None, "usage comes once the answer is finished"),
        "finish-missing": Rule("error", "warning", "the answer says why it stopped"),
        "finish-repeated": Rule("error", "warning", "it says so once"),
        "after-finish": Rule("error", "warning", "no content comes once it has said so"),
        "terminal-missing": Rule("error", "error", "something says that the answer is whole"),
        "last-event-missing": Rule("error", "warning", "the last event or sentinel comes, too"),
        "sentinel-unexpected": Rule("error", None, "no sentinel where the wire has none"),
        "after-terminal": Rule("error", "warning", "nothing comes after the last event"),
    }
)
