"""The sync twins are the async ones without waiting: their syntax trees are compared.

A shell that is mended on one side only shows here, with the line that differs.
"""

from __future__ import annotations

import ast
import inspect
from difflib import unified_diff

import pytest

from reqllm import async_pump, http_client, passes, pump, stream_response, streaming

TWINS = (
    (async_pump.AsyncPump, pump.Pump),
    (stream_response.StreamResponse, stream_response.SyncStreamResponse),
    (passes.AsyncObjects, passes.Objects),
    (http_client.AsyncOpener, http_client.Opener),
    (streaming.AsyncClient, streaming.Client),
    (streaming._AsyncOpening, streaming._Opening),
)

# What each async name is called on the sync side.
NAMES = {
    # the twins themselves
    "AsyncPump": "Pump",
    "StreamResponse": "SyncStreamResponse",
    "AsyncOpener": "Opener",
    "AsyncClient": "Client",
    "AsyncTimer": "Timer",
    "AsyncPause": "Pause",
    "AsyncReopen": "Reopen",
    "loop_here": "process_here",
    "_AsyncOpening": "_Opening",
    # Python's protocols
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "__aiter__": "__iter__",
    "__anext__": "__next__",
    "AsyncIterator": "Iterator",
    "StopAsyncIteration": "StopIteration",
    # the HTTP libraries' and ours
    "aclose": "close",
    "aiter_bytes": "iter_bytes",
    "AsyncBaseTransport": "BaseTransport",
    "aclose_response": "close_response",
    # waiting
    "AsyncSleep": "Sleep",
    "_AsyncTurn": "_Turn",
    # what one pass is made of: Python walks a sync pass without coming back for every chunk
    "AsyncChunks": "chunks",
    "AsyncTokens": "tokens",
    "AsyncObjects": "Objects",
}

# What the docstrings say of waiting.
WORDS = {
    "async for": "for",
    "async with": "with",
    "an async context": "a context",
    "; asyncio and trio": "",
    "each process and each event loop that": "each process that",
}

# What is rightly not the same, and why.
EXCEPTIONS = {
    "AsyncOpener._signed": "credentials may be read from the network: beside the event loop",
    "AsyncPump.cancel": (
        "threads run at the same time: the one that reads is woken and taken its turn from"
    ),
    "AsyncPump._close": "a task's close is shielded; a thread that is blocked in a read is woken",
    "AsyncPump.__del__": "what must be awaited is handed to the event loop",
}


class _WithoutWaiting(ast.NodeTransformer):
    """Rewrites an async tree into what its sync twin should be."""

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self.generic_visit(_as(ast.FunctionDef, node))

    def visit_AsyncFor(self, node: ast.AsyncFor) -> ast.AST:
        return self.generic_visit(_as(ast.For, node))

    def visit_AsyncWith(self, node: ast.AsyncWith) -> ast.AST:
        return self.generic_visit(_as(ast.With, node))

    def visit_Await(self, node: ast.Await) -> ast.AST:
        return self.visit(node.value)


class _Renamed(ast.NodeTransformer):
    """Renames by the table; in docstrings too, where words are written in backticks."""

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.Name(NAMES.get(node.id, node.id), node.ctx)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        value = self.visit(node.value)
        return ast.Attribute(value, NAMES.get(node.attr, node.attr), node.ctx)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.name = NAMES.get(node.name, node.name)
        return self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        node.name = NAMES.get(node.name, node.name)
        return self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return ast.Constant(_in_words(node.value)) if isinstance(node.value, str) else node


def _as(kind: type[ast.stmt], node: ast.stmt) -> ast.stmt:
    fields = {name: getattr(node, name, None) for name in node._fields}
    return ast.copy_location(kind(**fields), node)


def _in_words(text: str) -> str:
    """A docstring or a name in quotes, as the sync twin says it."""
    if text in NAMES:
        return NAMES[text]
    for name, other in WORDS.items():
        text = text.replace(name, other)
    for name, other in NAMES.items():
        text = text.replace(f"`{name}", f"`{other}")
    return text


def _methods(source: str, *, is_async: bool) -> dict[str, str]:
    """The class' methods and the rest, each as plain text; of an async class, as the twin's."""
    tree: ast.AST = ast.parse(source).body[0]
    if is_async:
        tree = _Renamed().visit(_WithoutWaiting().visit(tree))
    assert isinstance(tree, ast.ClassDef)
    named = {"the class itself": " ".join(map(ast.unparse, tree.bases + tree.decorator_list))}
    for part in tree.body:
        name = part.name if isinstance(part, ast.FunctionDef) else "the class itself"
        text = ast.unparse(ast.fix_missing_locations(part))
        named[name] = f"{named[name]}\n{text}" if name in named else text
    return named


def drift(name: str, async_source: str, sync_source: str) -> list[str]:
    """The lines in which a sync twin differs from what its async twin says it should be."""
    wanted = _methods(async_source, is_async=True)
    found = _methods(sync_source, is_async=False)
    lines: list[str] = []
    for method in sorted(wanted.keys() | found.keys()):
        if f"{name}.{method}" not in EXCEPTIONS:
            one, other = (side.get(method, "").splitlines() for side in (wanted, found))
            lines += unified_diff(one, other, f"async {name}.{method}", "sync", lineterm="", n=1)
    return lines


def sources(twins: tuple[type, type]) -> tuple[str, str, str]:
    """The name of a pair, and both sources."""
    one, other = twins
    return one.__name__, inspect.getsource(one), inspect.getsource(other)


each_pair = pytest.mark.parametrize("twins", TWINS, ids=lambda twins: twins[0].__name__)


@each_pair
def test_twins_are_the_same(twins: tuple[type, type]) -> None:
    """A sync twin must be its async twin without waiting, docstrings included."""
    assert "\n".join(drift(*sources(twins))) == ""


def test_exceptions_are_needed() -> None:
    """An exception that is no more must leave the list."""
    named = {name: sources(twins) for twins in TWINS for name in [twins[0].__name__]}
    for exception in EXCEPTIONS:
        owner, method = exception.split(".")
        _, one, other = named[owner]
        assert _methods(one, is_async=True)[method] != _methods(other, is_async=False)[method]


# Each is made on the sync side of the pump alone. (An `await` too few is mypy's to find.)
DRIFTS = {
    "a line less": ("            self._at_eof = True\n", ""),
    "another word in a docstring": ("Read one piece, whatever", "Read a piece, whatever"),
    "another order": ("batch, self._waiting = self._waiting, []", "batch, self._waiting = [], []"),
    "another name": ("self._network_errors as error", "OSError as error"),
    "another method": ("def read_on", "def read_more"),
    "another default": ("owned_client: Any = None", "owned_client: Any = ()"),
    "another base": ("class Pump(PumpBase):", "class Pump:"),
    "an attribute more": ("    def release", "    extra = True\n\n    def release"),
    "another docstring of the class": ("Reads the body of one response", "Reads a body"),
}


@pytest.mark.parametrize("change", DRIFTS.values(), ids=DRIFTS)
def test_drift_is_found(change: tuple[str, str]) -> None:
    """A change on one side only must be reported, in any part of the class."""
    name, one, other = sources(TWINS[0])
    assert change[0] in other
    assert drift(name, one, other.replace(*change, 1))
