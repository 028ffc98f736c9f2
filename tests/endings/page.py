"""docs/endings.md, out of what is measured and what the code says."""
# ruff: noqa: E501 - the lines of a page

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

from reqllm import errors

from .peers import PEERS, measured

PAGE = Path(__file__).parents[2] / "docs" / "endings.md"

_HEAD = """\
# How a stream ends

A stream is in one of four states when it is over, apart from why the model stopped
(`finish_reason`):

| state | means | reading |
|---|---|---|
| `complete` | the wire's terminal evidence came | ends |
| `incomplete` | the body ended without it: the answer was cut off | raises, or ends if `on_incomplete="return"` |
| `interrupted` | the network failed, a limit of time ran out, or the reader cancelled | raises; ends if it was cancelled |
| `failed` | the provider said so, or what came is no stream of the wire | raises |

What raises does so after all that had arrived was handed out, and keeps it as `.partial`. `metadata()`
and `partial()` answer in every state.

## What a wire's end is told by

| wire | evidence | enough where it is missing |
|---|---|---|
| `openai-chat` | `data: [DONE]` | a finish reason of every choice, and the end of the body |
| `openai-responses` | `response.completed`, `.incomplete`, `.failed` | nothing |
| `anthropic-messages` | `message_stop` | a `stop_reason`, and the end of the body |
| `gemini` | a `finishReason` of every candidate, or a `blockReason`, and the end of the body | nothing |
| `gemini-interactions` | `interaction.completed` and `[DONE]` | `interaction.completed`, and the end of the body |
| `cohere-v2` | `message-end` and `[DONE]` | `message-end`, and the end of the body |
| `ollama` | a line with `done: true` | a `done_reason`, and the end of the body |
| `bedrock-converse` | `messageStop` and its `metadata` | `messageStop`, and the end of the body |
| `bedrock-invoke` | that of the wire that it carries, or its metrics | as that wire has it |

What comes after the terminal event is no failure any more: neither a connection that breaks nor
silence. It is read for 0.1 s at most, so that the connection serves the next call.

## Errors

```text
"""

_MEASURED = """\
```

## Beside the vendors' SDKs

The same bytes, from a server on loopback, read by each SDK's own stream and by this client, without
retries. The body breaks half-way, after some of the answer was said. Everybody lets a second pass without
a byte; this client's `idle` is a second, too. *waits*: for as long as the connection stays, here three
seconds. Signs of life are comments, for ollama empty lines.

"""

_FOOT = """
*This page is written by `python -m tests.endings`, which measures; a test holds it to that.*
"""


def page() -> str:
    """Measure, and return the whole page."""
    names = [f"{peer.sdk.package} {version(peer.sdk.package)}" for peer in PEERS]
    rows = [["what goes wrong", *names, "reqllm"], ["---"] * (len(names) + 2)]
    rows += [[fault, *cells] for fault, cells in measured().items()]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    tree = (errors.__doc__ or "").partition("\n\n")[2].strip()
    return f"{_HEAD}{tree}\n{_MEASURED}{table}\n{_FOOT}"
