"""What a command proposes for a flow's rules: the text of a contract, and values as `--set NAME=VALUE` says them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from headgate.core.errors import UsageError
from headgate.core.flow import Flow


def proposed_text(place: Path) -> str:
    """The text of a file; UsageError for one that is not UTF-8."""
    try:
        return place.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise UsageError(f"{place} is no text in UTF-8: {error}. Next: write it in UTF-8.") from error


def proposed_values(texts: Sequence[str], flow: Flow) -> dict[str, str]:
    """Values by name; of a table the content of the file that is named."""
    tables = {one.name for one in flow.parameters if one.type == "table"}
    values: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UsageError(f"--set {text!r} is no NAME=VALUE.")
        if name in values:
            raise UsageError(f"--set names {name} twice. Next: say once what it shall be.")
        if name in tables and not Path(value).is_file():
            raise UsageError(f"{value} is no file; a table parameter takes the path of a CSV file.")
        values[name] = proposed_text(Path(value)) if name in tables else value
    return values
