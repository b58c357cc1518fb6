"""`cases`: what a person must decide, by command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from headgate.cli.console import answer
from headgate.cli.options import Group, examples, flow_argument, json_option, project_option

cases = Group(
    "cases", help="What waits for a person: held rows and deliveries, changes of rules. See it, decide, agree, undo."
)
case_argument = click.argument("case", metavar="CASE", help="Its id, or as much of it as no other begins with.")
MOST_ROWS = 20


@cases.command("list", epilog=examples("headgate cases list", "headgate cases list --flow sales --each --json"))
@click.option("--flow", help="Of this flow alone.")
@click.option("--delivery", help="Of this delivery alone, by its whole id.")
@click.option("--each", is_flag=True, help="A line a case, not a line a reason.")
@click.option("--closed", is_flag=True, help="Those that are closed, a line each.")
@project_option
@json_option
def list_cases(
    *, flow: str | None, delivery: str | None, each: bool, closed: bool, project: Path | None, as_json: bool
) -> None:
    """List what waits: how many rows in how many cases for each reason, the ones due first before."""
    from headgate.cli.case_output import case_lines, case_list_document, group_lines
    from headgate.cli.opened_desk import opened_desk
    from headgate.core.cases import CaseFilter, CaseState
    from headgate.settings import project_settings

    state = CaseState.CLOSED if closed else CaseState.OPEN
    which = CaseFilter(flows=(flow,) if flow else None, delivery=delivery, state=state)
    with opened_desk(project_settings(project)) as desk:
        found = desk.cases.cases(which)
        groups = desk.cases.groups(which)
    lines = case_lines(found) if each or closed else group_lines(groups)
    answer(case_list_document(found, groups), lines, as_json=as_json)


@cases.command("show", epilog=examples("headgate cases show c-4ba4", "headgate cases show c-4ba4 --after 118 --json"))
@case_argument
@click.option("--after", type=int, default=0, help="Begin behind this row.")
@click.option("--rows", "most", type=click.IntRange(0, 1000), default=MOST_ROWS, help="So many rows at most.")
@click.option("--records", is_flag=True, help="The records as they came, personal values too.")
@project_option
@json_option
def show(case: str, *, after: int, most: int, records: bool, project: Path | None, as_json: bool) -> None:
    """Tell one case: what was found, on which rows, what is proposed, who agreed, what was said."""
    from headgate.cli.case_output import case_document, told_case
    from headgate.cli.opened_desk import case_of, opened_desk
    from headgate.core.cases import CaseKind
    from headgate.deciding.desk import one_case
    from headgate.serve.case_rows import page
    from headgate.settings import project_settings

    with opened_desk(project_settings(project)) as desk:
        found = one_case(desk, case_of(desk, case))
        rows = page(desk.platform, found, after=after, most=most) if found.kind is CaseKind.ROWS else []
        document = case_document(desk, found, rows, records=records)
        lines = list(told_case(desk, found, rows, records=records))
    answer(document, lines, as_json=as_json)


@cases.command(
    "decide",
    epilog=examples(
        'headgate cases decide c-4ba4 --act release --reason "the shop confirmed the totals" --dry-run',
        'headgate cases decide c-4ba4 --act correct --rows 90 --set total=13.10 --reason "typing error"',
        'headgate cases decide c-77e1 --act correct --set "items[!].category=Books" --dry-run --reason "all books"',
        'headgate cases decide c-4ba4 --act reject --but 7,9-12 --reason "test orders" --wait',
        'headgate cases decide c-77d0 --act accept --reason "the shop sends the channel now" --dry-run',
        'headgate cases decide c-4ba4 --same-reason --act release --reason "new category, agreed"',
    ),
)
@case_argument
@click.option(
    "--act", type=click.Choice(["release", "correct", "reject", "accept"]), required=True, help="What shall be done."
)
@click.option("--reason", default="", help="Why; kept in the ledger, its digest in the log.")
@click.option("--rows", help="These rows alone: 3,7-12. Default: all that wait in the case.")
@click.option("--but", help="All but these rows.")
@click.option("--found", "value", help="Rows where the rule found this value.")
@click.option("--also", help="Rows that have this reason code too.")
@click.option("--set", "values", metavar="PATH=VALUE", multiple=True, help="What shall stand there; of a correction.")
@click.option("--null", "empties", metavar="PATH", multiple=True, help="What shall be empty; of a correction.")
@click.option(
    "--corrections",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help='Lines of {"row": 5, "values": {"total": "13.10"}} or {"row": 5, "record": "…"}.',
)
@click.option(
    "--contract",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The contract to accept, of drift; default: a draft with the new columns.",
)
@click.option("--same-reason", is_flag=True, help="Every open case of the flow with the same reason, a decision each.")
@click.option("--instead", is_flag=True, help="Change the decision that is under way; votes for it are void.")
@click.option("--dry-run", is_flag=True, help="Say what would happen; propose nothing.")
@click.option("--wait", is_flag=True, help="Until the time for undo is over, then execute and publish.")
@project_option
@json_option
def decide(case: str, *, act: str, reason: str, project: Path | None, as_json: bool, **asked: Any) -> None:  # noqa: ANN401  options
    """Propose what shall become of rows, and agree to it by that unless they were edited.

    Needs a personal API token in HEADGATE_TOKEN. Rows that would not pass are left out and stay held. With enough votes
    the decision is executed after the flow's time for undo, by `headgate serve`, `headgate run` or --wait.
    """
    from headgate.cli.case_acts import Asked, decide_all
    from headgate.settings import project_settings

    settings = project_settings(project)
    document, lines, status = decide_all(settings, case, act, reason, Asked(**asked))
    answer(document, lines, as_json=as_json)
    if status:
        raise click.exceptions.Exit(status)


@cases.command(
    "propose",
    epilog=examples(
        'headgate cases propose sales --set amount_limit=3000.00 --reason "limit of the new season" --dry-run',
        'headgate cases propose sales --contract next.odcs.yaml --reason "the channel became required"',
        'headgate cases propose sales --set fx_rates=rates.csv --set amount_limit=3000 --reason "rates of 2027"',
    ),
)
@flow_argument
@click.option(
    "--contract",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The contract that shall be in force.",
)
@click.option(
    "--set", "values", metavar="NAME=VALUE", multiple=True, help="A parameter; of a table the path of its CSV file."
)
@click.option(
    "--replay", "newest", metavar="N", type=click.IntRange(min=1), help="Replay it over the newest N deliveries before."
)
@click.option("--reason", default="", help="Why; kept in the ledger and with the parameters, its digest in the log.")
@click.option("--instead", is_flag=True, help="Change the proposal that is under way; votes for it are void.")
@click.option("--dry-run", is_flag=True, help="Say what would change; propose nothing.")
@project_option
@json_option
def propose(flow: str, *, reason: str, project: Path | None, as_json: bool, **asked: Any) -> None:  # noqa: ANN401  options
    """Propose a change of a flow's rules: its contract, values of parameters, or both. Others agree to it.

    Needs a personal API token in HEADGATE_TOKEN. It takes as many votes as `review.rule_changes` of the flow says, none
    of them from who proposes; then it is in force after the flow's time for undo.
    """
    from headgate.cli.case_changes import AskedChange, propose_change
    from headgate.settings import project_settings

    document, lines = propose_change(project_settings(project), flow, AskedChange(**asked), reason=reason)
    answer(document, lines, as_json=as_json)


@cases.command("agree", epilog=examples("headgate cases agree c-4ba4 --digest 3f9a21"))
@case_argument
@click.option("--digest", required=True, help="Of what you looked at, as `show` tells it: eight digits or more.")
@click.option("--wait", is_flag=True, help="Until the time for undo is over, then execute and publish.")
@project_option
@json_option
def agree(case: str, *, digest: str, wait: bool, project: Path | None, as_json: bool) -> None:
    """Vote for what is proposed, and exactly that: another content than you looked at is refused."""
    from headgate.cli.case_acts import agree_to
    from headgate.settings import project_settings

    document, lines = agree_to(project_settings(project), case, digest, wait=wait)
    answer(document, lines, as_json=as_json)


@cases.command("undo", epilog=examples("headgate cases undo c-4ba4"))
@case_argument
@project_option
@json_option
def undo(case: str, *, project: Path | None, as_json: bool) -> None:
    """Take back the decision that is under way on a case, while it is not executed."""
    from headgate.cli.case_acts import take_back
    from headgate.settings import project_settings

    document, lines = take_back(project_settings(project), case)
    answer(document, lines, as_json=as_json)


@cases.command(
    "comment",
    epilog=examples(
        'headgate cases comment c-4ba4 "which shop is this?" --question',
        'headgate cases comment c-4ba4 "they said on the phone: the harbour shop" --settles',
    ),
)
@case_argument
@click.argument("text", help="What to say.")
@click.option("--question", "--ask", "ask", is_flag=True, help="Ask the sender: the case is marked until they answer.")
@click.option("--settles", is_flag=True, help="It tells what the sender answered by another way.")
@project_option
@json_option
def comment(case: str, text: str, *, ask: bool, settles: bool, project: Path | None, as_json: bool) -> None:
    """Say something about a case. `@name` tells that account, where it may see the flow.

    A question stands on the page of whoever sent the delivery, an account or an upload link, until they answer.
    """
    from headgate.cli.case_acts import say_about
    from headgate.settings import project_settings

    document, lines = say_about(project_settings(project), case, text, question=ask, settles=settles)
    answer(document, lines, as_json=as_json)


@cases.command("answer", epilog=examples('headgate cases answer c-4ba4 "the harbour shop; its till was new that day"'))
@case_argument
@click.argument("text", help="The answer, at most 2,000 characters.")
@project_option
@json_option
def answer_question(case: str, text: str, *, project: Path | None, as_json: bool) -> None:
    """Answer the question on a case, for whoever sent its delivery by an account.

    Needs that account's personal API token in HEADGATE_TOKEN, with the permission to upload. Where nothing waits for
    the account any more, nothing is taken (exit status 2).
    """
    from headgate.cli.case_acts import answer_to
    from headgate.settings import project_settings

    document, lines = answer_to(project_settings(project), case, text)
    answer(document, lines, as_json=as_json)


@cases.command("assign", epilog=examples("headgate cases assign c-4ba4 reviewer-1", "headgate cases assign c-4ba4"))
@case_argument
@click.argument("name", required=False, help="Of the account; none: nobody.")
@project_option
@json_option
def assign(case: str, name: str | None, *, project: Path | None, as_json: bool) -> None:
    """Make an account responsible for a case."""
    from headgate.cli.case_acts import assign_to
    from headgate.settings import project_settings

    document, lines = assign_to(project_settings(project), case, name)
    answer(document, lines, as_json=as_json)
