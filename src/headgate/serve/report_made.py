"""The last sections: what became of each delivery, and how the report was made and can be made again."""

from __future__ import annotations

from collections.abc import Sequence

from headgate.core.reasons import ReasonCode
from headgate.core.states import DeliveryState
from headgate.serve import report_numbers as numbers
from headgate.serve.report_facts import DeliveryFacts, ParameterFacts, RunFacts, TableFacts
from headgate.serve.report_markup import Markup, element, join
from headgate.serve.report_parts import Head, more, section, subtitle, table

DELIVERIES_SHOWN = 20
TABLES_SHOWN = 40

_WHY = {
    ReasonCode.BELOW_THRESHOLD: "fewer of its rows were accepted than the threshold asks for",
    ReasonCode.NEW_VERSION: "other content came under a name that was taken before",
    ReasonCode.STATED_COUNT: "it holds another number of rows than its sender counted",
    ReasonCode.ROW_COUNT: "it holds more or fewer rows than a delivery may",
    ReasonCode.UNKNOWN_COLUMN: "it brings a column that the contract does not name",
    ReasonCode.MISSING_COLUMN: "a column of the contract is absent from every record",
    ReasonCode.RETYPED_COLUMN: "most values of a column have another type than before",
    ReasonCode.NOT_ALL_ACCEPTED: "the flow is all or nothing, and not all of its rows were accepted",
    ReasonCode.MALFORMED: "a stretch of its bytes is no record",
    ReasonCode.CONTRACT_DRAFT: "its contract is not in force, and such a contract never publishes",
}
_URGENT = (DeliveryState.FAILED, DeliveryState.HELD)


def deliveries_section(facts: RunFacts) -> Markup:
    """Each delivery with its state and counts; those held as a whole with their reason and the next step."""
    if not facts.deliveries:
        return section("deliveries", "Deliveries", element("p", "No file came in this run."))
    ordered = sorted(facts.deliveries, key=_urgency)
    shown = ordered[:DELIVERIES_SHOWN]
    urgent = [each for each in shown if each.held_reason is not None or each.state is DeliveryState.FAILED]
    return section(
        "deliveries",
        "Deliveries",
        subtitle("The files of this run. What is held as a whole is in no figure until a person releases it."),
        *(_note(delivery) for delivery in urgent),
        table(_HEADS, [_row(delivery) for delivery in shown], label="Deliveries", wide=True),
        more(len(shown), len(ordered), "deliveries"),
    )


def made_section(facts: RunFacts, *, digest: str, template: str, definition_digest: str) -> Markup:
    """Contract, parameters, table versions and the digest of the figures; the command that makes the same again."""
    pairs = [
        ("Run", element("span", facts.run_id, class_="mono")),
        ("Contract", _contract(facts)),
        ("Parameters", _parameters(facts.parameters)),
        ("Tables", _tables(facts.tables)),
        ("Form", _form(template, definition_digest)),
        ("Figures", join("SHA-256 ", element("span", digest, class_="mono"))),
        ("Again", element("code", f"headgate report {facts.run_id}")),
    ]
    body = (element("dt", term) + element("dd", value) for term, value in pairs)
    return section(
        "made",
        "How this report was made",
        subtitle("From these versions it is made again byte for byte, as long as the tables keep them."),
        element("dl", *(Markup(pair) for pair in body), class_="pairs"),
    )


_HEADS = (
    Head(text="File"),
    Head(text="Delivery"),
    Head(text="State"),
    Head(text="Received", right=True),
    Head(text="Published", right=True),
    Head(text="Held", right=True),
    Head(text="Rejected", right=True),
    Head(text="Duplicate", right=True),
)


def _urgency(delivery: DeliveryFacts) -> tuple[int, str, str]:
    whole = DeliveryState.HELD if delivery.held_reason is not None else delivery.state
    place = _URGENT.index(whole) if whole in _URGENT else len(_URGENT)
    return (place, delivery.file, delivery.id)


def _row(delivery: DeliveryFacts) -> tuple[str, ...]:
    counts = delivery.counts
    numbers_ = (counts.received, counts.published, counts.held, counts.rejected, counts.duplicate) if counts else ()
    cells = [numbers.fixed(count) for count in numbers_] or [numbers.DASH] * 5
    whole = " as a whole" if delivery.held_reason is not None else ""
    return (delivery.file, element("code", delivery.id, class_="id"), delivery.state.value + whole, *cells)


def _note(delivery: DeliveryFacts) -> Markup:
    """What happened, why, and the command to go on with."""
    if delivery.held_reason is None:
        command = f"headgate retry {delivery.id}"
        told = join(element("b", f"{delivery.file} failed."), " Its bytes are safe in the vault. ")
        then = "Next: see its error, then "
    else:
        command = f"headgate show {delivery.id}"  # which tells who decides there; a report is the same whenever made
        rows = f" {numbers.fixed(delivery.counts.held)} rows wait." if delivery.counts else ""
        told = join(element("b", f"{delivery.file} is held as a whole:"), f" {_why(delivery.held_reason)}.{rows} ")
        then = "Next: look at its reasons, and how it goes on: "
    return element("p", told, then, element("code", command), ".", class_="note")


def _why(reason: str) -> str:
    return _WHY[ReasonCode(reason)] if reason in _WHY else reason.strip().rstrip(".")


def _contract(facts: RunFacts) -> Markup:
    contract = facts.contract
    rules = f"{numbers.fixed(contract.rules)} {'rule' if contract.rules == 1 else 'rules'}"
    return join(
        f"{contract.name} {contract.version}, {rules}, SHA-256 ", element("span", contract.digest, class_="mono")
    )


def _parameters(parameters: Sequence[ParameterFacts]) -> Markup:
    if not parameters:
        return join("none")
    told = [f"{each.name} v{each.version}" + (f" = {each.value}" if each.value else "") for each in parameters]
    return join(", ".join(told))


def _tables(tables: Sequence[TableFacts]) -> Markup:
    if not tables:
        return join("none published yet")
    lines = [_table_line(each) for each in tables[:TABLES_SHOWN]]
    left = len(tables) - len(lines)
    return join(*lines, f"and {left} more" if left > 0 else "")


def _table_line(each: TableFacts) -> Markup:
    digest = join(", ", element("span", each.digest, class_="mono")) if each.digest else ""
    return element("div", f"{each.name} v{each.version}", digest)


def _form(template: str, definition_digest: str) -> Markup:
    if not definition_digest:
        return join(f"template {template}, parts of every report")
    return join(f"template {template}, report.yaml SHA-256 ", element("span", definition_digest, class_="mono"))
