"""One expectation of a contract, and the predicates that some become."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from headgate.core.contract import Column, Kind, RuleKind
from headgate.core.contract_drafts import Draft
from headgate.core.contract_sites import Site
from headgate.core.reasons import ReasonCode
from headgate.core.yaml_cursor import Cursor


class Expectation(msgspec.Struct, frozen=True, kw_only=True):
    """One expectation as it stands in the contract."""

    site: Site
    kwargs: Cursor
    columns: tuple[Column, ...]  # those that its kwargs name, in their order

    @property
    def column(self) -> Column:
        """The one column of a column expectation."""
        return self.columns[0]

    def name(self, index: int = 0) -> str:
        """A column as a predicate names it."""
        return self.site.relative(self.columns[index])


Maker = Callable[[Expectation], Draft | None]
"""Makes the rule; None with a problem noted, or where drift checks it already."""


def predicate(it: Expectation, test: str, *, code: str = "", pass_null: bool = True) -> Draft:
    """A rule on one row; with `pass_null` it passes where the first column is NULL, as this vocabulary has it."""
    sql = f"{it.name()} IS NULL OR ({test})" if pass_null else test
    return Draft(
        kind=RuleKind.PREDICATE,
        scope=it.site.scope,
        reads=tuple(column.path for column in it.columns),
        arguments={"sql": sql, "parameters": [], "lookups": [], "guarded": [], "skipped": []},
        array=it.site.array,
        code=code,
    )


def all_of(it: Expectation, tests: Sequence[str]) -> Draft:
    """The predicate that all tests hold, on the form of a text."""
    return predicate(it, " AND ".join(tests), code=ReasonCode.BAD_FORMAT)


def need_text(it: Expectation) -> None:
    """A problem where the column is no text."""
    if it.column.kind is not Kind.STRING:
        it.kwargs.problem(
            f"{it.column.path} is {it.column.kind.value}; forms are of text.", "Use limits, or a predicate."
        )


def quoted_text(text: str) -> str:
    """A text as SQL."""
    return "'" + text.replace("'", "''") + "'"


def literal_of(text: str, column: Column) -> str:
    """A value of a column as SQL."""
    return text if column.kind in {Kind.INTEGER, Kind.NUMBER, Kind.DECIMAL, Kind.BOOLEAN} else quoted_text(text)


def dotted(path: str) -> str:
    """A path as SQL, each part in double quotes."""
    return ".".join('"{}"'.format(part.replace('"', '""')) for part in path.split(".")) if path else ""
