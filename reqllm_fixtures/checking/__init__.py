"""Checks on streams: each event by its JSON Schema, and all of them by the rules of their order."""

from reqllm_fixtures.checking.chunks import check_chunks
from reqllm_fixtures.checking.events import check_events
from reqllm_fixtures.checking.finding import Finding, Profile, Severity

__all__ = ["Finding", "Profile", "Severity", "check_chunks", "check_events"]
