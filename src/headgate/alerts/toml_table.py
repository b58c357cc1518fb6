"""One table of a TOML document, read value by value; each fault names file, table, name and what to write."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from headgate.core.errors import ConfigurationError
from headgate.core.near_name import did_you_mean

SECONDS = {"s": 1, "min": 60, "h": 3600, "day": 86_400, "days": 86_400}
BYTES = {"MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
_AMOUNT = re.compile(r"(\d{1,9})\s?([A-Za-z]+)")

Word = TypeVar("Word", bound=StrEnum)


class TomlTable:
    """A table and where it stands. ConfigurationError for every value that does not fit."""

    def __init__(self, place: Path, name: str, values: object) -> None:
        self._place, self._name = place, name
        if not isinstance(values, dict):
            raise ConfigurationError(f"{place}: {name} is no table. Write [{name}].")
        self._values: dict[str, Any] = values

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def names(self) -> list[str]:
        """What stands in it, in order."""
        return list(self._values)

    def know(self, known: Collection[str]) -> None:
        """Refuse a name that is no setting here."""
        for name in self._values:
            if name not in known:
                told = f"{name[:80]!r} is no setting of [{self._name}]."
                raise ConfigurationError(f"{self._place}: {told} {did_you_mean(name, known)}")

    def wrong(self, name: str, what: str) -> NoReturn:
        """Say that a value does not fit."""
        raise ConfigurationError(f"{self._place}: {name} in [{self._name}] {what}")

    def inner(self, name: str) -> TomlTable:
        """The table in this one; an empty one where there is none."""
        return TomlTable(self._place, f"{self._name}.{name}", self._values.get(name, {}))

    def text(self, name: str) -> str:
        """A text; empty where there is none."""
        value = self._values.get(name, "")
        if not isinstance(value, str):
            self.wrong(name, f"is {value!r}. Write a text.")
        return value

    def checked(self, name: str, text: str, check: Callable[[str], str]) -> str:
        """The text where the check, which raises ValueError, lets it through."""
        try:
            return check(text)
        except ValueError as error:
            self.wrong(name, f"is {text[:80]!r}, which {error}.")

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts; empty where there is none."""
        value = self._values.get(name, [])
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            self.wrong(name, f"is {value!r}. Write a list of texts.")
        return tuple(value)

    def lists(self, name: str) -> tuple[tuple[str, ...], ...]:
        """A list of lists of texts, none of them empty."""
        value = self._values.get(name, [])
        if not isinstance(value, list) or not all(isinstance(one, list) and one for one in value):
            self.wrong(name, f'is {value!r}. Write lists in a list, such as [["first"], ["second"]].')
        return tuple(tuple(str(word) for word in one) for one in value)

    def word(self, name: str, kind: type[Word], usual: Word | None = None) -> Word:
        """One of an Enum's words."""
        text = self.text(name) or (usual.value if usual is not None else "")
        return self.one_of(name, text, kind)

    def one_of(self, name: str, text: str, kind: type[Word]) -> Word:
        """The text as an Enum's word."""
        try:
            return kind(text)
        except ValueError:
            self.wrong(name, f"is {text[:80]!r}. {did_you_mean(text, [one.value for one in kind])}")

    def path(self, name: str) -> Path | None:
        """A file, relative to the project; None where there is none given."""
        text = self.text(name)
        place = self._place.parent / text
        if text and not place.is_file():
            self.wrong(name, f"is {text!r}, and {place} is no file.")
        return place if text else None

    def count(self, name: str) -> int:
        """A whole number from 1 on."""
        value = self._values[name]
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            self.wrong(name, f"is {value!r}. Write a whole number from 1 on.")
        return value

    def amount(self, name: str, units: Mapping[str, int]) -> int:
        """`4 h` -> 14400 in the smallest unit."""
        value = self._values[name]
        try:
            return amount_of(str(value), units)
        except ValueError as error:
            self.wrong(name, f"is {error}.")


def amount_of(text: str, units: Mapping[str, int]) -> int:
    """A number with its unit in the smallest unit; ValueError says what to write.

    >>> amount_of("4 h", SECONDS), amount_of("50GiB", BYTES)
    (14400, 53687091200)
    """
    found = _AMOUNT.fullmatch(text.strip())
    if found is None or found[2] not in units or not int(found[1]):
        raise ValueError(f"{text[:40]!r}, where a number and one of {', '.join(units)} is wanted")
    return int(found[1]) * units[found[2]]
