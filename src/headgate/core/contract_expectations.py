"""Expectations in the names of Great Expectations, as rules of ours: evaluated in SQL, row by row, in the same pass."""

from __future__ import annotations

from collections.abc import Mapping

from headgate.core import contract_expectation_rows as rows
from headgate.core import contract_expectation_values as values
from headgate.core.contract import Column, RuleKind, Scope
from headgate.core.contract_drafts import Draft, plain_number, share_of
from headgate.core.contract_expectation import Expectation, Maker
from headgate.core.contract_sites import Site
from headgate.core.near_name import did_you_mean
from headgate.core.yaml_cursor import Cursor

_COLUMN_KEYS = ("column", "column_A", "column_B")
_ANY_KWARGS = frozenset({"column", "column_A", "column_B", "column_list", "mostly", "meta", "result_format"})


def read_expectation(site: Site, implementation: Cursor) -> Draft | None:
    """The rule behind `{type: expect_…, kwargs: {…}}`; None with a problem, or where drift checks it already."""
    implementation.refuse_unknown(("type", "kwargs", "meta"))
    name, kwargs = implementation.word("type"), implementation.at("kwargs")
    if name in _REFUSED:
        implementation.problem(f"{name} {_REFUSED[name]}")
        return None
    if name not in _MAKERS:
        implementation.problem(f"{name or 'nothing'!r} is no expectation that is known.", did_you_mean(name, _MAKERS))
        return None
    maker, allowed = _MAKERS[name]
    kwargs.refuse_unknown(sorted(_ANY_KWARGS | allowed))
    columns = _columns(site, kwargs, name)
    if columns is None:
        return None
    draft = maker(Expectation(site=site, kwargs=kwargs, columns=columns))
    return None if draft is None else _mostly(draft, kwargs)


def _columns(site: Site, kwargs: Cursor, name: str) -> tuple[Column, ...] | None:
    """The columns that the kwargs name; at a column its own where they name none."""
    names = [kwargs.word(key) for key in _COLUMN_KEYS if kwargs.has(key)] + list(kwargs.words("column_list"))
    if not names:
        implied = site.column is not None and not name.startswith("expect_table_")
        if not implied and not name.startswith("expect_table_"):
            kwargs.problem(f"{name} names no column.", "Write kwargs: {column: …}, or put it at the column.")
            return None
        return (site.column,) if implied and site.column is not None else ()
    found = [_column(site, kwargs, wanted) for wanted in names]
    return tuple(column for column in found if column is not None) if None not in found else None


def _column(site: Site, kwargs: Cursor, name: str) -> Column | None:
    column = site.find(name)
    if column is None and site.column is not None and name in {site.column.name, site.column.path}:
        column = site.column
    if column is None:
        kwargs.problem(f"{name!r} is no column here.", did_you_mean(name, site.names()))
    return column


def _mostly(draft: Draft, kwargs: Cursor) -> Draft | None:
    share = kwargs.decimal("mostly")
    if share is None or share == 1:
        return draft
    if not 0 <= share < 1:
        kwargs.at("mostly").problem(f"`mostly` is {share}.", "Write a share from 0 to 1.")
        return None
    if draft.scope is Scope.DELIVERY:
        kwargs.at("mostly").problem("`mostly` has no meaning for a figure of the whole delivery.", "Take it out.")
        return None
    if draft.kind is RuleKind.TYPE:
        kwargs.at("mostly").problem("a share of values that have the column's type.", "Take `mostly` out.")
        return None
    return share_of(draft, operator=">=", value=plain_number(share), unit="mostly")


_LIMIT_KWARGS = frozenset({"min_value", "max_value", "strict_min", "strict_max"})
_NONE: frozenset[str] = frozenset()

_MAKERS: Mapping[str, tuple[Maker, frozenset[str]]] = {
    "expect_column_values_to_not_be_null": (values.is_there, _NONE),
    "expect_column_values_to_be_null": (values.is_null, _NONE),
    "expect_column_values_to_be_of_type": (values.of_type, frozenset({"type_"})),
    "expect_column_values_to_be_in_type_list": (values.of_type, frozenset({"type_list"})),
    "expect_column_values_to_be_in_set": (values.in_set, frozenset({"value_set"})),
    "expect_column_distinct_values_to_be_in_set": (values.in_set, frozenset({"value_set"})),
    "expect_column_values_to_not_be_in_set": (values.not_in_set, frozenset({"value_set"})),
    "expect_column_values_to_be_between": (values.between, _LIMIT_KWARGS),
    "expect_column_value_lengths_to_be_between": (values.lengths, frozenset({"min_value", "max_value"})),
    "expect_column_value_lengths_to_equal": (values.lengths, frozenset({"value"})),
    "expect_column_values_to_match_regex": (values.matches, frozenset({"regex"})),
    "expect_column_values_to_not_match_regex": (values.matches_not, frozenset({"regex"})),
    "expect_column_values_to_match_regex_list": (values.matches_listed, frozenset({"regex_list", "match_on"})),
    "expect_column_values_to_not_match_regex_list": (values.matches_none, frozenset({"regex_list"})),
    "expect_column_values_to_match_like_pattern": (values.like, frozenset({"like_pattern"})),
    "expect_column_values_to_not_match_like_pattern": (values.unlike, frozenset({"like_pattern"})),
    "expect_column_values_to_match_strftime_format": (values.has_time_form, frozenset({"strftime_format"})),
    "expect_column_values_to_be_json_parseable": (values.is_json, _NONE),
    "expect_column_values_to_be_unique": (rows.unique, _NONE),
    "expect_compound_columns_to_be_unique": (rows.unique, frozenset({"ignore_row_if"})),
    "expect_select_column_values_to_be_unique_within_record": (rows.distinct, frozenset({"ignore_row_if"})),
    "expect_column_pair_values_a_to_be_greater_than_b": (rows.greater, frozenset({"or_equal", "ignore_row_if"})),
    "expect_column_pair_values_to_be_equal": (rows.equal, frozenset({"ignore_row_if"})),
    "expect_multicolumn_sum_to_equal": (rows.sums_to, frozenset({"sum_total", "ignore_row_if"})),
    "expect_table_row_count_to_be_between": (rows.row_count, _LIMIT_KWARGS),
    "expect_table_row_count_to_equal": (rows.row_count, frozenset({"value"})),
    "expect_column_mean_to_be_between": (rows.figure("avg({})"), _LIMIT_KWARGS),
    "expect_column_median_to_be_between": (rows.figure("median({})"), _LIMIT_KWARGS),
    "expect_column_sum_to_be_between": (rows.figure("sum({})"), _LIMIT_KWARGS),
    "expect_column_min_to_be_between": (rows.figure("min({})"), _LIMIT_KWARGS),
    "expect_column_max_to_be_between": (rows.figure("max({})"), _LIMIT_KWARGS),
    "expect_column_stdev_to_be_between": (rows.figure("stddev_samp({})"), _LIMIT_KWARGS),
    "expect_column_unique_value_count_to_be_between": (rows.figure("count(DISTINCT {})"), _LIMIT_KWARGS),
    "expect_column_proportion_of_unique_values_to_be_between": (
        rows.figure("count(DISTINCT {0}) / nullif(count({0}), 0)"),
        _LIMIT_KWARGS,
    ),
    "expect_table_columns_to_match_set": (rows.columns_match, frozenset({"column_set", "exact_match"})),
    "expect_column_to_exist": (rows.column_exists, _NONE),
}
"""Name -> maker and the kwargs that it has beside the columns and `mostly`."""

EXPECTATIONS = frozenset(_MAKERS)

_REFUSED: Mapping[str, str] = {
    **dict.fromkeys(
        ("expect_column_values_to_be_increasing", "expect_column_values_to_be_decreasing"),
        "depends on the order of rows, which a delivery does not promise; compare times in a predicate.",
    ),
    "expect_table_columns_to_match_ordered_list": "asks for an order of columns; contracts name columns, not places.",
    "expect_column_values_to_be_dateutil_parseable": "guesses at dates; use logicalType: date with a format.",
}
