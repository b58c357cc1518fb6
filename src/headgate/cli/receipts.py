"""`receipt`: the signed statement about one delivery."""

from __future__ import annotations

from pathlib import Path

import click

from headgate.cli.console import answer, columns
from headgate.cli.keys import key_option, trusted_keys
from headgate.cli.options import Group, examples, json_option, project_option

SHOWN = 100  # characters of a value


receipt = Group("receipt", help="The signed statement about one delivery.")


@receipt.command("show", epilog=examples("headgate receipt show d-b2df4ad8b8cf2f17"))
@click.argument("delivery", metavar="DELIVERY", help="Its id, or the beginning of it.")
@project_option
@json_option
def show_receipt(delivery: str, *, project: Path | None, as_json: bool) -> None:
    """Tell what the newest receipt of a delivery says, and where its file is."""
    import json

    from headgate.cli.opening import opened_to_read
    from headgate.core.errors import NotFoundError
    from headgate.serve.deliveries import one_delivery, receipt_file
    from headgate.settings import project_settings

    settings = project_settings(project)
    with opened_to_read(settings) as opened:
        one = one_delivery(opened.platform, delivery)
        receipts = opened.platform.ledger.receipts((one.id,))
    if not receipts:
        raise NotFoundError(f"delivery {one.id} is {one.state} and has no receipt; only what is published or held has.")
    body = json.loads(receipts[-1].body)
    place = settings.receipts / receipt_file(receipts[-1])
    lines = [f"{place}", *columns([(name, _short(value)) for name, value in body.items()])]
    answer({"file": str(place), "sha256": receipts[-1].sha256, "body": body}, lines, as_json=as_json)


def _short(value: object) -> str:
    import json

    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


@receipt.command(
    "verify",
    epilog=examples(
        "headgate receipt verify receipts/d-b2df4ad8b8cf2f17.json",
        "headgate receipt verify d-b2df4ad8b8cf2f17.json --key public.json     without a project",
    ),
)
@click.argument("file", metavar="FILE", type=Path, help="The receipt.")
@key_option
@project_option
@json_option
def verify_receipt(file: Path, *, key: Path | None, project: Path | None, as_json: bool) -> None:
    """Verify a receipt: signature, event, place in the log, checkpoint. Needs the file and the public keys alone."""
    from headgate.core.errors import UsageError
    from headgate.core.receipts import verify_receipt as verify

    try:
        content = file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error}") from error
    proven = verify(content, trusted_keys(key, project))
    document = {
        "proven": True,
        "body": dict(proven.body),
        "event": proven.index,
        "log": proven.checkpoint.origin,
        "events": proven.checkpoint.size,
        "signer": proven.signer.label,
        "checkpoint_signers": [signer.label for signer in proven.checkpoint_signers],
    }
    log = f"the log {proven.checkpoint.origin} of {proven.checkpoint.size:,} events"
    told = f"Proven: {proven.signer.label} said this, and {log} has it as event {proven.index:,}."
    lines = columns([(name, _short(value)) for name, value in proven.body.items()])
    answer(document, [told, *lines], as_json=as_json)
