"""Generates documents of sales with known defects and an answer key beside them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from headgate.core.errors import UsageError
from headgate.core.ports import Clock
from headgate.generate.answers import ANSWERS_NAME, VERSION, Answer, AnswerHeader, FileEntry, answer_key
from headgate.generate.damage import make_damages
from headgate.generate.defects import Defect, FileDefect
from headgate.generate.draws import Ints
from headgate.generate.folder import OutputFolder
from headgate.generate.order_text import OrderText
from headgate.generate.plan import Plan, first_rows, make_plan
from headgate.generate.rates import Rates, read_rates
from headgate.generate.sales_document import make_documents, write_document
from headgate.generate.sales_rows import SalesRows, count_kinds
from headgate.generate.world import make_world

MOST_DEFECTS = 0.3
"""Above this share there are not enough clean rows left to repeat and to make histories of."""

MOST_DAYS = 3_660

MOST_ORDERS_A_DAY = 8
"""Orders of the average customer a day; more would make bursts by chance."""


class SalesOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What to generate. Equal options, end and rates give equal bytes."""

    count: int  # transactions in all files together
    files: int = 1
    seed: int = 0
    defects: float = 0.0  # share of the rows
    kinds: frozenset[Defect] | None = None  # None: all that fit the number of files
    file_defects: tuple[FileDefect, ...] = ()  # one each for the last files, in this order
    end: datetime | None = None  # everything but future dates is earlier; None: the clock's present
    days: int = 30  # span of time before `end`
    customers: int | None = None  # None: about one for 12 transactions
    first_number: int = 1  # in the transaction ids; choose another for data that shall not collide

    def __post_init__(self) -> None:
        """Refuse what cannot be made."""
        _refuse(self.count < 1, "--count", self.count, "a number from 1")
        _refuse(not 1 <= self.files <= self.count, "--files", self.files, f"a number from 1 to --count, {self.count}")
        _refuse(not 0 <= self.defects <= MOST_DEFECTS, "--defects", self.defects, f"a share from 0 to {MOST_DEFECTS}")
        _refuse(not 1 <= self.days <= MOST_DAYS, "--days", self.days, f"a number from 1 to {MOST_DAYS}")
        _refuse(self.first_number < 1, "--first-number", self.first_number, "a number from 1")
        _refuse(
            self.end is not None and self.end.tzinfo is None, "--end", self.end, "a time with its offset, such as Z"
        )
        _refuse(
            len(self.file_defects) >= self.files,
            "--file-defect",
            len(self.file_defects),
            f"fewer than --files, {self.files}, so that one file stays sound",
        )
        _refuse(
            self.defects > 0 and not self.chosen_kinds,
            "--kind",
            "none",
            "at least one kind; duplicate_across needs two sound files",
        )
        fewest = -(-self.count // (MOST_ORDERS_A_DAY * self.days))
        _refuse(
            self.customers is not None and self.customers < fewest,
            "--customers",
            self.customers,
            f"a number from {fewest}, so that no customer orders more than {MOST_ORDERS_A_DAY} times a day",
        )

    @property
    def sound_files(self) -> int:
        """Files without a defect of their own; they come first."""
        return self.files - len(self.file_defects)

    @property
    def customer_count(self) -> int:
        """Customers that the transactions are of: `generate customers` makes as many for the same seed."""
        if self.customers is not None:
            return self.customers
        return max(25, self.count // 12, -(-self.count // (2 * self.days)))

    @property
    def chosen_kinds(self) -> tuple[Defect, ...]:
        """Kinds to inject, in the order of their definition."""
        wanted = frozenset(Defect) if self.kinds is None else self.kinds
        if self.sound_files == 1:
            wanted -= {Defect.DUPLICATE_ACROSS}
        return tuple(kind for kind in Defect if kind in wanted)


class Generated(msgspec.Struct, frozen=True, kw_only=True):
    """What a run wrote."""

    files: tuple[Path, ...]  # in the order of time
    answers: Path
    records: int
    size_bytes: int  # of the files, without the answer key
    counts: dict[str, int]  # defective rows and files by kind


def generate_sales(
    options: SalesOptions,
    output: Path,
    *,
    rates: Path,
    progress: Callable[[int], None],
    clock: Clock | None = None,
    force: bool = False,
) -> Generated:
    """Write `sales_batch_YYYYMMDD_HHMMSS.json` files and `answers.jsonl` into a folder, all or nothing.

    `progress` gets the number of transactions done since its last call. `clock` is asked where the options have no
    `end`. UsageError where the folder holds other files and `force` is not set, or `rates` lack a day of the span.
    """
    end = _end(options, clock)
    table = read_rates(rates)
    header = _header(options, end, rates)
    with OutputFolder(output, header, force=force) as folder:
        entries, answers = _write(options, end, table, folder=folder, progress=progress)
        counts = count_kinds(answers)
        complete = AnswerHeader(
            version=header.version,
            seed=header.seed,
            end=header.end,
            count=header.count,
            options=header.options,
            files=tuple(entries),
            injected=counts,
        )
        folder.partial(ANSWERS_NAME).write_bytes(answer_key(complete, answers))
        *files, key = folder.finish([*(entry.name for entry in entries), ANSWERS_NAME])
    return Generated(
        files=tuple(files),
        answers=key,
        records=sum(entry.records for entry in entries),
        size_bytes=sum(entry.size_bytes for entry in entries),
        counts=counts,
    )


def _end(options: SalesOptions, clock: Clock | None) -> datetime:
    end = options.end or (clock() if clock else None)
    if end is None:
        raise UsageError("the end of the data is not given. Next: give --end, such as 2026-11-20T06:00:00Z.")
    return end.astimezone(UTC).replace(microsecond=0)


def _header(options: SalesOptions, end: datetime, rates: Path) -> AnswerHeader:
    asked: dict[str, Any] = {
        "files": options.files,
        "defects": options.defects,
        "kinds": [kind.value for kind in options.chosen_kinds],
        "file_defects": [kind.value for kind in options.file_defects],
        "days": options.days,
        "customers": options.customer_count,
        "first_number": options.first_number,
        "rates_sha256": hashlib.sha256(rates.read_bytes()).hexdigest(),
    }
    return AnswerHeader(
        version=VERSION,
        seed=options.seed,
        end=end.strftime("%Y-%m-%dT%H:%M:%SZ"),
        count=options.count,
        options=asked,
    )


def _write(
    options: SalesOptions, end: datetime, rates: Rates, *, folder: OutputFolder, progress: Callable[[int], None]
) -> tuple[list[FileEntry], list[Answer]]:
    edges = first_rows(options.count, options.files)
    rates.check_span(int(end.timestamp()), days=options.days)
    plan = _plan(options, end, edges, rates)
    damages = make_damages(options.file_defects, edges=edges, draws=plan.world.draws)
    documents = make_documents(plan.world.time, edges, damages)
    rows = SalesRows(
        plan=plan,
        text=OrderText(
            plan.world.population,
            plan.world.catalogue,
            first_number=options.first_number,
            last_number=options.first_number + options.count - 1,
        ),
        rates=rates,
        end=end,
        edges=edges,
        names=tuple(document.name for document in documents),
    )
    entries: list[FileEntry] = []
    answers: list[Answer] = []
    for document in documents:
        entry, found = write_document(document, rows, path=folder.partial(document.name), progress=progress)
        entries.append(entry)
        answers += found
    return entries, answers


def _plan(options: SalesOptions, end: datetime, edges: Ints, rates: Rates) -> Plan:
    world = make_world(
        seed=options.seed, count=options.count, customers=options.customer_count, end=end, days=options.days
    )
    sound = edges[: options.sound_files + 1].tolist()
    wanted = int(options.defects * options.count + 0.5)
    return make_plan(world, rows=wanted, kinds=options.chosen_kinds, edges=sound, rates=rates)


def _refuse(wrong: bool, option: str, value: object, allowed: str) -> None:  # noqa: FBT001
    if wrong:
        raise UsageError(f"{option} is {value}. Next: give {allowed}.")
