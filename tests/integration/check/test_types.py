"""Every kind of value under every type of a contract, through both statements of a check."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.harness import kinds
from tests.harness.kinds import Case, Outcome

from headgate.adapters.duckdb_engine import DuckDBEngine
from headgate.check.shape_sql import EXACT, parse_sql
from headgate.core.contract import Contract

STRICT = list(kinds.strict_cases("json"))
TEXT = list(kinds.strict_cases("text"))
LENIENT = list(kinds.lenient_cases("json"))
LENIENT_TEXT = list(kinds.lenient_cases("text"))
Judged = dict[Case, Outcome]
Judge = Callable[..., Judged]


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    """Outcomes of all cases of a table; each table is run once."""
    known: dict[tuple[str, str, int, bool], Judged] = {}

    def run(contract: Contract, cases: list[Case], *, typed: bool = False) -> Judged:
        key = (contract.digest, cases[0].source, len(cases), typed)
        if key not in known:
            folder = tmp_path_factory.mktemp("judged")
            known[key] = dict(zip(cases, _outcomes(contract, cases, folder, typed=typed), strict=True))
        return known[key]

    return run


def _outcomes(contract: Contract, cases: list[Case], folder: Path, *, typed: bool) -> list[Outcome]:
    engine = DuckDBEngine(memory_limit_bytes=200 << 20, threads=2, scratch=str(folder), readable=[str(folder)])
    try:
        return kinds.judge(engine, contract, cases, folder, typed=typed)
    finally:
        engine.close()


@pytest.mark.parametrize("way", ["from_text", "typed"])
@pytest.mark.parametrize("case", STRICT, ids=lambda case: case.id)
def test_json(case: Case, way: str, judged: Judge) -> None:
    expect(case, judged(kinds.strict_contract(required=False), STRICT, typed=way == "typed")[case])


@pytest.mark.parametrize("case", TEXT, ids=lambda case: case.id)
def test_text(case: Case, judged: Judge) -> None:
    expect(case, judged(kinds.text_contract(required=False), TEXT)[case])


@pytest.mark.parametrize("case", LENIENT, ids=lambda case: case.id)
def test_lenient_json(case: Case, judged: Judge) -> None:
    expect(case, judged(kinds.lenient_contract(), LENIENT)[case])


@pytest.mark.parametrize("case", LENIENT_TEXT, ids=lambda case: case.id)
def test_lenient_text(case: Case, judged: Judge) -> None:
    expect(case, judged(kinds.lenient_contract(), LENIENT_TEXT)[case])


def expect(case: Case, found: Outcome) -> None:
    """The value and the one reason; what the quick look passes has no reason, and the other way round."""
    assert {code for _, code in found.reasons} == ({case.reason} if case.reason else set())
    assert found.sound is (case.reason is None)
    if case.reason is None or case.column not in kinds.CONTAINERS:
        assert found.taken == case.taken


@pytest.mark.parametrize("source", ["json", "typed", "text"])
def test_a_required_column_misses_what_is_null(source: str, judged: Judge) -> None:
    contract = (kinds.text_contract if source == "text" else kinds.strict_contract)(required=True)
    cases = TEXT if source == "text" else STRICT
    for case, found in judged(contract, cases, typed=source == "typed").items():
        told = {code for path, code in found.reasons if path.partition(".")[0].partition("[")[0] == case.column}
        nothing = case.reason is None and case.taken is None
        wanted = {"missing_value"} if nothing else {case.reason} if case.reason else set()
        assert told - {"unknown_column"} == wanted - {"unknown_column"}, case.id
        others = {code for path, code in found.reasons if path in _others(contract, case.column)}
        assert others == {"missing_value"}, case.id


def _others(contract: Contract, name: str) -> set[str]:
    return {column.name for column in contract.columns} - {name}


def test_the_page_is_current() -> None:
    assert kinds.PAGE.read_text(encoding="utf-8") == kinds.page(), "run python -m tests.harness.kinds"


def test_the_engine_keeps_digits_only_beside_a_decimal(tmp_path: Path) -> None:
    """What the whole reading of numbers rests on, and no manual says."""
    engine = DuckDBEngine(memory_limit_bytes=100 << 20, threads=1, scratch=str(tmp_path), readable=[str(tmp_path)])
    column = kinds.strict_contract(required=False).columns[0]
    numbers = ["12.50", "1e2", "1E+2", "-0", "1e400", "9007199254740993.25", "123456789012345678901234567890.50"]
    try:
        with_marker = parse_sql([column], "raw")
        without = with_marker.replace(f', "{EXACT}": "DECIMAL(1,0)"', "")
        assert without != with_marker
        kept, lost = (
            [text for (text,) in engine.rows(_leaves(parsed, column.name, numbers))]
            for parsed in (with_marker, without)
        )
        assert kept == numbers
        assert lost == ["12.5", "100.0", "100.0", "0", "1e400", "9007199254740994.0", "1.2345678901234568e29"]
    finally:
        engine.close()


def _leaves(parsed: str, name: str, numbers: list[str]) -> str:
    rows = ", ".join(f"({place}, '{{\"{name}\": {number}}}')" for place, number in enumerate(numbers))
    read = f"SELECT place, {parsed} AS d FROM (VALUES {rows}) AS t(place, raw)"
    return f'SELECT CAST(d."{name}" AS VARCHAR) FROM ({read}) ORDER BY place'
