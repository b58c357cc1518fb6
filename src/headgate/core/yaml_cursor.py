"""A place in a YAML document: reads values of the kind asked for, notes a problem with its line where they differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

import msgspec

from headgate.core.errors import Problem
from headgate.core.near_name import did_you_mean
from headgate.core.yaml_text import Json, Path, YamlText


class Cursor(msgspec.Struct, frozen=True, kw_only=True):
    """One value of a document. Cursors of a document share its list of problems."""

    text: YamlText
    value: Json
    path: Path = ()
    problems: list[Problem] = []

    @property
    def where(self) -> str:
        """File and line of the value."""
        return self.text.where(self.path)

    def problem(self, what: str, fix: str = "") -> None:
        """Note a problem at this place; the same one is noted once."""
        found = Problem(where=self.where, what=what, fix=fix)
        if found not in self.problems:
            self.problems.append(found)

    def at(self, key: str) -> Cursor:
        """The value under a key; None stands for a missing one."""
        value = self.value.get(key) if isinstance(self.value, dict) else None
        return Cursor(text=self.text, value=value, path=(*self.path, key), problems=self.problems)

    def has(self, key: str) -> bool:
        """Whether the key is there with a value other than null."""
        return isinstance(self.value, dict) and self.value.get(key) is not None

    def keys(self) -> list[str]:
        """Keys of the mapping in the order of the document; none with a problem where it is no mapping."""
        if self.value is None:
            return []
        if not isinstance(self.value, dict):
            self.problem(f"{shown(self.value)} stands where a mapping must.", "Write `key: value` lines.")
            return []
        return list(self.value)

    def entries(self) -> Iterator[tuple[str, Cursor]]:
        """Key and value of the mapping."""
        for key in self.keys():
            yield key, self.at(key)

    def items(self, key: str) -> list[Cursor]:
        """The elements of the list under a key; none where it is missing or no list."""
        inner = self.at(key)
        if inner.value is None:
            return []
        if not isinstance(inner.value, list):
            inner.problem(f"`{key}` is {shown(inner.value)}, not a list.", "Write `[…]` or lines that begin with `- `.")
            return []
        return [
            Cursor(text=self.text, value=value, path=(*inner.path, index), problems=self.problems)
            for index, value in enumerate(inner.value)
        ]

    def word(self, key: str, default: str = "") -> str:
        """The text under a key."""
        found = self.optional_word(key)
        return default if found is None else found

    def optional_word(self, key: str) -> str | None:
        """The text under a key, None where it is missing."""
        inner = self.at(key)
        if inner.value is None or isinstance(inner.value, str):
            return inner.value
        inner.problem(f"`{key}` is {shown(inner.value)}, not text.", "Put it in quotes.")
        return None

    def words(self, key: str) -> tuple[str, ...]:
        """The list of text under a key; one text counts as a list of one."""
        inner = self.at(key)
        if isinstance(inner.value, str):
            return (inner.value,)
        found: list[str] = []
        for item in self.items(key):
            if isinstance(item.value, str):
                found.append(item.value)
            else:
                item.problem(f"`{key}` holds {shown(item.value)}, not text.", "Put it in quotes.")
        return tuple(found)

    def flag(self, key: str, *, default: bool = False) -> bool:
        """The boolean under a key."""
        inner = self.at(key)
        if inner.value is None or isinstance(inner.value, bool):
            return default if inner.value is None else inner.value
        inner.problem(f"`{key}` is {shown(inner.value)}.", "Write true or false, without quotes.")
        return default

    def count(self, key: str, *, least: int = 0) -> int | None:
        """The whole number under a key, None where it is missing."""
        inner = self.at(key)
        value = inner.value
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool) and value >= least:
            return value
        inner.problem(f"`{key}` is {shown(value)}.", f"Write a whole number of {least} or more.")
        return None

    def decimal(self, key: str) -> Decimal | None:
        """The number under a key with its digits, None where it is missing."""
        inner = self.at(key)
        value = inner.value
        if value is None:
            return None
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            return Decimal(value)
        inner.problem(f"`{key}` is {shown(value)}.", "Write a number without quotes.")
        return None

    def choice(self, key: str, choices: Iterable[str], default: str) -> str:
        """One of a few words."""
        allowed = list(choices)
        word = self.optional_word(key)
        if word is None or word in allowed:
            return default if word is None else word
        self.at(key).problem(f"`{key}` is {word!r}.", f"Write one of {', '.join(allowed)}.")
        return default

    def refuse_unknown(self, known: Iterable[str]) -> None:
        """A problem for every key that is not known, with the name that was probably meant."""
        names = list(known)
        for key in self.keys():
            if key not in names:
                self.at(key).problem(f"the key `{key}` is not known here.", did_you_mean(key, names))


def shown(value: Json) -> str:
    """A value as a message shows it, cut at 60 characters."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "nothing"}[value]
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


_SHOWN = 60
