"""`status` and `show`: how the project and one delivery stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from headgate.cli.console import answer, columns
from headgate.cli.options import delivery_argument, examples, json_option, project_option

if TYPE_CHECKING:
    from headgate.serve.delivery_story import Story
    from headgate.serve.status import Status


@click.command("status", epilog=examples("headgate status", "headgate status --json"))
@project_option
@json_option
def status(*, project: Path | None, as_json: bool) -> None:
    """Tell how the project stands: deliveries by state, what waits for a person, the last run."""
    from headgate.cli.opening import opened_to_read
    from headgate.core.cases import CaseFilter
    from headgate.serve.status import read_status
    from headgate.settings import project_settings
    from headgate.wiring import open_cases

    settings = project_settings(project)
    with opened_to_read(settings) as opened, closing(open_cases(settings)) as cases:
        found = read_status(opened.platform)
        groups = cases.groups(CaseFilter())
    waiting = {"cases": sum(group.cases for group in groups), "rows": sum(group.rows for group in groups)}
    lines = [*_status_lines(found, waiting)]
    answer(_status_document(found) | {"open_cases": waiting}, lines, as_json=as_json)


def _status_document(found: Status) -> dict[str, Any]:
    run = found.last_run
    return {
        "flows": {flow: dict(states) for flow, states in found.flows.items()},
        "waiting": [
            {"id": one.id, "flow": one.flow, "file": one.name, "state": one.state.value, "held_for": list(one.held_for)}
            for one in found.attention
        ],
        "at_work": found.at_work,
        "last_run": None
        if run is None
        else {
            "id": run.id,
            "started": run.started_at.isoformat(),
            "ended": run.ended_at.isoformat() if run.ended_at else None,
        },
        "events": found.events,
        "unanchored": found.unanchored,
    }


def _status_lines(found: Status, waiting: Mapping[str, int]) -> Iterator[str]:
    rows = [
        (flow or "(no flow)", state, count) for flow, states in found.flows.items() for state, count in states.items()
    ]
    yield from columns(rows, heads=("flow", "state", "deliveries"), right=(2,)) if rows else ["No delivery yet."]
    if found.attention:
        yield "Waiting for a person:"
        yield from (
            f"  {line}"
            for line in columns([(one.id, one.state, one.name, ", ".join(one.held_for)) for one in found.attention])
        )
        yield "  Next: headgate show DELIVERY tells what was found, and what to do."
    if waiting["cases"]:
        cases = f"{waiting['cases']:,} {'case is' if waiting['cases'] == 1 else 'cases are'}"
        yield f"{cases} open, with {waiting['rows']:,} rows. Next: headgate cases list"
    if found.at_work:
        yield f"{found.at_work:,} deliveries are under way or wait for the next `headgate run`."
    if (run := found.last_run) is not None:
        ended = f"ended {run.ended_at:%H:%M:%S}" if run.ended_at else "did not end"
        yield f"Last run: {run.id}, began {run.started_at:%Y-%m-%d %H:%M:%S} UTC, {ended}"
    yield f"Log: {found.events:,} events, {found.unanchored:,} of them not anchored"


@click.command("show", epilog=examples("headgate show d-b2df4ad8b8cf2f17", "headgate show d-b2df --records --json"))
@delivery_argument
@click.option("--records", is_flag=True, help="The sampled rows as they came, personal values too.")
@project_option
@json_option
def show(delivery: str, *, records: bool, project: Path | None, as_json: bool) -> None:
    """Tell all that is known of one delivery: events, counts, reasons with samples, cases, amendments, receipts."""
    from headgate.cli.delivery_cases import told_document, told_lines
    from headgate.cli.opening import opened_to_read
    from headgate.core.cases import CaseFilter, DecisionState
    from headgate.core.overlay import origin_of
    from headgate.serve.deliveries import one_delivery
    from headgate.serve.delivery_story import tell_story
    from headgate.settings import project_settings
    from headgate.wiring import open_cases

    settings = project_settings(project)
    with opened_to_read(settings) as opened, closing(open_cases(settings)) as book:
        story = tell_story(opened.platform, one_delivery(opened.platform, delivery))
        cases = book.cases(CaseFilter(delivery=origin_of(story.delivery), state=None))
        decisions = book.decisions([one.id for one in cases], states=(DecisionState.EXECUTED,)) if cases else []
        by_votes = opened.platform.accounts_decide(story.delivery.flow or "")
    document = _story_document(story, records=records) | told_document(story.delivery, cases, decisions)
    lines = [
        *_story_lines(story, records=records, accounts_decide=by_votes),
        *told_lines(story.delivery, cases, decisions),
    ]
    answer(document, lines, as_json=as_json)


def _story_document(story: Story, *, records: bool) -> dict[str, Any]:
    from headgate.serve.deliveries import delivery_document, receipt_file

    one = story.delivery
    return {
        **delivery_document(one, {receipt.delivery: receipt for receipt in story.receipts}),
        "landed_at": one.landed_at.isoformat(),
        "sha256": one.sha256,
        "size_bytes": one.size_bytes,
        "form": dict(one.form),
        "contract": one.contract,
        "parameters": dict(one.parameters),
        "facts": dict(one.facts),
        "released": one.released,
        "publication": one.publication,
        "versions": dict(story.versions),
        "events": [dict(event) for event in story.events],
        "samples": [
            {
                "row": sample.row,
                "verdict": sample.verdict,
                "reasons": [dict(reason) for reason in sample.reasons],
                "offset": sample.offset,
                "length": sample.length,
                **({"record": sample.record} if records else {}),
            }
            for sample in story.samples
        ],
        "receipts": [receipt_file(receipt) for receipt in story.receipts],
    }


def _story_lines(story: Story, *, records: bool, accounts_decide: bool) -> Iterator[str]:
    from headgate.cli.run_output import balance_line, next_steps
    from headgate.serve.deliveries import receipt_file

    one = story.delivery
    yield from columns([(one.id, one.name)])
    landed = f"landed {one.landed_at:%Y-%m-%d %H:%M:%S} UTC"
    yield f"  flow {one.flow or '(none)'}, {one.state}, {one.size_bytes:,} bytes, {landed}"
    yield f"  SHA-256 {one.sha256}"
    if one.counts is not None:
        yield f"  {balance_line(one.counts)}"
    yield from (f"  {line}" for line in next_steps(one, accounts_decide=accounts_decide))
    yield "Events"
    yield from (f"  {line}" for line in columns([(event["at"], event["type"]) for event in story.events]))
    if one.reasons:
        yield "Reasons"
        rows = [(reason.rows, reason.verdict, reason.code, reason.column, reason.rule) for reason in one.reasons]
        yield from (
            f"  {line}" for line in columns(rows, heads=("rows", "verdict", "code", "column", "rule"), right=(0,))
        )
    if story.samples:
        yield "Rows that were kept back, two for each leading reason"
        for sample in story.samples:
            told = "; ".join(f"{reason['code']} {reason['column']} = {reason['value']}" for reason in sample.reasons)
            yield from (f"  {line}" for line in columns([(f"row {sample.row:,}", sample.verdict, told)]))
            if records:
                yield from (f"    {line}" for line in columns([(sample.record,)]))
    if story.versions:
        yield "Tables after its publication"
        yield from (f"  {line}" for line in columns(sorted(story.versions.items()), right=(1,)))
    yield from (f"Receipt: receipts/{receipt_file(receipt)}" for receipt in story.receipts)
