"""The harness without pytest: opening a cassette, and what importing costs."""

import json
import subprocess
import sys
from pathlib import Path

import anyio
import httpx
import httpx2
import pytest

import reqllm_fixtures
from reqllm_fixtures import (
    CassetteFormatError,
    FixtureError,
    MissingDependencyError,
    ModeError,
    RulesError,
    use_cassette,
)
from tests.fixtures_side.making import URL, interaction, saved


@pytest.fixture
def path(tmp_path):
    return saved(tmp_path / "c.yaml", interaction(b"one"), interaction(b"two", body=b"2"))


@pytest.mark.parametrize("module", [None, httpx, httpx2])
def test_with(path, module):
    """A client on the transport of a cassette plays it, and the cassette tells what was played."""
    client_of = module or httpx
    with use_cassette(path) as tape, client_of.Client(transport=tape.transport(module)) as client:
        assert client.post(URL, json={"a": 1}).text == "one"
        assert [each.response.body for each in tape.played] == [b"one"]
        assert [each.response.body for each in tape.unplayed] == [b"two"]
        assert tape.cassette.path == path


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("module", [None, httpx, httpx2])
def test_async_with(path, module, backend):
    """So does an async client, on either event loop."""

    async def play():
        async with use_cassette(path, pace=0.001) as tape:
            transport = tape.async_transport(module)
            async with (module or httpx).AsyncClient(transport=transport) as client:
                return (await client.post(URL, json={"a": 1})).text

    assert anyio.run(play, backend=backend) == "one"


def test_transports_share_what_was_played(path):
    """Two clients on one cassette do not get the same recording twice."""
    with use_cassette(path) as tape:
        with httpx.Client(transport=tape.transport()) as client:
            client.post(URL, json={"a": 1})
        with httpx2.Client(transport=tape.transport(httpx2)) as client:
            client.post(URL, content=b"2")
        assert tape.unplayed == ()


def test_opening_again_plays_again(path):
    """Each opening begins with nothing played."""
    use = use_cassette(path)
    for _ in range(2):
        with use as tape, httpx.Client(transport=tape.transport()) as client:
            assert client.post(URL, json={"a": 1}).text == "one"


def test_not_open(path):
    """A cassette that was not entered says so."""
    with pytest.raises(FixtureError, match="not open"):
        use_cassette(path).transport()


def test_no_http_library(path, monkeypatch):
    """Where no HTTP library is installed, asking for a transport says so."""
    monkeypatch.setitem(sys.modules, "httpx", None)
    monkeypatch.setitem(sys.modules, "httpx2", None)

    with use_cassette(path) as tape, pytest.raises(MissingDependencyError, match="httpx2"):
        tape.transport()


def test_unknown_mode(path):
    """A mode that is none is refused before anything happens."""
    with pytest.raises(ModeError, match=r"record, fill, live\. Came, .*: 'some'\.$"):
        use_cassette(path, mode="some")


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [("none", "replay"), ("once", "fill"), ("new_episodes", "fill"), ("all", "record")],
)
def test_modes_of_vcrpy(path, theirs, ours):
    """A mode as vcrpy calls it is refused with the word for it here."""
    with pytest.raises(ModeError, match=f"'{theirs}'. What vcrpy calls so is {ours} here"):
        use_cassette(path, mode=theirs)


@pytest.mark.parametrize("pace", [-1, float("nan"), float("inf"), "1", None])
def test_impossible_pace(path, pace):
    """A pace that is none is refused when it is given."""
    with pytest.raises(ValueError, match="Expected a pace"):
        use_cassette(path, pace=pace)


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"secrets": "sk-of-the-tenant"}, RulesError, r"secrets=\[...\]. Came: one text"),
        ({"secrets": ["a", None]}, RulesError, "Came: NoneType in it"),
        ({"match": 5}, RulesError, "Came: 5"),
        (
            {"volatile": ["$.user"]},
            TypeError,
            r"no argument 'volatile'. Here that is match=\[...\]",
        ),
        ({"record_mode": "once"}, TypeError, "Here that is mode="),
        ({"fliter_headers": ["x"]}, TypeError, "Filters are filter_headers, "),
    ],
)
def test_wrong_arguments(path, arguments, error, said):
    """What cannot be meant is refused at once, also where a replay would never look at it."""
    with pytest.raises(error, match=said) as caught:
        use_cassette(path, **arguments)
    assert "sk-of-the-tenant" not in str(caught.value)


def test_secrets_too_short_to_hide(path):
    """A recording that would not hide what was named does not begin; a replay writes nothing."""
    for mode in ("record", "fill"):
        with pytest.raises(RulesError, match=r"at least 8 characters.* Came: 1 that") as caught:
            use_cassette(path, mode=mode, secrets=["tenant", "", "long-enough"]).__enter__()
        assert "tenant" not in str(caught.value)
    with use_cassette(path, secrets=["tenant"]) as tape:
        assert len(tape.unplayed) == 2


@pytest.mark.parametrize("name", ["", "folder"])
def test_recording_into_a_folder(tmp_path, monkeypatch, name):
    """Told when it is opened: at the end the answers would have been paid for, and lost."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    with pytest.raises(CassetteFormatError, match=r"a file to record into. Came: a dir"):
        use_cassette(name, mode="record").__enter__()


@pytest.mark.parametrize("module", ["httpx2", json, httpx2.Client])
def test_transports_of_no_library(path, module):
    """What is no library that a transport could be of is told, with how one is named."""
    with use_cassette(path) as tape:
        for make in (tape.transport, tape.async_transport):
            with pytest.raises(
                FixtureError, match=r"module httpx or httpx2, as in transport\(httpx2"
            ):
                make(module)


def test_upstream_of_the_other_colour(path):
    """A sync transport cannot send for an async client: it is refused before anything is sent."""
    with use_cassette(path, mode="live") as tape:
        with pytest.raises(FixtureError, match=r"httpx2.BaseTransport. Came: a AsyncHTTPTransport"):
            tape.transport(upstream=httpx2.AsyncHTTPTransport())
        with httpx.HTTPTransport() as sync, pytest.raises(FixtureError, match="AsyncBaseTransport"):
            tape.async_transport(upstream=sync)


def test_importing_loads_nothing():
    """Importing the package loads no YAML, HTTP or test library, nor the client."""
    code = """
import sys, reqllm_fixtures
dir(reqllm_fixtures)
print(sorted({"yaml", "vcr", "httpx", "httpx2", "pytest", "anyio", "reqllm"} & sys.modules.keys()))
from reqllm_fixtures import use_cassette, load
print(sorted({"yaml", "vcr", "httpx", "httpx2", "pytest", "anyio", "reqllm"} & sys.modules.keys()))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n[]\n"


def test_reading_our_own_file_loads_no_vcrpy(path):
    """Our own cassette is opened without importing vcrpy or a YAML library."""
    json_path = saved(path.replace(".yaml", ".json"), interaction(b"x"))
    code = f"""
import sys
from reqllm_fixtures import load
load({json_path!r})
print(sorted({{"yaml", "vcr", "httpx"}} & sys.modules.keys()))
load({path!r})
print(sorted({{"yaml", "vcr", "httpx"}} & sys.modules.keys()))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n[]\n"


def test_a_replay_loads_nothing_that_writes(path):
    """Whoever only plays waits for none of what redacts, publishes or matches loosely."""
    code = f"""
import sys, httpx
from reqllm_fixtures import use_cassette
with use_cassette({path!r}) as used, httpx.Client(transport=used.transport()) as client:
    client.post({URL!r}, content=b'{{"a":1}}')
heavy = ("redaction", "publishing", "journal", "secrets_scan", "presets", "others", "yaml_writing")
print([name for name in heavy if f"reqllm_fixtures.{{name}}" in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_public_names():
    """Every public name is there when asked for, is listed, and no other is."""
    names = [name for names in reqllm_fixtures._HOMES.values() for name in names]

    assert set(names) <= set(dir(reqllm_fixtures))
    assert set(names) == set(reqllm_fixtures.__all__)
    for name in names:
        assert getattr(reqllm_fixtures, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = reqllm_fixtures.nothing


def test_missing_libyaml_warns_once(tmp_path):
    """Without libyaml cassettes load all the same, and one warning says that it is slow."""
    path = saved(tmp_path / "c.yaml", interaction(b"x"))
    # Edited by hand: not as we write it, so a YAML library has to read it.
    edited = Path(path).read_text(encoding="utf-8").replace("version: 1", "'version':   1")
    Path(path).write_text(edited, encoding="utf-8")
    code = f"""
import warnings, yaml
del yaml.CSafeLoader
from reqllm_fixtures import load
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    load({path!r})
    print(load({path!r}).interactions[0].response.body)
print([each.category.__name__ for each in caught])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "b'x'\n['SlowYamlWarning']\n"
