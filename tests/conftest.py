"""Fixtures shared by every room."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real open data beside the checkout; skips where there is none, except in CI."""
    if not SHARED_DATA.is_dir():
        if os.environ.get("CI"):
            pytest.fail(f"CI needs the open data in {SHARED_DATA}")
        pytest.skip("no open data beside the checkout (../shared/data)")
    return SHARED_DATA
