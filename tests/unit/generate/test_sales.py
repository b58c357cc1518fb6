from __future__ import annotations

from datetime import datetime

import pytest

from headgate.core.errors import UsageError
from headgate.core.replacing import replace
from headgate.generate.defects import Defect, FileDefect
from headgate.generate.sales import SalesOptions

SOUND = SalesOptions(count=1_000, files=3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"count": 0}, "--count is 0"),
        ({"files": 1_001}, "--files is 1001. Next: give a number from 1 to --count, 1000"),
        ({"files": 0}, "--files is 0"),
        ({"defects": 0.31}, "--defects is 0.31. Next: give a share from 0 to 0.3"),
        ({"defects": float("nan")}, "--defects is nan"),
        ({"days": 0}, "--days is 0"),
        ({"first_number": 0}, "--first-number is 0"),
        ({"end": datetime(2026, 11, 20)}, "--end is 2026-11-20 00:00:00"),  # noqa: DTZ001
        ({"file_defects": tuple(FileDefect)}, "--file-defect is 4. Next: give fewer than --files, 3"),
        ({"customers": 4}, "--customers is 4. Next: give a number from 5"),
        ({"defects": 0.1, "kinds": frozenset()}, "--kind is none"),
        ({"defects": 0.1, "files": 1, "kinds": frozenset({Defect.DUPLICATE_ACROSS})}, "--kind is none"),
    ],
)
def test_what_cannot_be_made_is_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError) as refusal:
        replace(SOUND, **options)  # type: ignore[arg-type]
    assert message in str(refusal.value)


def test_customers_follow_the_count_unless_they_are_given() -> None:
    assert SOUND.customer_count == 83
    assert replace(SOUND, customers=500).customer_count == 500
    assert replace(SOUND, count=5).customer_count == 25
    assert replace(SOUND, days=1).customer_count == 500


def test_kinds_stand_in_the_order_of_their_definition() -> None:
    assert SOUND.chosen_kinds == tuple(Defect)
    chosen = frozenset({Defect.BURST, Defect.MISSING_FIELD})
    assert replace(SOUND, kinds=chosen).chosen_kinds == (Defect.MISSING_FIELD, Defect.BURST)
    damaged = replace(SOUND, file_defects=(FileDefect.EMPTY, FileDefect.CUT_OFF))
    assert Defect.DUPLICATE_ACROSS not in damaged.chosen_kinds
