"""`Context`, `Message` and the content they hold."""

import pytest

from reqllm.content import (
    ContentPart,
    CustomPart,
    FilePart,
    ImagePart,
    ReasoningPart,
    RefusalPart,
    TextPart,
    Tool,
    ToolCall,
    ToolResultPart,
)
from reqllm.context import Context, Message
from reqllm.errors import InvalidContextError, InvalidInputError, InvalidToolError
from reqllm.stream_server import decode_stream

HELLO = Message.user("Hello!")
TOOL = Tool(name="get_weather", parameters={"type": "object", "properties": {}})
CALL = ToolCall("c1", "get_weather", {"city": "Oslo"})


@pytest.mark.parametrize(
    "prompt",
    [
        "Hello!",
        HELLO,
        [HELLO],
        ["Hello!"],
        {"role": "user", "content": "Hello!"},
        [{"role": "user", "content": ["Hello!"]}],
        Context.new("Hello!"),
        (message for message in [HELLO]),
        [Context.new("Hello!")],
    ],
    ids=["text", "message", "messages", "texts", "map", "maps", "context", "iterator", "contexts"],
)
def test_new_takes_every_shape_of_a_prompt(prompt):
    """However a prompt is given, the context holds the same message."""
    assert Context.new(prompt).messages == (HELLO,)


def test_new_adds_system_and_tools():
    """A system prompt goes before what is there; tools are kept."""
    context = Context.new(Context.new("Hello!", tools=[TOOL]), system="Be terse.")
    assert [message.role for message in context] == ["system", "user"]
    assert context.system == "Be terse."
    assert context.tools == (TOOL,)


def test_contexts_do_not_change():
    """Appending gives a new context and leaves the old one alone."""
    first = Context.new("Hello!", tools=[TOOL])
    second = first.append(Message.assistant("Hi."), "And?")
    assert (len(first), len(second)) == (1, 3)
    assert second.tools == (TOOL,)
    assert second.prepend(Message.system("x")).messages[1:] == second.messages


def test_system_joins_all():
    """Several system prompts are one, a blank line between them; none is None."""
    context = Context([Message.system("A"), HELLO, Message.system("B")])
    assert context.system == "A\n\nB"
    assert Context.new("x").system is None


def test_made_by_hand_they_are_still_sound():
    """The constructors take what the classmethods take, and hold tuples of parts."""
    message = Message("user", "Hello!")
    assert message == HELLO
    assert Message("user", ["a", TextPart("b")]).content == (TextPart("a"), TextPart("b"))
    assert Context([message, "x"], [TOOL]) == Context((HELLO, Message.user("x")), (TOOL,))


def test_what_a_message_says():
    """The text and the tool calls of a message can be asked for."""
    message = Message.assistant(["a", ReasoningPart("hm"), "b"], [CALL])
    assert message.text == "ab"
    assert message.tool_calls == (CALL,)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Context.new(7), "a map with `role` and `content`.*got int"),
        (lambda: Context.new(b"Hello!"), "got bytes"),
        (lambda: Context.new([None]), "got NoneType"),
        (lambda: Context.new({"content": "x"}), r"got the keys \['content'\]"),
        (lambda: Context.new({"role": "user", "tool_calls": []}), "build richer ones with Message"),
        (lambda: Context.new({"role": "bot", "content": "x"}), "system, user.*got 'bot'"),
        (lambda: Message("bot", "x"), "system, user.*got 'bot'"),
        (lambda: Message(["user"], "x"), "got"),
        (lambda: Message.user(7), "got int"),
        (lambda: Message.user({"type": "text"}), r"got dict with the keys \['type'\]; .*TextPart"),
        (lambda: Message.user([{"text": "a"}]), r"got dict with the keys \['text'\]; .*TextPart"),
        (lambda: Context.new([("user", "Hi")]), "got a pair of 'user' and something"),
        (lambda: Context.new(HELLO).append(decode_stream("ollama", b"")), "give its .message"),
        (lambda: Message.user(["a", 7]), "got int"),
        (lambda: Message("user", (7,)), "got int"),
        (lambda: Context(7), "got int"),
        (lambda: Context.new("x", tools=[{"name": "t"}]), "expected a Tool, got dict"),
        (lambda: Context((HELLO,), TOOL), "expected several Tool"),
        (lambda: ContentPart.image("cat.png"), "bytes of an image, got str.*image_url"),
        (lambda: ContentPart.image(b""), "bytes of an image"),
        (lambda: ContentPart.image_url("cat.png"), "http"),
        (lambda: ContentPart.file("x", "x.txt"), "bytes of a file, got str"),
    ],
)
def test_bad_input(make, words):
    """What no conversation holds is refused where it is given, in words that help."""
    with pytest.raises(InvalidContextError, match=words):
        make()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": "", "parameters": {}}, "tool's name"),
        ({"name": 7, "parameters": {}}, "tool's name"),
        ({"name": "t", "parameters": {"type": "array"}}, "'t'.*JSON Schema of an object"),
        ({"name": "t", "parameters": None}, "JSON Schema of an object"),
    ],
)
def test_bad_tools(fields, words):
    """A tool without a name or an object's schema is refused."""
    with pytest.raises(InvalidToolError, match=words):
        Tool(**fields)


def test_bad_input_is_also_a_value_error():
    """Refused input can be caught as the ValueError it is."""
    with pytest.raises(ValueError, match="role"):
        Message("bot", "x")
    assert issubclass(InvalidContextError, InvalidInputError)


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        ([], "at least one message"),
        ([Message.system("x")], "at least one message.*Context.new"),
        ([Message.user("")], "empty user message"),
        ([HELLO, Message.tool("c", "x"), Message.user(())], "empty user message"),
        ([Message.system(ContentPart.image(b"x")), HELLO], "system message.*TextPart.*ImagePart"),
        ([Message.user([CALL])], "user message.*got a ToolCall"),
        ([Message.user([ReasoningPart("x")])], "got a ReasoningPart"),
        ([Message.user([RefusalPart("x")])], "got a RefusalPart"),
        ([Message("tool", "sunny")], r"got a TextPart; use Message\.tool"),
        ([HELLO, Message.assistant([ToolResultPart("c1", 1)])], "'c1' stands in.*assistant"),
        ([Message.user([ToolResultPart("c1", 1, provider_executed=True)])], "'c1' stands in"),
    ],
)
def test_what_no_model_takes(messages, words):
    """A conversation without a prompt, or with a part in the wrong mouth, is refused."""
    with pytest.raises(InvalidContextError, match=words):
        Context(messages).require_prompt()


@pytest.mark.parametrize(
    "messages",
    [
        [HELLO],
        [HELLO, Message.assistant(), Message.user("?")],
        [HELLO, Message.assistant([], [CALL]), Message.tool("c1", {"c": 3})],
        [HELLO, Message.assistant([ToolResultPart("s", {}, provider_executed=True)])],
        [Message.user([ContentPart.image(b"x"), ContentPart.file(b"", "a.txt"), CustomPart("k")])],
        [Message.user([ToolResultPart("c1", "x"), "and?"])],
    ],
)
def test_what_a_model_takes(messages):
    """Whole conversations pass, an empty answer of the model included."""
    Context(messages).require_prompt()


def test_parts_keep_what_they_are_given():
    """Each maker of a part fills the fields that it names."""
    assert ContentPart.text("a") == TextPart("a")
    assert str(ContentPart.text("a")) == "a"
    assert ContentPart.image(bytearray(b"x")) == ImagePart(b"x", "image/png")
    assert ContentPart.image_url("https://x/y") == ImagePart(url="https://x/y")
    assert ContentPart.file(b"x", "a.txt", "text/plain") == FilePart(b"x", "a.txt", "text/plain")
    assert Message.tool("c1", 3, name="t", is_error=True).content == (
        ToolResultPart("c1", 3, name="t", is_error=True),
    )
