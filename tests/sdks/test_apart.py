"""The SDK that cannot stand beside the others is tested in a run of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

APART = Path(sys.prefix, "apart")


@pytest.mark.skipif(not APART.is_dir(), reason=f"not installed: {APART}; see tests/sdks/apart.txt")
def test_litellm():
    """litellm records and replays, sync and async, streaming and not, both ways in; and refuses."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-k", "litellm", "tests/sdks/test_sdks.py"],
        cwd=Path(__file__).parents[2],
        env={
            **{name: value for name, value in os.environ.items() if "XDIST" not in name},
            "PYTHONPATH": str(APART),
            # Else it fetches a list of prices when it is imported.
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "17 passed" in done.stdout
    assert "skipped" not in done.stdout
