"""The ready class for a suite of one's own: a test for each scenario, to subclass for a model."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import ClassVar

import pytest

from reqllm.streaming import Client
from reqllm_fixtures.checking import Profile
from reqllm_fixtures.conformance.judging import run_scenario, verify
from reqllm_fixtures.conformance.scenarios import scenario
from reqllm_fixtures.library import CassetteInUse


class ConformanceSuite:
    """Subclass it as `class TestMine(ConformanceSuite)` with the name of a `model`.

    Each test is a scenario on a cassette of its own, recorded and played as any other test's. What
    a wire has no form for, and what the model is said to be `without`, is skipped. A scenario that
    is set to `None` in the subclass is no test there, which shows in the file.
    """

    model: ClassVar[str]
    """As in "openai:gpt-5-mini"."""
    wire: ClassVar[str | None] = None
    """The wire format, if not the provider's usual one."""
    base_url: ClassVar[str | None] = None
    """An address in place of the provider's own."""
    api_key_env: ClassVar[str | None] = None
    """The environment variable of the key, if not the provider's own; a replay needs none."""
    without: ClassVar[tuple[str, ...]] = ()
    """Capabilities that the model has not, or scenarios."""
    profile: ClassVar[Profile] = "compat"
    """With "strict" a stream must be as the provider documents it, and remarks are failures."""

    @pytest.fixture
    def conformance_client(self, reqllm_cassette: CassetteInUse) -> Iterator[Client]:
        """The client by which a scenario is asked."""
        key = (os.environ.get(self.api_key_env) or None) if self.api_key_env else None
        transport = reqllm_cassette.transport()
        with Client(self.base_url, key, transport=transport, max_retries=0) as client:
            yield client

    @pytest.fixture
    def conformance(self, reqllm_cassette: CassetteInUse, conformance_client: Client) -> Conducts:
        """What runs a scenario by its name, and fails the test that it did not pass in."""
        return Conducts(self, conformance_client, reqllm_cassette)

    def test_text(self, conformance: Conducts) -> None:
        conformance("text")

    def test_system(self, conformance: Conducts) -> None:
        conformance("system")

    def test_multi_turn(self, conformance: Conducts) -> None:
        conformance("multi_turn")

    def test_token_limit(self, conformance: Conducts) -> None:
        conformance("token_limit")

    def test_usage(self, conformance: Conducts) -> None:
        conformance("usage")

    def test_stop_sequence(self, conformance: Conducts) -> None:
        conformance("stop_sequence")

    def test_single_tool(self, conformance: Conducts) -> None:
        conformance("single_tool")

    def test_parallel_tools(self, conformance: Conducts) -> None:
        conformance("parallel_tools")

    def test_no_tool(self, conformance: Conducts) -> None:
        conformance("no_tool")

    def test_tool_round_trip(self, conformance: Conducts) -> None:
        conformance("tool_round_trip")

    def test_structured_output(self, conformance: Conducts) -> None:
        conformance("structured_output")

    def test_streaming_structured_output(self, conformance: Conducts) -> None:
        conformance("streaming_structured_output")

    def test_reasoning(self, conformance: Conducts) -> None:
        conformance("reasoning")

    def test_image_input(self, conformance: Conducts) -> None:
        conformance("image_input")

    def test_long_output(self, conformance: Conducts) -> None:
        conformance("long_output")

    def test_unicode(self, conformance: Conducts) -> None:
        conformance("unicode")

    def test_unauthenticated(self, conformance: Conducts) -> None:
        conformance("unauthenticated")

    def test_unknown_model(self, conformance: Conducts) -> None:
        conformance("unknown_model")

    def test_invalid_request(self, conformance: Conducts) -> None:
        conformance("invalid_request")

    def test_cancel(self, conformance: Conducts) -> None:
        conformance("cancel")


class Conducts:
    """Runs scenarios for one test."""

    def __init__(self, suite: ConformanceSuite, client: Client, cassette: CassetteInUse) -> None:
        self._suite, self._client, self._cassette = suite, client, cassette

    def __call__(self, name: str) -> None:
        """Run a scenario. Raises ConformanceError; skips what cannot or need not be asked."""
        __tracebackhide__ = True
        suite, asked = self._suite, scenario(name)
        for claimed in (asked.capability, asked.name):
            if claimed in suite.without:
                pytest.skip(f"{suite.model} is said to be without {claimed}")
        judged = run_scenario(
            asked,
            self._client,
            suite.model,
            wire=suite.wire,
            profile=suite.profile,
            cassette=self._cassette,
        )
        if judged.status == "unsupported":
            pytest.skip(judged.message)
        verify(judged, strict=suite.profile == "strict")
