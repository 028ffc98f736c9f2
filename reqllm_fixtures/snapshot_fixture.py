"""The pytest fixture `stream_snapshot`; it loads syrupy when a test first asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion


# Where syrupy is not installed, pytest shows these lines and says that there is no `snapshot`.
@pytest.fixture
def stream_snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:  # pip install syrupy
    """The snapshot of this test, for `assert answer == stream_snapshot`: a line of JSON a chunk."""
    if not hasattr(snapshot, "use_extension"):
        pytest.fail(
            "stream_snapshot needs syrupy's fixture `snapshot`. "
            f"Came: one of another's, a {type(snapshot).__name__}. Rename that one.",
            pytrace=False,
        )
    from reqllm_fixtures.snapshot import StreamSnapshotExtension

    return snapshot.use_extension(StreamSnapshotExtension)
