"""One moment for all, and the way to the records that the ledger's tests share."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

# The test folders are no packages, so nobody else puts the repository on the path.
sys.path.append(str(Path(__file__).parents[2]))


@pytest.fixture
def at() -> datetime:
    return datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
