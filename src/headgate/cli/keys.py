"""`keys`: the keys that sign, and those by which a command verifies."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from headgate.cli.console import answer, columns
from headgate.cli.options import AsJson, ProjectFolder, add, add_group

if TYPE_CHECKING:
    from headgate.core.signing_keys import PublicKey

KeyFile = Annotated[
    Path | None,
    typer.Option(
        "--key", metavar="FILE", help="Public keys: public.json or verifier keys, one a line; default: the project's."
    ),
]


def register(app: typer.Typer) -> None:
    """Enter the commands of this file."""
    keys = add_group(app, "keys", "The keys that sign receipts and checkpoints.")
    add(keys, "list", list_keys, "headgate keys list")
    add(keys, "rotate", rotate, "headgate keys rotate")


def list_keys(*, project: ProjectFolder = None, as_json: AsJson = False) -> None:
    """List the public keys, old ones too; the last one signs. Give them to whoever shall verify."""
    from headgate.cli.opening import opened_to_read
    from headgate.settings import project_settings

    with opened_to_read(project_settings(project)) as opened:
        keys = [dict(key) for key in opened.platform.secrets.public_keys()]
    rows = [
        (f"{key['name']}+{key['id']}+{key['base64']}", key["valid_from"], key["valid_until"] or "in force")
        for key in keys
    ]
    answer({"keys": keys}, columns(rows, heads=("verifier key", "from", "until")), as_json=as_json)


def rotate(*, project: ProjectFolder = None, as_json: AsJson = False) -> None:
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
