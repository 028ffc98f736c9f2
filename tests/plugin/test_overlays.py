"""Tests under overlays: one marker, a whole matrix, or all of a run; one recording for all."""

from __future__ import annotations

from .suites import ANSWER, told

JSON = (("content-type", "application/json"),)

ONE = """
    @pytest.mark.reqllm(overlay="cut:events=2")
    def test_cut(reqllm_cassette, reqllm_overlay):
        assert str(reqllm_overlay) == "cut:events=2"
        with pytest.raises(httpx.RemoteProtocolError):
            ask(reqllm_cassette.transport())

    @pytest.mark.reqllm("test_cut", overlay="refused:503 | recut:bytes", unplayed="fail")
    def test_refused(reqllm_cassette):
        transport = reqllm_cassette.transport()
        assert b"Overloaded" in ask(transport)
        assert b"[DONE]" in ask(transport)

    @pytest.mark.reqllm("test_cut", overlay="stall:events=1")
    def test_what_follows_need_not_be_asked_for(reqllm_cassette, reqllm_overlay):
        assert reqllm_cassette.unplayed

    @pytest.mark.reqllm("test_cut")
    def test_none(reqllm_cassette, reqllm_overlay):
        assert reqllm_overlay is None
        assert b"[DONE]" in ask(reqllm_cassette.transport())

    @pytest.mark.reqllm("test_cut", overlay="cut:events=50")
    def test_fifty(reqllm_cassette):
        pass

    @pytest.mark.reqllm("test_cut", overlay="anthropic_pings")
    def test_of_another(reqllm_cassette):
        pass
"""


def test_one_overlay(suite):
    """The marker's overlay is what plays; one that cannot apply fails the test, and says why."""
    suite.write("test_one.py", ONE)
    suite.cassette("cassettes/test_one/test_cut.yaml", "Hi")
    suite.cassette("cassettes/test_cut.yaml", "Hi")
    result = suite.run()
    result.assert_outcomes(passed=4, errors=2)
    said = told(result)
    assert "after event 50, and the recording has 4" in said["test_fifty"][0]
    assert "is for anthropic-messages; the recording is openai-chat" in said["test_of_another"][0]


UNRECORDED = """
    @pytest.mark.reqllm(overlay="recut:bytes")
    def test_one(reqllm_cassette):
        ask(reqllm_cassette.transport())

    @pytest.mark.reqllm_overlays("crlf")
    def test_many(reqllm_cassette):
        ask(reqllm_cassette.transport())

    def test_of_the_run(reqllm_cassette):
        ask(reqllm_cassette.transport())
"""


def test_how_to_record_for_an_overlay(suite):
    """No command is told that would skip the test; where the run alone has an overlay, it helps."""
    suite.write("test_un.py", UNRECORDED)
    said = told(suite.run("--reqllm-overlay=recut:blob"))
    for test in ("test_one", "test_many[crlf]"):
        assert said[test][-1].startswith(
            "Nothing is recorded under an overlay. To record it: a test"
        )
    advice = "To record it: pytest test_un.py::test_of_the_run --reqllm-mode=record"
    assert said["test_of_the_run"][-1] == advice


MATRIX = """
    @pytest.mark.reqllm_overlays("recut", "anthropic_pings")
    def test_it(reqllm_cassette):
        assert ask(reqllm_cassette.transport()).replace(b"\\r", b"") == ANSWER

    @pytest.mark.parametrize("prompt", ["Hi", "Ho"])
    @pytest.mark.reqllm_overlays("recut:bytes", "cut:events=1")
    def test_both(reqllm_cassette, reqllm_overlay, prompt):
        if "cut:events" in str(reqllm_overlay):
            with pytest.raises(httpx.RemoteProtocolError):
                ask(reqllm_cassette.transport(), prompt)
        else:
            assert ask(reqllm_cassette.transport(), prompt) == ANSWER

    @pytest.mark.reqllm_overlays("blob", "recut:1")
    def test_wrong(reqllm_cassette):
        pass
"""


def matrix(suite, name="test_matrix.py", text=MATRIX):
    suite.write(name, text.replace("== ANSWER", f"== {b''.join(ANSWER)!r}"))
    folder = f"cassettes/{name.removesuffix('.py')}"
    suite.cassette(f"{folder}/test_it.yaml", "Hi")
    suite.cassette(f"{folder}/test_both[Hi].yaml", "Hi")
    suite.cassette(f"{folder}/test_both[Ho].yaml", "Ho")


def test_a_matrix(suite):
    """One test is run under each overlay of a group, from one cassette; others' are skipped."""
    matrix(suite, text=MATRIX.replace('"blob", ', ""))
    suite.cassette("cassettes/test_matrix/test_wrong.yaml", "Hi")
    args = ("--strict-markers", "-v", "-rs", "--deselect", "test_matrix.py::test_wrong[recut:1]")
    result = suite.run(*args)
    result.assert_outcomes(passed=14, skipped=1, deselected=1)
    result.stdout.fnmatch_lines_random(
        [
            "*::test_it[[]recut:bytes] PASSED*",
            "*::test_it[[]crlf|recut:crlf] PASSED*",
            "*::test_both[[]*Ho*] PASSED*",
            "SKIPPED*anthropic_pings is for anthropic-messages; the recording is openai-chat*",
        ]
    )


def test_a_matrix_of_what_there_is_not(suite):
    """A name that means nothing fails the collection at its line; so does a unittest's method."""
    matrix(suite)
    unit = """
        from unittest import TestCase

        class TestUnit(TestCase):
            @pytest.mark.reqllm_overlays("recut")
            def test_it(self):
                pass
    """
    suite.write("test_unit.py", unit)
    result = suite.run("--continue-on-collection-errors")
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines_random(
        [
            'test_matrix.py:17: @pytest.mark.reqllm_overlays("blob", "recut:1")',
            "Expected one of the overlays recut, crlf, *",
            'test_unit.py:7: @pytest.mark.reqllm_overlays("recut")',
            "*which unittest's cannot be. Use @pytest.mark.reqllm(overlay=...).",
        ]
    )


ASYNC = """
    import anyio, reqllm
    from reqllm_fixtures import virtual_time

    @pytest.fixture(params=virtual_time.BACKENDS)
    def anyio_backend(request):
        return request.param, virtual_time.backend_options(request.param)

    @pytest.mark.anyio
    @pytest.mark.reqllm_overlays("stall", "slow_first_token:60")
    async def test_patience(reqllm_async_client):
        begun = anyio.current_time()
        with pytest.raises(reqllm.StreamTimeoutError):
            async with reqllm_async_client.stream("openai:text", "Hi", idle=30) as response:
                await response.text()
        assert anyio.current_time() - begun == 30
"""


SYNC = """
    import reqllm

    @pytest.mark.reqllm(overlay="stall:events=1")
    def test_patience_of_threads(reqllm_client):
        with reqllm_client.stream("openai:text", "Hi", timeout=None, idle=30) as response:
            with pytest.raises(reqllm.StreamTimeoutError) as caught:
                response.text()
        assert (caught.value.which, caught.value.waited) == ("idle", 30)
"""


def test_on_virtual_time(suite):
    """Tests of patience take none: on threads, and with anyio's plugin; also under xdist."""
    suite.write("test_async.py", ASYNC)
    suite.write("test_sync.py", SYNC)
    suite.cassette_of_client("cassettes/test_sync/test_patience_of_threads.yaml")
    for backend in ("asyncio", "trio"):
        name = f"test_patience[{backend}]"
        suite.cassette_of_client(f"cassettes/test_async/{name}.yaml")
    suite.run("-n2").assert_outcomes(passed=5)


def test_a_whole_run(suite):
    """--reqllm-overlay puts every test under one, after its own; tests without streams skip."""
    text = """
        def test_it(reqllm_cassette):
            with httpx.Client(transport=reqllm_cassette.transport()) as client:
                with client.stream(**request()) as response:
                    assert {len(piece) for piece in response.iter_raw()} == {1}

        @pytest.mark.reqllm("test_it", overlay="cut:bytes=3")
        def test_marked(reqllm_cassette, reqllm_overlay):
            assert str(reqllm_overlay) == "cut:bytes=3 | recut:bytes"

        def test_plain(reqllm_cassette):
            pass
    """
    suite.write("test_run.py", text)
    suite.cassette("cassettes/test_run/test_it.yaml", "Hi")
    suite.cassette("cassettes/test_it.yaml", "Hi")
    plain = [b"{}"]
    suite.cassette("cassettes/test_run/test_plain.yaml", "Hi", pieces=plain, headers=JSON)
    suite.run("--reqllm-overlay=recut:bytes").assert_outcomes(passed=2, skipped=1)
    result = suite.run("--reqllm-overlay=recut:byte")
    assert "--reqllm-overlay: Expected recut to be one of recorded" in str(result.stderr)


def test_nothing_is_recorded_under_an_overlay(suite, server):
    """In record and live they are skipped; in fill they play, and a miss is a miss."""
    text = """
        @pytest.mark.reqllm("one", unplayed="ignore")
        def test_healthy(reqllm_cassette):
            ask(reqllm_cassette.transport())

        @pytest.mark.reqllm("one", overlay="cut:events=1")
        def test_cut(reqllm_cassette):
            with pytest.raises(httpx.RemoteProtocolError):
                ask(reqllm_cassette.transport())
    """
    suite.write("test_modes.py", text)
    suite.environ(LOOPBACK=f"{server.url}/v1/chat/completions")
    suite.run("--reqllm-mode=record").assert_outcomes(passed=1, skipped=1)
    assert suite.prompts("cassettes/one.yaml") == ["Hi"]
    suite.run("--reqllm-mode=live").assert_outcomes(passed=1, skipped=1)
    suite.run("--reqllm-mode=fill").assert_outcomes(passed=2)
    suite.run().assert_outcomes(passed=2)
    assert suite.prompts("cassettes/one.yaml") == ["Hi"]
