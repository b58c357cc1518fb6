"""Keys: the first accepted row of a key counts; a later one is a duplicate, or in conflict with it.

First is by landing number, then row; what is published came before. Two rows are equal if their records have the same
fingerprint, which published record tables carry as `_record`.
"""

from __future__ import annotations

from collections.abc import Collection

from headgate.core.contract import Contract, Rule, RuleKind
from headgate.core.fingerprint import fingerprint
from headgate.core.naming import DELIVERY, RECORD
from headgate.core.ports import Engine
from headgate.core.reasons import WEIGHT, Consequence, ReasonCode
from headgate.core.row_reasons import ReasonSql
from headgate.core.sql import literal, path_sql, quoted
from headgate.review.relations import JUDGED, ROWS

PUBLISHED = "_published"  # the record table before this publication
TWINS = "_twins"  # _n, _row, _offset, _length, is_duplicate, reason
_CANDIDATES = "_candidates"  # keys that come twice among all rows, or are published: k0, k1, …
_REPEATED = "_repeated"  # rows, else sound, whose key is there twice: _n, _row, the key's columns k0, k1, …
_KNOWN = "_known"  # rows, else sound, whose key is published: the same, and `before`, the published fingerprint
_PRINTED = "_printed"  # these rows with their own fingerprint: _n, _row, _offset, _length, print


def key_rule(contract: Contract) -> Rule | None:
    """The contract's rule about its primary key."""
    return next((rule for rule in contract.rules if rule.kind is RuleKind.KEY), None)


def find_candidates(
    engine: Engine, contract: Contract, *, published_key: tuple[str, ...] | None, family: Collection[str]
) -> None:
    """Find the keys that come twice among the staged rows, sound or not, or are published: `compare_keys` goes on.

    Asks for no verdict, so it can be done while rows are still judged. `published_key` are the record table's columns
    of the key, None where nothing is published. Published rows of `family` do not count: they are being replaced.
    """
    rule = key_rule(contract)
    if rule is None:
        return
    listed = ", ".join(_names(rule))
    keys = f"SELECT {_selected(rule)} FROM {ROWS} AS r WHERE {_there(rule)}"
    found = f"SELECT {listed} FROM ({keys}) GROUP BY {listed} HAVING count(*) > 1"
    if published_key is not None:
        found += f" UNION SELECT k.* FROM ({keys}) AS k JOIN {_published(rule, published_key, family)}"
    engine.define(_CANDIDATES, found, keep=True)


def compare_keys(
    engine: Engine, contract: Contract, *, published_key: tuple[str, ...] | None, family: Collection[str]
) -> bool:
    """Find the rows that `find_twins` judges: else sound, with a key that comes twice or is published.

    False where there are none: TWINS is defined then, and empty. Takes what `find_candidates` found, and its arguments.
    """
    engine.define(TWINS, _no_twins(), keep=True)
    rule = key_rule(contract)
    if rule is None or not engine.rows(f"SELECT 1 FROM {_CANDIDATES} LIMIT 1"):
        return False
    listed = ", ".join(_names(rule))
    engine.define(
        "_keys",
        f"SELECT k.* FROM (SELECT r._n, r._row, {_selected(rule)} FROM {ROWS} AS r WHERE {_there(rule)} "
        f"AND (r._ok OR NOT EXISTS (SELECT 1 FROM {JUDGED} AS f "
        "WHERE f._n = r._n AND f._row = r._row AND f.weight >= 2))) AS k "
        f"SEMI JOIN {_CANDIDATES} USING ({listed})",
        keep=True,
    )
    engine.define(
        _REPEATED,
        f"SELECT k.* FROM _keys AS k JOIN (SELECT {listed} FROM _keys GROUP BY {listed} HAVING count(*) > 1) "
        f"USING ({listed})",
        keep=True,
    )
    engine.define(_KNOWN, _known_before(rule, published_key, family), keep=True)
    if not engine.rows(f"SELECT 1 FROM {_REPEATED} UNION ALL SELECT 1 FROM {_KNOWN} LIMIT 1"):
        return False
    engine.define(
        _PRINTED,
        f"SELECT r._n, r._row, r._offset, r._length, {fingerprint(contract, 'r')} AS print FROM {ROWS} AS r "
        f"JOIN (SELECT _n, _row FROM {_REPEATED} UNION SELECT _n, _row FROM {_KNOWN}) USING (_n, _row)",
        keep=True,
    )
    return True


def find_twins(engine: Engine, contract: Contract, *, leaving_out: Collection[int]) -> None:
    """Define TWINS from what `compare_keys` found: rows, else sound, whose key was accepted before.

    Rows of the deliveries numbered `leaving_out`, which are held as a whole, take no key from others; what they are
    themselves does not change by that.
    """
    rule = key_rule(contract)
    assert rule is not None
    engine.define(TWINS, _twins(contract, rule, _names(rule), leaving_out), keep=True)


def _names(rule: Rule) -> list[str]:
    """The key's columns as relations of this file name them."""
    return [f"k{number}" for number in range(len(rule.arguments["columns"]))]


def _selected(rule: Rule) -> str:
    """SQL of the key's columns of the staged rows `r` under those names."""
    keys = [path_sql(path) for path in rule.arguments["columns"]]
    return ", ".join(f"r.{key} AS {name}" for key, name in zip(keys, _names(rule), strict=True))


def _there(rule: Rule) -> str:
    """SQL that is TRUE for a staged row `r` with a whole key."""
    return " AND ".join(f"r.{path_sql(path)} IS NOT NULL" for path in rule.arguments["columns"])


def _published(rule: Rule, columns: tuple[str, ...], family: Collection[str]) -> str:
    """SQL to join keys `k` with published rows `p` that are not of the family."""
    others = ", ".join(literal(id_) for id_ in sorted(family)) or "''"
    same = " AND ".join(f"k.{name} = p.{quoted(column)}" for name, column in zip(_names(rule), columns, strict=True))
    return f"(SELECT * FROM {PUBLISHED} WHERE {quoted(DELIVERY)} NOT IN ({others})) AS p ON {same}"


def _known_before(rule: Rule, published_key: tuple[str, ...] | None, family: Collection[str]) -> str:
    """Rows of ours whose key is published, with the published fingerprint."""
    listed = ", ".join(f"k.{name}" for name in _names(rule))
    if published_key is None:
        return f"SELECT k._n, k._row, {listed}, CAST(NULL AS BIGINT) AS before FROM _keys AS k WHERE false"
    return (
        f"SELECT k._n, k._row, {listed}, p.{quoted(RECORD)} AS before FROM _keys AS k "
        f"JOIN {_published(rule, published_key, family)}"
    )


def _twins(contract: Contract, rule: Rule, names: list[str], leaving_out: Collection[int]) -> str:
    listed = ", ".join(names)
    lenient = "true" if rule.arguments.get("conflict") == "duplicate" else "false"
    return (
        f"SELECT _n, _row, _offset, _length, twin AS is_duplicate, {_reason(contract, rule, names)} AS reason FROM ("
        f"SELECT t._n, t._row, r._offset, r._length, {listed}, {lenient} OR r.print = t.before AS twin FROM ("
        f"SELECT _n, _row, {listed}, before FROM {_KNOWN} UNION ALL {_twins_here(names, leaving_out)}"
        f") AS t JOIN {_PRINTED} AS r ON r._n = t._n AND r._row = t._row)"
    )


def _twins_here(names: list[str], leaving_out: Collection[int]) -> str:
    """SQL of rows whose key an earlier row of these deliveries has, with that row's fingerprint.

    Of a delivery that is left out, a row's forerunner is one that goes on and came before, or one of its own.
    """
    listed = ", ".join(names)
    out = ", ".join(str(number) for number in sorted(leaving_out)) or "-1"
    fresh = f"SELECT p.* FROM {_REPEATED} AS p ANTI JOIN {_KNOWN} AS w ON w._n = p._n AND w._row = p._row"
    prints = f"SELECT p.*, r.print FROM {_REPEATED} AS p JOIN {_PRINTED} AS r ON r._n = p._n AND r._row = p._row"
    first = f"SELECT {listed}, min((_n, _row)) AS place, arg_min(print, (_n, _row)) AS print FROM ({prints})"
    return (
        f"SELECT l._n, l._row, {', '.join('l.' + name for name in names)}, "
        "CASE WHEN f.place < (l._n, l._row) THEN f.print ELSE o.print END AS before "
        f"FROM ({fresh}) AS l LEFT JOIN ({first} WHERE _n NOT IN ({out}) GROUP BY {listed}) AS f USING ({listed}) "
        f"LEFT JOIN ({first.replace('SELECT ', 'SELECT _n, ', 1)} WHERE _n IN ({out}) GROUP BY _n, {listed}) AS o "
        f"USING (_n, {listed}) WHERE f.place < (l._n, l._row) OR o.place < (l._n, l._row)"
    )


def _reason(contract: Contract, rule: Rule, names: list[str]) -> str:
    """SQL of the reason; a duplicate is counted and weighs as a warning, a conflict is held."""
    shown = literal(", ".join(rule.arguments["columns"]))
    duplicate, conflict = literal(ReasonCode.DUPLICATE_ID), literal(ReasonCode.KEY_CONFLICT)
    return ReasonSql(
        code=f"CASE WHEN twin THEN {duplicate} ELSE {conflict} END",
        column=shown,
        path=shown,
        value=" || ', ' || ".join(f"CAST({name} AS VARCHAR)" for name in names),
        rule=rule.id,
        consequence=Consequence.HOLD,
        place=contract.places[rule.id],
        weight=f"CASE WHEN twin THEN {WEIGHT[Consequence.WARN]} ELSE {WEIGHT[Consequence.HOLD]} END",
    ).text


def _no_twins() -> str:
    return f"SELECT _n, _row, _offset, _length, false AS is_duplicate, reasons[1] AS reason FROM {JUDGED} WHERE false"
