"""`what-if`: what a contract or parameter values that are proposed would come to over what came before."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from headgate.cli.console import answer, progress_bars
from headgate.cli.options import examples, flow_argument, json_option, project_option

if TYPE_CHECKING:
    from headgate.core.flow import Flow
    from headgate.deciding.replay_proposal import Proposal


@click.command(
    "what-if",
    epilog=examples(
        "headgate what-if sales --set amount_limit=5000.00",
        "headgate what-if sales --contract draft.odcs.yaml --deliveries 5",
        "headgate what-if sales --contract draft.odcs.yaml --set amount_limit=5000.00 d-2a9d d-77c0 --json",
    ),
)
@flow_argument
@click.argument("deliveries", metavar="[DELIVERY]...", nargs=-1, help="Default: the newest.")
@click.option("--contract", metavar="FILE", type=Path, help="The contract that is proposed.")
@click.option(
    "--set",
    "values",
    metavar="NAME=VALUE",
    multiple=True,
    help="A parameter's value that is proposed; of a table the path of its CSV file.",
)
@click.option(
    "--deliveries",
    "newest",
    metavar="N",
    type=click.IntRange(min=1),
    default=20,
    help="How many of the newest published or held ones.",
)
@click.option(
    "--most-rows", metavar="N", type=click.IntRange(min=1), default=200_000, help="Of all together, newest first."
)
@project_option
@json_option
def what_if(
    flow: str,
    deliveries: tuple[str, ...],
    *,
    contract: Path | None,
    values: tuple[str, ...],
    newest: int,
    most_rows: int,
    project: Path | None,
    as_json: bool,
) -> None:
    """Replay a proposed contract or value over deliveries of the vault, and tell which verdicts would change.

    Changes nothing: no event, no table, no file of the vault. Ends with 0 whatever it finds.
    """
    from headgate.cli.opening import opened
    from headgate.cli.what_if_lines import replay_lines
    from headgate.core.errors import NotFoundError
    from headgate.core.near_name import did_you_mean
    from headgate.deciding.replay import replay
    from headgate.deciding.replay_choice import Which
    from headgate.deciding.replay_document import replay_document
    from headgate.settings import project_settings

    which = Which(named=deliveries or None, newest=newest, most_rows=most_rows)
    with progress_bars() as tell, opened(project_settings(project), tell=tell) as found:
        flows = found.platform.flows
        if flow not in flows:
            raise NotFoundError(f"there is no flow {flow!r}. {did_you_mean(flow, flows)}")
        told = replay(found.platform, flows[flow], _proposal(flows[flow], contract, values), which)
    answer(replay_document(told), list(replay_lines(told)), as_json=as_json)


def _proposal(flow: Flow, contract: Path | None, texts: Sequence[str]) -> Proposal:
    from headgate.cli.decisions import pairs
    from headgate.core.errors import UsageError
    from headgate.deciding.replay_proposal import Proposal
    from headgate.operations import declared

    values = pairs(texts)
    tables = {name: Path(text) for name, text in values.items() if declared(flow, name).type == "table"}
    for name, place in tables.items():
        if not place.is_file():
            raise UsageError(f"{place} is no file; the table parameter {name} takes the path of a CSV file.")
    try:
        text = None if contract is None else contract.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{contract} is no text in UTF-8: {error}. Next: give the contract as YAML.") from error
    return Proposal(
        contract_text=text,
        values={name: value for name, value in values.items() if name not in tables},
        tables={name: place.read_bytes() for name, place in tables.items()},
    )
