"""Names of files made of any names: what every file system takes. Pure."""

from __future__ import annotations

import hashlib
import re

# pytest-recording's names of ordinary tests come out unchanged.
FORBIDDEN = re.compile(r"[^\w \[\]().,;=+@~#&!{}^$-]", re.ASCII)
# A name has 255 bytes, and what is written beside a cassette while it is recorded adds some.
LONGEST = 150
_DIGITS = 8


def stem(name: str) -> str:
    """Make a file's name of any name: equal only for equal names, and never a way elsewhere.

    What a file system may refuse becomes a dash; what was so changed, or cut because it was too
    long, ends in a hash of what it was.
    """
    clean = FORBIDDEN.sub("-", name)
    if clean.startswith("."):
        clean = f"-{clean[1:]}"
    if clean == name and 0 < len(name) <= LONGEST:
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
    return f"{clean[: LONGEST - _DIGITS - 1]}-{digest}"
