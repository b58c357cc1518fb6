"""`contract`: lint, diff and infer contracts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.exceptions import Exit

from headgate.cli.console import answer
from headgate.cli.options import Group, examples, json_option, project_option

if TYPE_CHECKING:
    from headgate.core.contract import Contract


contract = Group("contract", help="What the data must be: Open Data Contract Standard v3.1.")


@contract.command(
    "lint",
    epilog=examples(
        "headgate contract lint",
        "headgate contract lint sales",
        "headgate contract lint draft.odcs.yaml",
    ),
)
@click.argument("names", metavar="[FLOW|FILE]...", nargs=-1, help="Default: all flows of the project.")
@project_option
@json_option
def lint(names: tuple[str, ...], *, project: Path | None, as_json: bool) -> None:
    """Find what is wrong or likely to surprise in contracts and flows. Ends with 1 where there is an error."""
    from headgate.cli.failures import FAILED

    findings = [finding for place in _places(names, project) for finding in _findings(place)]
    errors = sum(finding["level"] == "error" for finding in findings)
    lines = [
        f"{one['document']}: {one['level']}: {one['where']}: {one['what']} {one['fix']}".rstrip() for one in findings
    ]
    lines.append(f"{errors} error(s), {len(findings) - errors} warning(s)")
    answer({"errors": errors, "findings": findings}, lines, as_json=as_json)
    if errors:
        raise Exit(FAILED)


def _places(names: Sequence[str], project: Path | None) -> list[Path]:
    """Flow folders and contract files that are meant."""
    from headgate.core.errors import NotFoundError
    from headgate.core.near_name import did_you_mean
    from headgate.settings import project_settings

    if names and all(Path(name).is_file() for name in names):
        return [Path(name) for name in names]
    settings = project_settings(project)
    flows = {place.parent.name: place.parent for place in sorted(settings.flows.glob("*/flow.yaml"))}
    places = []
    for name in names:
        if name not in flows and not Path(name).is_file():
            raise NotFoundError(f"{name!r} is neither a flow nor a file. {did_you_mean(name, flows)}")
        places.append(flows.get(name, Path(name)))
    return places or list(flows.values())


def _findings(place: Path) -> Iterator[dict[str, Any]]:
    from headgate.core.contract_document import read_contract
    from headgate.core.contract_lint import lint as lint_contract
    from headgate.core.errors import DocumentError
    from headgate.project import load_flow

    try:
        if place.is_dir():
            flow = load_flow(place)
            found = lint_contract(flow.contract, flow)
        else:
            found = lint_contract(read_contract(place.read_bytes(), name=str(place)))
    except DocumentError as error:
        for problem in error.problems:
            yield {
                "document": error.document,
                "level": "error",
                "where": problem.where,
                "what": problem.what,
                "fix": problem.fix,
            }
        return
    for one in found:
        yield {"document": str(place), "level": one.level.value, "where": one.where, "what": one.what, "fix": one.fix}


@contract.command(
    "diff",
    epilog=examples(
        "headgate contract diff old.odcs.yaml flows/sales/contract.odcs.yaml",
        "headgate contract diff sales new.odcs.yaml",
    ),
)
@click.argument("old", metavar="OLD", help="A contract file, or a flow of the project.")
@click.argument("new", metavar="NEW", help="A contract file, or a flow of the project.")
@project_option
@json_option
def diff(old: str, new: str, *, project: Path | None, as_json: bool) -> None:
    """Tell what changed between two contracts and which number of the version must rise. Ends with 1 if it did not."""
    from headgate.cli.failures import FAILED
    from headgate.core.contract_diff import diff as changes_between
    from headgate.core.contract_diff import has_risen_enough, required_rise

    before, after = _contract(old, project), _contract(new, project)
    changes = changes_between(before, after)
    needed = required_rise(changes)
    risen = has_risen_enough(before.version, after.version, needed)
    document = {
        "old": {"version": before.version, "sha256": before.digest},
        "new": {"version": after.version, "sha256": after.digest},
        "rise": needed.name.lower(),
        "risen_enough": risen,
        "changes": [
            {
                "path": one.path,
                "what": one.what,
                "senders": one.senders,
                "readers": one.readers,
                "level": one.level.name.lower(),
            }
            for one in changes
        ],
    }
    lines = [
        f"{one.level.name.lower():<6} {one.path or 'contract'}: {one.what} "
        f"(senders: {one.senders or 'the same'}; readers: {one.readers or 'the same'})"
        for one in changes
    ]
    lines.append(
        f"{before.version} -> {after.version}: needs a rise of {needed.name.lower()}, "
        + ("which it has" if risen else "which it has not")
    )
    answer(document, lines, as_json=as_json)
    if not risen:
        raise Exit(FAILED)


def _contract(name: str, project: Path | None) -> Contract:
    from headgate.core.contract_document import read_contract
    from headgate.core.flow_files import CONTRACT_FILE

    (place,) = _places([name], project)
    file = place / CONTRACT_FILE if place.is_dir() else place
    return read_contract(file.read_bytes(), name=str(file))


@contract.command(
    "infer",
    epilog=examples(
        "headgate contract infer export.csv > draft.odcs.yaml",
        "headgate contract infer sales.json --records transactions",
    ),
)
@click.argument("file", metavar="FILE", type=Path, help="JSON, NDJSON, CSV or Parquet, packed or not.")
@click.option("--records", help="Path to the list of records in a JSON document.")
@click.option("--rows", type=click.IntRange(min=1), default=10_000, help="Rows to look at.")
@click.option("--name", default="rows", help="What the records are called.")
@json_option
def infer(file: Path, *, records: str | None, rows: int, name: str, as_json: bool) -> None:
    """Draft a contract from a sample: types that hold for all of it, and comments on what a person should look at."""
    from headgate.check.infer import infer as infer_contract
    from headgate.cli.samples import read_sample

    sample = read_sample(file, records=records, rows=rows)
    text = infer_contract(sample, name=name, contract_id=name)
    answer({"rows": sample.num_rows, "contract": text}, [text.rstrip("\n")], as_json=as_json)
