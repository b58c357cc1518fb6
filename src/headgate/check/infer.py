"""Drafts a contract from a sample: types that hold for every value, and comments on what a person should look at."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

import msgspec
import pyarrow as pa

from headgate.core.contract import Kind

ENUMERATION = 12
"""At most so many values, each seen often, are taken for an enumeration."""
SEEN_OFTEN = 10  # times as many rows as values
FEW_ROWS = 50  # below it nothing is concluded from how often a value stands
KEY_ROWS = 20
MAX_PRECISION = 38
_SPARE_DIGITS = 4  # room for larger numbers than those of the sample
_INTEGER = re.compile(r"-?(?:0|[1-9]\d{0,17})\Z")
_DECIMAL = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?\Z")
_FLOAT = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?[eE][-+]?\d+\Z")
_ISO_DATE = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])\Z")
_ISO_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?(Z|[+-]\d{2}:?\d{2})?\Z")
_DRESSED = re.compile(
    r"(?P<sign>[$€£¥])?(?:[1-9]\d{0,2}(?P<comma>(?:,\d{3})+)|0|[1-9]\d{0,17})(?P<unit>[A-Za-z]{1,5})?\Z"
)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+\Z")
_DATE_FORMS: Sequence[tuple[str, re.Pattern[str], int]] = (
    ("d/M/yyyy", re.compile(r"(\d{1,2})/(\d{1,2})/\d{4}\Z"), 1),
    ("M/d/yyyy", re.compile(r"(\d{1,2})/(\d{1,2})/\d{4}\Z"), 2),
    ("d.M.yyyy", re.compile(r"(\d{1,2})\.(\d{1,2})\.\d{4}\Z"), 1),
    ("yyyyMMdd", re.compile(r"(?:19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])\Z"), 0),
)
"""Pattern, form, and which group is the day (0: neither needs a look)."""
_MONTHS, _DAYS = 12, 31
_SAFE_NAME = re.compile(r"[^\W\d_][\w-]*\Z")
_PLAIN_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_ -]*\Z")
_YAML_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


class Seen(msgspec.Struct, kw_only=True):
    """What was seen of one column."""

    rows: int = 0  # of the object or list around it
    kinds: Counter[str] = msgspec.field(default_factory=Counter)  # of JSON: null, string, number, boolean …
    texts: Counter[str] = msgspec.field(default_factory=Counter)  # scalars as text
    children: dict[str, Seen] = {}
    element: Seen | None = None
    loose: bool = False  # text formats have no types: numbers come as text


def infer(sample: pa.Table, *, name: str = "rows", contract_id: str = "draft") -> str:
    """YAML of a draft contract for the rows of the sample.

    The sample has one column of text called `raw` with a JSON object a row, or a column of text for each column of a
    text file. Types are those that every value of the sample has; what rests on the sample alone bears a comment.
    """
    seen = _of_records(sample) if sample.column_names == ["raw"] else _of_texts(sample)
    lines = [
        "# Drafted from a sample. Every line with `look` rests on what the sample happened to hold.",
        "apiVersion: v3.1.0",
        "kind: DataContract",
        f"id: {_scalar(contract_id)}",
        "version: 0.1.0",
        "status: draft                           # look: `active` publishes",
        "schema:",
        f"  - name: {_scalar(name)}",
        "    properties:",
    ]
    lines.extend(_columns(seen, indent=6, key=_key_candidate(seen)))
    return "\n".join([*lines, *_rules()]) + "\n"


def infer_columns(sample: pa.Table, paths: Iterable[str], known: Collection[str]) -> dict[str, list[str]]:
    """Lines of YAML for columns that a contract does not name yet, by the object they stand in; none is required.

    Paths are the sender's: `channel` stands in "", `customer.tier` in `customer`, `items[].sku` in `items[]`, and
    `customer.*` stands for all columns there that the sample has and that are not `known`. A column that the sample
    does not hold is optional text.
    """
    root = _of_records(sample) if sample.column_names == ["raw"] else _of_texts(sample)
    found: dict[str, list[str]] = {}
    for container, source in _named(root, paths, known):
        seen = (_inside_of(root, container) or Seen()).children.get(source)
        name = _safe_name(source)
        lines = found.setdefault(container, [])
        lines.append(f"- name: {_scalar(name)}")
        if name != source:
            lines.append(f"  physicalName: {_quoted(source)}")
        lines += _type_lines(seen or Seen(), "  ")
    return found


def _named(root: Seen, paths: Iterable[str], known: Collection[str]) -> Iterator[tuple[str, str]]:
    """Container and name of each column that is meant."""
    for path in paths:
        container, _, last = path.rpartition(".")
        if last != "*":
            yield container, last
            continue
        around = _inside_of(root, container)
        for name in around.children if around else ():
            if (f"{container}.{name}" if container else name) not in known:
                yield container, name


def _inside_of(root: Seen, container: str) -> Seen | None:
    """What was seen of an object, or of the elements of a list."""
    seen: Seen | None = root
    for step in filter(None, container.split(".")):
        seen = None if seen is None else seen.children.get(step.removesuffix("[]"))
        if seen is not None and step.endswith("[]"):
            seen = seen.element
    return seen


# ── Looking ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def _of_records(sample: pa.Table) -> Seen:
    root = Seen()
    for text in sample.column("raw").to_pylist():
        _look(root, json.loads(text, parse_float=Decimal, parse_int=Decimal) if text else None)
    return root


def _of_texts(sample: pa.Table) -> Seen:
    root = Seen(rows=sample.num_rows)
    for name in sample.column_names:
        column = Seen(rows=sample.num_rows, loose=True)
        for text in sample.column(name).to_pylist():
            column.kinds["null" if text in {None, ""} else "string"] += 1
            if text not in {None, ""}:
                column.texts[text] += 1
        root.children[name] = column
    return root


def _look(seen: Seen, value: Any) -> None:  # noqa: ANN401 - a value of JSON
    """Add one value to what was seen."""
    seen.kinds[_json_kind(value)] += 1
    if isinstance(value, dict):
        seen.rows += 1
        for name, inner in value.items():
            _look(seen.children.setdefault(name, Seen()), inner)
    elif isinstance(value, list):
        seen.element = seen.element or Seen()
        for inner in value:
            _look(seen.element, inner)
    elif value is not None:
        seen.texts[
            value if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
        ] += 1


def _json_kind(value: Any) -> str:  # noqa: ANN401 - a value of JSON
    if value is None:
        return "null"
    for kind, name in ((bool, "boolean"), (str, "string"), (Decimal, "number"), (dict, "object"), (list, "array")):
        if isinstance(value, kind):
            return name
    raise TypeError(f"{type(value).__name__} is no value of JSON")


def _key_candidate(seen: Seen) -> str | None:
    """The first column that is there in every row with another value each, if it looks like a name of the row."""
    rows = seen.rows
    for name, column in seen.children.items():
        distinct = len(column.texts) == rows and column.kinds["null"] == 0 and sum(column.kinds.values()) == rows
        kind = _kind(column)[0] if distinct else None
        if (
            rows >= KEY_ROWS
            and kind in {Kind.STRING, Kind.INTEGER}
            and re.search(r"id|no|key|code|number", name, re.IGNORECASE)
        ):
            return name
    return None


# ── Concluding ───────────────────────────────────────────────────────────────────────────────────────────────────────
Guess = tuple[Kind, dict[str, str], str]
"""Kind, options, and what a person should look at."""


def _kind(seen: Seen) -> Guess:
    kinds = set(seen.kinds) - {"null"}
    if len(kinds) != 1:
        mixed = f"{' and '.join(sorted(kinds))} in the sample: rows of the other kind are held"
        return Kind.STRING, {}, mixed if kinds else "never filled in the sample"
    (kind,) = kinds
    if kind == "object" and not seen.children:
        return Kind.STRING, {}, "only empty objects in the sample"
    if kind in {"object", "array", "boolean"}:
        return Kind(kind), {}, ""
    if seen.loose:
        return _of_loose(seen.texts)
    return _of_text(seen.texts) if kind == "string" else _of_numbers(seen.texts) or (Kind.NUMBER, {}, "")


def _of_loose(texts: Iterable[str]) -> Guess:
    """Text formats have no types: the form of the texts decides."""
    values = list(texts)
    if set(values) <= {"true", "false"}:
        return Kind.BOOLEAN, {}, ""
    return _of_numbers(values) or _of_dressed(values) or _of_text(values)


def _of_dressed(values: list[str]) -> Guess | None:
    """Whole numbers with a currency sign, thousands commas or a unit: `$5,000`, `150,000km`."""
    found = [_DRESSED.match(text) for text in values]
    units = {match["unit"] for match in found if match}
    if not all(found) or len(units) != 1:
        return None
    names = [name for name, part in (("currency_sign", "sign"), ("thousands_comma", "comma"))
             if any(match[part] for match in found if match)]  # fmt: skip
    unit = units.pop()
    names += [f"{{unit_suffix: {unit}}}"] if unit else []
    if not names:
        return None
    return Kind.INTEGER, {"lenient": f"[{', '.join(names)}]"}, "numbers that are dressed up"


def _of_numbers(texts: Iterable[str]) -> Guess | None:
    values = list(texts)
    if all(_INTEGER.match(text) for text in values):
        return Kind.INTEGER, {}, ""
    if all(_DECIMAL.match(text) for text in values):
        scale = max(len(text.partition(".")[2]) for text in values)
        digits = max(len(text.lstrip("-").partition(".")[0]) for text in values)
        precision = min(MAX_PRECISION, digits + scale + _SPARE_DIGITS)
        if digits + scale <= MAX_PRECISION:
            return Kind.DECIMAL, {"physicalType": f"DECIMAL({precision},{scale})"}, "digits before and after the point"
    if all(_DECIMAL.match(text) or _FLOAT.match(text) for text in values):
        return Kind.NUMBER, {}, "binary floating point; a sum needs DECIMAL"
    return None


def _of_text(texts: Iterable[str]) -> Guess:
    values = list(texts)
    if all(_EMAIL.match(text) for text in values):
        return Kind.STRING, {"format": "email"}, "personal? then add `classification: personal` and a `subject`"
    return _of_times(values) or _of_ids(values)


def _of_times(values: list[str]) -> Guess | None:
    times = [_ISO_TIME.match(text) for text in values]
    if all(times):
        offsets = {bool(found and found.group(1)) for found in times}
        options: dict[str, str] = {"timezone": "true"} if offsets == {True} else {}
        return Kind.TIMESTAMP, options, "" if options else "times without an offset are taken as UTC"
    if all(_ISO_DATE.match(text) for text in values):
        return Kind.DATE, {}, ""
    for pattern, form, day in _DATE_FORMS:
        found = [form.match(text) for text in values]
        if all(found) and (day == 0 or _days_fit([match.groups() for match in found if match], day)):
            return Kind.DATE, {"format": pattern}, "the order of day and month"
    return None


def _days_fit(pairs: list[tuple[str, ...]], day: int) -> bool:
    days = [int(pair[day - 1]) for pair in pairs]
    months = [int(pair[2 - day]) for pair in pairs]
    return max(days) <= _DAYS and max(months) <= _MONTHS


def _of_ids(values: list[str]) -> Guess:
    """A pattern where all values have one shape with digits in it, such as P-1042."""
    shapes = {re.sub(r"\d+", "9", text) for text in values}
    if len(shapes) != 1 or len(values) < FEW_ROWS or "9" not in (shape := shapes.pop()) or "'" in shape:
        return Kind.STRING, {}, ""
    runs = list(zip(*([len(run) for run in re.findall(r"\d+", text)] for text in values), strict=True))
    parts = re.split("9", shape)
    pattern = re.escape(parts[0])
    for lengths, part in zip(runs, parts[1:], strict=True):
        pattern += (rf"\d{{{lengths[0]}}}" if len(set(lengths)) == 1 else r"\d+") + re.escape(part)
    return Kind.STRING, {"pattern": f"'^{pattern}$'".replace("\\-", "-")}, "one form in the whole sample"


# ── Writing ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def _columns(seen: Seen, *, indent: int, key: str | None = None) -> Iterator[str]:
    """Lines of all columns of an object; names that tables cannot have are changed, the sender's own kept beside."""
    used: set[str] = set()
    for source, child in seen.children.items():
        name = _safe_name(source)
        while name.casefold() in used:
            name += "_2"
        used.add(name.casefold())
        pad = " " * indent
        yield f"{pad}- name: {_scalar(name)}"
        if name != source:
            yield f"{pad}  physicalName: {_quoted(source)}"
        yield from _type_lines(child, f"{pad}  ")
        if source == key:
            yield f"{pad}  primaryKey: true                  # look: every row of the sample has another value"
        if child.kinds.total() - child.kinds["null"] == seen.rows:
            yield f"{pad}  required: true"
        yield from _allowed_lines(child, f"{pad}  ")


def _type_lines(seen: Seen, pad: str) -> Iterator[str]:
    """Type, options and what is inside; nothing for plain text."""
    kind, options, look = _kind(seen)
    comment = f"  # look: {look}" if look else ""
    if kind is not Kind.STRING or options or look:
        yield f"{pad}logicalType: {'number' if kind is Kind.DECIMAL else kind.value}{comment}"
    if "physicalType" in options:
        yield f"{pad}physicalType: {_quoted(options.pop('physicalType'))}"
    if "lenient" in options:
        yield f"{pad}customProperties: [{{property: lenient, value: {options.pop('lenient')}}}]"
    if options:
        yield f"{pad}logicalTypeOptions: {{{', '.join(f'{key}: {text}' for key, text in options.items())}}}"
    yield from _inside(seen, kind, pad)


def _allowed_lines(seen: Seen, pad: str) -> Iterator[str]:
    kind, options, _ = _kind(seen)
    count = seen.texts.total()
    few = 1 < len(seen.texts) <= ENUMERATION and count >= max(FEW_ROWS, SEEN_OFTEN * len(seen.texts))
    if few and kind is Kind.STRING and not options and set(seen.kinds) <= {"null", "string"}:
        listed = ", ".join(_scalar(value) for value in sorted(seen.texts))
        yield f"{pad}quality:"
        yield f"{pad}  - metric: invalidValues                # look: are these all?"
        yield f"{pad}    arguments: {{validValues: [{listed}]}}"
        yield f"{pad}    mustBe: 0"


def _inside(seen: Seen, kind: Kind, pad: str) -> Iterator[str]:
    if kind is Kind.OBJECT:
        yield f"{pad}properties:"
        yield from _columns(seen, indent=len(pad) + 2)
    elif kind is Kind.ARRAY:
        lines = list(_type_lines(seen.element or Seen(), f"{pad}  "))
        yield from [f"{pad}items:", *(lines or [f"{pad}  logicalType: string"])]


def _safe_name(name: str) -> str:
    cleaned = re.sub(r"[^\w-]+", "_", name).strip("_-")
    return cleaned if _SAFE_NAME.match(cleaned) else f"c_{cleaned}".rstrip("_")


def _scalar(text: str) -> str:
    """Text as YAML, in quotes where it could be read as something else."""
    if _PLAIN_WORD.match(text) and text.strip() == text and text.lower() not in _YAML_WORDS:
        return text
    return _quoted(text)


def _quoted(text: str) -> str:
    """Text in double quotes; JSON's escapes are YAML's too."""
    return json.dumps(text)


def _rules() -> list[str]:
    return [
        "    quality:",
        "      - id: delivery_not_empty",
        "        metric: rowCount",
        "        mustBeGreaterThan: 0",
    ]
