"""The chat completions decoder reads what servers of the wire really send."""

from __future__ import annotations

import pytest

from .cases import Case, check_case
from .openai_chat_cases import CHUNKS, ERRORS
from .openai_chat_tool_cases import TOOLS

WIRE = "openai-chat"


@pytest.mark.parametrize("case", [pytest.param(c, id=c.id) for c in (*CHUNKS, *ERRORS, *TOOLS)])
def test_a_case_is_read_as_its_row_says(case: Case) -> None:
    """Text, calls, finish, warnings, error and state are those of the row, however it is cut."""
    check_case(WIRE, case)
