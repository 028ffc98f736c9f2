"""Fixtures of the loopback provider's own tests."""

from __future__ import annotations

from collections.abc import Iterator

import anthropic
import httpx
import httpx2
import openai
import pytest

from .provider import KEY, LoopbackProvider
from .server import LoopbackServer


@pytest.fixture(scope="module")
def provider() -> Iterator[LoopbackServer]:
    """A provider that does not wait."""
    with LoopbackServer(LoopbackProvider(beat=0.02)) as server:
        yield server


@pytest.fixture(scope="module")
def http() -> Iterator[httpx.Client]:
    """One client for the module: building a TLS context is the slowest thing here."""
    with httpx.Client(verify=False, trust_env=False, timeout=2) as client:
        yield client


@pytest.fixture(scope="module")
def chat(provider: LoopbackServer) -> Iterator[openai.OpenAI]:
    """OpenAI's own SDK, pointed at the provider."""
    with httpx2.Client(verify=False, trust_env=False, timeout=2) as client:
        yield openai.OpenAI(
            base_url=f"{provider.url}/v1", api_key=KEY, max_retries=0, http_client=client
        )


@pytest.fixture(scope="module")
def messages(provider: LoopbackServer) -> Iterator[anthropic.Anthropic]:
    """Anthropic's own SDK, pointed at the provider."""
    with httpx2.Client(verify=False, trust_env=False, timeout=2) as client:
        yield anthropic.Anthropic(
            base_url=provider.url, api_key=KEY, max_retries=0, http_client=client
        )
