"""A client that a module makes for tests that replay builds no TLS context, unless it must send."""

from __future__ import annotations

import pytest

SHARED = """
    import httpx, httpx2
    CLIENTS = [httpx.Client(), httpx2.Client(), httpx.AsyncClient()]

    def built():
        return ["_pool" in vars(each._transport) for each in CLIENTS]
"""
PATCHED = """
    import httpx
    import shared

    pytestmark = pytest.mark.reqllm("one", patch=True, unplayed="ignore")
    METHODS = httpx.HTTPTransport.__init__, httpx.AsyncHTTPTransport.__init__

    @pytest.mark.parametrize("client", shared.CLIENTS[:2])
    def test_patched(client):
        with client.stream(**request()) as response:
            assert b"lo" in b"".join(response.iter_raw())

    def test_which_are_built():
        print("built:", shared.built())
"""
LATER = """
    import httpx
    import shared
    import test_patched

    def test_real():
        made = httpx.HTTPTransport.__init__, httpx.AsyncHTTPTransport.__init__
        assert made != test_patched.METHODS
        assert httpx.Client()._transport._pool
        with pytest.raises(httpx.ConnectError):
            shared.CLIENTS[0].get("http://127.0.0.1:9")
        print("then:", shared.built())
"""


@pytest.fixture
def shared(suite):
    """A suite whose modules share clients that one of them is the first to import."""
    suite.cassette("cassettes/one.yaml", "Hi", "Hi")
    suite.write("shared.py", SHARED)
    suite.write("test_patched.py", PATCHED)
    return suite


def test_nothing_is_built_for_tests_that_replay(shared):
    """What a patched module makes while it is imported is built by the first that has to send."""
    shared.write("test_real.py", LATER)
    result = shared.run("-s", "-p", "no:randomly")
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(
        ["*built: [[]False, False, False[]]*", "*then: [[]True, False, False[]]*"]
    )


def test_what_may_send_is_built(shared):
    """Where requests go out, and in a module that is not patched, clients are as always."""
    result = shared.run("-s", "--reqllm-mode=live", "-k", "which")
    result.stdout.fnmatch_lines(["*built: [[]True, True, True[]]*"])
    shared.write("test_patched.py", PATCHED.replace(", patch=True", ""))
    result = shared.run("-s", "-k", "which")
    result.stdout.fnmatch_lines(["*built: [[]True, True, True[]]*"])
