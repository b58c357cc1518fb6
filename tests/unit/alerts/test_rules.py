"""When who is told, from nothing but conditions and time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.alerts.rules import decide
from headgate.alerts.settings import AlertSettings, Receiver, ReceiverKind
from headgate.core.alerts import Alert, AlertKind, Change, Condition, Notice, NoticeKind, Silence
from headgate.core.flow import Escalation
from headgate.core.replacing import replace

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
FAILED = Condition(kind=AlertKind.FAILED, flow="sales", subject="d-1")
BACKLOG = Condition(kind=AlertKind.BACKLOG, flow="sales", facts={"deliveries": 9})


def receiver(name: str, **fields: object) -> Receiver:
    return Receiver(name=name, kind=ReceiverKind.SLACK, url="https://example.org/x", **fields)  # type: ignore[arg-type]


SETTINGS = AlertSettings(
    again_after_s=4 * 3600,
    escalate_after_s=1800,
    levels=(("first", "second"), ("lead",)),
    receivers={name: receiver(name) for name in ("first", "second", "lead")},
)


class Project:
    """Alerts over time: what `decide` says is kept as the ledger would."""

    def __init__(self, settings: AlertSettings = SETTINGS) -> None:
        self.settings = settings
        self.now = AT
        self.alerts: dict[str, Alert] = {}
        self.silences: list[Silence] = []
        self.said: list[Notice] = []
        self.escalations: dict[str, Escalation] = {}

    def look(
        self, *conditions: Condition, after_s: float = 60, unknown: Iterable[AlertKind] = ()
    ) -> list[tuple[str, str]]:
        """Who hears what, now."""
        self.now += timedelta(seconds=after_s)
        changes = decide(
            conditions,
            [one for one in self.alerts.values() if one.is_open],
            self.silences,
            self.settings,
            lambda alert, kind, name: f"{alert.id} {kind} {name}",
            escalations=self.escalations,
            unknown=frozenset(unknown),
            now=self.now,
        )
        self.changes: list[Change] = changes
        for change in changes:
            self.alerts[change.after.id] = change.after
            self.said += change.notices
        return [(notice.kind.value, notice.receiver) for change in changes for notice in change.notices]

    def silence(self, length_s: float, **about: object) -> None:
        until = self.now + timedelta(seconds=length_s)
        made = Silence(id="si-1", until=until, reason="r", made_at=self.now, made_by="a", **about)  # type: ignore[arg-type]
        self.silences.append(made)

    def acknowledge(self) -> None:
        (one,) = (one for one in self.alerts.values() if one.is_open)
        self.alerts[one.id] = replace(one, acknowledged_at=self.now, acknowledged_by="a-1")


def test_told_once_while_it_lasts_and_once_when_it_is_over() -> None:
    project = Project()
    assert project.look(FAILED) == [("opened", "first"), ("opened", "second")]
    assert project.changes[0].event == "alert_opened"
    for _ in range(10):
        assert project.look(FAILED) == []
        assert project.changes == []
    assert project.look() == [("resolved", "first"), ("resolved", "second")]
    assert project.changes[0].event == "alert_resolved"
    assert project.look() == []


def test_a_flow_names_who_hears_of_its_overdue_cases_and_how_often() -> None:
    people = receiver("people", people=("anna", "operator"))
    others = replace(SETTINGS, receivers={**SETTINGS.receivers, "people": people, "pager": receiver("pager")})
    project = Project(others)
    project.escalations = {"sales": Escalation(to=("operator", "pager", "nobody"), again_s=600)}
    late = Condition(kind=AlertKind.OVERDUE, flow="sales", subject="c-1")
    first, named = [("opened", "first"), ("opened", "second")], [("opened", "people"), ("opened", "pager")]
    assert project.look(late) == [*first, *named]
    assert project.look(late, after_s=599) == []
    assert project.look(late, after_s=1) == [("again", name) for name in ("first", "second", "people", "pager")]
    assert project.look(late, FAILED, after_s=60) == first
    elsewhere = Condition(kind=AlertKind.OVERDUE, flow="retail", subject="c-2")
    assert project.look(late, FAILED, elsewhere, after_s=60) == first
    project = Project(others)
    project.escalations = {"sales": Escalation(to=("pager",), again_s=None)}
    assert project.look(late) == [*first, ("opened", "pager")]
    assert project.look(late, after_s=1800) == [("escalated", "lead")]
    assert project.look(late, after_s=4 * 3600 - 1) == []
    told = [("again", name) for name in ("first", "second", "lead", "pager")]
    assert project.look(late, after_s=1) == told
    assert project.look() == [("resolved", name) for _, name in told]


def test_the_next_list_hears_of_what_nobody_acknowledges() -> None:
    project = Project()
    project.look(FAILED)
    assert project.look(FAILED, after_s=1799) == []
    assert project.look(FAILED, after_s=1) == [("escalated", "lead")]
    assert project.look(FAILED, after_s=3600) == []
    assert project.look() == [("resolved", "first"), ("resolved", "second"), ("resolved", "lead")]


def test_all_who_heard_of_it_hear_again() -> None:
    project = Project()
    project.look(FAILED)
    project.look(FAILED, after_s=1800)
    assert project.look(FAILED, after_s=4 * 3600 - 1) == []
    assert project.look(FAILED, after_s=1) == [("again", "first"), ("again", "second"), ("again", "lead")]
    assert project.look(FAILED, after_s=3600) == []


def test_what_is_acknowledged_is_not_told_until_it_is_over() -> None:
    project = Project()
    project.look(FAILED)
    project.acknowledge()
    assert project.look(FAILED, after_s=10 * 3600) == []
    assert project.look() == [("resolved", "first"), ("resolved", "second")]


def test_what_comes_back_is_another_alert() -> None:
    project = Project()
    project.look(FAILED)
    project.acknowledge()
    project.look()
    assert project.look(FAILED) == [("opened", "first"), ("opened", "second")]
    assert len(project.alerts) == 2
    assert len({notice.id for notice in project.said}) == len(project.said)


def test_a_silence_keeps_it_from_being_told_not_from_being() -> None:
    project = Project()
    project.silence(3600, flow="sales")
    assert project.look(FAILED) == []
    assert [one.is_open for one in project.alerts.values()] == [True]
    assert project.look(FAILED, after_s=3600) == [("opened", "first"), ("opened", "second")]
    assert project.changes[0].event == "alert_told"


def test_what_begins_and_ends_in_silence_is_never_told() -> None:
    project = Project()
    project.silence(3600, kind=AlertKind.FAILED)
    assert project.look(FAILED) == project.look() == []
    assert [one.is_open for one in project.alerts.values()] == [False]


def test_a_silence_is_about_what_it_names() -> None:
    for about in ({"key": "sales/failed/d-2"}, {"kind": AlertKind.HELD}, {"flow": "retail"}, {"flow": ""}):
        project = Project()
        project.silence(3600, **about)
        assert len(project.look(FAILED)) == 2, about
    for about in ({"key": FAILED.key}, {"kind": AlertKind.FAILED, "flow": "sales"}):
        project = Project()
        project.silence(3600, **about)
        assert project.look(FAILED) == [], about


def test_what_could_not_be_looked_at_is_neither_there_nor_gone() -> None:
    project = Project()
    project.look(FAILED, BACKLOG)
    assert project.look(unknown=[AlertKind.FAILED]) == [("resolved", "first"), ("resolved", "second")]
    assert [one.kind for one in project.alerts.values() if one.is_open] == [AlertKind.FAILED]


def test_facts_that_move_are_kept_and_told_to_nobody() -> None:
    project = Project()
    project.look(BACKLOG)
    assert project.look(replace(BACKLOG, facts={"deliveries": 10})) == []
    (one,) = project.alerts.values()
    assert one.facts == {"deliveries": 10}
    assert project.changes[0].event is None


def test_a_receiver_hears_of_its_flows_and_kinds() -> None:
    receivers = {"sales": receiver("sales", flows=("sales",)), "logs": receiver("logs", kinds=(AlertKind.AUDIT,))}
    project = Project(AlertSettings(levels=(("sales", "logs"),), receivers=receivers))
    retail = Condition(kind=AlertKind.FAILED, flow="retail", subject="d-2")
    assert project.look(FAILED, retail) == [("opened", "sales")]
    assert project.look(FAILED, retail, Condition(kind=AlertKind.AUDIT)) == [("opened", "logs")]


def test_with_no_receiver_it_stands_all_the_same() -> None:
    project = Project(AlertSettings())
    assert project.look(FAILED) == project.look() == []
    assert len(project.alerts) == 1


def test_one_in_two_lists_is_told_once_at_a_time() -> None:
    settings = replace(SETTINGS, levels=(("first",), ("first", "lead")))
    project = Project(settings)
    project.look(FAILED)
    assert project.look(FAILED, after_s=1800) == [("escalated", "first"), ("escalated", "lead")]
    assert project.look() == [("resolved", "first"), ("resolved", "lead")]


CONDITIONS = [
    FAILED,
    BACKLOG,
    Condition(kind=AlertKind.AUDIT),
    Condition(kind=AlertKind.FAILED, flow="retail", subject="d-2"),
]


@settings(deadline=None)
@given(st.lists(st.tuples(st.sets(st.sampled_from(range(4))), st.sampled_from([30.0, 900.0, 7200.0])), max_size=25))
def test_whatever_comes_and_goes(looks: list[tuple[set[int], float]]) -> None:
    """Each telling has an id of its own; who hears of an end heard of the beginning; one alert of a key at a time."""
    project = Project()
    for wrong, after_s in looks:
        project.look(*(CONDITIONS[place] for place in sorted(wrong)), after_s=after_s)
        standing = [one.key for one in project.alerts.values() if one.is_open]
        assert sorted(standing) == sorted(CONDITIONS[place].key for place in wrong)
    project.look()
    ids = [notice.id for notice in project.said]
    assert len(set(ids)) == len(ids)
    for alert in project.alerts.values():
        told = [notice for notice in project.said if notice.alert == alert.id]
        begun = {notice.receiver for notice in told if notice.kind in {NoticeKind.OPENED, NoticeKind.ESCALATED}}
        over = [notice.receiver for notice in told if notice.kind is NoticeKind.RESOLVED]
        assert sorted(over) == sorted(begun)
        assert sum(notice.kind is NoticeKind.OPENED for notice in told) == 2
        assert sum(notice.kind is NoticeKind.ESCALATED for notice in told) <= 1
