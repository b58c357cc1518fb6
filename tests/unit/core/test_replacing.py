from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import headgate
from headgate.core.records import Counts
from headgate.core.replacing import replace
from headgate.core.signing_keys import PublicKey

DATACLASSES = {"core/contract_lint.py", "core/errors.py", "core/signing_keys.py"}  # docs/decisions/0016 tells why


def test_what_is_named_changes_and_the_record_stays() -> None:
    counts = Counts(received=2, accepted=2)
    assert replace(counts, held=1, accepted=1) == Counts(received=2, accepted=1, held=1)
    assert counts == Counts(received=2, accepted=2)


def test_a_changed_record_is_checked_as_a_new_one_is() -> None:
    key = PublicKey(name="log.example/a", raw=bytes(32), valid_from=datetime(2026, 3, 1, tzinfo=UTC))
    naive = datetime(2026, 3, 1)  # noqa: DTZ001
    with pytest.raises(ValueError, match="without time zone"):
        replace(key, valid_from=naive)


def test_a_field_that_is_not_there_cannot_change() -> None:
    wrong: dict[str, Any] = {"reveived": 1}
    with pytest.raises(TypeError, match="reveived"):
        replace(Counts(), **wrong)


def test_records_are_structs() -> None:
    package = Path(headgate.__file__).parent
    found = {str(path.relative_to(package)) for path in package.rglob("*.py") if "@dataclass" in path.read_text()}
    assert found == DATACLASSES
