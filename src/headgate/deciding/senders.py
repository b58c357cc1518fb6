"""Who sent what a case is about, and whether the system can put a question to them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec

from headgate.core.accounts import Account, Accounts
from headgate.core.records import BY_LINK, DELIVERED_BY, Delivery
from headgate.core.roles import Permission, may
from headgate.core.upload_links import UploadLink, UploadLinks
from headgate.deciding.desk import Desk

_BY_OTHER_WAYS = "ask whoever sends it by another way, and write what they say as a comment here"


class Sender(msgspec.Struct, frozen=True, kw_only=True):
    """Who is asked back about a delivery."""

    id: str  # of the account or of the upload link; empty where it came from neither
    asks: bool  # whether a question would reach them
    told: str  # a sentence or two for whoever asks: where the question will stand, or why it will not


def sender_of(desk: Desk, origin: Delivery) -> Sender:
    """Who is asked about the delivery: the link it came by, else the account, else nobody."""
    link = origin.facts.get(BY_LINK)
    if isinstance(link, str):
        return _by_link(desk, link)
    by = origin.facts.get(DELIVERED_BY)
    accounts = desk.people.accounts
    found = accounts.accounts(ids=[by]) if isinstance(by, str) else accounts.accounts(name=origin.sender)
    if not found:
        return Sender(id="", asks=False, told=f"It came from no account and no upload link. Next: {_BY_OTHER_WAYS}.")
    return _by_account(found, origin.flow or "")


def _by_link(desk: Desk, id_: str) -> Sender:
    found: Sequence[UploadLink] = desk.links.links(ids=[id_])
    if found and found[0].holds(desk.people.clock()):
        return Sender(id=id_, asks=True, told=f"The question stands on the page of upload link {id_}, beside the file.")
    return Sender(
        id=id_, asks=False, told=f"Upload link {id_} has ended, and its page with it. Next: {_BY_OTHER_WAYS}."
    )


def _by_account(found: Sequence[Account], flow: str) -> Sender:
    (account,) = found
    if account.disabled_at is not None:
        return Sender(
            id=account.id, asks=False, told=f"The account {account.name} is disabled. Next: {_BY_OTHER_WAYS}."
        )
    if not may(account.grants, Permission.UPLOAD, flow):
        told = f"The account {account.name} does not send to flow {flow} any more. Next: {_BY_OTHER_WAYS}."
        return Sender(id=account.id, asks=False, told=told)
    return Sender(id=account.id, asks=True, told=f"The question stands on the page “Send files” of {account.name}.")


def names_of(accounts: Accounts, links: UploadLinks, ids: Collection[str], *, at: datetime) -> dict[str, list[str]]:
    """Names of accounts that are not disabled and labels of links that hold, by id: who may be told something."""
    of_links = {one.id: [one.label] for one in links.links(ids=ids) if one.holds(at)}
    return of_links | {one.id: [one.name] for one in accounts.accounts(ids=ids) if one.disabled_at is None}
