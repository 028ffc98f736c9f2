"""Which code is the user's: not Python's, not an installed package's, not ours."""

from __future__ import annotations

import os
import sys
from types import FrameType

_PYTHON = os.path.join(os.path.realpath(os.path.dirname(os.__file__)), "")
_INSTALLED = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
_OURS = tuple(
    os.path.join(
        os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), name, ""
    )
    for name in ("reqllm", "reqllm_fixtures")
)


def is_users(filename: str) -> bool:
    """Tell whether a file holds code of the user's."""
    return not (
        filename.startswith(("<", _PYTHON, *_OURS)) or any(each in filename for each in _INSTALLED)
    )


def calling_line() -> str | None:
    """Tell the line of the user's code that called us, and the function that it is in."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if is_users(frame.f_code.co_filename):
            return f"{frame.f_code.co_filename}:{frame.f_lineno}, in {frame.f_code.co_name}"
        frame = frame.f_back
    return None
