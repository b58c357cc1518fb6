"""Pages from templates: what every page has, and how figures and times are written."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse

from headgate.core.roles import Grant, Permission, may
from headgate.core.states import DeliveryState
from headgate.serve.record_form import told
from headgate.serve.report_numbers import fixed, percent, percent_exact
from headgate.web.access import Visitor
from headgate.web.asked import short
from headgate.web.site import site_of
from headgate.web.waiting import waiting_for
from headgate.web.wording import FILTERS

PART = "X-Headgate-Part"  # a part of a page is asked for, or answered
NAVIGATION = (
    ("/", "Overview", Permission.SEE),
    ("/deliveries", "Deliveries", Permission.SEE),
    ("/inbox", "Inbox", Permission.SEE),
    ("/flows", "Flows", Permission.SEE),
    ("/tables", "Tables", Permission.QUERY),
    ("/alerts", "Alerts", Permission.SEE),
    ("/upload", "Send files", Permission.UPLOAD),
    ("/links", "Upload links", Permission.OPERATE),
    ("/audit", "Audit", Permission.AUDIT),
    ("/accounts", "Accounts", Permission.ACCOUNTS),
)
_KINDS = {  # how a state is drawn
    DeliveryState.PUBLISHED: "ok",
    DeliveryState.ARCHIVED: "ok",
    DeliveryState.HELD: "wait",
    DeliveryState.UNMATCHED: "wait",
    DeliveryState.FAILED: "fail",
    DeliveryState.REFUSED: "fail",
    DeliveryState.SUPERSEDED: "void",
}
_BROWSERS = tuple(  # in this order: Edge says that it is Chrome, and Chrome that it is Safari
    (told, re.compile(rf"\b{sign}/(\d+)"))
    for told, sign in (
        ("Edge", "Edg"),
        ("Opera", "OPR"),
        ("Firefox", "Firefox"),
        ("Chrome", "(?:Headless)?Chrome"),
        ("Safari", "Version"),
    )
)
_SYSTEMS = ("Android", "iPhone", "iPad", "Windows", "Macintosh", "Linux")
_UNITS = (("day", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def make_templates() -> Environment:
    """The templates, strict: a name that is not there is an error, and all text is escaped."""
    templates = Environment(
        loader=PackageLoader("headgate.web"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters |= {
        "number": fixed,
        "percent": lambda share: _tied(percent(share)),
        "limit": lambda share: _tied(percent_exact(share)),
        "size": size,
        "short": short_hash,
        "path": lambda text: quote(str(text), safe=""),
        "browser": browser,
        "digest": short,
        "told": told,
        "state_kind": lambda state: _KINDS.get(state, "go"),
    } | FILTERS
    templates.globals |= {
        "when": when,
        "distance": distance,
        "plural": plural,
        "Permission": Permission,
        "nav": NAVIGATION,
    }
    return templates


def page(request: Request, template: str, who: Visitor | None, /, *, status: int = 200, **values: Any) -> HTMLResponse:  # noqa: ANN401  of the template
    """A whole page."""
    site = site_of(request)
    theme = request.cookies.get("theme", "")
    text = _rendered(
        request,
        template,
        who,
        project=site.platform.project,
        now=site.people.clock(),
        version=site.platform.version,
        theme=theme if theme in {"light", "dark"} else "",
        at=request.url.path,
        home=home_of(who.account.grants) if who else "/",
        led=who is not None and site.people.rules.lacks_factor(who.account),  # nothing else opens yet
        waiting=waiting_for(site.desk, who) if who else 0,
        **values,
    )
    return HTMLResponse(text, status_code=status)


def part(request: Request, template: str, who: Visitor, /, **values: Any) -> HTMLResponse:  # noqa: ANN401  of the template
    """A part of a page for our script, which puts nothing else into a page: an answer without this header is none."""
    now = site_of(request).people.clock()
    return HTMLResponse(_rendered(request, template, who, now=now, **values), headers={PART: "1"})


def _rendered(request: Request, template: str, who: Visitor | None, **values: Any) -> str:  # noqa: ANN401  of the template
    root = request.scope.get("root_path", "")
    return site_of(request).templates.get_template(template).render(who=who, root=root, **values)


def home_of(grants: Collection[Grant]) -> str:
    """The first page that these roles may see; one's own account where there is none."""
    return next((path for path, _, permission in NAVIGATION if may(grants, permission)), "/me")


def size(size_bytes: int) -> Markup:
    """16400000 -> 16.4 MB."""
    for unit, of in (("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)):
        if size_bytes >= of:
            return _tied(f"{fixed(size_bytes / of, 1)} {unit}")
    return _tied(f"{size_bytes} bytes")


def short_hash(text: str) -> str:
    """The two ends of a hash; the whole stands beside it."""
    return f"{text[:8]}\u2026{text[-8:]}"


def browser(agent: str) -> str:
    """`Mozilla/5.0 (X11; Linux x86_64) … Firefox/140.0` -> Firefox 140 on Linux; what is not known as it is."""
    name = next((f"{told} {found[1]}" for told, sign in _BROWSERS if (found := sign.search(agent))), "")
    system = next((one for one in _SYSTEMS if one in agent), "")
    return f"{name} on {system}" if name and system else agent[:60] or "unknown"


def plural(count: int, word: str, words: str = "") -> Markup:
    """1, row -> 1 row; 2, row -> 2 rows."""
    return _tied(f"{fixed(count)} {word if count == 1 else words or word + 's'}")


def when(moment: datetime, now: datetime) -> Markup:
    """How long ago or ahead, and when: for a cell of the class `when`."""
    return Markup('{} <time datetime="{}">{}</time>').format(
        distance(now - moment), moment.strftime("%Y-%m-%dT%H:%M:%SZ"), _absolute(moment, now)
    )


def distance(ago: timedelta) -> Markup:
    """2 h 18 min ago; in 3 days; now."""
    seconds = int(abs(ago.total_seconds()))
    if seconds < 1:
        return Markup("now")
    told = ""
    for place, (unit, of) in enumerate(_UNITS):
        if seconds >= of:
            count = seconds // of
            told = f"{count} {unit}{'s' if unit == 'day' and count > 1 else ''}"
            if unit == "h" and (rest := seconds % of // _UNITS[place + 1][1]):
                told += f" {rest} {_UNITS[place + 1][0]}"
            break
    return _tied(f"{told} ago" if ago > timedelta() else f"in {told}")


def _absolute(moment: datetime, now: datetime) -> str:
    if moment.date() == now.date():
        return moment.strftime("%H:%M:%S")
    year = "" if moment.year == now.year else f" {moment.year}"
    return f"{moment.day} {moment.strftime('%b')}{year}, {moment.strftime('%H:%M')}"


def _tied(text: str) -> Markup:
    """Spaces that do not break."""
    return escape(text).replace(" ", Markup("&nbsp;"))
