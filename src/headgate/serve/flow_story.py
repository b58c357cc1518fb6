"""All that is known of one flow: its contract for people, rules with what they caught, tasks, targets, cases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import yaml

from headgate.core.contract import Column, Rule, RuleKind
from headgate.core.flow import Flow, Target, Task
from headgate.core.flow_lineage import TableLineage, flow_lineage
from headgate.core.platform import Platform
from headgate.core.records import Counts
from headgate.serve.contract_history import ContractHistory, read_history
from headgate.serve.contract_words import depth_of, kind_of, must_be, rule_sentence
from headgate.serve.parameter_history import ParameterLine, parameter_lines

CAUGHT_DAYS = 30
MOST_CASES = 200
MOST_CASE_BYTES = 1 << 20


class ColumnLine(msgspec.Struct, frozen=True, kw_only=True):
    """A column of the contract."""

    column: Column
    depth: int
    name: str  # without the path of what it is in
    kind: str
    must_be: str


class RuleLine(msgspec.Struct, frozen=True, kw_only=True):
    """A rule with the rows that it caught."""

    rule: Rule
    words: str
    caught: int
    since: str  # version of the contract


class TaskLine(msgspec.Struct, frozen=True, kw_only=True):
    """A task with what it reads and where its result goes."""

    task: Task
    target: Target | None
    lineage: TableLineage | None


class GoldenCase(msgspec.Struct, frozen=True, kw_only=True):
    """A case of `headgate test` by its name."""

    file: str
    title: str


class FlowStory(msgspec.Struct, frozen=True, kw_only=True):
    """One flow."""

    flow: Flow
    columns: tuple[ColumnLine, ...]
    rules: tuple[RuleLine, ...]  # written ones, and built-in ones that caught something
    quiet: tuple[RuleLine, ...]  # built-in ones that caught nothing
    most_caught: int
    counts: Counts  # of the days
    parameters: tuple[ParameterLine, ...]
    tasks: tuple[TaskLine, ...]
    cases: tuple[GoldenCase, ...]
    history: ContractHistory


def tell_flow(platform: Platform, flow: Flow) -> FlowStory:
    """Gather what is known of a flow."""
    since = platform.clock().date() - timedelta(days=CAUGHT_DAYS)
    caught: Counter[str] = Counter()
    for reason in platform.ledger.caught(flow.name, since):
        caught[reason.rule] += reason.rows
    history = read_history(platform, flow)
    rules = [_rule(rule, caught[rule.id], history) for rule in flow.contract.rules if rule.kind is not RuleKind.TEXT]
    counted = [one.counts for one in platform.ledger.volumes(since) if one.flow == flow.name]
    return FlowStory(
        flow=flow,
        columns=tuple(_columns(flow)),
        rules=tuple(one for one in rules if one.caught or not one.rule.builtin),
        quiet=tuple(one for one in rules if one.rule.builtin and not one.caught),
        most_caught=max((one.caught for one in rules), default=0),
        counts=sum(counted, Counts()),
        parameters=tuple(parameter_lines(platform, flow)),
        tasks=tuple(_tasks(platform, flow)),
        cases=tuple(golden_cases(flow)),
        history=history,
    )


def _columns(flow: Flow) -> Iterator[ColumnLine]:
    told = must_be(flow.contract)
    for column in flow.contract.walk():
        if column.name:  # an element has none: its columns stand below the list
            yield ColumnLine(
                column=column,
                depth=depth_of(column),
                name=column.name,
                kind=kind_of(column),
                must_be="; ".join(text for path in (column.path, f"{column.path}[]") if (text := told.get(path))),
            )


def _rule(rule: Rule, caught: int, history: ContractHistory) -> RuleLine:
    return RuleLine(rule=rule, words=rule_sentence(rule), caught=caught, since=history.since.get(rule.id, ""))


def _tasks(platform: Platform, flow: Flow) -> Iterator[TaskLine]:
    lineage = flow_lineage(flow, platform.memo)
    for task in flow.tasks:
        yield TaskLine(task=task, target=flow.target(task.name), lineage=lineage.get(task.name))


def golden_cases(flow: Flow) -> Iterator[GoldenCase]:
    """The cases of the flow's folder by their titles; whether they hold only `headgate test` says."""
    for place in sorted(Path(flow.folder).glob("cases/*.yaml"))[:MOST_CASES]:
        title = ""
        if place.stat().st_size <= MOST_CASE_BYTES:
            try:
                tree = yaml.safe_load(place.read_bytes())
                title = str(tree.get("title", "")) if isinstance(tree, dict) else ""
            except yaml.YAMLError:
                title = ""
        yield GoldenCase(file=place.name, title=title or "a file that is no case yet")
