"""The HTTP clients that we make are the library's own in all that can be seen."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import httpx
import httpx2
import pytest

from reqllm.own_clients import new_client


@pytest.mark.parametrize("library", [httpx, httpx2], ids=["httpx", "httpx2"])
def test_cookies(library: ModuleType) -> None:
    """What a provider sets is sent from then on, and what is set by hand, until taken back."""
    seen: list[str | None] = []
    answers: list[dict[str, str]] = [
        {},
        {"set-cookie": "__cf_bm=1; Path=/"},
        {},
        {"Set-Cookie": "__cf_bm=2; Path=/"},
        {"set-cookie": "__cf_bm=; Path=/; Max-Age=0"},
        {},
        {},
    ]

    def answer(request: Any) -> Any:
        seen.append(request.headers.get("cookie"))
        return library.Response(200, headers=answers.pop(0))

    with new_client(library, "Client", library.MockTransport(answer)) as client:
        assert isinstance(client, library.Client)
        for _ in range(6):
            client.get("https://one.test/")
        client.cookies = {"own": "3"}
        client.get("https://one.test/")
        assert dict(client.cookies) == {"own": "3"}
    assert seen == [None, None, "__cf_bm=1", "__cf_bm=1", "__cf_bm=2", None, "own=3"]
