"""What a message is made of: `ContentPart` and its members, `ToolCall`, `Tool`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from msgspec import Struct

from reqllm.chunk import Citation
from reqllm.errors import InvalidContextError, InvalidToolError


class ContentPart(Struct, frozen=True, tag_field="kind"):
    """One part of a message. Build one with `text`, `image`, `image_url` or `file`."""

    kind: ClassVar[str] = ""

    @staticmethod
    def text(text: str) -> TextPart:
        """Return a part of plain text."""
        return TextPart(text)

    @staticmethod
    def image(data: bytes, media_type: str = "image/png") -> ImagePart:
        """Return an image given by its bytes."""
        if not isinstance(data, bytes | bytearray) or not data:
            raise InvalidContextError(
                f"expected the bytes of an image, got {type(data).__name__}; "
                "for an address use ContentPart.image_url"
            )
        return ImagePart(data=bytes(data), media_type=media_type)

    @staticmethod
    def image_url(url: str) -> ImagePart:
        """Return an image given by its address, http(s) or data URL."""
        if not isinstance(url, str) or not url.startswith(("http://", "https://", "data:")):
            raise InvalidContextError(f"expected an http(s) or data URL of an image, got {url!r}")
        return ImagePart(url=url)

    @staticmethod
    def file(data: bytes, filename: str, media_type: str = "application/octet-stream") -> FilePart:
        """Return a file given by its bytes."""
        if not isinstance(data, bytes | bytearray):
            raise InvalidContextError(f"expected the bytes of a file, got {type(data).__name__}")
        return FilePart(data=bytes(data), filename=filename, media_type=media_type)


class TextPart(ContentPart, frozen=True, tag="text"):
    """Text, with the sources it leans on."""

    kind: ClassVar[str] = "text"
    content: str
    citations: tuple[Citation, ...] = ()
    signature: str | None = None
    """Goes back to the provider with the text, unchanged."""
    provider_metadata: Mapping[str, Any] = {}

    def __str__(self) -> str:
        return self.content


class ImagePart(ContentPart, frozen=True, tag="image"):
    """An image: bytes with their media type, or an address."""

    kind: ClassVar[str] = "image"
    data: bytes | None = None
    media_type: str | None = None
    url: str | None = None


class FilePart(ContentPart, frozen=True, tag="file"):
    """A file: bytes, an address, or the id under which the provider keeps it."""

    kind: ClassVar[str] = "file"
    data: bytes | None = None
    filename: str | None = None
    media_type: str | None = None
    url: str | None = None
    id: str | None = None
    provider_metadata: Mapping[str, Any] = {}


class ReasoningPart(ContentPart, frozen=True, tag="reasoning"):
    """The model's reasoning; `signature` and `data` go back to the provider unchanged.

    `complete` is false where the stream was cut inside it: without its signature a
    provider will not take it back, so it must not be sent again.
    """

    kind: ClassVar[str] = "reasoning"
    content: str = ""
    signature: str | None = None
    redacted: bool = False
    data: str | None = None
    complete: bool = True
    provider_metadata: Mapping[str, Any] = {}


class RefusalPart(ContentPart, frozen=True, tag="refusal"):
    """The model's refusal, apart from its text."""

    kind: ClassVar[str] = "refusal"
    content: str
    provider_metadata: Mapping[str, Any] = {}


class ToolCall(ContentPart, frozen=True, tag="tool_call"):
    """A call of a tool; see `ToolCallEnd` for `arguments`, `arguments_raw` and `invalid`."""

    kind: ClassVar[str] = "tool_call"
    id: str
    name: str
    arguments: Mapping[str, Any] = {}
    arguments_raw: str | None = None
    invalid: bool = False
    provider_executed: bool = False
    signature: str | None = None
    complete: bool = True
    provider_metadata: Mapping[str, Any] = {}
    synthetic_id: bool = False
    """The provider gave no id; this one is ours."""


class ToolResultPart(ContentPart, frozen=True, tag="tool_result"):
    """What a tool answered: plain JSON values or text."""

    kind: ClassVar[str] = "tool_result"
    tool_call_id: str
    result: Any
    name: str | None = None
    is_error: bool = False
    provider_executed: bool = False


class CustomPart(ContentPart, frozen=True, tag="custom"):
    """A provider's own kind of content, kept as it came."""

    kind: ClassVar[str] = "custom"
    custom_kind: str
    data: Any = None


class Tool(Struct, frozen=True, kw_only=True):
    """A tool the model may call; `parameters` is the JSON Schema of its arguments object.

    `callback` is called with the arguments by name, by `Context.execute_and_append_tools`.
    Raises InvalidToolError if the name is empty or the schema is none of an object.
    """

    name: str
    description: str = ""
    parameters: Mapping[str, Any]
    strict: bool = False
    callback: Callable[..., Any] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.strip():
            raise InvalidToolError(f"expected a tool's name, got {self.name!r}")
        schema = self.parameters
        if not isinstance(schema, Mapping) or schema.get("type", "object") != "object":
            raise InvalidToolError(
                f"tool {self.name!r}: expected `parameters` to be the JSON Schema of an object, "
                'such as {"type": "object", "properties": {}}, '
                f"got {schema!r:.200}"
            )
