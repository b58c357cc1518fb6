"""`parameters`: values that rules and tasks use, and their versions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from headgate.cli.console import answer, columns
from headgate.cli.options import Group, examples, flow_argument, json_option, project_option

if TYPE_CHECKING:
    from headgate.core.flow import Flow
    from headgate.core.records import ParameterVersion

name_argument = click.argument("name", metavar="NAME", help="Name of the parameter.")

parameters = Group("parameters", help="Values that rules and tasks use; every change is a version in the ledger.")


@parameters.command("list", epilog=examples("headgate parameters list sales"))
@flow_argument
@project_option
@json_option
def list_(flow: str, *, project: Path | None, as_json: bool) -> None:
    """List a flow's parameters with the values in force."""
    from headgate.cli.opening import opened
    from headgate.operations import known_flow
    from headgate.settings import project_settings

    with opened(project_settings(project)) as found:
        named = known_flow(found.platform, flow)
        in_force = {version.name: version for version in found.platform.ledger.parameters(flow)}
    document = [_described(one, in_force) for one in _declared(named)]
    rows = [(one["name"], one["value"], one["unit"], one["version"], one["type"], one["about"]) for one in document]
    heads = ("name", "value", "unit", "version", "type", "about")
    answer({"flow": flow, "parameters": document}, columns(rows, heads=heads) or ["None."], as_json=as_json)


@parameters.command(
    "set",
    epilog=examples(
        'headgate parameters set sales amount_limit 3000.00 --reason "limit of the new season"',
        'headgate parameters set sales fx_rates rates.csv --reason "rates of 2027"',
    ),
)
@flow_argument
@name_argument
@click.argument("value", metavar="VALUE", help="Of a table: the path of its CSV file.")
@click.option("--reason", required=True, help="Why; kept with the version.")
@project_option
@json_option
def set_(flow: str, name: str, value: str, *, reason: str, project: Path | None, as_json: bool) -> None:
    """Enter the next version of a parameter. What was judged before stays as it is; `reprocess` judges again.

    Where accounts decide in the flow it takes their votes: `headgate cases propose`.
    """
    import getpass

    from headgate.cli.opened_desk import require_nobody_decides_rules
    from headgate.cli.opening import opened
    from headgate.operations import change_parameter, known_flow
    from headgate.settings import project_settings

    settings = project_settings(project)
    with opened(settings) as found:
        require_nobody_decides_rules(settings, known_flow(found.platform, flow).name, f"--set {name}={value}")
        user = getpass.getuser()
        version = change_parameter(found.platform, flow, name, value, set_by=user, reason=reason)
    told = f"{flow}.{name} is {version.value} from now on: version {version.number}."
    answer(_version(version), [told], as_json=as_json)


@parameters.command("history", epilog=examples("headgate parameters history sales amount_limit"))
@flow_argument
@name_argument
@project_option
@json_option
def history(flow: str, name: str, *, project: Path | None, as_json: bool) -> None:
    """Tell all versions of a parameter, oldest first."""
    from headgate.cli.opening import opened
    from headgate.operations import declared, known_flow
    from headgate.settings import project_settings

    with opened(project_settings(project)) as found:
        declared(known_flow(found.platform, flow), name)
        versions = found.platform.ledger.parameters(flow, name)
    rows = [(one.number, one.value, f"{one.set_at:%Y-%m-%d %H:%M:%S}", one.set_by, one.reason) for one in versions]
    lines = columns(rows, heads=("version", "value", "set at (UTC)", "by", "reason"), right=(0,))
    document = {"flow": flow, "name": name, "versions": [_version(one) for one in versions]}
    answer(document, lines, as_json=as_json)


def _declared(flow: Flow) -> Iterator[tuple[str, str, str, str]]:
    for one in flow.parameters:
        yield one.name, one.type, one.unit, one.about


def _described(declared: tuple[str, str, str, str], in_force: dict[str, ParameterVersion]) -> dict[str, Any]:
    name, kind, unit, about = declared
    version = in_force.get(name)
    return {
        "name": name,
        "value": version.value if version else None,
        "version": version.number if version else None,
        "type": kind,
        "unit": unit,
        "about": about,
    }


def _version(version: ParameterVersion) -> dict[str, Any]:
    return {
        "flow": version.flow,
        "name": version.name,
        "number": version.number,
        "value": version.value,
        "set_by": version.set_by,
        "reason": version.reason,
        "set_at": version.set_at.isoformat(),
    }
