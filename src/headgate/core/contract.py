"""What a contract says, ready to be used: columns, rules, owners. Reading the YAML is `contract_document`'s."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any

import msgspec

from headgate.core.reasons import Consequence


class Kind(StrEnum):
    """Type of a column."""

    STRING = "string"
    INTEGER = "integer"  # `lowest` and `highest` bound it: 64 bits signed unless the format says otherwise
    NUMBER = "number"  # binary floating point, kept as measured
    DECIMAL = "decimal"  # exact, with `precision` and `scale`
    BOOLEAN = "boolean"
    DATE = "date"
    TIME = "time"
    TIMESTAMP = "timestamp"  # kept as UTC microseconds
    OBJECT = "object"
    ARRAY = "array"


class Leniency(msgspec.Struct, frozen=True, kw_only=True):
    """Something a column takes beyond the strict reading, such as `number_in_text`."""

    name: str
    argument: str | tuple[str, ...] | None = None  # km for unit_suffix; the words for true and false


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One column of the record, or the element of an array (its name is then empty)."""

    name: str  # in our tables
    source_name: str  # at the sender: physicalName, else the name
    path: str  # customer.email, items[].quantity; the element of an array ends in []
    kind: Kind
    precision: int = 0  # of a decimal
    scale: int = 0  # of a decimal
    integer_format: str = "i64"  # i8 … u64
    date_format: str | None = None  # pattern of Java's DateTimeFormatter; None is ISO 8601
    offset_required: bool = False  # a timestamp's text must carry its offset
    default_timezone: str = "UTC"  # of a timestamp without offset
    required: bool = False
    primary_key: bool = False
    unique: bool = False
    personal: bool = False
    description: str = ""
    lenient: tuple[Leniency, ...] = ()
    children: tuple[Column, ...] = ()  # of an object
    element: Column | None = None  # of an array

    def walk(self) -> Iterator[Column]:
        """This column and all below it, outer before inner."""
        yield self
        for child in self.children:
            yield from child.walk()
        if self.element is not None:
            yield from self.element.walk()


class Scope(StrEnum):
    """What a rule looks at."""

    ROW = "row"
    ELEMENT = "element"  # each element of one array, told on its row
    SET = "set"  # rows of the delivery or of published tables together
    DELIVERY = "delivery"


class RuleKind(StrEnum):
    """How a rule is evaluated, with the `arguments` that each kind has."""

    PRESENT = "present"  # missing_values: list of text that counts as absent; empty where only NULL does
    TYPE = "type"
    PATTERN = "pattern"  # pattern: str, matched in full
    FORMAT = "format"  # of text: format (email, uri, uuid, ipv4, ipv6, hostname) or strftime (a pattern of strptime).
    # Of dates and times: format (Java's pattern, or iso8601) and offset_required; text that cannot be read so
    LIMITS = "limits"  # minimum, maximum, exclusive_minimum, exclusive_maximum, multiple_of: digits or ISO 8601 as text
    LENGTH = "length"  # min_length, max_length, min_items, max_items: int
    UNIQUE_ITEMS = "unique_items"
    ALLOWED = "allowed"  # values: list of text in the column's own spelling
    PREDICATE = "predicate"  # sql: as written, must be TRUE; parameters: names, with `now` where it calls now();
    # lookups: list of {table, arguments, call}; guarded: paths tested for NULL; skipped: list of [function, path]
    PYTHON = "python"  # file, function, group_by: list of paths (scope set)
    KEY = "key"  # columns: list of paths; conflict: hold | duplicate
    UNIQUE = "unique"  # columns: list of paths; against: delivery | published
    REFERENCE = "reference"  # table, column (of that table), if_missing: wait | warn
    COUNT = "count"  # rows of the delivery; operator (= != < <= > >= between), value
    SHARE = (
        "share"  # of: {kind, scope, arguments} of the rule on values; operator, value, and unit: rows (broken ones),
    )
    # percent (of broken rows, 0..100) or mostly (good ones among those not NULL, 0..1)
    FIGURE = "figure"  # sql: one number over {object}; parameters; operator, value (a list of two for `between`)
    TEXT = "text"  # shown to people, not checked


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """A predicate with a consequence. Built-in rules of columns are rules like those that are written out."""

    id: str  # unique in the contract: customer.email.required, total_equals_items
    kind: RuleKind
    scope: Scope
    code: str  # reason code
    consequence: Consequence
    reads: tuple[str, ...]  # paths of the columns that it reads
    column: str = ""  # path shown in the reason; empty: those that it reads
    array: str = ""  # path of the array whose elements it looks at, for scope element
    description: str = ""
    arguments: Mapping[str, Any] = {}
    builtin: bool = False  # follows from the column, not from an entry in `quality`
    digest: str = ""  # SHA-256 of text, code and consequence


class Freshness(msgspec.Struct, frozen=True, kw_only=True):
    """The newest value of a column is at most so old at landing; an alert, no reason."""

    column: str
    limit_s: Decimal
    description: str = ""


class Contract(msgspec.Struct, frozen=True, kw_only=True):
    """A contract version that passed all our checks."""

    id: str
    name: str
    version: str  # semantic
    status: str  # draft never publishes, deprecated warns
    api_version: str
    digest: str  # SHA-256 of its canonical JSON: comments and layout change nothing
    record: str  # name of the record: schema[0].name
    columns: tuple[Column, ...]
    rules: tuple[Rule, ...]  # in contract order; built-in ones of a column before those written at it
    subject: str | None = None  # path of the column that tells whose data a row is
    freshness: tuple[Freshness, ...] = ()
    frequency_s: Decimal | None = None  # an alert when no delivery came for so long
    retention_days: int | None = None
    team: tuple[tuple[str, str], ...] = ()  # (account, role)
    support: tuple[tuple[str, str], ...] = ()  # (channel, link) that alerts name
    unchecked: tuple[str, ...] = ()  # texts of rules that are not checked
    warnings: tuple[str, ...] = ()  # what lint says beside errors
    description: str = ""

    def walk(self) -> Iterator[Column]:
        """All columns, outer before inner, in contract order."""
        for column in self.columns:
            yield from column.walk()

    def column(self, path: str) -> Column:
        """The column at a path such as `items[].quantity`; KeyError where there is none."""
        for column in self.walk():
            if column.path == path:
                return column
        raise KeyError(path)

    @property
    def key(self) -> tuple[str, ...]:
        """Paths of the primary key, in contract order; empty where there is none."""
        return tuple(column.path for column in self.walk() if column.primary_key)

    @property
    def places(self) -> dict[str, int]:
        """Place of each rule in the contract's order, by which the leading reason of a row is chosen."""
        return {rule.id: place for place, rule in enumerate(self.rules)}
