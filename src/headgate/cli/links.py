"""`links`: upload links for outsiders. Whoever owns the project's folder may make them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from headgate.cli.console import answer, columns
from headgate.cli.options import Group, examples, json_option, project_option

if TYPE_CHECKING:
    from headgate.cli.opening import Project
    from headgate.core.upload_links import UploadLink, UploadLinks, Used

links = Group("links", help="Links by which outsiders send files to one flow, without an account.")


@links.command(
    "make",
    epilog=examples(
        'headgate links make sales --label "Harbour Stores" --days 14 --files 20 --size "2 GiB"',
        'headgate links make sales --label depot --name "sales_batch_*.json" --url https://lake.example.org',
    ),
)
@click.argument("flow", metavar="FLOW", help="That takes the files.")
@click.option("--label", required=True, help="Who sends; the sender of its deliveries.")
@click.option("--days", type=click.IntRange(1, 366), default=14, show_default=True, help="How long it holds.")
@click.option("--files", type=click.IntRange(1), default=20, show_default=True, help="How many it takes.")
@click.option("--size", default="2 GiB", show_default=True, help="What all of them together may have.")
@click.option(
    "--name", "patterns", multiple=True, metavar="PATTERN", help="Name that it takes; default: all the flow's."
)
@click.option("--url", default="http://127.0.0.1:8420", show_default=True, help="Where `headgate serve` answers.")
@project_option
@json_option
def make(
    flow: str,
    *,
    label: str,
    days: int,
    files: int,
    size: str,
    patterns: tuple[str, ...],
    url: str,
    project: Path | None,
    as_json: bool,
) -> None:
    """Make a link and print it, this once: only its SHA-256 is kept. Whoever has it can send."""
    import secrets

    from headgate.people import COMMAND
    from headgate.upload_links import WantedLink, make_upload_link
    from headgate.uploads.policy import size_bytes
    from headgate.wiring import open_accounts, system_clock

    wanted = WantedLink(
        flow=flow,
        label=label,
        length=timedelta(days=days),
        most_files=files,
        most_bytes=size_bytes(size, "--size", "this call"),
        patterns=patterns,
    )
    with _kept(project, with_flows=True) as (opened, kept):
        accounts = open_accounts(opened.settings)
        try:
            link, secret = make_upload_link(
                wanted,
                list(opened.platform.flows.values()),
                kept,
                accounts,
                clock=system_clock,
                random=secrets.token_bytes,
                by=COMMAND,
            )
        finally:
            accounts.close()
    place = f"{url.rstrip('/')}/send/{secret}"
    answer({"id": link.id, "link": place, "expires_at": _iso(link.expires_at)}, [place], as_json=as_json)


@links.command("list", epilog=examples("headgate links list", "headgate links list --json"))
@project_option
@json_option
def list_links(*, project: Path | None, as_json: bool) -> None:
    """List the links with what of their limits is gone. Their secrets are kept nowhere."""
    from headgate.wiring import system_clock

    with _kept(project) as (_, kept):
        found = kept.links()
        used = kept.used([one.id for one in found])
    now = system_clock()
    rows = [
        (
            one.id,
            one.label,
            one.flow,
            _state(one, used[one.id], now),
            f"{used[one.id].files:,}/{one.most_files:,}",
            f"{used[one.id].size_bytes:,}/{one.most_bytes:,}",
            f"{one.expires_at:%Y-%m-%d %H:%M}",
        )
        for one in found
    ]
    heads = ("id", "for", "flow", "state", "files", "bytes", "ends")
    lines = columns(rows, heads=heads, right=(4, 5)) if rows else ["There is no upload link yet."]
    answer({"links": [_document(one, used[one.id], now) for one in found]}, lines, as_json=as_json)


@links.command("revoke", epilog=examples("headgate links revoke u-7c20a91b03de"))
@click.argument("link", metavar="LINK", help="Its id, as `headgate links list` shows it.")
@project_option
@json_option
def revoke(link: str, *, project: Path | None, as_json: bool) -> None:
    """End a link at once, uploads under way with it. What was sent by it stays; once more changes nothing."""
    from headgate.people import COMMAND
    from headgate.upload_links import one_upload_link
    from headgate.wiring import system_clock

    with _kept(project) as (_, kept):
        one_upload_link(kept, link)
        ended = kept.revoke(link, at=system_clock(), by=COMMAND)
    line = f"{link} is revoked." if ended else f"{link} was revoked before."
    answer({"id": link, "revoked": ended}, [line], as_json=as_json)


@contextmanager
def _kept(project: Path | None, *, with_flows: bool = False) -> Iterator[tuple[Project, UploadLinks]]:
    from headgate.archive.anchoring import anchor
    from headgate.cli.opening import opened, opened_to_read
    from headgate.settings import project_settings
    from headgate.wiring import open_upload_links

    settings = project_settings(project)
    with opened(settings) if with_flows else opened_to_read(settings) as found:
        kept = open_upload_links(settings)
        try:
            yield found, kept
        finally:
            kept.close()
            anchor(found.platform)


def _state(link: UploadLink, used: Used, now: datetime) -> str:
    if link.revoked_at is not None:
        return "revoked"
    if not link.holds(now):
        return "expired"
    return "used up" if used.files >= link.most_files else "open"


def _document(link: UploadLink, used: Used, now: datetime) -> dict[str, object]:
    return {
        "id": link.id,
        "label": link.label,
        "flow": link.flow,
        "state": _state(link, used, now),
        "patterns": list(link.patterns),
        "files": {"used": used.files, "most": link.most_files},
        "size_bytes": {"used": used.size_bytes, "most": link.most_bytes},
        "made_by": link.made_by,
        "made_at": _iso(link.made_at),
        "expires_at": _iso(link.expires_at),
        "revoked_at": None if link.revoked_at is None else _iso(link.revoked_at),
    }


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
