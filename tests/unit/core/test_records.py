"""Records refuse what would mean another thing elsewhere."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from headgate.core.records import Delivery, DeliveryKind
from headgate.core.states import DeliveryState


def test_a_delivery_lands_at_a_moment_with_a_time_zone() -> None:
    texts: dict[str, Any] = dict.fromkeys(("id", "name", "origin", "sender", "sha256", "run"), "x")
    rest: dict[str, Any] = {"landing_number": 1, "flow": None, "size_bytes": 1, "form": {}}
    states: dict[str, Any] = {"kind": DeliveryKind.FILE, "state": DeliveryState.LANDED}
    moment = datetime(2026, 11, 20, tzinfo=UTC)
    assert Delivery(**texts, **rest, **states, landed_at=moment).landed_at == moment
    with pytest.raises(ValueError, match="2026-11-20T00:00:00 has no time zone"):
        Delivery(**texts, **rest, **states, landed_at=moment.replace(tzinfo=None))
