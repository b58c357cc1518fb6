"""An office for each test."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[3]))

from tests.harness.office import Office


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """A flow that holds amounts over a limit, and even ones."""
    made = Office(tmp_path).write()
    yield made
    made.close()
