"""Who says the mode, and what wrong options are told."""

from __future__ import annotations

import pytest

MODE = """
    import asyncio
    from reqllm import start_stream
    from reqllm_fixtures import use_cassette

    def test_mode(reqllm_cassette, tmp_path):
        print("mode:", reqllm_cassette.mode)
        with use_cassette(tmp_path / "by hand.yaml", mode="live") as cassette:
            assert cassette.mode == "live"
"""
CASES = [
    ((), {}, {}, "replay"),
    (("--reqllm-mode=record",), {"REQLLM_MODE": "fill"}, {"reqllm_mode": "live"}, "record"),
    ((), {"REQLLM_MODE": "fill"}, {"reqllm_mode": "live"}, "fill"),
    ((), {}, {"reqllm_mode": "live"}, "live"),
    ((), {"CI": "true", "REQLLM_MODE": "record"}, {}, "replay"),
    ((), {"CI": "true"}, {"reqllm_mode": "fill"}, "replay"),
    ((), {"CI": "true"}, {"addopts": "--reqllm-mode=record"}, "replay"),
    ((), {"CI": "false"}, {"addopts": "--reqllm-mode=record"}, "record"),
    (("--reqllm-mode", "record"), {"CI": "true"}, {}, "record"),
]


@pytest.mark.parametrize(("args", "environ", "ini", "expected"), CASES)
def test_who_says_the_mode(suite, args, environ, ini, expected):
    """The command line, the environment, the ini file; under CI only the first of them records."""
    suite.ini(*(f"{name} = {value}" for name, value in ini.items()))
    suite.environ(**environ)
    suite.write("test_mode.py", MODE)
    result = suite.run("-rP", *args)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines([f"mode: {expected}"])
    if expected != "replay":
        result.stdout.fnmatch_lines([f"reqllm: {expected}"])
    elif "CI" in environ:
        result.stdout.fnmatch_lines(["reqllm: *under CI only the command line may: replay"])


@pytest.mark.parametrize(
    ("args", "environ", "ini", "told"),
    [
        (("--reqllm-mode=once",), {}, {}, "*invalid choice: 'once'*"),
        ((), {"REQLLM_MODE": "once"}, {}, "*modes replay, record, fill, live. Came, by REQLLM_M*"),
        ((), {}, {"reqllm_schema": "Strict"}, "*reqllm_schema to be one of strict*'Strict'*"),
        (("--reqllm-max-age=soon",), {}, {}, "*--reqllm-max-age in days, from 0 up. *'soon'*"),
        (
            (),
            {},
            {"reqllm_allowed_hosts": "a.test 10.0.0.0/99"},
            "*hosts, addr* Came: '10.0.0.0/99'*",
        ),
        ((), {}, {"reqllm_allowed_hosts": "*.test"}, "*hosts, addr* Came: '[*].test'*"),
        (("--reqllm-report=.",), {}, {}, "*--reqllm-report to be a file. Came: the folder*"),
        ((), {}, {"reqllm_cassette_dir": "../x"}, "*reqllm_cassette_dir to be a folder beside *"),
    ],
)
def test_what_is_wrong(suite, args, environ, ini, told):
    """What no option may be stops the run, and names what was expected."""
    suite.ini(*(f"{name} = {value}" for name, value in ini.items()))
    suite.environ(**environ)
    suite.write("test_mode.py", MODE)
    result = suite.run(*args)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([told])


BY_HAND = """
    import asyncio
    from reqllm import start_stream
    from reqllm.providers.registry import provider_named
    from msgspec.structs import replace

    PROVIDER = replace(provider_named("openai"), base_url=URL.removesuffix("/chat/completions"))

    def start(path, prompt="Hi"):
        async def main():
            async with await start_stream(PROVIDER, "text", prompt, fixture_path=path) as response:
                return await response.text()
        return asyncio.run(main())

    def test_asks(fixture_path):
        assert start(fixture_path)
        assert start(fixture_path, "Again")

    def test_does_not_ask():
        assert start("by_hand.yaml")

    def test_fails(fixture_path):
        start(fixture_path)
        assert 0
"""


def test_fixture_path_under_pytest(suite, server):
    """`start_stream(fixture_path=...)` goes live only where the run does, and publishes so."""
    suite.write("test_hand.py", BY_HAND)
    suite.environ(
        LOOPBACK=f"{server.url}/v1/chat/completions", OPENAI_API_KEY="loopback-key-1234567890"
    )
    asked = len(server.requests)
    result = suite.run()
    result.assert_outcomes(failed=3)
    assert len(server.requests) == asked
    assert suite.cassettes() == []

    suite.run("--reqllm-mode=record").assert_outcomes(passed=2, failed=1)
    assert suite.cassettes() == ["cassettes/test_hand/test_asks.yaml"]
    assert suite.prompts("cassettes/test_hand/test_asks.yaml") == ["Hi", "Again"]
    assert suite.prompts("by_hand.yaml") == ["Hi"]
    asked = len(server.requests)
    suite.run("-k", "ask").assert_outcomes(passed=2, deselected=1)
    assert len(server.requests) == asked
