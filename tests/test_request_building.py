"""Requests are built as the HTTP library's own client would build them, only sooner."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import httpx
import httpx2
import pytest

from reqllm.calling import Timeouts
from reqllm.providers.base import WireRequest
from reqllm.request_building import RequestBuilder

libraries = pytest.mark.parametrize(
    "library", [httpx, httpx2], ids=lambda library: library.__name__
)
LIMITS = Timeouts(total=99).of_head(1)
REQUESTS = [
    WireRequest(url=url, headers=headers, body=body)
    for url, headers, body in (
        ("https://one.test/v1/chat?a=b", {"authorization": "Bearer a"}, b"{}"),
        ("https://one.test/v1/chat?a=b", {"authorization": "Bearer b"}, b"[]"),
        (
            "http://[::1]:8080/m%C3%BCnchen/ü",
            {"User-Agent": "ours", "accept-encoding": "identity", "x-name": "Zoe"},
            "ü".encode(),
        ),
        ("http://one.test", {"host": "two.test", "content-length": "2"}, b"ab"),
        ("http://one.test", {}, b""),
    )
]


def mocked(library: ModuleType) -> Any:
    """A transport that nothing is sent by: without one, each client makes a TLS context."""
    return library.MockTransport(lambda request: library.Response(200))


def facts(request: Any) -> tuple[Any, ...]:
    """All that is sent of a request, and by when."""
    return (
        request.method,
        request.url,
        request.headers.raw,
        request.content,
        request.extensions,
    )


def by_the_library(client: Any, library: ModuleType, request: WireRequest) -> Any:
    return client.build_request(
        request.method,
        request.url,
        headers=dict(request.headers),
        content=request.body,
        timeout=library.Timeout(**LIMITS.seconds),
    )


@libraries
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"headers": {"x-own": "1", "Authorization": "own", "accept": "own"}},
        {"cookies": {"session": "1"}},
        {"params": {"p": "1"}},
        {"base_url": "https://other.test/base"},
        {"auth": ("user", "word")},
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", ["Client", "AsyncClient"])
def test_the_same_request(library: ModuleType, options: dict[str, Any], kind: str) -> None:
    """Whatever the client adds of its own, and whichever request came before."""
    client = getattr(library, kind)(transport=mocked(library), **options)
    build = RequestBuilder(client, library).build
    for request in (*REQUESTS, *REQUESTS[:2]):
        assert facts(build(request, LIMITS)) == facts(by_the_library(client, library, request))


@libraries
def test_what_changes_between_two_requests(library: ModuleType) -> None:
    """Headers and cookies that the client is given later are sent from then on."""
    client = library.Client(transport=mocked(library))
    build = RequestBuilder(client, library).build
    request = REQUESTS[0]
    for change in (
        lambda: client.headers.update({"x-later": "1"}),
        lambda: client.cookies.set("later", "1", domain="one.test"),
        lambda: client.headers.pop("x-later"),
        lambda: client.cookies.clear(),
    ):
        change()
        assert facts(build(request, LIMITS)) == facts(by_the_library(client, library, request))


@libraries
def test_requests_share_nothing_that_changes(library: ModuleType) -> None:
    """A header or a limit that is set on one request, as a hook may, is not on the next."""
    client = library.Client(transport=mocked(library))
    build = RequestBuilder(client, library).build
    first = build(REQUESTS[0], LIMITS)
    first.headers["x-hooked"] = "1"
    first.extensions["timeout"]["read"] = 1.0
    assert facts(build(REQUESTS[0], LIMITS)) == facts(by_the_library(client, library, REQUESTS[0]))


@libraries
def test_a_client_with_a_way_of_its_own(library: ModuleType) -> None:
    """A client that builds its requests itself, as some SDKs' do, goes on doing so."""

    class Own(library.Client):  # type: ignore[misc,name-defined]
        def build_request(self, *args: Any, **named: Any) -> Any:
            request = super().build_request(*args, **named)
            request.headers["x-own"] = "1"
            return request

    built = RequestBuilder(Own(transport=mocked(library)), library).build(REQUESTS[0], LIMITS)
    assert built.headers["x-own"] == "1"
