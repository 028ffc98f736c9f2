"""The network guard: a replaying test that asked for a cassette reaches no network."""

from __future__ import annotations

from .suites import told

GUARDED = """
    import contextlib, socket
    import anyio
    from urllib.request import urlopen

    def elsewhere(path="/"):
        return "http://192.0.2.1:81" + path

    def test_socket(reqllm_cassette):
        with socket.socket() as it:
            it.settimeout(1)
            it.connect(("192.0.2.1", 81))

    def test_connect_ex_and_swallowed(fixture_path):
        with socket.socket() as it, contextlib.suppress(BaseException):
            it.settimeout(1)
            it.connect_ex(("192.0.2.1", 81))

    def test_udp(fixture_path):
        with socket.socket(type=socket.SOCK_DGRAM) as it:
            it.sendto(b"1", ("192.0.2.1", 53))

    def test_name(reqllm_client):
        socket.create_connection(("api.example.test", 443))

    def test_urllib(fixture_path):
        try:
            urlopen(elsewhere())
        except Exception:
            pass

    def test_forgotten_transport(reqllm_cassette):
        with httpx.Client(verify=False, trust_env=False) as client:
            client.get(elsewhere())

    @pytest.mark.parametrize("loop", ["asyncio", "trio"])
    def test_forgotten_async_transport(reqllm_async_client, loop):
        async def main():
            async with httpx2.AsyncClient(verify=False, trust_env=False) as client:
                await client.get("http://api.example.test/")
        anyio.run(main, backend=loop)

    @pytest.mark.reqllm
    def test_marked():
        socket.create_connection(("192.0.2.1", 81), timeout=1)

    LOCAL = ["127.0.0.1", "localhost", "::1", b"127.0.0.1"]

    @pytest.mark.parametrize("host", LOCAL)
    def test_loopback(reqllm_cassette, host):
        family = socket.AF_INET6 if host == "::1" else socket.AF_INET
        with socket.socket(family) as server, socket.socket(family) as client:
            server.bind(("::1" if host == "::1" else "127.0.0.1", 0))
            server.listen()
            client.connect((host, server.getsockname()[1]))
        here, there = socket.socketpair()
        here.close()
        there.close()
        with socket.socket(socket.AF_UNIX) as it, pytest.raises(FileNotFoundError):
            it.connect("/nowhere/to/be/found")

    def test_who_did_not_ask():
        assert "connect" not in vars(socket.socket)
        assert socket.getaddrinfo.__module__ == "socket"
        with socket.socket() as it, pytest.raises(OSError):
            it.settimeout(0.01)
            it.connect(("192.0.2.1", 81))
"""
REFUSED = {
    "test_socket": "192.0.2.1:81",
    "test_connect_ex_and_swallowed": "192.0.2.1:81",
    "test_udp": "192.0.2.1:53",
    "test_name": "api.example.test:443",
    "test_urllib": "192.0.2.1:81",
    "test_forgotten_transport": "192.0.2.1:81",
    "test_forgotten_async_transport[asyncio]": "api.example.test:80",
    "test_forgotten_async_transport[trio]": "api.example.test:80",
    "test_marked": "192.0.2.1:81",
}


def test_the_guard(suite):
    """Every way out is refused and told; loopback and tests that did not ask are left alone."""
    suite.write("test_net.py", GUARDED)
    result = suite.run()
    result.assert_outcomes(passed=5, failed=9)
    said = told(result)
    assert said.keys() == REFUSED.keys()
    for test, lines in said.items():
        told_first = f"{REFUSED[test]} was to be reached, and a replaying test reaches no network."
        assert lines[0] == told_first
        assert "reqllm_allowed_hosts" in lines[-2]
        assert lines[-1].startswith("To record it: pytest ")
    assert "It was asked at test_net.py:14, in test_socket." in said["test_socket"]


def test_what_is_allowed(suite):
    """The ini file says what may be reached, loopback included; the other modes guard nothing."""
    suite.ini("reqllm_allowed_hosts = 192.0.2.0/24 api.example.test")
    suite.write("test_net.py", GUARDED)
    only = ("-k", "test_connect_ex or test_loopback or test_udp")
    suite.run(*only).assert_outcomes(passed=2, failed=4, deselected=8)
    suite.ini()
    suite.run("--reqllm-mode=live", "-k", "test_connect_ex").assert_outcomes(
        passed=1, deselected=13
    )
