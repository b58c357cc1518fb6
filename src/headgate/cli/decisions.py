"""`release`, `reprocess`, `retry`: what a person decides about deliveries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from headgate.cli.console import answer
from headgate.cli.options import delivery_argument, examples, json_option, project_option

if TYPE_CHECKING:
    from headgate.core.platform import Platform


@click.command("release", epilog=examples('headgate release d-2a9d --reason "the shop confirmed the totals"'))
@delivery_argument
@click.option("--reason", required=True, help="Why; kept in the ledger, its digest in the log.")
@project_option
@json_option
def release(delivery: str, *, reason: str, project: Path | None, as_json: bool) -> None:
    """Let a delivery that is held as a whole go on. Its rows are checked again; what held it does not hold it again.

    Where accounts decide in its flow it takes their votes: `headgate cases decide`.
    """
    from headgate import operations
    from headgate.cli.opened_desk import require_nobody_decides
    from headgate.serve.deliveries import one_delivery
    from headgate.settings import project_settings

    def act(platform: Platform) -> dict[str, Any]:
        one = one_delivery(platform, delivery)
        require_nobody_decides(project_settings(project), one)
        operations.release(platform, one, reason=reason)
        return {}

    _decide(act, project, as_json=as_json)


@click.command(
    "reprocess",
    epilog=examples(
        "headgate reprocess d-2a9d",
        "headgate reprocess d-2a9d --set amount_limit=5000.00",
        "headgate reprocess d-2a9d --same",
    ),
)
@delivery_argument
@click.option(
    "--set", "values", metavar="NAME=VALUE", multiple=True, help="A parameter's value for this delivery alone."
)
@click.option("--same", is_flag=True, help="With the contract and values of its receipt.")
@project_option
@json_option
def reprocess(
    delivery: str,
    *,
    values: tuple[str, ...],
    same: bool,
    project: Path | None,
    as_json: bool,
) -> None:
    """Check a published delivery again, from the bytes in the vault, and replace its rows in one publication."""
    from headgate import operations
    from headgate.serve.deliveries import one_delivery

    def act(platform: Platform) -> dict[str, Any]:
        begun = operations.reprocess(platform, one_delivery(platform, delivery), values=pairs(values), same=same)
        return {
            "set": dict(begun.values),
            "before": dict(begun.before),
            "readable_until": begun.readable_until.isoformat(),
        }

    _decide(act, project, as_json=as_json)


@click.command("retry", epilog=examples("headgate retry d-2a9d", "headgate retry --all"))
@click.argument("delivery", metavar="[DELIVERY]", required=False, help="Its id, or the beginning of it.")
@click.option("--all", "every", is_flag=True, help="All that failed.")
@project_option
@json_option
def retry(delivery: str | None, *, every: bool, project: Path | None, as_json: bool) -> None:
    """Let failed deliveries begin again, when what stopped them is put right."""
    from headgate import operations
    from headgate.core.errors import UsageError
    from headgate.core.ports import DeliveryFilter
    from headgate.core.states import DeliveryState
    from headgate.serve.deliveries import one_delivery

    if (delivery is None) is not every:
        raise UsageError("name one DELIVERY, or all that failed with --all.")

    def act(platform: Platform) -> dict[str, Any]:
        failed = DeliveryFilter(states=(DeliveryState.FAILED,))
        found = [one_delivery(platform, delivery)] if delivery else platform.ledger.deliveries(failed)
        operations.retry(platform, found)
        return {"retried": [one.id for one in found]}

    _decide(act, project, as_json=as_json)


def _decide(act: Callable[[Platform], dict[str, Any]], project: Path | None, *, as_json: bool) -> None:
    """Do the act, then work on what waits, and tell both."""
    from headgate import operations
    from headgate.cli.opening import opened
    from headgate.cli.run_output import run_document, run_lines
    from headgate.cli.running import end_with
    from headgate.settings import project_settings

    settings = project_settings(project)
    with opened(settings) as found:
        told = act(found.platform)
        result = operations.run(found.platform, [], reports=settings.reports)
    lines = list(run_lines(result))
    if "readable_until" in told:
        lines.append(f"The versions before can be read until {told['readable_until'][:10]}: `headgate history TABLE`.")
    answer(run_document(result) | told, lines, as_json=as_json)
    end_with(result)


def pairs(texts: Sequence[str]) -> dict[str, str]:
    """`NAME=VALUE` by name; UsageError for anything else."""
    from headgate.core.errors import UsageError

    for text in texts:
        if "=" not in text.strip("="):
            raise UsageError(f"--set {text!r} is no NAME=VALUE.")
    return dict(text.split("=", 1) for text in texts)
