"""What keys look like: every vendor's prefix, tokens, private keys. Pure.

A shape alone is not enough: prose has hyphens, documents have `sk-xxxx`. What follows a prefix
must look drawn at random.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from typing import NamedTuple

# Neither in the middle of a word nor of a blob in base64.
_BEFORE = rb"(?<![A-Za-z0-9_-])"
_BEFORE_64 = rb"(?<![A-Za-z0-9_+/-])"


class Shape(NamedTuple):
    """A kind of secret: a pattern, whose group must look random, and a part that it never lacks."""

    kind: str
    pattern: re.Pattern[bytes]
    hint: bytes  # in lower case


def _shape(kind: str, prefix: str, rest: str, before: bytes = _BEFORE, *, hint: str = "") -> Shape:
    pattern = before + rb"(?:%b)(%b)" % (prefix.encode(), rest.encode())
    literal = hint or re.split(r"[^\w-]", prefix)[0]
    return Shape(kind, re.compile(pattern), literal.lower().encode())


SHAPES = (
    _shape("an Anthropic key (sk-ant-)", "sk-ant-", "[A-Za-z0-9_-]{16,}"),
    _shape("an OpenRouter key (sk-or-)", "sk-or-", "[A-Za-z0-9_-]{16,}"),
    _shape("an OpenAI key (sk-proj-)", "sk-(?:proj|svcacct|admin|None)-", "[A-Za-z0-9_-]{16,}"),
    _shape("a key (sk-)", "sk-(?!ant-|or-|proj-|svcacct-|admin-|None-)", "[A-Za-z0-9_-]{16,}"),
    _shape("a Groq key (gsk_)", "gsk_", "[A-Za-z0-9]{16,}"),
    _shape("an xAI key (xai-)", "xai-", "[A-Za-z0-9_-]{16,}"),
    _shape("a Perplexity key (pplx-)", "pplx-", "[A-Za-z0-9]{16,}"),
    _shape("a Cerebras key (csk-)", "csk-", "[A-Za-z0-9]{16,}"),
    _shape("a Fireworks key (fw_)", "fw_", "[A-Za-z0-9]{16,}"),
    _shape("a Together key (tgp_)", "tgp_v1_", "[A-Za-z0-9_-]{16,}"),
    _shape("a Hugging Face token (hf_)", "hf_", "[A-Za-z0-9]{20,}"),
    _shape("a Replicate token (r8_)", "r8_", "[A-Za-z0-9]{20,}"),
    _shape("an NVIDIA key (nvapi-)", "nvapi-", "[A-Za-z0-9_-]{20,}"),
    _shape("a Voyage key (pa-)", "pa-", "[A-Za-z0-9_-]{40,}"),
    _shape("a LangSmith key (lsv2_)", "lsv2_(?:pt|sk)_", "[A-Za-z0-9_]{20,}"),
    _shape("a Tavily key (tvly-)", "tvly-", "[A-Za-z0-9-]{16,}"),
    _shape("a Google key (AIza)", "AIza", "[0-9A-Za-z_-]{35}(?![0-9A-Za-z_-])", _BEFORE_64),
    _shape("a Google token (ya29.)", r"ya29\.", "[A-Za-z0-9_-]{20,}", _BEFORE_64),
    _shape("a Google client secret (GOCSPX-)", "GOCSPX-", "[A-Za-z0-9_-]{20,}"),
    _shape(
        "an AWS access key", "AKIA|ASIA", "[0-9A-Z]{16}(?![0-9A-Za-z_+/-])", _BEFORE_64, hint="ia"
    ),
    _shape("a Bedrock key (ABSK)", "ABSK", "[A-Za-z0-9+/]{30,}", _BEFORE_64),
    _shape("a Bedrock key (bedrock-api-key-)", "bedrock-api-key-", "[A-Za-z0-9+/_=-]{20,}"),
    _shape(
        "an AWS secret key",
        r"(?i:aws_?secret_?access_?key)[\"'\s:=\\]{1,8}",
        "[A-Za-z0-9/+]{40}",
        hint="access",
    ),
    _shape("a GitHub token", "gh[pousr]_|github_pat_", "[A-Za-z0-9_]{30,}", hint="gh"),
    _shape("a Slack token", "xox[abprs]-", "[A-Za-z0-9-]{16,}"),
    _shape("a Stripe key", "[sr]k_(?:live|test)_", "[A-Za-z0-9]{20,}", hint="k_"),
    _shape("an OpenAI organisation (org-)", "org-", "[A-Za-z0-9]{20,}"),
    _shape("an OpenAI project (proj_)", "proj_", "[A-Za-z0-9]{20,}"),
    _shape(
        "a bearer token", r"(?i:bearer)(?:\s|%20|\+)+", "[A-Za-z0-9._~+/=-]{20,}", hint="bearer"
    ),
)
_JWT = re.compile(_BEFORE_64 + rb"eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?")
_PRIVATE_KEY = re.compile(
    rb"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----"
    rb"(?:\s|\\r|\\n|[\w-]+: [^\n]+\n){0,9}[A-Za-z0-9+/]{20,}"
)
_BASIC = re.compile(rb"(?i:basic)\s+([A-Za-z0-9+/]{12,}={0,2})")

_CLASS = re.compile(rb"[a-z]+|[A-Z]+|[0-9]+")
_SHARE_OF_CHANGES = 0.15
_FEWEST_CHARACTERS = 8


class Hit(NamedTuple):
    """Where something looks like a secret, and like which."""

    start: int
    end: int
    kind: str


def hits(text: bytes) -> Iterator[Hit]:
    """Find what looks like a secret."""
    lower = text.lower()
    for kind, pattern, hint in SHAPES:
        for match in pattern.finditer(text) if hint in lower else ():
            if looks_random(match[1]):
                yield Hit(*match.span(), kind)
    for match in _JWT.finditer(text):
        yield Hit(*match.span(), "a JSON web token")
    for match in _PRIVATE_KEY.finditer(text):
        yield Hit(*match.span(), "a private key")
    for match in _BASIC.finditer(text):
        if _is_pair(match[1]):
            yield Hit(*match.span(), "a name and password (Basic)")


def looks_random(text: bytes) -> bool:
    """Tell what was drawn from words: these change between letters and digits at their ends."""
    runs = _CLASS.findall(text)
    size = sum(map(len, runs))
    mixed = len({run[:1].isdigit() for run in runs}) == 2 or any(map(bytes.isupper, runs[1:]))
    return (
        mixed
        and len(set(text)) >= _FEWEST_CHARACTERS
        and len(_runs_without_separators(text)) - 1 >= _SHARE_OF_CHANGES * size
    )


def _runs_without_separators(text: bytes) -> list[bytes]:
    return _CLASS.findall(re.sub(rb"[^A-Za-z0-9]", b"", text))


def _is_pair(text: bytes) -> bool:
    try:
        name, colon, password = base64.b64decode(text, validate=True).decode().partition(":")
    except ValueError:
        return False
    return bool(colon and password) and (name + password).isprintable()
