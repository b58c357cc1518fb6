"""What is allowed in a contract or a flow and still wrong, or likely to surprise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from headgate.core.contract import Column, Contract, Kind, Rule, RuleKind, Scope
from headgate.core.errors import Problem
from headgate.core.flow import NOW, Flow
from headgate.core.flow_tasks import sql_arguments
from headgate.core.reasons import Consequence


class Level(StrEnum):
    """How bad a finding is."""

    ERROR = "error"  # the contract or flow is not taken
    WARNING = "warning"  # it is taken; somebody should look


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding(Problem):
    """One thing that lint tells; `where` is the id of a rule, the path of a column, or a file of the flow."""

    level: Level


def lint(contract: Contract, flow: Flow | None = None) -> list[Finding]:
    """Errors and warnings in contract order; those of tasks and parameters too where the flow is given.

    What makes a contract unreadable is told by `read_contract` before.
    """
    found = [
        *_keys(contract),
        *_personal(contract),
        *_freshness(contract),
        *_predicates(contract),
        *_deliveries(contract),
        *_twins(contract),
        *_sums(contract),
        *_words(contract),
    ]
    if flow is not None:
        found.extend(_parameters(flow))
        found.extend(_tasks(flow))
        found.extend(Finding(level=Level.WARNING, where="flow.yaml", what=warning) for warning in flow.warnings)
    return found


def _error(where: str, what: str, fix: str) -> Finding:
    return Finding(level=Level.ERROR, where=where, what=what, fix=fix)


def _warning(where: str, what: str, fix: str = "") -> Finding:
    return Finding(level=Level.WARNING, where=where, what=what, fix=fix)


# ── The contract ─────────────────────────────────────────────────────────────────────────────────────────────────────
def _keys(contract: Contract) -> Iterator[Finding]:
    sure = _sure_paths(contract)
    for path in contract.key:
        if path not in sure:
            yield _error(path, "a key that may be missing.", "Add `required: true`; a missing key must hold or reject.")


def _sure_paths(contract: Contract) -> frozenset[str]:
    """Columns that are never NULL in an accepted row: their absence holds or rejects, and that of what holds them."""
    present = {
        rule.reads[0]
        for rule in contract.rules
        if rule.kind is RuleKind.PRESENT and rule.consequence is not Consequence.WARN
    }
    sure: set[str] = set()

    def descend(column: Column, *, around: bool) -> None:
        # An element is looked at only where it is there, so it need not be required itself.
        here = around and (column.path in present or column.path.endswith("[]"))
        if here:
            sure.add(column.path)
        for child in column.children:
            descend(child, around=here)
        if column.element is not None:
            descend(column.element, around=here)

    for column in contract.columns:
        descend(column, around=True)
    return frozenset(sure)


def _personal(contract: Contract) -> Iterator[Finding]:
    marked = [column.path for column in contract.walk() if column.personal]
    if marked and contract.subject is None:
        yield _error(
            marked[0],
            "a personal column in a contract without `subject`.",
            "Name the column that tells whose data a row is.",
        )


def _freshness(contract: Contract) -> Iterator[Finding]:
    kinds = {column.path: column.kind for column in contract.walk()}
    for level in contract.freshness:
        if kinds[level.column] not in {Kind.DATE, Kind.TIMESTAMP}:
            yield _error(level.column, "a service level on a column without a date.", "Name a date or a timestamp.")


def _predicates(contract: Contract) -> Iterator[Finding]:
    sure = _sure_paths(contract)
    for rule in contract.rules:
        if rule.kind is not RuleKind.PREDICATE or "guarded" not in rule.arguments:
            continue
        skipped = {path for _, path in rule.arguments["skipped"]}
        for function, path in rule.arguments["skipped"]:
            if not _is_sure(path, rule, sure):
                yield _warning(
                    rule.id, f"{function}() passes over NULL, and {path} may be missing.", "Require the column."
                )
        for path in rule.reads:
            if path in skipped or path in rule.arguments["guarded"] or _is_sure(path, rule, sure):
                continue
            fix = f"Write `{_relative(path, rule)} is null or …`, or require it."
            yield _warning(rule.id, f"{path} may be missing, and then the rule cannot be evaluated.", fix)


def _is_sure(path: str, rule: Rule, sure: frozenset[str]) -> bool:
    return path in sure or (rule.scope is Scope.ELEMENT and path == f"{rule.array}[]")


def _relative(path: str, rule: Rule) -> str:
    return path.removeprefix(f"{rule.array}[].") if rule.array else path


def _deliveries(contract: Contract) -> Iterator[Finding]:
    for rule in contract.rules:
        if rule.scope is Scope.DELIVERY and rule.consequence is Consequence.REJECT:
            yield _warning(
                rule.id, "`reject` on a whole delivery acts as `hold`.", "Nothing rejects a delivery without a person."
            )


def _twins(contract: Contract) -> Iterator[Finding]:
    """A written rule beside a built-in one of its kind with other content: both hold, which may not be meant."""
    builtin = {(rule.kind, rule.reads): rule for rule in contract.rules if rule.builtin}
    for rule in contract.rules:
        other = builtin.get((rule.kind, rule.reads))
        if not rule.builtin and other is not None and rule.kind is not RuleKind.REFERENCE:
            yield _warning(rule.id, f"both this rule and {other.id} are checked; they differ.", "Say it at one place.")


def _sums(contract: Contract) -> Iterator[Finding]:
    floats = _floats(contract)
    if not floats:
        return
    # SQLGlot takes 0.2 s to import; contracts without floating point do not need it.
    from headgate.core.contract_lineage import summed_names  # noqa: PLC0415

    for rule in contract.rules:
        sql = sql_arguments(rule).get("sql", "")
        for name in sorted(summed_names(sql) & floats):
            yield _error(rule.id, f"{name} is summed but is no DECIMAL.", "Add `physicalType: DECIMAL(p,s)`.")


def _floats(contract: Contract) -> frozenset[str]:
    """Names of floating-point columns as a sum may say them: email, customer_email."""
    paths = [column.path for column in contract.walk() if column.kind is Kind.NUMBER]
    short = {path.replace("[]", "").rpartition(".")[2] for path in paths}
    return frozenset(short | {path.replace("[]", "").replace(".", "_") for path in paths})


def _words(contract: Contract) -> Iterator[Finding]:
    for text in contract.unchecked:
        yield _warning(contract.id, f"not checked: {text}")
    if contract.status == "deprecated":
        yield _warning(contract.id, "the contract is deprecated.", "Agree on its successor.")
    if contract.status in {"draft", "proposed", "retired"}:
        yield _warning(
            contract.id, f"the contract is {contract.status}: nothing is published.", "Set `status: active`."
        )
    if contract.team and not any(role == "owner" for _, role in contract.team):
        yield _warning(contract.id, "no member of the team is the owner.", "Give one `role: owner`.")


# ── The flow ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def _parameters(flow: Flow) -> Iterator[Finding]:
    used: set[str] = {NOW}
    for rule in flow.contract.rules:
        arguments = sql_arguments(rule)
        used.update(arguments.get("parameters", ()))
        used.update(lookup["table"] for lookup in arguments.get("lookups", ()))
    texts = " ".join(flow.files.get(task.file, b"").decode("utf-8", "replace") for task in flow.tasks)
    for parameter in flow.parameters:
        if parameter.name not in used and parameter.name not in texts:
            yield _warning(f"flow.yaml: {parameter.name}", "no rule and no task uses the parameter.", "Take it out.")


def _tasks(flow: Flow) -> Iterator[Finding]:
    if not any(task.function is None for task in flow.tasks):
        return
    from headgate.core.contract_lineage import personal_outputs, summed_names  # noqa: PLC0415 - as above

    floats = _floats(flow.contract)
    personal: dict[str, frozenset[str]] = {}
    for task in flow.tasks:
        if task.function is not None:
            continue
        sql = flow.files[task.file].decode("utf-8")
        for name in sorted(summed_names(sql) & floats):
            yield _error(task.file, f"{name} is summed but is no DECIMAL.", "Make it DECIMAL in the contract.")
        personal[task.name] = personal_outputs(sql, flow.contract, personal)
        target = flow.target(task.name)
        if target is not None and target.layer == "gold":
            for name in sorted(personal[task.name]):
                yield _error(
                    task.file, f"{name} holds personal data.", "Gold tables hold none; use the key of the subject."
                )
