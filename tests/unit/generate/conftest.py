from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from headgate.generate.orders import World
from headgate.generate.places import CURRENCIES
from headgate.generate.rates import Rates
from headgate.generate.world import make_world

END = datetime(2026, 11, 20, 6, tzinfo=UTC)


@pytest.fixture(scope="session")
def world() -> World:
    return make_world(seed=3, count=2_000, customers=170, end=END, days=30)


@pytest.fixture(scope="session")
def rates() -> Rates:
    """One EUR for every unit on every day."""
    return Rates(first_day=0, eur=np.ones((len(CURRENCIES), 40_000)), path=Path("rates.csv"))
