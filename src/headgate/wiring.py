"""Settings -> Platform: the only file that names an adapter."""

from __future__ import annotations

import math
import os
import random
import secrets
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from headgate import __version__
from headgate.core.accounts import Accounts
from headgate.core.cases import Cases
from headgate.core.errors import ConfigurationError
from headgate.core.flow import Flow
from headgate.core.identities import IdentityProvider, ProviderSettings
from headgate.core.memo import Memo
from headgate.core.platform import MEBIBYTE, Budget, Platform, Progress, silent
from headgate.core.ports import Clock, Compute, Secrets
from headgate.core.telemetry import SILENT, Telemetry
from headgate.core.upload_links import UploadLinks
from headgate.core.voting import deciders
from headgate.settings import Settings

if TYPE_CHECKING:
    from headgate.alerts.desk import Desk

PROCESS_BYTES = 344 * MEBIBYTE  # of a process beside its engine: interpreter, libraries, windows
LEAST_ENGINE_BYTES = 96 * MEBIBYTE
OTLP_VARIABLES = (
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
)


def system_clock() -> datetime:
    """The present in UTC."""
    return datetime.now(UTC)


def budget_of(settings: Settings, *, processes: int = 1) -> Budget:
    """A process's share of the memory that the whole run may use."""
    share = settings.memory_bytes // max(processes, 1)
    return Budget(
        memory_bytes=max(share - PROCESS_BYTES, LEAST_ENGINE_BYTES),
        threads=max(1, (os.cpu_count() or 1) // max(processes, 1)),
        window_bytes=settings.window_bytes,
        batch_deliveries=settings.batch_deliveries,
        batch_bytes=settings.batch_bytes,
        lease_s=settings.lease_s,
        query_s=settings.query_s or math.inf,
        statement_s=settings.statement_s or math.inf,
    )


def most_processes(settings: Settings) -> int:
    """How many processes share the memory limit without any of them falling below what it needs."""
    fitting = settings.memory_bytes // (PROCESS_BYTES + LEAST_ENGINE_BYTES)
    return max(1, min(os.cpu_count() or 1, fitting))


def open_platform(
    settings: Settings,
    flows: dict[str, Flow],
    *,
    progress: Callable[[Progress], None] | None = None,
    processes: int = 1,
    clock: Callable[[], datetime] = system_clock,
    memo: Memo | None = None,
    ahead: bool = False,
) -> Platform:
    """The embedded platform: DuckDB, delta-rs, SQLite and folders.

    With `ahead` engines are opened on a thread while what the ledger needs is loaded: for commands that will ask for
    them.
    """
    import pyarrow as pa

    from headgate.adapters.deltalake_tables import DeltaTables
    from headgate.adapters.duckdb_engines import DuckDBEngines
    from headgate.adapters.file_anchor import FileAnchor
    from headgate.adapters.file_secrets import FileSecrets
    from headgate.adapters.folder_files import FolderFiles

    # Arrow would break off a parse at a signal, and the file would look like one that cannot be read: what a signal
    # means is the command's to say, between batches
    pa.enable_signal_handlers(False)
    # Arrow's own pool keeps what it once held: 60 MiB more for a run of any length, and no faster
    pa.set_memory_pool(pa.system_memory_pool())
    for folder in (settings.lake, settings.stage, settings.reports):
        folder.mkdir(parents=True, exist_ok=True)
    budget = budget_of(settings, processes=processes)

    engines = DuckDBEngines(
        memory_limit_bytes=budget.memory_bytes,
        threads=budget.threads,
        scratch=str(settings.stage),
        readable=[str(settings.stage), str(settings.lake)],
        limit_s=budget.statement_s,
    )
    if ahead:
        engines.open_ahead()
    tables = DeltaTables(settings.lake)
    try:
        telemetry = open_telemetry(settings)
        from headgate.adapters.sqlite_ledger import SqliteLedger

        ledger = SqliteLedger(settings.ledger)
    except BaseException:
        engines.close()
        raise

    def close() -> None:
        engines.close()
        ledger.close()
        telemetry.close()

    def accounts_decide(flow: str) -> bool:
        with closing(open_accounts(settings)) as accounts:
            return bool(deciders(accounts.accounts(), flow))

    owner = f"{os.uname().nodename}-{os.getpid()}-{secrets.token_hex(4)}"
    return Platform(
        project=settings.name,
        flows=flows,
        engine=engines,
        tables=tables,
        vault=FolderFiles(settings.vault),
        receipts=FolderFiles(settings.receipts),
        ledger=ledger,
        secrets=FileSecrets(settings.keys, name=settings.name, clock=clock, random=secrets.token_bytes),
        anchor=FileAnchor(settings.anchor),
        stage=str(settings.stage),
        clock=clock,
        random=random.random,
        owner=owner,
        budget=budget,
        progress=progress or silent,
        prepare=lambda: engines.open_ahead(tables.prepare),
        close=close,
        version=__version__,
        memo=memo if memo is not None else Memo(),
        accounts_decide=accounts_decide,
        telemetry=telemetry,
        traceparent=os.environ.get("TRACEPARENT", ""),
    )


def open_telemetry(settings: Settings, environment: Mapping[str, str] = os.environ) -> Telemetry:
    """Spans and figures by OpenTelemetry where the settings or its own variables name a receiver; else for nobody."""
    named = [name for name in OTLP_VARIABLES if environment.get(name)]
    if environment.get("OTEL_SDK_DISABLED", "").lower() == "true" or not (named or settings.otlp):
        return SILENT
    try:
        from headgate.adapters.opentelemetry_telemetry import OpenTelemetry
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"telemetry is switched on ({named[0] if named else 'otlp in headgate.toml'}) and {error.name} is not "
            "installed. Next: pip install 'headgate[telemetry]', or switch it off."
        ) from error
    # what stands in the environment the exporter reads itself: endpoints, headers, certificates, time limits
    return OpenTelemetry(endpoint=None if named else settings.otlp, project=settings.name, version=__version__)


def open_accounts(settings: Settings) -> Accounts:
    """Who may sign in, beside the project's ledger."""
    from headgate.adapters.sqlite_accounts import SqliteAccounts

    return SqliteAccounts(settings.ledger)


def open_cases(settings: Settings) -> Cases:
    """What people must decide, beside the project's ledger."""
    from headgate.adapters.sqlite_case_book import SqliteCases

    return SqliteCases(settings.ledger)


def open_provider(settings: ProviderSettings, secrets_: Secrets, *, clock: Clock) -> IdentityProvider:
    """The provider that signs people in; NotFoundError where its client secret is named and not there."""
    from headgate.adapters.oidc_provider import OidcProvider

    secret = None if settings.client_secret is None else secrets_.get(settings.client_secret)
    return OidcProvider(settings, secret=secret, clock=clock)


def open_alerts(settings: Settings, platform: Platform, *, clock: Callable[[], datetime] = system_clock) -> Desk:
    """Alerts beside the project's ledger, with the receivers of its settings."""
    from headgate.adapters.http_webhook import post
    from headgate.adapters.smtp_mail import SmtpMail
    from headgate.adapters.sqlite_alerts import SqliteAlerts
    from headgate.adapters.sqlite_queue import SqliteQueue
    from headgate.alerts.desk import QUEUE, Desk
    from headgate.alerts.reading_settings import read_alert_settings
    from headgate.alerts.receivers import make_receivers

    found = read_alert_settings(settings.folder)
    server, kept = found.mail, platform.secrets
    mail = None
    if server is not None:
        mail = SmtpMail(
            server.host,
            server.port,
            security=server.security.value,
            user=server.user,
            password=(lambda: kept.get(server.password_secret)) if server.password_secret else None,
            ca=server.ca,
        )
    return Desk(
        project=settings.name,
        alerts=SqliteAlerts(settings.ledger),
        queue=SqliteQueue(settings.ledger, name=QUEUE),
        settings=found,
        receivers=make_receivers(found, secrets=kept, send_mail=mail, post=post, clock=clock),
        clock=clock,
        random=random.random,
        random_bytes=secrets.token_bytes,
    )


def open_upload_links(settings: Settings) -> UploadLinks:
    """Links for outsiders and what was sent, beside the project's ledger."""
    from headgate.adapters.sqlite_upload_links import SqliteUploadLinks

    return SqliteUploadLinks(settings.ledger)


def open_compute(settings: Settings, *, processes: int) -> Compute:
    """Workers beside this process; `processes` share the project's memory limit, the caller among them."""
    from headgate.adapters.process_compute import ProcessCompute

    return ProcessCompute(settings.folder, processes=processes)


def shipped_flows() -> Path:
    """The folder of the flows that ship: inside the installed package, or beside the source."""
    package = Path(__file__).parent
    inside = package / "flows"
    return inside if inside.is_dir() else package.parents[1] / "flows"
