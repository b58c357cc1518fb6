"""From reasons to verdicts: the heaviest reason decides the row, and each delivery's rows are counted."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec

from headgate.core.ports import Engine
from headgate.core.reasons import Verdict
from headgate.core.records import Counts, ReasonCount
from headgate.core.sql import literal
from headgate.review.decided import Decided
from headgate.review.keys import TWINS
from headgate.review.relations import DELIVERIES, FAULTY, JUDGED, POSITION, ROWS
from headgate.review.set_rules import BROKEN

VERDICTS = "_verdicts"  # _n, _row, _offset, _length, _raw, reasons, verdict: every row that has a reason


def join_sets(engine: Engine, decided: Decided) -> None:
    """Define JUDGED: what rules over sets and people say is added to the reasons of each row."""
    rejected = decided.rejected(ROWS)
    if not rejected and not engine.rows(f"SELECT count(*) FROM {BROKEN}")[0][0]:
        engine.define(JUDGED, f"SELECT * FROM {FAULTY}")
        return
    added = f"(SELECT * FROM {BROKEN} UNION ALL {rejected})" if rejected else BROKEN
    engine.define(JUDGED, decided.waived(f"({_merged(FAULTY, added)})", POSITION), keep=True)


def _merged(rows: str, added: str) -> str:
    grouped = (
        "SELECT _n, _row, min(_offset) AS _offset, min(_length) AS _length, list(reason ORDER BY reason.place) AS more "
        f"FROM {added} WHERE _n IN (SELECT _n FROM {DELIVERIES}) GROUP BY _n, _row"
    )
    return (
        "SELECT coalesce(f._n, b._n) AS _n, coalesce(f._row, b._row) AS _row, "
        "coalesce(f._offset, b._offset) AS _offset, coalesce(f._length, b._length) AS _length, f._raw, "
        "list_concat(coalesce(f.reasons, []), coalesce(b.more, [])) AS reasons, "
        "greatest(coalesce(f.weight, 0), coalesce(list_max([m.weight FOR m IN b.more]), 0)) AS weight "
        f"FROM {rows} AS f FULL JOIN ({grouped}) AS b ON f._n = b._n AND f._row = b._row"
    )


def decide(engine: Engine) -> None:
    """Define VERDICTS from JUDGED and TWINS."""
    verdict = (
        f"CASE WHEN weight >= 3 THEN {literal(Verdict.REJECTED)} WHEN weight = 2 THEN {literal(Verdict.HELD)} "
        f"ELSE {literal(Verdict.ACCEPTED)} END"
    )
    if not engine.rows(f"SELECT count(*) FROM {TWINS}")[0][0]:
        engine.define(VERDICTS, f"SELECT *, {verdict} AS verdict FROM {JUDGED}", keep=True)
        return
    joined = (
        "SELECT coalesce(j._n, t._n) AS _n, coalesce(j._row, t._row) AS _row, "
        "coalesce(j._offset, t._offset) AS _offset, coalesce(j._length, t._length) AS _length, j._raw, "
        "CASE WHEN t.reason IS NULL THEN j.reasons ELSE list_append(coalesce(j.reasons, []), t.reason) END AS reasons, "
        "greatest(coalesce(j.weight, 0), coalesce(t.reason.weight, 0)) AS weight, "
        "coalesce(t.is_duplicate, false) AS is_duplicate "
        f"FROM {JUDGED} AS j FULL JOIN {TWINS} AS t ON j._n = t._n AND j._row = t._row"
    )
    twin = f"CASE WHEN is_duplicate THEN {literal(Verdict.DUPLICATE)} ELSE {verdict} END"
    engine.define(VERDICTS, f"SELECT * EXCLUDE (is_duplicate), {twin} AS verdict FROM ({joined})", keep=True)


class Tallies(msgspec.Struct, frozen=True, kw_only=True):
    """Counts and reasons by landing number."""

    staged: Mapping[int, int]
    verdicts: dict[int, dict[str, int]]
    warned: dict[int, int]
    reasons: dict[int, tuple[ReasonCount, ...]]


def tally(engine: Engine, staged: Mapping[int, int]) -> Tallies:
    """Count rows by verdict, and rows by reason; `staged` are all rows by landing number."""
    verdicts: dict[int, dict[str, int]] = {}
    warned: dict[int, int] = {}
    for n, verdict, rows in engine.rows(f"SELECT _n, verdict, count(*) FROM {VERDICTS} GROUP BY ALL"):
        if verdict == Verdict.ACCEPTED.value:
            warned[n] = rows
        else:
            verdicts.setdefault(n, {})[verdict] = rows
    reasons: dict[int, list[ReasonCount]] = {}
    if not (verdicts or warned):
        return Tallies(staged=staged, verdicts={}, warned={}, reasons={})
    listed = (
        "SELECT _n, verdict, reason.code, reason.path, reason.rule, count(DISTINCT _row) FROM "
        f"(SELECT _n, _row, verdict, unnest(reasons) AS reason FROM {VERDICTS}) GROUP BY ALL "
        "ORDER BY 1, 6 DESC, 3, 4, 5"
    )
    for n, verdict, code, path, rule, rows in engine.rows(listed):
        told = ReasonCount(verdict=verdict, code=code, column=path, rule=rule, rows=rows)
        reasons.setdefault(n, []).append(told)
    return Tallies(
        staged=staged,
        verdicts=verdicts,
        warned=warned,
        reasons={n: tuple(listed) for n, listed in reasons.items()},
    )


def counts_of(n: int, received: int, tallies: Tallies) -> Counts:
    """The balance of one delivery before anything holds it as a whole."""
    verdicts = tallies.verdicts.get(n, {})
    held = verdicts.get(Verdict.HELD.value, 0)
    rejected = verdicts.get(Verdict.REJECTED.value, 0)
    duplicate = verdicts.get(Verdict.DUPLICATE.value, 0)
    return Counts(
        received=received,
        accepted=received - held - rejected - duplicate,
        held=held,
        rejected=rejected,
        duplicate=duplicate,
        warned=tallies.warned.get(n, 0),
    )


def excluded_sql(numbers: Collection[int]) -> str:
    """Rows of publishing deliveries that do not go on."""
    listed = ", ".join(str(number) for number in sorted(numbers)) or "-1"
    return f"SELECT _n, _row FROM {VERDICTS} WHERE verdict <> {literal(Verdict.ACCEPTED)} AND _n IN ({listed})"
