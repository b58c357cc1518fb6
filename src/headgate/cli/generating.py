"""`generate`: data to try Headgate with, made from a seed."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Literal, TypeVar

import click

from headgate.cli.console import answer, progress_bars
from headgate.cli.options import Group, examples, json_option

Kind = TypeVar("Kind", bound=StrEnum)
output_option = click.option(
    "--output", "-o", metavar="DIR", type=Path, default=Path("samples"), help="Folder for the files."
)
seed_option = click.option("--seed", type=int, default=0, help="Equal seeds give equal data.")
force_option = click.option("--force", is_flag=True, help="Replace what an earlier call wrote there.")

generate = Group("generate", help="Data to try Headgate with, made from a seed, with an answer key.")


@generate.command(
    "sales",
    epilog=examples(
        "headgate generate sales --count 5000 --files 3 --defects 0.02 --seed 7 --output incoming",
        "headgate generate sales --count 1000 --defects 0.05 --kind total_mismatch --file-defect cut_off --files 2",
    ),
)
@click.option("--count", type=int, required=True, help="Transactions in all files together.")
@output_option
@click.option("--files", type=int, default=1, help="Files; each takes the next stretch of time.")
@click.option("--defects", type=float, default=0.0, help="Share of the rows that are defective, 0 to 0.3.")
@seed_option
@click.option("--end", help="All clean rows are earlier; a time with its offset.")
@click.option("--days", type=int, default=30, help="Span of time before the end.")
@click.option("--kind", "kinds", multiple=True, help="A kind of defect to choose from; default: all.")
@click.option("--file-defect", "file_defects", multiple=True, help="A defect of a whole file.")
@click.option("--customers", type=int, help="How many there are; default: one for 12 sales.")
@click.option("--first-number", type=int, default=1, help="Where numbers in the ids begin.")
@force_option
@json_option
def sales(
    *,
    count: int,
    output: Path,
    files: int,
    defects: float,
    seed: int,
    end: str | None,
    days: int,
    kinds: tuple[str, ...],
    file_defects: tuple[str, ...],
    customers: int | None,
    first_number: int,
    force: bool,
    as_json: bool,
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
        kinds=frozenset(_member(Defect, name, "--kind") for name in kinds) if kinds else None,
        file_defects=tuple(_member(FileDefect, name, "--file-defect") for name in file_defects),
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


@generate.command("customers", epilog=examples("headgate generate customers --count 416 --seed 7 --output incoming"))
@click.option("--count", type=int, required=True, help="Customers.")
@output_option
@seed_option
@click.option("--format", "form", type=click.Choice(["csv", "ndjson"]), default="csv", help="csv or ndjson.")
@force_option
@json_option
def customers(
    *, count: int, output: Path, seed: int, form: Literal["csv", "ndjson"], force: bool, as_json: bool
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
