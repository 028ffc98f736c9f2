"""docs/sdks.md, out of the table that the tests run on."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

from .sdk import Sdk

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "sdks.md"
APART = ROOT / "tests" / "sdks" / "apart.txt"

_HEAD = """\
# Vendors' SDKs

`use_cassette` records and replays under any SDK that sends over httpx or httpx2. These are tested,
each streaming and not, sync and async: recorded from a server on loopback, then replayed from the
file with every socket forbidden and a dummy for a key. They get the same words in the same number
of events, the real key is nowhere in the file, and a changed prompt is refused.

Two ways lead in, and both are tested for each:

```python no-run
import httpx2
import openai

from reqllm_fixtures import use_cassette

with use_cassette("cassettes/hello.yaml") as cassette:
    http = httpx2.Client(transport=cassette.transport(httpx2))
    client = openai.OpenAI(http_client=http)  # the SDK's own argument, or

with use_cassette("cassettes/hello.yaml") as cassette, cassette.patch():
    client = openai.OpenAI()  # whatever clients the code in the block builds
```

`UnmatchedRequestError` is no error of httpx, so most SDKs let it through. Some wrap it in an error
of their own, whose traceback shows it; where code swallows that one too, it is raised again at the
end of the block. Those that wrap it also take it for a failure of the network and ask again, which
costs a second or two of waiting: give them `max_retries=0` in tests. Under the
[pytest plugin](pytest.md) they do not: there a miss is a failed test, which no SDK takes for an
error of its own.

Where aiohttp is installed, the async clients of google-genai and cohere send over it, unless they
are given a client or a transport: `patch()` does not see those. Use the argument then.

"""
_COLUMNS = ("SDK", "release", "library", "where it takes yours", "wire", "a miss raises", "asked")
_FOOT = (
    "\n*This page is written by `python -m tests.sdks`, from the table that the tests run on.*\n"
)


def page(sdks: Iterable[Sdk]) -> str:
    """Write the whole page."""
    sdks = list(sdks)
    releases = pins()
    rows = [_COLUMNS, ("---",) * len(_COLUMNS), *(_row(sdk, releases) for sdk in sdks)]
    table = "".join(f"| {' | '.join(row)} |\n" for row in rows)
    notes = [f"- **{sdk.name}**: {text}\n" for sdk in sdks if (text := _note(sdk))]
    return _HEAD + table + "\n" + "".join(notes) + _FOOT


def _row(sdk: Sdk, releases: dict[str, str]) -> tuple[str, ...]:
    release = releases.get(sdk.package, "not pinned")
    miss, times = f"`{sdk.miss}`", "once" if sdk.misses == 1 else f"{sdk.misses} times"
    return (sdk.name, release, sdk.library, f"`{sdk.argument}`", sdk.wire, miss, times)


def _note(sdk: Sdk) -> str:
    absent = f"Tested in a run of its own: it {sdk.absent}." if sdk.absent else ""
    return " ".join(each for each in (absent, sdk.note) if each)


def pins() -> dict[str, str]:
    """The release of each package that the tests pin, of all that is pinned twice the newer."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = project["project"]["optional-dependencies"]["test"]
    apart = APART.read_text(encoding="utf-8").splitlines()[::-1]
    found = (re.fullmatch(r"([\w.-]+)(?:\[.*\])?==(\S+)", each) for each in (*apart, *wanted))
    return {match[1]: match[2] for match in found if match}
