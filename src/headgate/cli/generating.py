"""`generate`: data to try Headgate with, made from a seed."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import typer

from headgate.cli.console import answer, progress_bars
from headgate.cli.options import AsJson, add, add_group

Kind = TypeVar("Kind", bound=StrEnum)
Output = Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Folder for the files.")]
Seed = Annotated[int, typer.Option(help="Equal seeds give equal data.")]
Force = Annotated[bool, typer.Option("--force", help="Replace what an earlier call wrote there.")]


def register(app: typer.Typer) -> None:
    """Enter the commands of this file."""
    group = add_group(app, "generate", "Data to try Headgate with, made from a seed, with an answer key.")
    add(
        group,
        "sales",
        sales,
        "headgate generate sales --count 5000 --files 3 --defects 0.02 --seed 7 --output incoming",
        "headgate generate sales --count 1000 --defects 0.05 --kind total_mismatch --file-defect cut_off --files 2",
    )
    add(group, "customers", customers, "headgate generate customers --count 416 --seed 7 --output incoming")


def sales(
    *,
    count: Annotated[int, typer.Option(help="Transactions in all files together.")],
    output: Output = Path("samples"),
    files: Annotated[int, typer.Option(help="Files; each takes the next stretch of time.")] = 1,
    defects: Annotated[float, typer.Option(help="Share of the rows that are defective, 0 to 0.3.")] = 0.0,
    seed: Seed = 0,
    end: Annotated[str | None, typer.Option(help="All clean rows are earlier; a time with its offset.")] = None,
    days: Annotated[int, typer.Option(help="Span of time before the end.")] = 30,
    kind: Annotated[list[str] | None, typer.Option(help="A kind of defect to choose from; default: all.")] = None,
    file_defect: Annotated[list[str] | None, typer.Option(help="A defect of a whole file.")] = None,
    customers: Annotated[int | None, typer.Option(help="How many there are; default: one for 12 sales.")] = None,
    first_number: Annotated[int, typer.Option(help="Where numbers in the ids begin.")] = 1,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Write sales as the flow `sales` takes them, and answers.jsonl: what was made wrong, and where."""
    from headgate.core.platform import Progress
    from headgate.generate.defects import Defect, FileDefect
    from headgate.generate.sales import SalesOptions, generate_sales
    from headgate.wiring import shipped_flows, system_clock

    options = SalesOptions(
        count=count,
        files=files,
        seed=seed,
        defects=defects,
        kinds=frozenset(_member(Defect, name, "--kind") for name in kind) if kind else None,
        file_defects=tuple(_member(FileDefect, name, "--file-defect") for name in file_defect or ()),
        end=_moment(end),
        days=days,
        customers=customers,
        first_number=first_number,
    )
    done = 0
    with progress_bars() as tell:

        def progress(more: int) -> None:
            nonlocal done
            done += more
            if tell is not None:
                tell(Progress(step="generate", done=done, total=count, unit="rows"))

        rates = shipped_flows() / "sales" / "fx_rates.csv"
        made = generate_sales(options, output, rates=rates, progress=progress, clock=system_clock, force=force)
    document = {
        "files": [str(path) for path in made.files],
        "answers": str(made.answers),
        "records": made.records,
        "size_bytes": made.size_bytes,
        "injected": made.counts,
    }
    injected = sum(made.counts.values())
    lines = [f"{made.records:,} sales in {len(made.files)} file(s), {injected:,} of them defective:"]
    lines += [f"  {path}" for path in (*made.files, made.answers)]
    answer(document, [*lines, f"Next: `headgate run {output}` in a project."], as_json=as_json)


def customers(
    *,
    count: Annotated[int, typer.Option(help="Customers.")],
    output: Output = Path("samples"),
    seed: Seed = 0,
    form: Annotated[Literal["csv", "ndjson"], typer.Option("--format", help="csv or ndjson.")] = "csv",
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Write the customers that the sales of the same seed refer to."""
    from headgate.generate.customers import CustomersOptions, generate_customers

    options = CustomersOptions(count=count, seed=seed, format=form)
    made = generate_customers(options, output, progress=lambda _: None, force=force)
    document = {"file": str(made.file), "records": made.records, "size_bytes": made.size_bytes}
    answer(document, [f"{made.records:,} customers in {made.file}"], as_json=as_json)


def _member(kinds: type[Kind], name: str, option: str) -> Kind:
    from headgate.core.errors import UsageError
    from headgate.core.near_name import did_you_mean

    try:
        return kinds(name)
    except ValueError as error:
        raise UsageError(f"{option} {name!r} is no kind of defect. {did_you_mean(name, list(kinds))}") from error


def _moment(text: str | None) -> datetime | None:
    from headgate.core.errors import UsageError

    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"--end {text!r} is no time. Next: write it such as 2026-11-20T06:00:00Z.") from error
    if moment.tzinfo is None:
        raise UsageError(f"--end {text!r} has no offset. Next: add it, such as {text}Z.")
    return moment
