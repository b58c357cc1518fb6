"""The order in which flows run: a flow after those whose tables its rules and tasks read."""

from __future__ import annotations

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter

from headgate.core.contract import RuleKind
from headgate.core.errors import FlowError, Problem
from headgate.core.flow import Flow


def order_flows(flows: Mapping[str, Flow]) -> tuple[str, ...]:
    """Names of the flows, read ones before those that read them, else by name.

    FlowError where flows read each other in a circle; tables that no flow here publishes are passed over.
    """
    reads = {name: sorted(read_by(flow, flows)) for name, flow in sorted(flows.items())}
    try:
        return tuple(TopologicalSorter(reads).static_order())
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        problem = Problem(
            where="flows", what=f"they read each other in a circle: {circle}.", fix="Take one of the references out."
        )
        raise FlowError("The project", [problem]) from error


def read_by(flow: Flow, flows: Mapping[str, Flow]) -> set[str]:
    """Names of the other flows whose published tables the flow reads."""
    named = {rule.arguments["table"] for rule in flow.contract.rules if rule.kind is RuleKind.REFERENCE}
    found = {other for table in named for other in _publishers(table, flows)}
    found.update(table.partition(".")[0] for table in flow.foreign)
    return (found & flows.keys()) - {flow.name}


def needed_tables(flow: Flow) -> set[str]:
    """The referenced tables without which the flow's deliveries wait, as the contract names them."""
    return {
        rule.arguments["table"]
        for rule in flow.contract.rules
        if rule.kind is RuleKind.REFERENCE and rule.arguments.get("if_missing", "wait") == "wait"
    }


def _publishers(table: str, flows: Mapping[str, Flow]) -> set[str]:
    """Flows with a table of that name; `flow.table` names one."""
    owner, _, name = table.rpartition(".")
    return {flow.name for flow in flows.values() if flow.target(name) is not None and owner in {"", flow.name}}
