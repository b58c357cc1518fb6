"""`run` and `demo`: files in, tables, receipts and report out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click
from click.exceptions import Exit

from headgate.cli.console import answer, note
from headgate.cli.options import examples, json_option, log_options, project_option

if TYPE_CHECKING:
    from headgate.operations import RunResult
    from headgate.settings import Settings

DEMO_COUNT, DEMO_FILES, DEMO_DEFECTS, DEMO_SEED = 5_000, 3, 0.02, 7


@click.command(
    "run",
    epilog=examples(
        "headgate run incoming",
        "headgate run sales_batch_20261120_075918.json --json",
        "headgate run export.dat --flow sales --fail-on rejected",
        "headgate run                       finish what waits",
    ),
)
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=Path, help="Files, or folders with files.")
@click.option("--flow", help="The flow of these files, whatever their names.")
@click.option(
    "--workers", type=click.IntRange(min=0), help="Processes that check beside this one; default: as many as help."
)
@click.option("--fail-on", type=click.Choice(["held", "rejected"]), help="End with status 3 where there are such rows.")
@click.option("--dry-run", is_flag=True, help="Say what would be taken in; change nothing.")
@project_option
@log_options
@json_option
def run(
    paths: tuple[Path, ...],
    *,
    flow: str | None,
    workers: int | None,
    fail_on: Literal["held", "rejected"] | None,
    dry_run: bool,
    project: Path | None,
    as_json: bool,
) -> None:
    """Take files in, check every row, publish, archive. Without a path: go on with what waits.

    Ends with 0 when every delivery came to an end that its contract knows, rows held or rejected among them; 1 when a
    delivery failed or a flow is stopped; 2 when the call was wrong; 3 with --fail-on when there are such rows.
    """
    from headgate.cli.found_files import find_files, require_flow
    from headgate.land.copying import begun_early
    from headgate.settings import project_settings

    settings = project_settings(project)
    require_flow(settings, flow)
    files = find_files(paths, settings, flow=flow)
    if dry_run:
        from headgate.cli.running_project import foretell

        told = foretell(settings, files)
        lines = [
            f"{one['file']}  {one['flow'] or 'no flow'}  {one['size_bytes']:,} bytes  {one['will']}" for one in told
        ]
        answer({"would_take": told}, lines or ["No file to take in."], as_json=as_json)
        return
    if paths and not files:
        note(f"There is no file to take in under {', '.join(map(str, paths))}.")
    with begun_early(files, settings.stage) as arrived:
        from headgate.cli.run_output import run_document, run_lines
        from headgate.cli.running_project import run_files

        result = run_files(settings, arrived, workers=workers)
    answer(run_document(result), list(run_lines(result)), as_json=as_json)
    end_with(result, fail_on)


def end_with(result: RunResult, fail_on: str | None = None) -> None:
    """End the command with the status that the run's outcome has."""
    from headgate.cli.failures import FAILED, ROWS_FOUND
    from headgate.cli.run_output import total_of
    from headgate.core.states import DeliveryState

    if result.in_state(DeliveryState.FAILED) or result.faults:
        raise Exit(FAILED)
    if fail_on is not None and getattr(total_of(result), fail_on):
        raise Exit(ROWS_FOUND)


@click.command("demo", epilog=examples("headgate demo", "headgate demo /tmp/shop --json"))
@click.argument(
    "folder", metavar="[DIR]", type=Path, required=False, help="Default: this folder if it is empty, else ./demo."
)
@json_option
def demo(folder: Path | None, *, as_json: bool) -> None:
    """Make a project, generate 5,000 sales in 3 files with 2 % defects, and run them."""
    from headgate.cli.new_project import make_project
    from headgate.cli.run_output import run_document, run_lines
    from headgate.cli.running_project import run_files
    from headgate.core.batches import Arrived
    from headgate.generate.sales import SalesOptions, generate_sales
    from headgate.settings import project_settings
    from headgate.wiring import shipped_flows, system_clock

    place = folder or _demo_folder()
    make_project(place)
    settings = project_settings(place)
    incoming = settings.folder / "incoming"
    options = SalesOptions(count=DEMO_COUNT, files=DEMO_FILES, defects=DEMO_DEFECTS, seed=DEMO_SEED)
    if (incoming / "answers.jsonl").exists():
        found = sorted(incoming.glob("sales_batch_*.json"))
    else:
        rates = shipped_flows() / "sales" / "fx_rates.csv"
        made = generate_sales(options, incoming, rates=rates, progress=lambda _: None, clock=system_clock)
        found = list(made.files)
    files = [Arrived(path=str(path), name=path.name, size_bytes=path.stat().st_size) for path in found]
    result = run_files(settings, files, workers=None)
    accounts = _demo_accounts(settings)
    document: dict[str, Any] = {"project": str(settings.folder), "accounts": accounts, **run_document(result)}
    answer(document, [*run_lines(result), *_what_to_try(settings.folder)], as_json=as_json)
    end_with(result)


def _demo_accounts(settings: Settings) -> list[str]:
    """Somebody who sends and three who decide: a change of the rules of sales asks two beside who proposes it."""
    from headgate.cli.opened_people import opened_people
    from headgate.core.roles import grant_of
    from headgate.people import COMMAND, add_account

    deciding = ("reviewer", "second-reviewer", "third-reviewer")
    wanted = {"sender": "uploader:sales"} | dict.fromkeys(deciding, "reviewer:sales")
    with opened_people(settings.folder) as people:
        known = {account.name for account in people.accounts.accounts()}
        for name, role in wanted.items():
            if name not in known:
                add_account(people, name, [grant_of(role)], by=COMMAND)
    return list(wanted)


def _demo_folder() -> Path:
    return Path("demo") if any(Path.cwd().iterdir()) else Path()


def _what_to_try(folder: Path) -> list[str]:
    return [
        "",
        f"The project is {folder}. What was made wrong on purpose stands in incoming/answers.jsonl. Try there:",
        '  headgate query "SELECT day, orders, revenue FROM daily ORDER BY day DESC" --limit 5',
        "  headgate status",
        "  headgate tables",
        "  headgate audit verify",
        "  headgate cases list",
        "  headgate serve                        # accounts: sender, reviewer, second-reviewer, third-reviewer",
        "  headgate accounts link reviewer       # signs in as one of them",
    ]
