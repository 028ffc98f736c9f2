"""Reads the object that a structured answer is: whole at its end, and as it grows. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from reqllm.chunk import StreamChunk, TextDelta, ToolCallDelta, ToolCallStart
from reqllm.errors import InvalidObjectError, MissingDependencyError
from reqllm.json_schema import first_problem

if TYPE_CHECKING:
    from reqllm.response import Response

STRUCTURED_TOOL = "structured_output"
"""The tool whose arguments are the object, where a provider takes no schema of the answer."""
_SHOWN = 200
_NOTHING: Any = object()
_IN_NUMBER = b"0123456789+-.eE"


def object_of(response: Response, schema: Mapping[str, Any] | None, *, validate: bool) -> Any:
    """Return the object in an answer, held against its schema if there is one.

    It is the arguments of the tool `structured_output` if that was called, else the text. Nothing
    is repaired. Raises InvalidObjectError, MissingDependencyError.
    """
    raw = _raw(response)
    try:
        value = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise _error(response, raw, _what_came(response, raw)) from None
    if schema is not None and validate:
        problem = first_problem(value, schema, "response_schema")
        if problem is not None:
            message = f"expected the object that response_schema describes, but at {problem}"
            raise _error(response, raw, message, problem.path)
    return value


class GrowingObject:
    """What the object in an answer looks like so far; it is shown the chunks one by one.

    Numbers and words are held back until they are whole, text is not. Each object handed out is
    one of its own. However long the answer, it is parsed no more than some hundred times over.
    """

    def __init__(self) -> None:
        self._from_json = _partial_parser()
        self._raw = bytearray()
        self._tool: str | None = None
        self._parsed_until = 0
        self._last: Any = _NOTHING
        self._ended = False

    def take(self, chunk: StreamChunk) -> tuple[Any, ...]:
        """Take a chunk; return the object if it grew, in a tuple, else an empty one."""
        if not self._grows_by(chunk):
            return ()
        # The longer it is, the more must come before it is parsed again: else the time it
        # takes would grow with the square of its length.
        if len(self._raw) - self._parsed_until <= len(self._raw) >> 8:
            return ()
        self._parsed_until = len(self._raw)
        # A number at the end may go on: 12 is no part of 123.
        return self._look(bytes(self._raw).rstrip(_IN_NUMBER))

    def end(self) -> tuple[Any, ...]:
        """Take the end of the answer; return the object, once, if some of it was not shown yet."""
        if self._ended:
            return ()
        self._ended = True
        return self._look(bytes(self._raw))

    def _grows_by(self, chunk: StreamChunk) -> bool:
        match chunk:
            case ToolCallStart(name=name, choice=0) if name == STRUCTURED_TOOL:
                self._tool = chunk.id
                self._raw.clear()  # what was said before the call is no part of the object
                self._parsed_until = 0
                return False
            case ToolCallDelta(arguments_delta=more, choice=0) if chunk.id == self._tool:
                self._raw += more.encode("utf-8", "replace")
                return True
            case TextDelta(text=more, choice=0) if self._tool is None:
                self._raw += more.encode("utf-8", "replace")
                return True
        return False

    def _look(self, raw: bytes) -> tuple[Any, ...]:
        try:
            value = self._from_json(raw, partial_mode="trailing-strings")
        except ValueError:
            return ()
        if value == self._last:
            return ()
        self._last = value
        return (value,)


def _partial_parser() -> Any:
    try:
        from jiter import from_json
    except ImportError:
        raise MissingDependencyError(
            "an object that is not whole yet is parsed with jiter, which is not installed: "
            "pip install 'reqllm[structured]'"
        ) from None
    return from_json


def _raw(response: Response) -> str:
    for call in response.tool_calls:
        if call.name == STRUCTURED_TOOL:
            return call.arguments_raw or ""
    return response.text


def _what_came(response: Response, raw: str) -> str:
    """Say why there is no JSON, as far as the answer tells."""
    if response.refusal:
        return f"expected an object, but the model refused: {response.refusal!r:.{_SHOWN}}"
    calls = ", ".join(call.name for call in response.tool_calls)
    if calls and not raw.strip():
        return f"expected an object, but the model called tools: {calls}"
    finish = response.finish_reason
    cut = ""
    if finish is not None and finish.reason == "length":
        cut = " and was cut off at max_tokens: ask with more"
    return f"expected an object, but the answer is no JSON{cut}: {raw!r:.{_SHOWN}}"


def _error(
    response: Response, raw: str, message: str, path: str | None = None
) -> InvalidObjectError:
    finish = response.finish_reason
    reason = finish.reason if finish is not None else None
    error = InvalidObjectError(message, raw=raw, path=path, finish_reason=reason)
    error.partial = response
    error.before_first_chunk = False
    return error
