"""`what-if`: what a contract or parameter values that are proposed would come to over what came before."""

from __future__ import annotations

from pathlib import Path

import click

from headgate.cli.console import answer, progress_bars
from headgate.cli.options import examples, flow_argument, json_option, project_option


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
    from headgate.cli.proposed_rules import proposed_text, proposed_values
    from headgate.cli.what_if_lines import replay_lines
    from headgate.deciding.changes import proposal_of
    from headgate.deciding.replay import replay
    from headgate.deciding.replay_choice import Which
    from headgate.deciding.replay_document import replay_document
    from headgate.operations import known_flow
    from headgate.settings import project_settings

    which = Which(named=deliveries or None, newest=newest, most_rows=most_rows)
    with progress_bars() as tell, opened(project_settings(project), tell=tell) as found:
        named = known_flow(found.platform, flow)
        text = None if contract is None else proposed_text(contract)
        proposal = proposal_of(named, contract=text, values=proposed_values(values, named))
        told = replay(found.platform, named, proposal, which)
    answer(replay_document(told), list(replay_lines(told)), as_json=as_json)
