"""A checked batch as a file in the stage, so that another process can go on with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from headgate.core.batches import CheckedBatch, CheckedDelivery
from headgate.core.flow import Flow
from headgate.core.overlay import Overlay
from headgate.core.records import Delivery, StagedFile

NAME = "manifest.json"


class _Manifest(msgspec.Struct, frozen=True, kw_only=True):
    checked: tuple[CheckedDelivery, ...]
    rows: tuple[StagedFile, ...]
    faulty: tuple[StagedFile, ...]
    parameters: dict[str, int]
    contract: str


def write_manifest(batch: CheckedBatch) -> None:
    """Write the batch's manifest; the last thing that is written into its folder, so a half stage has none."""
    content = _Manifest(
        checked=batch.checked,
        rows=batch.rows,
        faulty=batch.faulty,
        parameters=dict(batch.parameters),
        contract=batch.flow.contract.digest,
    )
    aside = Path(batch.folder) / f".{NAME}"
    aside.write_bytes(msgspec.json.encode(content))
    aside.replace(Path(batch.folder) / NAME)


def read_manifest(
    folder: str, flow: Flow, deliveries: Sequence[Delivery], overlays: Mapping[str, Overlay]
) -> CheckedBatch | None:
    """The batch of a stage folder, or None where it is gone or was made under another contract.

    It may have been made under parameter versions that are no longer the newest; the batch says which.
    """
    place = Path(folder) / NAME
    if not place.exists():
        return None
    content = msgspec.json.decode(place.read_bytes(), type=_Manifest)
    if content.contract != flow.contract.digest:
        return None
    ids = {one.id for one in deliveries}
    return CheckedBatch(
        flow=flow,
        deliveries=tuple(deliveries),
        checked=tuple(one for one in content.checked if one.id in ids),
        rows=content.rows,
        faulty=content.faulty,
        parameters=content.parameters,
        folder=folder,
        overlays={id_: one for id_, one in overlays.items() if id_ in ids},
    )


def staged_deliveries(folder: str) -> frozenset[str]:
    """Ids of the deliveries whose rows lie in a stage folder; none where it is gone or has no manifest."""
    place = Path(folder) / NAME
    if not place.exists():
        return frozenset()
    return frozenset(one.id for one in msgspec.json.decode(place.read_bytes(), type=_Manifest).checked)
