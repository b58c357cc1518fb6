"""The server's folder of uploads, with what the project's policy says about them."""

from __future__ import annotations

import secrets
from threading import Event

from headgate.cli.console import note
from headgate.core.platform import Platform
from headgate.core.upload_links import UploadLinks
from headgate.people import People
from headgate.settings import Settings
from headgate.upload_admission import SenderLimits, let_go_lost, scanned
from headgate.uploading import taker
from headgate.uploads.scanning import Scan
from headgate.uploads.store import UploadStore
from headgate.wiring import system_clock


def open_uploads(
    settings: Settings, platform: Platform, people: People, links: UploadLinks, came: Event
) -> UploadStore:
    """Uploads as `[uploads]` limits and scans them; `came` is set when one has landed."""
    policy = settings.uploading
    take = taker(platform, people, links, came.set)
    if policy.scan:
        scan = Scan(policy.scan, timeout_s=policy.scan_timeout_s)
        take = scanned(take, scan, links, system_clock, note)
    store = UploadStore(
        settings.uploads,
        take=take,
        clock=system_clock,
        random_bytes=secrets.token_bytes,
        limits=policy.limits,
        admission=SenderLimits(links, day_bytes=policy.day_bytes),
    )
    let_go_lost(links, store)
    return store
