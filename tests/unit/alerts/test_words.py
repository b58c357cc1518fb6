"""Every kind says what is wrong and what to do."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.alerts.words import tell
from headgate.core.alerts import AlertKind, Condition

SINCE = "2026-03-01T12:00:00+00:00"
DUE = {"due": SINCE, "limit_s": 86400.0, "delivery": "d-1"}
GIB = 1 << 30
CASES: list[tuple[AlertKind, str, dict[str, Any], str, str]] = [
    (AlertKind.FAILED, "d-1", {"tries": 4}, "a delivery failed", "Delivery d-1 stopped after 4 tries"),
    (AlertKind.FAILED, "d-1", {"tries": 1}, "a delivery failed", "after 1 try."),
    (AlertKind.FAILED, "more", {"deliveries": 1204}, "1,204 more deliveries failed", "one by one"),
    (AlertKind.HELD, "d-1", {"accepted": "0.9380", "threshold": "0.95", "reasons": []}, "below the threshold", "93.8"),
    (AlertKind.HELD, "d-1", {"reasons": ["drift", "row_count"]}, "a delivery is held", "drift, row_count"),
    (AlertKind.HELD, "more", {"deliveries": 1}, "1 more delivery held", "one by one"),
    (
        AlertKind.SLOW,
        "d-1",
        {"since": SINCE, "state": "landed", "limit_s": 3600.0},
        "a delivery takes too long",
        "01 Mar 2026, 12:00 UTC and is landed; the limit is 1 h.",
    ),
    (
        AlertKind.SLOW,
        "more",
        {"deliveries": 3, "limit_s": 90.0},
        "3 more deliveries under way for too long",
        "1 min 30 s",
    ),
    (AlertKind.BACKLOG, "", {"deliveries": 1204, "limit": 1000}, "too many deliveries wait", "1,204 deliveries"),
    (AlertKind.OVERDUE, "c-1", DUE | {"of": "rows", "rows": 412}, "review is overdue", "412 rows are held."),
    (AlertKind.OVERDUE, "c-1", DUE | {"of": "rows", "rows": 1}, "review is overdue", "1 row is held."),
    (
        AlertKind.OVERDUE,
        "c-1",
        DUE | {"of": "drift", "rows": 9},
        "review is overdue",
        "within 1 day; it was due at 01 Mar",
    ),
    (AlertKind.OVERDUE, "c-1", DUE | {"of": "delivery", "rows": 9}, "review is overdue", "It is held as a whole."),
    (
        AlertKind.OVERDUE,
        "c-1",
        DUE | {"of": "change", "rows": 0, "delivery": None},
        "review is overdue",
        "a change of the rules of flow",
    ),
    (AlertKind.OVERDUE, "more", {"cases": 1}, "1 more review is overdue", "one by one"),
    (AlertKind.OVERDUE, "more", {"cases": 7}, "7 more reviews are overdue", "one by one"),
    (AlertKind.OVERDUE, "", {"rows": 412, "since": SINCE, "limit_s": 86400}, "review is overdue", "412 rows are held"),
    (
        AlertKind.ABSENT,
        "",
        {"came": True, "since": SINCE, "limit_s": 86400, "support": "chat"},
        "nothing came",
        "came at 01 Mar",
    ),
    (AlertKind.ABSENT, "", {"came": False, "since": SINCE, "limit_s": 86400}, "nothing came", "No delivery ever came"),
    (AlertKind.STORAGE, "", {"used_bytes": 46 * GIB, "quota_bytes": 50 * GIB}, "storage is nearly used up", "46.0 GiB"),
    (AlertKind.STORAGE, "", {"used_bytes": 50 * GIB, "quota_bytes": 50 * GIB}, "storage is used up", "50.0 GiB"),
    (AlertKind.AUDIT, "", {"fault": "tree differs", "findings": 3, "events": 9}, "the log is broken", "and 2 more"),
    (AlertKind.STOPPED, "", {}, "the flow is stopped", "landed and checked"),
]


@pytest.mark.parametrize(("kind", "subject", "facts", "heading", "said"), CASES)
def test_words(kind: AlertKind, subject: str, facts: dict[str, Any], heading: str, said: str) -> None:
    told = tell(Condition(kind=kind, flow="sales", subject=subject, facts=facts))
    assert told.heading == f"sales: {heading}"
    assert said in told.what
    assert told.next
    assert told.next[0].islower()
    assert "please" not in (told.what + told.next).lower()


def test_every_kind_has_words() -> None:
    assert {kind for kind, *_ in CASES} == set(AlertKind)


def test_what_is_about_no_flow_says_so() -> None:
    log = Condition(kind=AlertKind.AUDIT, facts={"fault": "x", "findings": 1, "events": 1})
    file = Condition(kind=AlertKind.FAILED, subject="d-1", facts={"tries": 1})
    assert tell(log).heading == "project: the log is broken"
    assert tell(file).heading == "no flow: a delivery failed"
