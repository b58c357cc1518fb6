"""The server process: socket, TLS, who may be called how, the watcher beside it, and an end in order."""

from __future__ import annotations

import secrets
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING

import msgspec

from headgate.archive.anchoring import anchor
from headgate.cli.alerts_beside import alerting
from headgate.cli.console import note
from headgate.cli.metrics_port import answering_prometheus
from headgate.cli.opening import opened
from headgate.cli.upload_store import open_uploads
from headgate.core.accounts import Account, Purpose
from headgate.core.errors import ConfigurationError, HeadgateError, UsageError
from headgate.core.loopback import is_loopback
from headgate.core.platform import Platform
from headgate.core.replacing import replace
from headgate.core.roles import Grant, Permission, Role, may_everywhere
from headgate.deciding.desk import Desk
from headgate.people import COMMAND, People, add_account, make_link
from headgate.serve.own_figures import OwnFigures
from headgate.serve.readiness import Pulse
from headgate.settings import Settings
from headgate.sign_in_settings import provider_settings, sign_in_rules
from headgate.uploads.store import UploadStore
from headgate.wiring import (
    open_accounts,
    open_alerts,
    open_cases,
    open_provider,
    open_upload_links,
    system_clock,
)

if TYPE_CHECKING:
    import uvicorn

FIRST_ADMIN = "admin"
KEEPER = "keeper"
EVERY_S = 60.0
AGAIN_S = 10.0


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """How the server was called."""

    host: str
    port: int
    names: tuple[str, ...] = ()
    tls_cert: Path | None = None
    tls_key: Path | None = None
    behind_proxy: bool = False
    works: bool = True

    @property
    def tls(self) -> bool:
        """Whether it ends TLS itself."""
        return self.tls_cert is not None and self.tls_key is not None


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where it answers, and how to sign in the first time."""

    project: str
    url: str
    account: str
    link: str


def serve_project(settings: Settings, asked: Asked, tell: Callable[[Place], None]) -> None:
    """Serve until a signal; `tell` hears of the place once connections are taken."""
    _check(asked)
    try:
        import uvicorn

        from headgate.web.app import make_app
        from headgate.web.metrics import MEDIA_TYPE, metrics_text
        from headgate.web.passwords import Argon2Passwords
        from headgate.web.refused_passwords import RefusedPasswords
        from headgate.web.rendering import make_templates
        from headgate.web.site import Provided, Site
    except ModuleNotFoundError as error:
        raise UsageError(
            f"`headgate serve` needs what is not installed ({error.name}). Next: pip install 'headgate[web]'."
        ) from error
    with opened(settings) as project, _listening(asked) as listener:
        found = replace(project, platform=_figured(project.platform))
        pulse = Pulse()
        people = People(
            accounts=open_accounts(settings),
            clock=system_clock,
            random=secrets.token_bytes,
            secrets=found.platform.secrets,
            rules=sign_in_rules(settings),
        )
        agreed, provided = provider_settings(settings), None
        if agreed is not None:
            provider = open_provider(agreed, found.platform.secrets, clock=system_clock)
            provided = Provided(provider=provider, settings=agreed)
        alerts = open_alerts(settings, found.platform)
        came = Event()
        links = open_upload_links(settings)
        uploads = open_uploads(settings, found.platform, people, links, came)
        site = Site(
            platform=found.platform,
            people=people,
            passwords=Argon2Passwords(
                [settings.name, *people.rules.refused_words],
                RefusedPasswords(people.rules.refused_passwords) if people.rules.refused_passwords else None,
            ),
            templates=make_templates(),
            uploads=uploads,
            alerts=alerts,
            links=links,
            desk=Desk(platform=found.platform, cases=open_cases(settings), people=people, links=links),
            hosts=_hosts(asked),
            secure=asked.tls or asked.behind_proxy,
            provided=provided,
            pulse=pulse,
            wake=came.set,
        )
        app = make_app(site)
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=asked.behind_proxy,
            forwarded_allow_ips="127.0.0.1,::1",
            ssl_certfile=asked.tls_cert,
            ssl_keyfile=asked.tls_key,
            timeout_graceful_shutdown=5,
        )
        admin = first_admin(people)
        secret = make_link(people, admin, Purpose.SIGN_IN, by=COMMAND)
        url = _url(asked, listener)
        uploads.resume()
        figures = partial(metrics_text, app.state.figures)
        with (
            answering_prometheus(settings.metrics, figures, MEDIA_TYPE),
            _kept(found.platform, uploads, pulse),
            alerting(alerts, found.platform, settings),
            _working(found.platform, settings, came, pulse, wanted=asked.works),
        ):
            tell(Place(project=settings.name, url=url, account=admin.name, link=f"{url}/link/{secret}"))
            server = uvicorn.Server(config)
            with _ended_by_signal(server, app.state.feed.close):
                server.run(sockets=[listener])
        uploads.close()
        alerts.close()
        links.close()
        site.desk.cases.close()
        people.accounts.close()
        if provided is not None:
            provided.provider.close()


def _figured(platform: Platform) -> Platform:
    """The same, with what it does counted for /metrics."""
    return replace(platform, telemetry=OwnFigures(platform.telemetry))


def first_admin(people: People) -> Account:
    """An account of our own that gives roles; it is made where there is none."""
    known = people.accounts.accounts()
    for account in known:
        gives = may_everywhere(account.grants, Permission.ACCOUNTS)
        if gives and account.disabled_at is None and not account.issuer:
            return account
    taken = {account.name for account in known}
    names = (FIRST_ADMIN, *(f"{FIRST_ADMIN}-{number}" for number in range(2, len(taken) + 3)))
    name = next(one for one in names if one not in taken)
    return add_account(people, name, [Grant(role=Role.ADMIN)], by=COMMAND)


def _check(asked: Asked) -> None:
    if (asked.tls_cert is None) != (asked.tls_key is None):
        raise UsageError("TLS needs both --tls-cert and --tls-key.")
    for path in (asked.tls_cert, asked.tls_key):
        if path is not None and not path.is_file():
            raise UsageError(f"{path} is no file. Next: give certificate and key as PEM files.")
    if not (asked.tls or asked.behind_proxy or is_loopback(asked.host)):
        raise UsageError(
            f"{asked.host} can be called from other machines, and without TLS passwords would be readable on the way. "
            "Next: give --tls-cert and --tls-key, or --behind-proxy where a proxy on this machine ends TLS."
        )


def _hosts(asked: Asked) -> tuple[str, ...]:
    own = ("localhost", "127.0.0.1", "::1") if is_loopback(asked.host) else (asked.host,)
    return tuple(name.lower() for name in (*own, *asked.names))


@contextmanager
def _listening(asked: Asked) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in asked.host else socket.AF_INET
    # by the protocol's number asyncio knows that no write must wait for another's acknowledgement, which takes 40 ms
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((asked.host, asked.port))
        listener.listen()  # who calls before the server runs waits, and is not refused
        yield listener
    except OSError as error:
        raise ConfigurationError(
            f"{asked.host}:{asked.port} cannot be listened on: {error.strerror}. Next: another --port, or 0 for any."
        ) from error
    finally:
        listener.close()


def _url(asked: Asked, listener: socket.socket) -> str:
    host = asked.names[0] if asked.names else asked.host
    if asked.behind_proxy and asked.names:
        return f"https://{host}"
    shown = f"[{host}]" if ":" in host else host
    return f"{'https' if asked.tls else 'http'}://{shown}:{listener.getsockname()[1]}"


@contextmanager
def _ended_by_signal(server: uvicorn.Server, close: Callable[[], None]) -> Iterator[None]:
    """Let SIGINT and SIGTERM end the server in order, as a command that did what it was asked.

    uvicorn raises the signal once more when it has ended, so that the process would seem to be killed by it.
    """

    def end(*_: object) -> None:
        close()  # what streams ends, so that nothing is waited for
        server.should_exit = True

    server.capture_signals = nullcontext  # type: ignore[method-assign, assignment]
    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _beside(name: str, work: Callable[[Event], None]) -> Iterator[Thread]:
    """Let `work` go on on a thread while the block runs; it ends when the event that it is given is set."""
    stop = Event()
    thread = Thread(target=work, args=(stop,), name=name)
    thread.start()
    try:
        yield thread
    finally:
        stop.set()
        thread.join()


@contextmanager
def _kept(platform: Platform, uploads: UploadStore, pulse: Pulse) -> Iterator[None]:
    """Once a minute while the block runs cover new events by a checkpoint, and end uploads that expired."""

    def look(stop: Event) -> None:
        while not stop.wait(EVERY_S):
            try:
                anchor(platform)
                uploads.sweep(system_clock())
                pulse.beat(KEEPER)
            except (HeadgateError, OSError) as error:
                note(f"The log could not be anchored, or uploads not be swept: {error}")

    pulse.beat(KEEPER)
    with _beside(KEEPER, look):
        yield
    anchor(platform)


@contextmanager
def _working(platform: Platform, settings: Settings, came: Event, pulse: Pulse, *, wanted: bool) -> Iterator[None]:
    """Work on what comes by upload or into the watched folders, on a thread, while the block runs."""
    from headgate.cli.running_project import execute_decided
    from headgate.cli.watch_folders import named_folders
    from headgate.cli.watch_loop import runs

    if not wanted:
        yield
        return
    places = named_folders(settings)
    decided = partial(execute_decided, settings, platform)

    def work(stop: Event) -> None:
        while not stop.is_set():
            try:
                for result in runs(platform, settings, places, stop, came=came, decided=decided):
                    for fault in result.faults:
                        note(fault)
            except (HeadgateError, OSError) as error:
                note(f"A run stopped: {error} What waits is tried again in {AGAIN_S:g} s.")
                came.set()
                stop.wait(AGAIN_S)

    with _beside("watcher", work) as watcher:
        pulse.expect_alive("worker", watcher.is_alive)
        yield
