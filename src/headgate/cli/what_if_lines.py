"""A replay in lines for people."""

from __future__ import annotations

from collections.abc import Iterator

from headgate.cli.console import columns
from headgate.core.reasons import Verdict
from headgate.deciding.replay_document import drifted, held_changes, question, sentence
from headgate.deciding.replay_result import Replay
from headgate.deciding.replay_words import MoveLine

_VERDICTS = [verdict.value for verdict in Verdict]


def replay_lines(found: Replay) -> Iterator[str]:
    """The proposal, the finding, the matrix, each reason with samples, and what was left out."""
    count = len(found.deliveries)
    yield f"What if {found.flow} had {question(found)}?"
    yield f"Replayed over {count} {'delivery' if count == 1 else 'deliveries'}. Nothing was changed."
    yield sentence(found)
    yield ""
    yield from _matrix(found)
    yield ""
    yield f"Accepted: {_share(found.share_now)} now, {_share(found.share_then)} with the change."
    if found.now.warned != found.then.warned:
        yield f"Accepted with a warning: {found.now.warned:,} rows now, {found.then.warned:,} with the change."
    yield from map(_printed, held_changes(found))
    for one in found.moves:
        yield from _move(one)
    if found.contract is not None:
        risen = "which it has" if found.contract.risen_enough else "which it has not"
        yield f"{found.contract.before} -> {found.contract.after}: needs a rise of {found.contract.rise}, {risen}."
    yield from map(_printed, drifted(found))
    for failing in found.failing:
        yield f"Would fail: {failing.id} ({_printed(failing.name)}): {_printed(failing.why)}"
    for left in found.left_out:
        yield f"Left out: {left.id} ({_printed(left.name)}): {left.why}."
    yield f"Digest of what is shown: {found.digest}"


def _matrix(found: Replay) -> list[str]:
    rows = {(cell.now, cell.then): cell.rows for cell in found.cells}
    lines = [
        (f"now {now}", *(rows.get((now, then), 0) for then in _VERDICTS), sum(rows.get((now, v), 0) for v in _VERDICTS))
        for now in _VERDICTS
    ]
    sums = [sum(rows.get((now, then), 0) for now in _VERDICTS) for then in _VERDICTS]
    lines.append(("with the change", *sums, sum(sums)))
    return columns(lines, heads=("rows", *(f"then {verdict}" for verdict in _VERDICTS), "all"), right=range(1, 6))


def _share(share: object) -> str:
    return "no row" if share is None else f"{share:.2%}"


def _move(one: MoveLine) -> Iterator[str]:
    place = f" on {one.column}" if one.column else ""
    words = one.words.rstrip(".")
    asked = f". Expected: {one.expected}" if one.expected and one.expected != words else ""
    yield f"{one.rows:,} from {one.now} to {one.then} by {one.rule} ({one.code}){place}: {words}{asked}."
    for sample in one.samples:
        shown = "masked" if one.masked else sample.found
        told = "" if shown is None else f": {sample.column} is {_printed(shown)}"
        yield f"  {sample.delivery} row {sample.row}{told}"


def _printed(text: str) -> str:
    """Text of a sender; control characters in it must not steer the terminal."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)
