"""`upload`: files and folders sent to a server of Headgate, from anywhere."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.exceptions import Exit

from headgate.cli.console import answer, note, progress_bars
from headgate.cli.failures import FAILED
from headgate.cli.options import examples, json_option

if TYPE_CHECKING:
    from headgate.cli.upload_one import FileSender

TOKEN = "HEADGATE_TOKEN"  # noqa: S105  the name of the variable


@click.command(
    "upload",
    epilog=examples(
        "headgate upload orders.csv --to https://lake.example.org/send/SECRET",
        'headgate upload exports/ --pattern "sales_*.json" --to https://lake.example.org',
        "headgate upload exports/ --to https://lake.example.org --dry-run",
    ),
)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=Path, help="Files, and folders with files.")
@click.option(
    "--to",
    "url",
    required=True,
    envvar="HEADGATE_TO",
    metavar="URL",
    help=f"A server, with a token in {TOKEN}, or an upload link. Also from HEADGATE_TO, which `ps` does not show.",
)
@click.option("--pattern", default="*", show_default=True, help="Names that are sent out of folders.")
@click.option("--flow", help="The flow that takes the files; default: by their names.")
@click.option("--again", is_flag=True, help="Send files too that were sent before and have not changed.")
@click.option(
    "--patience", default=600.0, show_default=True, help="Seconds to go on trying while nothing gets through."
)
@click.option("--dry-run", is_flag=True, help="Say what would be sent; ask no server.")
@json_option
def upload(
    paths: tuple[Path, ...],
    *,
    url: str,
    pattern: str,
    flow: str | None,
    again: bool,
    patience: float,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Send files, each whole and proven by its SHA-256. After a cut, a kill or a restart of either side the same call
    goes on where it stopped; what was sent before is not sent again.

    Exit status 1 if a file was not sent, for whatever reason; the others are.
    """
    from headgate.cli.tus_client import TusServer, address_of
    from headgate.cli.upload_notes import Notes
    from headgate.cli.upload_one import FileSender

    address = address_of(url, os.environ.get(TOKEN, ""))
    files = list({path.resolve(): path for path in _files(paths, pattern)}.values())
    _warn_of_twins(files)
    notes = Notes(address, flow)
    server = TusServer(address)
    with progress_bars() as tell:
        sender = FileSender(server, notes, flow=flow, patience_s=patience, tell=tell or (lambda _: None))
        try:
            results = [
                _would(path, notes, again=again) if dry_run else _send(sender, path, again=again) for path in files
            ]
        finally:
            server.close()
    failed = sum(one["state"] == "failed" for one in results)
    answer({"files": results, "failed": failed}, [_line(one) for one in results] or ["No file."], as_json=as_json)
    if failed:
        raise Exit(FAILED)


def _files(paths: Sequence[Path], pattern: str) -> Iterator[Path]:
    """Files as they are named, and those of folders by path; what begins with a dot is left out of folders."""
    from headgate.core.errors import UsageError

    for path in paths:
        if path.is_dir():
            found = [one for one in path.rglob(pattern) if one.is_file() and not one.is_symlink()]
            yield from sorted(one for one in found if not any(part[0] == "." for part in one.relative_to(path).parts))
        elif path.is_file():
            yield path
        else:
            raise UsageError(f"{path} is neither file nor folder. Next: look at the path; nothing was sent.")


def _warn_of_twins(files: Sequence[Path]) -> None:
    """Files of one name are versions of one file to whoever takes them."""
    names = [path.name for path in files]
    for name in sorted({name for name in names if names.count(name) > 1}):
        note(f"{names.count(name)} files are called {name}; they arrive as versions of one file.")


def _send(sender: FileSender, path: Path, *, again: bool) -> dict[str, Any]:
    from headgate.cli.tus_client import ServerRefusedError
    from headgate.core.errors import HeadgateError

    about: dict[str, Any] = {"path": str(path)}
    try:
        sent = sender.send(path, again=again)
    except ServerRefusedError as error:
        told = {"code": error.code, "message": error.message, "next": error.next_step}
        return about | {"state": "failed", "error": told}
    except HeadgateError as error:
        return about | {"state": "failed", "error": {"code": type(error).__name__, "message": str(error), "next": ""}}
    except OSError as error:
        told = {
            "code": "system",
            "message": f"It cannot be read: {error.strerror}.",
            "next": "Look at its permissions.",
        }
        return about | {"state": "failed", "error": told}
    return about | {
        "state": sent.state,
        "sha256": sent.sha256,
        "upload": sent.upload,
        "sent_bytes": sent.sent_bytes,
        "from_bytes": sent.from_bytes,
    }


def _would(path: Path, notes: Any, *, again: bool) -> dict[str, Any]:  # noqa: ANN401  Notes, not imported for --help
    status = path.stat()
    known = None if again else notes.read(path, status)
    state = "would_send" if known is None else "already" if known.done else "would_resume"
    return {"path": str(path), "state": state, "size_bytes": status.st_size}


_WORDS = {
    "sent": "arrived whole",
    "resumed": "arrived whole, from where it had stopped",
    "already": "was sent before",
    "would_send": "would be sent",
    "would_resume": "would go on",
}


def _line(one: dict[str, Any]) -> str:
    path = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in one["path"])
    if one["state"] == "failed":
        error = one["error"]
        return f"{path}: not sent. {error['message']}{' Next: ' + error['next'] if error['next'] else ''}"
    return f"{path}: {_WORDS[one['state']]}"
