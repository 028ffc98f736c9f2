"""The overlays of tests: what a marker makes of one test, and which one a test runs under."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from reqllm_fixtures.errors import OverlayError
from reqllm_fixtures.testing import marker_places
from reqllm_fixtures.testing.marking import MarkerError

if TYPE_CHECKING:
    from reqllm_fixtures.overlay.base import Overlay

MARKER = "reqllm_overlays"
PARAMETER = "reqllm_overlay"


def parametrize(metafunc: pytest.Metafunc) -> None:
    """Make one test of each overlay that the closest marker names."""
    found = next(metafunc.definition.iter_markers_with_node(MARKER), None)
    if found is None:
        return
    from reqllm_fixtures.overlay.words import matrix  # here, as few tests are marked so

    node, mark = found
    try:
        if mark.kwargs or not mark.args:
            raise OverlayError("Expected names of groups, or overlays. Came: none, or a keyword.")
        overlays = matrix(*mark.args)
    except OverlayError as error:
        place = marker_places.place_of(node, mark, metafunc.definition)
        raise pytest.Collector.CollectError(f"{place}\n{error}") from None
    if PARAMETER not in metafunc.fixturenames:
        metafunc.fixturenames.append(PARAMETER)
    metafunc.parametrize(PARAMETER, overlays, indirect=True, ids=map(_id, overlays))


def current(item: pytest.Item) -> Overlay | None:
    """Return the one of the marker's overlays that this test runs under."""
    params: dict[str, Any] = getattr(getattr(item, "callspec", None), "params", {})
    return params.get(PARAMETER)


def require(item: pytest.Item) -> None:
    """Refuse a marker that had no effect. Raises MarkerError."""
    found = next(item.iter_markers_with_node(MARKER), None)
    if found is not None and current(item) is None:
        node, mark = found
        raise MarkerError(
            f"{marker_places.place_of(node, mark, item)}\n{MARKER} makes several tests of one, "
            "which unittest's cannot be. Use @pytest.mark.reqllm(overlay=...)."
        )


def name_of(item: pytest.Item) -> str:
    """Name a test without its overlay: all of them play one recording."""
    overlay = current(item)
    if overlay is None:
        return item.name
    part = re.escape(_id(overlay))
    name = re.sub(rf"(?<=[\[-]){part}\d*(?=[\]-])", "", item.name, count=1)
    return name.replace("[]", "").replace("[-", "[").replace("-]", "]").replace("--", "-")


def _id(overlay: Overlay) -> str:
    return str(overlay).replace(" | ", "|")
