from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from headgate.uploads.records import Limits
from headgate.uploads.refusals import Refusal
from headgate.web.error_replies import STATUS_OF_REFUSAL

DOCUMENT = (Path(__file__).parents[3] / "docs" / "uploads.md").read_text("utf-8")


@pytest.mark.parametrize("refusal", Refusal)
def test_every_refusal_is_told_with_its_status(refusal: Refusal) -> None:
    assert re.search(rf"^\| `{refusal}` \| {STATUS_OF_REFUSAL[refusal]} \|", DOCUMENT, re.MULTILINE)


@pytest.mark.parametrize("limit", [field.name for field in msgspec.structs.fields(Limits)])
def test_every_limit_is_told(limit: str) -> None:
    assert f"| `{limit}` |" in DOCUMENT
