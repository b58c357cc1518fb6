"""The places of a contract where rules stand: the record, its columns, the elements of its lists."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from headgate.core.contract import Column, Kind, Scope
from headgate.core.contract_properties import Consequences, properties_of, read_consequences
from headgate.core.yaml_cursor import Cursor


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """One place with what its rules see and what its surroundings say about consequences."""

    place: Cursor
    record: str  # name of the record
    column: Column | None  # None: the record itself
    array: str  # path of the innermost list around it, its own where the place is an element; empty outside of lists
    visible: tuple[Column, ...]  # columns that a rule here names without a prefix
    around: tuple[Consequences, ...]  # innermost first

    @property
    def path(self) -> str:
        """Path of the column; empty for the record."""
        return self.column.path if self.column is not None else ""

    @property
    def scope(self) -> Scope:
        """What a rule on single values looks at here."""
        return Scope.ELEMENT if self.array else Scope.ROW

    def find(self, name: str) -> Column | None:
        """A column by its path relative to what is visible here, lists not entered."""
        columns, found = self.visible, None
        for part in name.split("."):
            found = next((column for column in columns if column.name == part), None)
            if found is None:
                return None
            columns = found.children
        return found

    def relative(self, column: Column) -> str:
        """How a predicate here names a column, each part in double quotes."""
        names = column.path.removeprefix(f"{self.array}[].") if self.array else column.path
        return ".".join('"{}"'.format(part.replace('"', '""')) for part in names.split("."))

    def names(self) -> list[str]:
        """Relative paths of all that a rule here can name."""
        return [path for column in self.visible for path in _paths(column)]


def record_site(record: Cursor, columns: tuple[Column, ...]) -> Site:
    """The place of rules on whole rows and on the delivery."""
    ours = properties_of(record, "record")
    consequences = read_consequences(ours.get("consequence"))
    name = record.word("name")
    return Site(place=record, record=name, column=None, array="", visible=columns, around=(consequences,))


def inner_sites(site: Site, columns: tuple[Column, ...]) -> Iterator[Site]:
    """The places directly below: the columns of an object or of the record, or the elements of a list."""
    if site.column is not None and site.column.kind is Kind.ARRAY:
        if site.column.element is not None:
            yield _element_site(site, site.column.element)
        return
    for entry, column in zip(site.place.items("properties"), columns, strict=True):
        yield Site(
            place=entry,
            record=site.record,
            column=column,
            array=site.array,
            visible=site.visible,
            around=(_consequences(entry), *site.around),
        )


def _element_site(site: Site, element: Column) -> Site:
    entry = site.place.at("items")
    return Site(
        place=entry,
        record=site.record,
        column=element,
        array=site.path,
        visible=element.children,
        around=(_consequences(entry), *site.around),
    )


def _consequences(entry: Cursor) -> Consequences:
    return read_consequences(properties_of(entry, "column").get("consequence"))


def _paths(column: Column, prefix: str = "") -> Iterator[str]:
    yield f"{prefix}{column.name}"
    for child in column.children:
        yield from _paths(child, f"{prefix}{column.name}.")
