"""Expectations about columns of one row together, and about all rows together."""

from __future__ import annotations

from itertools import combinations

from headgate.core.contract import RuleKind, Scope
from headgate.core.contract_builtin import unique_draft
from headgate.core.contract_drafts import Draft, plain_number
from headgate.core.contract_expectation import Expectation, Maker, dotted, predicate
from headgate.core.near_name import did_you_mean


def greater(it: Expectation) -> Draft | None:
    """The first column is above the second."""
    sign = ">=" if it.kwargs.flag("or_equal") else ">"
    return _pair(it, f"{it.name(0)} {sign} {it.name(1)}") if _has_pair(it) else None


def equal(it: Expectation) -> Draft | None:
    """Two columns are equal."""
    return _pair(it, f"{it.name(0)} = {it.name(1)}") if _has_pair(it) else None


def _has_pair(it: Expectation) -> bool:
    if len(it.columns) == _PAIR and it.kwargs.has("column_A") and it.kwargs.has("column_B"):
        return True
    it.kwargs.problem("two columns are compared.", "Name `column_A` and `column_B`.")
    return False


def _pair(it: Expectation, test: str) -> Draft:
    missing = {"both_values_are_missing": " AND ", "either_value_is_missing": " OR ", "neither": ""}
    word = it.kwargs.choice("ignore_row_if", missing, "both_values_are_missing")
    return _rows(it, test, missing[word])


def sums_to(it: Expectation) -> Draft | None:
    """Columns of a row add up to a number."""
    total = it.kwargs.decimal("sum_total")
    if total is None or not it.columns:
        it.kwargs.problem("`column_list` or `sum_total` is missing.", "Name the columns and their sum.")
        return None
    summed = " + ".join(it.name(index) for index in range(len(it.columns)))
    return _list_rows(it, f"{summed} = {plain_number(total)}")


def distinct(it: Expectation) -> Draft | None:
    """No two of the columns of a row are equal."""
    if len(it.columns) < _PAIR:
        it.kwargs.problem("fewer than two columns are compared.", "Name them in `column_list`.")
        return None
    names = [it.name(index) for index in range(len(it.columns))]
    return _list_rows(it, " AND ".join(f"{one} IS DISTINCT FROM {other}" for one, other in combinations(names, 2)))


def _list_rows(it: Expectation, test: str) -> Draft:
    missing = {"all_values_are_missing": " AND ", "any_value_is_missing": " OR ", "never": ""}
    word = it.kwargs.choice("ignore_row_if", missing, "all_values_are_missing")
    return _rows(it, test, missing[word])


def _rows(it: Expectation, test: str, missing: str) -> Draft:
    nulls = missing.join(f"{it.name(index)} IS NULL" for index in range(len(it.columns))) if missing else ""
    return predicate(it, f"({nulls}) OR ({test})" if nulls else test, pass_null=False)


def unique(it: Expectation) -> Draft:
    """No two rows have the same values in the columns."""
    return unique_draft(it.site, it.columns, against="delivery")


def row_count(it: Expectation) -> Draft | None:
    """The number of rows of the delivery."""
    return _bounded(it, Draft(kind=RuleKind.COUNT, scope=Scope.DELIVERY, reads=()))


def figure(function: str) -> Maker:
    """A maker of rules on one number over a column; `{}` in the function stands for the column."""

    def make(it: Expectation) -> Draft | None:
        column = it.column
        if column.path.count("[]") > 1:
            it.kwargs.problem(f"{column.path} lies in a list of a list.", "Write a `type: sql` rule.")
            return None
        source, name = "{object}", dotted(column.path)
        if "[]" in column.path:
            array, _, rest = column.path.partition("[]")
            name = f"element{'.' if rest else ''}{dotted(rest.removeprefix('.'))}"
            source = f"(SELECT unnest({dotted(array)}) AS element FROM {{object}})"
        sql = f"SELECT {function.format(name)} FROM {source}"
        draft = Draft(
            kind=RuleKind.FIGURE,
            scope=Scope.DELIVERY,
            reads=(column.path,),
            arguments={"sql": sql, "parameters": []},
        )
        return _bounded(it, draft)

    return make


def _bounded(it: Expectation, draft: Draft) -> Draft | None:
    """The draft with operator and value from `value`, or `min_value` and `max_value`."""
    exact, low, high = (it.kwargs.decimal(key) for key in ("value", "min_value", "max_value"))
    strict = {key: it.kwargs.flag(key) for key in ("strict_min", "strict_max")}
    value: str | list[str]
    if exact is not None and low is None and high is None:
        operator, value = "=", plain_number(exact)
    elif low is not None and high is not None and not any(strict.values()):
        operator, value = "between", [plain_number(low), plain_number(high)]
    elif low is not None and high is None:
        operator, value = ">" if strict["strict_min"] else ">=", plain_number(low)
    elif high is not None and low is None:
        operator, value = "<" if strict["strict_max"] else "<=", plain_number(high)
    else:
        fix = "Name `value`, `min_value` or `max_value`; with a strict side write two expectations."
        it.kwargs.problem("the limits cannot be read.", fix)
        return None
    return Draft(
        kind=draft.kind,
        scope=draft.scope,
        reads=draft.reads,
        arguments={**draft.arguments, "operator": operator, "value": value},
        code=draft.code,
    )


def columns_match(it: Expectation) -> None:
    """Drift compares every delivery with the columns of the contract; here the names must be those."""
    named = set(it.kwargs.words("column_set"))
    own = {column.name for column in it.site.visible}
    missing = sorted(named - own)
    if missing:
        it.kwargs.problem(f"the contract has no column {missing[0]!r}.", did_you_mean(missing[0], own))
    elif it.kwargs.flag("exact_match", default=True) and named and named != own:
        it.kwargs.problem(f"{min(own - named)!r} is a column of the contract but not of the set.", "Add it.")


def column_exists(_it: Expectation) -> None:
    """The column is one of the contract; drift tells where a delivery lacks it."""


_PAIR = 2
