"""The table of providers, and the requests that a hosted one makes."""

import json
import threading
import typing

import httpx
import msgspec
import pytest
from openai.types.shared.chat_model import ChatModel
from openai.types.shared.responses_model import ResponsesModel

from reqllm import Client
from reqllm.context import Context
from reqllm.errors import (
    InvalidContextError,
    InvalidInputError,
    MissingKeyError,
    UnknownProviderError,
    UnknownWireError,
)
from reqllm.model import Model
from reqllm.providers.base import WireRequest
from reqllm.providers.provider import HostedProvider, find_key, join_url
from reqllm.providers.registry import PROVIDERS, provider_named, register_provider
from reqllm.wires.table import WIRE_NAMES, wire_named

HELLO = Context.new("Hello!")
GPT = Model("openai", "gpt-x")
SECRET = "sk-very-secret-1234"


@pytest.fixture
def table():
    """The table as it is, put back afterwards."""
    before = dict(PROVIDERS)
    yield PROVIDERS
    PROVIDERS.clear()
    PROVIDERS.update(before)


class Mine:
    """A provider from another package: no base class."""

    name = "mine"
    wire = "openai-chat"

    def encode(self, model, context, options, *, wire=None, api_key=None, base_url=None):
        return WireRequest(url="https://mine/", headers={}, body=b"{}")


# The table.
@pytest.mark.parametrize(
    ("name", "wire", "url", "variables"),
    [
        (
            "openai",
            "openai-chat",
            "https://api.openai.com/v1/chat/completions",
            ("OPENAI_API_KEY",),
        ),
        (
            "anthropic",
            "anthropic-messages",
            "https://api.anthropic.com/v1/messages",
            ("ANTHROPIC_API_KEY",),
        ),
    ],
)
def test_rows(name, wire, url, variables):
    """Each row has its wire, its address and its key."""
    provider = provider_named(name)
    assert (provider.name, provider.wire, provider.key_variables) == (name, wire, variables)
    assert provider.encode(Model(name, "m"), HELLO, {}, api_key="k").url == url


def test_wire_names():
    """The wires can be listed, and each is there under its name."""
    assert {"anthropic-messages", "openai-chat"} <= set(WIRE_NAMES)
    assert list(WIRE_NAMES) == sorted(WIRE_NAMES)
    assert [wire_named(name).name for name in WIRE_NAMES] == list(WIRE_NAMES)


@pytest.mark.parametrize(
    ("name", "near"), [("opnai", "openai"), ("Anthropic", "anthropic"), ("zzz", None), (None, None)]
)
def test_unknown_provider(name, near):
    """An unknown name lists the known ones and suggests the nearest."""
    with pytest.raises(UnknownProviderError) as caught:
        provider_named(name)
    message = str(caught.value)
    assert ", ".join(sorted(PROVIDERS)) in message
    assert "register_provider" in message
    assert (f"Did you mean {near!r}?" in message) is (near is not None)


def test_register(table):
    """Somebody else's provider needs a Protocol's shape and one registration."""
    mine = Mine()
    register_provider(mine)
    assert provider_named("mine") is mine
    register_provider(mine)
    assert list(table).count("mine") == 1


def test_a_clash(table):
    """A name that is taken is refused, unless it is to be replaced."""
    mine = Mine()
    mine.name = "openai"
    with pytest.raises(InvalidInputError, match=r"'openai' is registered already.*replace=True"):
        register_provider(mine)
    assert provider_named("openai") is not mine
    register_provider(mine, replace=True)
    assert provider_named("openai") is mine


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ({"name": None}, "without name$"),
        ({"name": 3, "wire": None, "encode": "x"}, "without name, wire, encode$"),
        ({"encode": None}, "Mine without encode$"),
        ({"name": "a b"}, "letters, digits.*got 'a b'"),
        ({"name": ""}, "letters, digits"),
    ],
)
def test_what_is_no_provider(table, attributes, words):
    """An object that is no provider is refused, naming what is missing."""
    mine = Mine()
    for name, value in attributes.items():
        setattr(mine, name, value)
    before = dict(table)
    with pytest.raises(InvalidInputError, match=words):
        register_provider(mine)
    assert table == before


def test_a_class_is_no_provider(table):
    """Forgetting to make an object of the class is told so."""
    with pytest.raises(InvalidInputError, match="got Mine the class itself"):
        register_provider(Mine)


def test_a_provider_of_an_unknown_wire(table):
    """A provider must speak a wire that there is."""
    mine = Mine()
    mine.wire = "openai_chat"
    with pytest.raises(UnknownWireError, match=r"Did you mean 'openai-chat'\?.*anthropic-messages"):
        register_provider(mine)


def test_one_of_many_threads_wins(table):
    """Where threads register one name at once, one wins and all others are told."""
    barrier, failures = threading.Barrier(16), []

    def register():
        barrier.wait()
        try:
            register_provider(Mine())
        except InvalidInputError as error:
            failures.append(error)

    threads = [threading.Thread(target=register) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(failures) == 15


# Requests.
def test_request():
    """A request has its address, its headers and its body as stable compact JSON."""
    request = provider_named("openai").encode(GPT, HELLO, {"temperature": 0}, api_key=SECRET)
    assert request.method == "POST"
    assert dict(request.headers) == {
        "content-type": "application/json",
        "accept": "text/event-stream",
        "accept-encoding": "identity",
        "authorization": f"Bearer {SECRET}",
    }
    assert request.body == (
        b'{"model":"gpt-x","messages":[{"role":"user","content":"Hello!"}],"stream":true,'
        b'"stream_options":{"include_usage":true},"temperature":0}'
    )
    assert request.warnings == ()


def test_anthropic_headers():
    """Anthropic's key has its own header, and a version goes with it."""
    provider = provider_named("anthropic")
    request = provider.encode(Model("anthropic", "c"), HELLO, {"seed": 1}, api_key=SECRET)
    assert request.headers["x-api-key"] == SECRET
    assert request.headers["anthropic-version"] == "2026-10-21"
    assert "authorization" not in request.headers
    assert [warning.code for warning in request.warnings] == ["unsupported_option"]
    warm = provider.encode(Model("anthropic", "c"), HELLO, {"temperature": 1}, api_key=SECRET)
    assert warm.headers["anthropic-version"] == "2023-06-01"


@pytest.mark.parametrize("name", ["openai", "anthropic"])
def test_no_repr_shows_the_key(name):
    """Neither a request nor its headers show the key when printed."""
    request = provider_named(name).encode(Model(name, "m"), HELLO, {}, api_key=SECRET)
    assert SECRET not in f"{request!r} {request} {request.headers!r} {request.headers}"
    assert "content-type" in repr(request.headers)


def served_only_as_responses():
    """Return the models that OpenAI's SDK knows for responses and not for chat completions."""
    of_chat = typing.get_args(ChatModel)
    known = (name for kind in typing.get_args(ResponsesModel) for name in typing.get_args(kind))
    return [name for name in known if name not in of_chat]


@pytest.mark.parametrize(
    "name", [*served_only_as_responses(), "gpt-5.2-pro", "gpt-5.1-codex", "codex-mini-latest"]
)
def test_openais_models_that_are_served_only_as_responses(name):
    """They are asked by that wire where nobody says which, and read by it."""
    request = provider_named("openai").encode(Model("openai", name), HELLO, {}, api_key="k")
    assert (request.url, request.wire) == (
        "https://api.openai.com/v1/responses",
        "openai-responses",
    )


@pytest.mark.parametrize(
    "name", ["gpt-4.1", "gpt-5.1", "gpt-5.1-mini", "o3", "gpt-6-sol", "gpt-4o-prompt", "ft:gpt-4.1"]
)
def test_openais_other_models(name):
    """They are asked by chat completions as ever, unless responses are asked for."""
    openai = provider_named("openai")
    model = Model("openai", name)
    assert openai.encode(model, HELLO, {}, api_key="k").wire == "openai-chat"
    asked = openai.encode(model, HELLO, {}, api_key="k", wire="openai-responses")
    assert asked.url.endswith("/v1/responses")
    assert openai.encode(model, HELLO, {}, api_key="k", wire="openai-chat").wire == "openai-chat"


def test_the_client_reads_by_the_wire_that_the_model_is_served_on():
    """The provider says in which wire it wrote the request; the answer comes in the same."""
    event = {"id": "r", "status": "completed", "model": "m", "output": []}
    body = f"data: {json.dumps({'type': 'response.completed', 'response': event})}\n\n"

    def answer(request):
        assert request.url.path == "/v1/responses"
        return httpx.Response(200, headers={"content-type": "text/event-stream"}, text=body)

    client = Client(transport=httpx.MockTransport(answer), api_key="k")
    with client, client.stream("openai:o1-pro", "Hello!") as response:
        assert response.finish_reason().raw == "completed"


def test_a_row_of_ones_own():
    """A hosted provider is data: address, key, headers, dialect."""
    mine = HostedProvider(
        name="mine",
        wire="openai-chat",
        base_url="https://mine.example/api",
        path="/chat",
        auth="api-key",
        key_variables=("MINE_KEY",),
        headers={"X-Title": "t", "Accept": "*/*"},
        other_wires={"anthropic-messages": "/anthropic/v1/messages"},
    )
    request = mine.encode(Model("mine", "m"), HELLO, {}, api_key="k")
    assert request.url == "https://mine.example/api/chat"
    assert request.headers["api-key"] == "k"
    assert request.headers["x-title"] == "t"
    assert request.headers["accept"] == "*/*"
    other = mine.encode(Model("mine", "m"), HELLO, {}, api_key="k", wire="anthropic-messages")
    assert other.url == "https://mine.example/api/anthropic/v1/messages"
    assert b'"max_tokens":4096' in other.body


@pytest.mark.parametrize(
    ("wire", "words"),
    [
        ("openai_chat", r"there is no wire 'openai_chat'\. Did you mean 'openai-chat'\?"),
        ("anthropic-messages", "openai speaks openai-chat, openai-responses, not anthropic"),
    ],
)
def test_wires_it_does_not_speak(wire, words):
    """A wire that there is not, or that the provider does not speak, is refused."""
    with pytest.raises(UnknownWireError, match=words):
        provider_named("openai").encode(GPT, HELLO, {}, wire=wire, api_key="k")


def test_what_is_no_context():
    """A prompt must be made a context first, and the error says how."""
    with pytest.raises(InvalidContextError, match=r"got str; make one with Context\.new"):
        provider_named("openai").encode(GPT, "Hello!", {}, api_key="k")


def test_values_that_json_cannot_hold():
    """The provider's own fields must be JSON, too."""
    options = {"provider_options": {"x": object()}}
    with pytest.raises(InvalidInputError, match="the request to hold plain JSON"):
        provider_named("openai").encode(GPT, HELLO, options, api_key="k")


# Keys.
@pytest.mark.parametrize(
    ("api_key", "environ", "key"),
    [
        ("given", {"A": "a"}, "given"),
        (None, {"A": "a", "B": "b"}, "a"),
        (None, {"B": "b"}, "b"),
        (None, {"A": "", "B": "b"}, "b"),
    ],
)
def test_find_key(api_key, environ, key):
    """The key given wins, then the first variable that is set."""
    assert find_key("x", ("A", "B"), api_key, environ) == key


def test_no_key_needed():
    """A provider without key variables needs none, and takes one all the same."""
    local = HostedProvider(name="local", wire="openai-chat", base_url="http://localhost:1")
    model = Model("local", "m")
    assert "authorization" not in local.encode(model, HELLO, {}).headers
    assert local.encode(model, HELLO, {}, api_key="k").headers["authorization"] == "Bearer k"


def test_keys_of_the_environment(monkeypatch):
    """A key in the environment is read when the request is made."""
    monkeypatch.setenv("OPENAI_API_KEY", "from-env")
    headers = provider_named("openai").encode(GPT, HELLO, {}).headers
    assert headers["authorization"] == "Bearer from-env"


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({}, r"^x needs an API key: set A or B, or pass api_key=\.\.\.$"),
        ({"B": ""}, r"\(B is set, but empty\)"),
    ],
)
def test_missing_key(environ, words):
    """Without a key the error names the variables and the argument."""
    with pytest.raises(MissingKeyError, match=words):
        find_key("x", ("A", "B"), None, environ)


@pytest.mark.parametrize("key", ["", "  ", "\n"])
def test_empty_key(key):
    """An empty key that was given is no key; the environment does not step in."""
    with pytest.raises(MissingKeyError, match="the api_key argument, but it is empty"):
        find_key("x", ("A",), key, {"A": "a"})


@pytest.mark.parametrize(
    "key",
    [SECRET + "\n", " " + SECRET, SECRET + "é", SECRET + "\x00", f"Bearer {SECRET}", SECRET + "\t"],
)
@pytest.mark.parametrize("given", [True, False])
def test_keys_that_no_header_can_carry(key, given):
    """A key that no header can carry is refused, saying where it came from but not what it is."""
    with pytest.raises(InvalidInputError) as caught:
        find_key("x", ("A",), key if given else None, {"A": key})
    message = str(caught.value)
    assert ("the api_key argument" if given else " A ") in message
    assert SECRET not in message


def test_a_key_that_is_no_text():
    """A key of another type is refused without showing it."""
    with pytest.raises(InvalidInputError, match="as text, got bytes") as caught:
        find_key("x", ("A",), SECRET.encode(), {})
    assert SECRET not in str(caught.value)


# Addresses.
OPENAI = ("https://api.openai.com/v1", "/chat/completions")
ANTHROPIC = ("https://api.anthropic.com", "/v1/messages")


@pytest.mark.parametrize(
    ("row", "given", "url"),
    [
        (OPENAI, None, "https://api.openai.com/v1/chat/completions"),
        (OPENAI, "https://api.openai.com/v1/", "https://api.openai.com/v1/chat/completions"),
        (OPENAI, "http://localhost:8000", "http://localhost:8000/v1/chat/completions"),
        (OPENAI, "http://localhost:8000/", "http://localhost:8000/v1/chat/completions"),
        (OPENAI, "http://localhost:8000/v1", "http://localhost:8000/v1/chat/completions"),
        (OPENAI, "http://[::1]:80/v1//", "http://[::1]:80/v1/chat/completions"),
        (
            OPENAI,
            "https://generativelanguage.googleapis.com/v1beta/openai/",
            "https://generativelanguage.googleapis.com/v1beta/openai/chat/completions",
        ),
        (
            OPENAI,
            "https://x.openai.azure.com/openai/v1?api-version=preview",
            "https://x.openai.azure.com/openai/v1/chat/completions?api-version=preview",
        ),
        (
            OPENAI,
            "https://gw.example/v1/chat/completions",
            "https://gw.example/v1/chat/completions",
        ),
        (ANTHROPIC, None, "https://api.anthropic.com/v1/messages"),
        (ANTHROPIC, "https://api.anthropic.com/v1", "https://api.anthropic.com/v1/messages"),
        (ANTHROPIC, "https://api.anthropic.com/v1/", "https://api.anthropic.com/v1/messages"),
        (ANTHROPIC, "https://gw.example/anthropic", "https://gw.example/anthropic/v1/messages"),
        (ANTHROPIC, "http://127.0.0.1:80", "http://127.0.0.1:80/v1/messages"),
        (ANTHROPIC, "https://gw.example/v1/messages", "https://gw.example/v1/messages"),
        (ANTHROPIC, "https://gw.example/prev1", "https://gw.example/prev1/v1/messages"),
    ],
)
def test_join_url(row, given, url):
    """However a base URL is written, the address has each of its parts once."""
    own, path = row
    assert join_url(own, given, path) == url


@pytest.mark.parametrize(
    "base_url",
    [
        "",
        "api.openai.com",
        "localhost:8000",
        "ftp://x/",
        "https://",
        "https://x y/",
        "https://x/\n",
        "https://x:port/",
        "https://[::1/",
        7,
        b"https://x/",
        f"https://user:{SECRET}@x/",
    ],
)
def test_bad_base_url(base_url):
    """What is no address is refused; a password in one is not repeated."""
    with pytest.raises(InvalidInputError, match="expected base_url as http") as caught:
        provider_named("openai").encode(GPT, HELLO, {}, api_key="k", base_url=base_url)
    assert SECRET not in str(caught.value)


def test_providers_are_values():
    """A hosted provider cannot be changed, and equals another of the same data."""
    provider = provider_named("openai")
    with pytest.raises(AttributeError):
        provider.name = "other"
    assert msgspec.structs.replace(provider) == provider


@pytest.mark.parametrize(
    ("host", "address"),
    [
        (None, "http://localhost:11434/api/chat"),
        ("", "http://localhost:11434/api/chat"),
        ("box", "http://box:11434/api/chat"),
        ("box:8000", "http://box:8000/api/chat"),
        (":8000", "http://localhost:8000/api/chat"),
        ("[::1]", "http://[::1]:11434/api/chat"),
        ("http://box", "http://box/api/chat"),
        (" https://box.example/ollama/ ", "https://box.example/ollama/api/chat"),
        ("box/ollama", "http://box:11434/ollama/api/chat"),
    ],
)
def test_a_server_at_home_may_be_elsewhere(monkeypatch, host, address):
    """The address of a local server comes from its variable, as its own tools write it."""
    monkeypatch.delenv("OLLAMA_HOST", raising=False)
    if host is not None:
        monkeypatch.setenv("OLLAMA_HOST", host)
    ollama = provider_named("ollama")
    assert ollama.encode(Model("ollama", "m"), HELLO, {}).url == address
    given = ollama.encode(Model("ollama", "m"), HELLO, {}, base_url="https://ollama.com")
    assert given.url == "https://ollama.com/api/chat"


@pytest.mark.parametrize("host", ["box:port", "[::", "user@box", "a b"])
def test_what_is_no_host_is_refused(monkeypatch, host):
    """A variable that holds no address is an error, not a request to somewhere."""
    monkeypatch.setenv("OLLAMA_HOST", host)
    with pytest.raises(InvalidInputError, match="expected OLLAMA_HOST as host:port"):
        provider_named("ollama").encode(Model("ollama", "m"), HELLO, {})
