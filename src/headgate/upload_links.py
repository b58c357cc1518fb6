"""Acts of and on upload links, each one function without HTTP and without printing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from fnmatch import fnmatchcase

import msgspec

from headgate.core.accounts import Accounts, secret_id
from headgate.core.errors import NotFoundError, UsageError
from headgate.core.flow import Flow
from headgate.core.ports import Clock
from headgate.core.upload_links import MARK, UploadLink, UploadLinks
from headgate.land.step import flow_for

SECRET_BYTES = 32
MOST_LENGTH = timedelta(days=366)
MOST_LABEL = 63
MOST_PATTERNS, MOST_PATTERN = 20, 100


class WantedLink(msgspec.Struct, frozen=True, kw_only=True):
    """A link as somebody asks for it."""

    flow: str
    label: str
    length: timedelta
    most_files: int
    most_bytes: int
    patterns: tuple[str, ...] = ()


def make_upload_link(
    wanted: WantedLink,
    flows: Sequence[Flow],
    links: UploadLinks,
    accounts: Accounts,
    *,
    clock: Clock,
    random: Callable[[int], bytes],
    by: str,
) -> tuple[UploadLink, str]:
    """Enter a link; itself and its secret, which stands nowhere else. UsageError for what it cannot be."""
    _check(wanted, flows, accounts)
    now, secret = clock(), random(SECRET_BYTES).hex()
    link = UploadLink(
        id=f"{MARK}{random(6).hex()}",
        secret=secret_id(secret),
        flow=wanted.flow,
        label=wanted.label.strip(),
        patterns=wanted.patterns,
        most_files=wanted.most_files,
        most_bytes=wanted.most_bytes,
        made_by=by,
        made_at=now,
        expires_at=now + wanted.length,
    )
    links.add(link)
    return link, secret


def standing_link(links: UploadLinks, secret: str, *, clock: Clock) -> UploadLink | None:
    """The link of a secret while it neither expired nor was revoked; it may be used up."""
    link = links.by_secret(secret_id(secret))
    return link if link is not None and link.holds(clock()) else None


def one_upload_link(links: UploadLinks, id_: str) -> UploadLink:
    """The link of that id; NotFoundError for none."""
    found = links.links(ids=[id_])
    if not found:
        raise NotFoundError(f"There is no upload link {id_[:40]!r}. Next: `headgate links list`.")
    return found[0]


def refused_by_link(link: UploadLink, name: str, flows: Sequence[Flow]) -> str | None:
    """Why a file of that name cannot be sent by the link; None where it can."""
    if not name:
        return "The upload has no name."
    flow = next((flow for flow in flows if flow.name == link.flow), None)
    if flow is None:
        return "What this link is for is not there any more."
    fits = not link.patterns or any(fnmatchcase(name, pattern) for pattern in link.patterns)
    if fits and flow_for(name, [flow]):
        return None
    return f"This link takes no file called {name[:80]!r}. It takes {', '.join(names_of(link, flow))}."


def names_of(link: UploadLink, flow: Flow) -> tuple[str, ...]:
    """Patterns of the names that may be sent by the link."""
    return link.patterns or tuple(flow.source.files)


def _check(wanted: WantedLink, flows: Sequence[Flow], accounts: Accounts) -> None:
    names = [flow.name for flow in flows]
    if wanted.flow not in names:
        raise UsageError(f"There is no flow {wanted.flow[:80]!r}; there are {', '.join(sorted(names))}.")
    label = wanted.label.strip()
    if not 1 <= len(label) <= MOST_LABEL or not label.isprintable():
        raise UsageError(f"A label has 1 to {MOST_LABEL} characters and names who sends; this one is {label[:80]!r}.")
    if accounts.accounts(name=label):
        raise UsageError(f"{label!r} is an account, and files of the link would pass for its own. Next: another label.")
    if not timedelta() < wanted.length <= MOST_LENGTH:
        raise UsageError(f"A link holds for at most {MOST_LENGTH.days} days, and for more than none.")
    if wanted.most_files < 1 or wanted.most_bytes < 1:
        raise UsageError("A link takes at least one file, and at least one byte.")
    odd = [one for one in wanted.patterns if not 1 <= len(one) <= MOST_PATTERN or "/" in one or not one.isprintable()]
    if odd or len(wanted.patterns) > MOST_PATTERNS:
        told = f"; {odd[0][:80]!r} is none" if odd else ""
        raise UsageError(f"Names are at most {MOST_PATTERNS} patterns such as orders_*.csv{told}.")
