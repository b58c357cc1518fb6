from __future__ import annotations

import re
from pathlib import Path

import pytest

from headgate.serve.report_formats import FORMATS
from headgate.serve.report_schema import DOCUMENT, FORMS
from headgate.serve.report_sql import PARAMETERS
from headgate.serve.report_standard import STANDARD

_DOCS = (Path(__file__).parents[3] / "docs" / "report.md").read_text(encoding="utf-8")
_KEYS = {*DOCUMENT["properties"], *(key for form in FORMS.values() for key in form["properties"])}
_WORDS = set(re.findall(r"`\$?([A-Za-z_0-9]+)`", _DOCS))


@pytest.mark.parametrize("name", sorted({*_KEYS, *FORMS, *FORMATS, *PARAMETERS, *STANDARD}))
def test_each_key_form_format_parameter_and_sentence_is_in_the_docs(name: str) -> None:
    assert name in _WORDS
