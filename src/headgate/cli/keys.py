"""`keys`: the keys that sign, and those by which a command verifies."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from headgate.cli.console import answer, columns
from headgate.cli.options import Group, examples, json_option, project_option

if TYPE_CHECKING:
    from headgate.core.signing_keys import PublicKey

key_option = click.option(
    "--key",
    metavar="FILE",
    type=Path,
    help="Public keys: public.json or verifier keys, one a line; default: the project's.",
)

keys = Group("keys", help="The keys that sign receipts and checkpoints.")


@keys.command("list", epilog=examples("headgate keys list"))
@project_option
@json_option
def list_keys(*, project: Path | None, as_json: bool) -> None:
    """List the public keys, old ones too; the last one signs. Give them to whoever shall verify."""
    from headgate.cli.opening import opened_to_read
    from headgate.settings import project_settings

    with opened_to_read(project_settings(project)) as opened:
        known = [dict(key) for key in opened.platform.secrets.public_keys()]
    rows = [
        (f"{key['name']}+{key['id']}+{key['base64']}", key["valid_from"], key["valid_until"] or "in force")
        for key in known
    ]
    answer({"keys": known}, columns(rows, heads=("verifier key", "from", "until")), as_json=as_json)


@keys.command("rotate", epilog=examples("headgate keys rotate"))
@project_option
@json_option
def rotate(*, project: Path | None, as_json: bool) -> None:
    """Make a new signing key. The old public key stays known; the old private one is deleted."""
    from headgate.cli.opening import opened_to_read
    from headgate.operations import rotate_key
    from headgate.settings import project_settings

    with opened_to_read(project_settings(project)) as opened:
        key = rotate_key(opened.platform)
    told = [f"From now on {key} signs.", "Next: `headgate keys list`, and give it to those who verify."]
    answer({"id": key}, told, as_json=as_json)


def trusted_keys(path: Path | None, project: Path | None) -> list[PublicKey]:
    """The keys of the file, or of the project that is named or lies upwards."""
    from headgate.serve.key_files import read_key_file
    from headgate.settings import project_settings

    return read_key_file(path or project_settings(project).keys / "public.json")
