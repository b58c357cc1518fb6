"""`alerts`: what is wrong now, who is told of it, and what keeps it from being told."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.exceptions import Exit

from headgate.cli.alerts_opening import alerts_to_read
from headgate.cli.console import answer, columns
from headgate.cli.options import Group, examples, json_option, project_option

if TYPE_CHECKING:
    from headgate.alerts.listing import AlertList, Shown
    from headgate.core.queue import DeadLetter

alerts = Group("alerts", help="What is wrong now, who is told of it, and what keeps it from being told.")
alert_argument = click.argument("alert", metavar="ALERT", help="Its id, or as much of it as no other begins with.")


@alerts.command("list", epilog=examples("headgate alerts list", "headgate alerts list --past 20"))
@click.option("--past", metavar="N", type=click.IntRange(0, 1000), default=0, help="Also so many that are over.")
@project_option
@json_option
def list_(*, past: int, project: Path | None, as_json: bool) -> None:
    """List the alerts that stand, and the silences."""
    from headgate.alerts.listing import document, list_alerts, silence_document

    with alerts_to_read(project) as opened:
        found = list_alerts(opened.desk, past=past)
    given = {
        "alerts": [document(one) for one in (*found.standing, *found.past)],
        "silences": [silence_document(one) for one in found.silences],
    }
    answer(given, _lines(found), as_json=as_json)


@alerts.command("show", epilog=examples("headgate alerts show al-4f1c"))
@alert_argument
@project_option
@json_option
def show(alert: str, *, project: Path | None, as_json: bool) -> None:
    """Show one alert: what is wrong, the next step, and who was told when."""
    from headgate.alerts.listing import document, notice_document
    from headgate.alerts.listing import show as shown

    with alerts_to_read(project) as opened:
        desk = opened.desk
        one = shown(desk.alerts.alert(alert), desk.alerts.silences(at=desk.clock()), desk.clock())
        notices = desk.alerts.notices(one.alert.id)
    rows = [(f"{notice.made_at:%Y-%m-%d %H:%M}", notice.kind, notice.receiver, _fate(notice)) for notice in notices]
    told = columns(rows, heads=("told", "why", "receiver", "")) if rows else ["Nobody was told."]
    lines = [one.told.heading, one.told.what, f"Next: {one.told.next}", f"{one.alert.id}, {one.state}", *told]
    answer(document(one) | {"notices": [notice_document(notice) for notice in notices]}, lines, as_json=as_json)


@alerts.command("ack", epilog=examples("headgate alerts ack al-4f1c"))
@alert_argument
@project_option
@json_option
def ack(alert: str, *, project: Path | None, as_json: bool) -> None:
    """Say that somebody sees to it: it is told to nobody any more until it is over."""
    from headgate.alerts.desk import acknowledge
    from headgate.people import COMMAND

    with alerts_to_read(project, writes=True) as opened:
        one = opened.desk.alerts.alert(alert)
        done = acknowledge(opened.desk, one, by=COMMAND)
    told = f"{one.id} is acknowledged." if done else f"{one.id} is over, or somebody acknowledged it before."
    answer({"alert": one.id, "acknowledged": done}, [told], as_json=as_json)


@alerts.command(
    "silence",
    epilog=examples(
        'headgate alerts silence al-4f1c --for "4 h" --reason "the sender knows"',
        'headgate alerts silence --flow sales --kind nothing-came --for "2 days" --reason "holiday"',
    ),
)
@click.argument("alert", metavar="[ALERT]", required=False, help="This one, also when it comes again.")
@click.option("--kind", metavar="KIND", help="All of a kind, such as nothing-came.")
@click.option("--flow", metavar="FLOW", help="All of a flow.")
@click.option("--for", "length", metavar="TIME", required=True, help='Such as "30 min", "4 h" or "2 days".')
@click.option("--reason", metavar="TEXT", required=True, help="For whoever finds it.")
@project_option
@json_option
def silence(
    *,
    alert: str | None,
    kind: str | None,
    flow: str | None,
    length: str,
    reason: str,
    project: Path | None,
    as_json: bool,
) -> None:
    """Tell nobody of one alert, of a kind, or of a flow for a while. What is wrong stands on the page all the same."""
    from datetime import timedelta

    from headgate.alerts.desk import silence as make_silence
    from headgate.alerts.listing import silence_document
    from headgate.people import COMMAND

    span, of_kind = timedelta(seconds=_seconds(length)), _kind(kind)
    with alerts_to_read(project, writes=True) as opened:
        desk = opened.desk
        key = None if alert is None else desk.alerts.alert(alert).key
        until = desk.clock() + span
        made = make_silence(desk, until=until, reason=reason, by=COMMAND, key=key, kind=of_kind, flow=flow)
    lines = [
        f"{made.id}: silent until {made.until:%Y-%m-%d %H:%M} UTC.",
        f"Next: `headgate alerts unsilence {made.id}`.",
    ]
    answer(silence_document(made), lines, as_json=as_json)


@alerts.command("unsilence", epilog=examples("headgate alerts unsilence si-77aa01"))
@click.argument("silence", metavar="SILENCE", help="Its id, as `headgate alerts list` tells it.")
@project_option
@json_option
def unsilence(silence: str, *, project: Path | None, as_json: bool) -> None:
    """End a silence before its time."""
    from headgate.alerts.desk import end_silence
    from headgate.core.errors import NotFoundError
    from headgate.people import COMMAND

    with alerts_to_read(project, writes=True) as opened:
        if not end_silence(opened.desk, silence, by=COMMAND):
            raise NotFoundError(f"no silence {silence[:80]!r} stands. Next: `headgate alerts list`.")
    answer({"silence": silence, "ended": True}, [f"{silence} has ended."], as_json=as_json)


@alerts.command(
    "undelivered",
    epilog=examples(
        "headgate alerts undelivered", "headgate alerts undelivered --again 17", "headgate alerts undelivered --all"
    ),
)
@click.option("--again", metavar="NUMBER", type=int, multiple=True, help="Try this one anew.")
@click.option("--all", "all_", is_flag=True, help="Try all of them anew.")
@project_option
@json_option
def undelivered(*, again: tuple[int, ...], all_: bool, project: Path | None, as_json: bool) -> None:
    """List notices that were given up, or have them tried anew by `serve` or the next `check`."""
    with alerts_to_read(project, writes=bool(again) or all_) as opened:
        dead = opened.desk.queue.dead_letters(most=1000)
        put_back = [one.number for one in dead] if all_ else list(again)
        for number in put_back:
            opened.desk.queue.put_back(number)
    lines = [f"{len(put_back)} put back."] if put_back else _dead_lines(dead)
    given = {"undelivered": [_dead_document(one) for one in dead], "put_back": put_back}
    answer(given, lines, as_json=as_json)


@alerts.command("check", epilog=examples("headgate alerts check", "headgate alerts check --fail-on-open"))
@click.option("--fail-on-open", is_flag=True, help="End with 3 where an alert stands that nobody acknowledged.")
@project_option
@json_option
def check(*, fail_on_open: bool, project: Path | None, as_json: bool) -> None:
    """Look at everything now, and tell whom it concerns: what `serve` does every minute, for cron."""
    from headgate.alerts.listing import document, list_alerts
    from headgate.cli.alerts_opening import alerts_to_check
    from headgate.cli.console import note
    from headgate.cli.failures import ROWS_FOUND

    with alerts_to_check(project) as (desk, look, send):
        looked = look()
        sent = send()
        found = list_alerts(desk, past=0)
    if looked.elsewhere:
        note("Another process looks at this moment; what stands is what was found before.")
    for kind, why in looked.unknown.items():
        note(f"{kind} could not be looked at: {why}")
    lines = _lines(found)
    lines.append(f"{sent.delivered:,} told, {sent.later:,} tried again later, {sent.given_up:,} given up.")
    given = {
        "alerts": [document(one) for one in found.standing],
        "unknown": {kind.value: why for kind, why in looked.unknown.items()},
        "looked_elsewhere": looked.elsewhere,
        "delivered": sent.delivered,
        "later": sent.later,
        "given_up": sent.given_up,
    }
    answer(given, lines, as_json=as_json)
    if fail_on_open and found.of("open"):
        raise Exit(ROWS_FOUND)


@alerts.command("test", epilog=examples("headgate alerts test", "headgate alerts test operators"))
@click.argument("receiver", metavar="[RECEIVER]", required=False, help="Only this one.")
@project_option
@json_option
def test(*, receiver: str | None, project: Path | None, as_json: bool) -> None:
    """Send a test to each receiver, at once and once. Ends with 1 where one did not take it."""
    from headgate.alerts.trying import try_receivers
    from headgate.cli.failures import FAILED

    with alerts_to_read(project) as opened:
        tried = try_receivers(opened.desk, only=receiver)
    lines = [f"{name}: {'took it' if fault is None else fault}" for name, fault in tried.items()]
    rows = [{"receiver": name, "ok": fault is None, "fault": fault or ""} for name, fault in tried.items()]
    answer({"receivers": rows}, lines or ["There is no receiver in [alerts] of headgate.toml."], as_json=as_json)
    if any(tried.values()):
        raise Exit(FAILED)


def _lines(found: AlertList) -> list[str]:
    lines = [line for one in (*found.standing, *found.past) for line in _alert_lines(one)]
    lines += [f"silent until {one.until:%Y-%m-%d %H:%M} UTC: {_about(one)}, {one.id}" for one in found.silences]
    return lines or ["Nothing is wrong."]


def _alert_lines(one: Shown) -> list[str]:
    told = one.told
    return [f"{one.alert.id}  {one.state}  {told.heading}", f"    {told.what}", f"    Next: {told.next}"]


def _about(one: Any) -> str:  # noqa: ANN401  core's Silence, not imported for the speed of --help
    parts = [one.key, one.kind and f"kind {one.kind}", one.flow is not None and f"flow {one.flow or '-'}"]
    return ", ".join(str(part) for part in parts if part)


def _fate(notice: Any) -> str:  # noqa: ANN401  core's Notice, as above
    if notice.delivered_at is not None:
        return f"delivered {notice.delivered_at:%H:%M:%S}"
    return f"given up: {notice.fault}" if notice.failed_at is not None else "on its way"


def _dead_lines(dead: list[DeadLetter]) -> list[str]:
    if not dead:
        return ["Every notice reached its receiver, or is on its way."]
    rows = [(one.number, one.id, f"{one.died_at:%Y-%m-%d %H:%M}", one.reason, one.description) for one in dead]
    following = "Next: put right what they say, then `headgate alerts undelivered --all`."
    return [*columns(rows, heads=("number", "notice", "given up", "reason", "")), following]


def _dead_document(one: DeadLetter) -> dict[str, Any]:
    return {
        "number": one.number,
        "notice": one.id,
        "tries": one.deliveries,
        "given_up_at": one.died_at.isoformat(),
        "reason": one.reason,
        "description": one.description,
    }


def _seconds(text: str) -> int:
    from headgate.alerts.toml_table import SECONDS, amount_of
    from headgate.core.errors import UsageError

    try:
        return amount_of(text, SECONDS)
    except ValueError as error:
        raise UsageError(f"--for is {error}.") from error


def _kind(text: str | None) -> Any:  # noqa: ANN401  core's AlertKind, as above
    from headgate.core.alerts import AlertKind
    from headgate.core.errors import UsageError
    from headgate.core.near_name import did_you_mean

    try:
        return None if text is None else AlertKind(text)
    except ValueError as error:
        raise UsageError(
            f"{text!r} is no kind of alert. {did_you_mean(str(text), [one.value for one in AlertKind])}"
        ) from error
