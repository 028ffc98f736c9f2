"""Text of anybody's for XML. Pure.

https://www.w3.org/TR/xml/#charsets
"""

from __future__ import annotations

from reqllm.cli.terminal import visible

_NONE_IN_XML = str.maketrans({"\ufffe": "\ufffd", "\uffff": "\ufffd"})


def xml_text(text: str) -> str:
    """Show what XML cannot hold; the rest is as it was, line by line."""
    return visible(text).translate(_NONE_IN_XML)
