"""What is handed in by hand, checked before it is used. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from reqllm_fixtures.errors import RulesError


def checked_secrets(secrets: Any) -> tuple[str, ...]:
    """Return the values that are to be hidden. Raises RulesError, which shows none of them.

    A lone text would be taken for its letters, and nothing of it would be hidden.
    """
    if isinstance(secrets, str) or not isinstance(secrets, Iterable):
        came = "one text" if isinstance(secrets, str) else type(secrets).__name__
        raise RulesError(f"Expected secrets as a list of texts, secrets=[...]. Came: {came}.")
    given = tuple(secrets)
    wrong = [type(value).__name__ for value in given if not isinstance(value, str)]
    if wrong:
        raise RulesError(
            f"Expected secrets as a list of texts, secrets=[...]. Came: {', '.join(wrong)} in it."
        )
    return given
