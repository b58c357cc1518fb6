from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def rates_file() -> Path:
    """The rates that ship with the flow."""
    return Path(__file__).parents[3] / "flows" / "sales" / "fx_rates.csv"


@pytest.fixture(scope="session")
def end() -> datetime:
    return datetime(2026, 11, 20, 6, tzinfo=UTC)
