"""vcrpy, whose matchers, filters and hooks are used where somebody has declared them."""

from __future__ import annotations

import importlib
from typing import Any

from reqllm_fixtures.errors import MissingDependencyError


def vcrpy(module: str, who_needs: str) -> Any:
    """Return a module of vcrpy's. Raises MissingDependencyError, which opens with `who_needs`."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingDependencyError(
            f"{who_needs} vcrpy, which is not installed ({error}). "
            "Install it: pip install 'reqllm[fixtures]'."
        ) from error
