"""From records that were found in a window to numbered rows and faults, in the order of the bytes."""

from __future__ import annotations

import numpy as np

from headgate.check.batches import BatchBuilder, Piece, kept_text, piece_of
from headgate.check.faults import Tally
from headgate.check.json_values import unfit


def add_records(out: BatchBuilder, tally: Tally, found: Piece, most_bytes: int) -> None:
    """Hand on records of JSON; those that are not fit to be records become faults. `most_bytes` limits one record."""
    if len(found.lengths) == 0:
        return
    bad = list(unfit(found.data, found.lengths, most_bytes))
    if not bad:
        out.add(found)
        return
    first = tally.number(len(found.lengths))
    good = np.ones(len(found.lengths), dtype=bool)
    for index, code, message in bad:
        good[index] = False
        offset = int(found.starts[index])
        text = f"The record at byte {offset:,} {message}."
        tally.fault(code, offset, int(found.sizes[index]), text, row=first + index)
    ends = np.cumsum(found.lengths)
    data = kept_text(found.data, (ends - found.lengths)[good], ends[good])
    out.add(piece_of(data, found.starts[good], found.lengths[good]), first + np.flatnonzero(good))
