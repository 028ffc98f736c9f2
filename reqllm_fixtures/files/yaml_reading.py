"""YAML of cassettes, read safely into plain data.

https://yaml.org/spec/1.1/ because that is what PyYAML, and so vcrpy, reads.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

import yaml

from reqllm_fixtures.errors import SlowYamlWarning

_DEEPEST = 1000


class NotYamlError(ValueError):
    """The text is not YAML; the message says where."""


class TagError(NotYamlError):
    """The text has a tag that stands for more than data."""


class _NotTooDeep:
    """Counts how deep a loader is: before 0.2.6 libyaml's only limit is the stack it overruns."""

    _depth = 0

    def descend_resolver(self, _parent: Any, _index: Any) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise NotYamlError(f"nested more than {_DEEPEST:,} deep")

    def ascend_resolver(self) -> None:
        self._depth -= 1


def parse(text: str | bytes) -> Any:
    """Read YAML into plain data; no tag is executed. Raises NotYamlError."""
    try:
        return yaml.load(text, Loader=_loader())
    except yaml.constructor.ConstructorError as error:
        raise TagError(_on_one_line(error)) from error
    except NotYamlError:
        raise
    except yaml.YAMLError as error:
        # Newer versions of libyaml have a limit of their own, the same as ours.
        if "maximum nesting depth" in str(error):
            raise NotYamlError(f"nested more than {_DEEPEST:,} deep") from error
        raise NotYamlError(_on_one_line(error)) from error
    except Exception as error:
        # A tag on text that does not fit it (`!!bool maybe`) raises whatever PyYAML trips over.
        raise NotYamlError(f"{type(error).__name__}: {_on_one_line(error)}") from error


def _on_one_line(error: Exception) -> str:
    return " ".join(str(error).split())


@cache
def _loader() -> type[Any]:
    """Make the safe loader, with the few harmless Python tags that vcrpy wrote in its time."""
    base = getattr(yaml, "CSafeLoader", None)
    if base is None:
        warnings.warn(
            "PyYAML was built without libyaml: cassettes load some thirty times slower. "
            "Install a PyYAML wheel that has it, or keep large cassettes as JSON.",
            SlowYamlWarning,
            stacklevel=2,
        )
        base = yaml.SafeLoader
    loader: type[Any] = type("CassetteLoader", (_NotTooDeep, base), {})
    for tag, construct in _HARMLESS_TAGS.items():
        loader.add_constructor(f"tag:yaml.org,2002:python/{tag}", construct)
    return loader


def _construct_text(loader: Any, node: Any) -> Any:
    return loader.construct_scalar(node)


def _construct_list(loader: Any, node: Any) -> Any:
    return loader.construct_sequence(node, deep=True)


def _construct_file(loader: Any, node: Any) -> Any:
    """A request body that was a file: the state of a BytesIO begins with its content."""
    state = loader.construct_mapping(node, deep=True).get("state")
    return state[0] if isinstance(state, list) and state else b""


def _construct_iterator(loader: Any, node: Any) -> Any:
    """A request body that was an iterator: its parts are the first argument."""
    arguments = loader.construct_mapping(node, deep=True).get("args")
    parts = arguments[0] if isinstance(arguments, list) and arguments else []
    return b"".join(part if isinstance(part, bytes) else str(part).encode() for part in parts)


_HARMLESS_TAGS: dict[str, Callable[[Any, Any], Any]] = {
    "str": _construct_text,
    "unicode": _construct_text,
    "tuple": _construct_list,
    "object/new:_io.BytesIO": _construct_file,
    "object/apply:builtins.iter": _construct_iterator,
}
