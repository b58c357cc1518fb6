"""What was sent by one upload link and what became of it, in words for who sent it. Of others it says nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from headgate.core.platform import Platform
from headgate.core.ports import DeliveryFilter
from headgate.core.reason_words import in_words
from headgate.core.reasons import ReasonCode
from headgate.core.records import BY_LINK, PROVEN, Delivery
from headgate.core.states import DeliveryState
from headgate.core.upload_links import SentUpload, UploadLink
from headgate.serve.delivery_reasons import WARNING, ReasonLine, tell_reasons
from headgate.serve.delivery_story import samples_of
from headgate.uploading import name_of
from headgate.uploads.records import Upload, UploadState
from headgate.web.site import Site

SHOWN = 20
WITH_REASONS = 5  # the newest; the others show theirs when asked
_NOTHING_TO_DO = "Nothing to do."


class SentFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file as its sender may see it."""

    upload: str
    name: str
    size_bytes: int
    kind: str  # how its state is drawn
    state: str
    said: str  # a sentence more, or nothing
    arrived: bool = True
    share: int = 100  # percent that is here
    delivery: Delivery | None = None  # of this very link only
    proven: bool = False  # the sender said the same SHA-256
    reasons: tuple[ReasonLine, ...] | None = None  # None: not looked up
    receipt: bool = False


def sent_files(site: Site, link: UploadLink, *, wanted: str | None = None) -> list[SentFile]:
    """The newest files of the link with what became of them, or the one that is wanted."""
    sent = site.links.sent(link.id, uploads=None if wanted is None else [wanted], most=SHOWN)
    own = {one.upload_id: one for one in site.uploads.all() if one.owner == link.id}
    known = {one.upload for one in sent}
    refused = [one for one in own.values() if one.state is UploadState.REFUSED and one.upload_id not in known]
    told = [_refused(one) for one in refused if wanted in {None, one.upload_id}]
    return told + list(_told(site.platform, link, sent, own))


def own_delivery(site: Site, link: UploadLink, upload: str) -> Delivery | None:
    """What an upload of the link became; None where it is not of this link, or has not landed by it."""
    landed = [one.delivery for one in site.links.sent(link.id, uploads=[upload], most=1) if one.delivery is not None]
    found = site.platform.ledger.deliveries(DeliveryFilter(ids=tuple(landed))) if landed else []
    return found[0] if found and _is_own(found[0], link) else None


def _told(
    platform: Platform, link: UploadLink, sent: Sequence[SentUpload], own: dict[str, Upload]
) -> Iterator[SentFile]:
    ids = tuple(one.delivery for one in sent if one.delivery is not None)
    landed = {one.id: one for one in platform.ledger.deliveries(DeliveryFilter(ids=ids))} if ids else {}
    receipts = {each.delivery for each in platform.ledger.receipts(ids)} if ids else set()
    looked_at = 0
    for one in sent:
        delivery = landed.get(one.delivery or "")
        if delivery is None:
            yield _under_way(one, own.get(one.upload))
        elif not _is_own(delivery, link):
            yield _twin(one)
        else:
            reasons = None
            if delivery.reasons and looked_at < WITH_REASONS:
                looked_at += 1
                reasons = _why(platform, delivery)
            yield _landed(one, delivery, reasons, receipt=delivery.id in receipts)


def _why(platform: Platform, one: Delivery) -> tuple[ReasonLine, ...]:
    """Why rows were not published; a warning asks nothing of their sender."""
    lines = tell_reasons(platform, one, list(samples_of(platform, one)))
    return tuple(line for line in lines if line.mark != WARNING)


def _is_own(delivery: Delivery, link: UploadLink) -> bool:
    return delivery.facts.get(BY_LINK) == link.id


def _refused(one: Upload) -> SentFile:
    name = name_of(one.metadata)
    said = f"{one.reason} Next: send it again once that is put right."
    return SentFile(
        upload=one.upload_id, name=name, size_bytes=one.length_bytes or 0, kind="fail", state="refused", said=said
    )


def _under_way(one: SentUpload, upload: Upload | None) -> SentFile:
    if upload is None or upload.state is UploadState.OPEN:
        here = 0 if upload is None else upload.offset_bytes
        share = 100 * here // one.size_bytes if one.size_bytes else 0
        return SentFile(
            upload=one.upload,
            name=one.name,
            size_bytes=one.size_bytes,
            kind="wait",
            state="not whole yet",
            said="",
            arrived=False,
            share=min(share, 100),
        )
    return SentFile(
        upload=one.upload,
        name=one.name,
        size_bytes=one.size_bytes,
        kind="go",
        state="arrived whole, being looked at",
        said=_NOTHING_TO_DO,
    )


def _twin(one: SentUpload) -> SentFile:
    return SentFile(
        upload=one.upload,
        name=one.name,
        size_bytes=one.size_bytes,
        kind="",
        state="not taken: we have it already",
        said=f"A file with the same content, byte for byte, came before. Nothing is counted twice. {_NOTHING_TO_DO}",
    )


def _landed(one: SentUpload, delivery: Delivery, reasons: tuple[ReasonLine, ...] | None, *, receipt: bool) -> SentFile:
    if delivery.facts.get("refused") == ReasonCode.DUPLICATE_DELIVERY.value:
        return _twin(one)
    kind, state, said = _words(delivery, receipt=receipt)
    return SentFile(
        upload=one.upload,
        name=one.name,
        size_bytes=delivery.size_bytes,
        kind=kind,
        state=state,
        said=said,
        delivery=delivery,
        proven=bool(delivery.facts.get(PROVEN)),
        reasons=reasons,
        receipt=receipt,
    )


def _words(one: Delivery, *, receipt: bool) -> tuple[str, str, str]:
    """How its state is drawn, the state, and what that means for who sent it."""
    match one.state:
        case DeliveryState.PUBLISHED | DeliveryState.ARCHIVED:
            return "ok", f"arrived whole, checked{', receipt ready' if receipt else ''}", _about_rows(one)
        case DeliveryState.HELD:
            why = "; ".join(in_words(code, None, {}) or code for code in one.held_for)
            return "wait", "held", f"{why}. A person here looks at it. {_NOTHING_TO_DO}"
        case DeliveryState.REFUSED:
            why = in_words(str(one.facts.get("refused", "")), None, {}) or "The file cannot be read"
            return "fail", "refused", f"{why}. Next: look at the file, and send it anew."
        case DeliveryState.FAILED:
            return "wait", "waits for us", f"It arrived whole, and a fault on our side stopped it. {_NOTHING_TO_DO}"
        case DeliveryState.SUPERSEDED:
            return "void", "replaced", f"A later file took its place. {_NOTHING_TO_DO}"
        case _:
            return "go", "arrived whole, being checked", _NOTHING_TO_DO


def _about_rows(one: Delivery) -> str:
    """What is left to do about rows that were not published."""
    counts = one.counts
    if counts is None or not (counts.held or counts.rejected):
        return ""
    told = []
    if counts.rejected:
        told.append(f"{_rows(counts.rejected)} rejected: mend and send what is named below in a new file.")
    if counts.held:
        told.append(f"{_rows(counts.held)} held: a person here looks at it. {_NOTHING_TO_DO}")
    return " ".join(told)


def _rows(count: int) -> str:
    return f"{count:,} row {'is' if count == 1 else 's are'}".replace("row s", "rows")
