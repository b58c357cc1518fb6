"""`what-if`: what it says is what comes, and nothing happens by asking."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

Call = Callable[..., Any]


def test_a_value_is_foretold_and_then_put_in_force(headgate: Call, first: dict[str, Any]) -> None:
    events = headgate("status", "--json").document
    told = headgate("what-if", "sales", "--set", "amount_limit=300.00", first["id"], "--json").document
    assert headgate("status", "--json").document == events
    assert (told["flow"], told["contract"], told["left_out"]) == ("sales", None, [])
    assert told["values"] == [{"name": "amount_limit", "before": "2500.00", "after": "300.00"}]
    (line,) = told["deliveries"]
    assert line["stands"] == line["now"]["counts"] == first["counts"]
    assert told["moved"] == sum(cell["rows"] for cell in told["matrix"] if cell["now"] != cell["then"]) > 0
    assert {move["code"] for move in told["moves"] if move["rule"] == "amount_within_limit"} == {"over_limit"}
    headgate("parameters", "set", "sales", "amount_limit", "300.00", "--reason", "as it was replayed")
    (after,) = headgate("reprocess", first["id"], "--json").document["deliveries"]
    assert (after["counts"], after["held_for"]) == (line["then"]["counts"], list(line["then"]["held_for"]))


def test_a_contract_is_told_in_words(headgate: Call, project: Path) -> None:
    contract = project / "flows" / "sales" / "contract.odcs.yaml"
    text = contract.read_text()
    draft = project / "draft.odcs.yaml"
    draft.write_text(text.replace("validValues: [Kitchen, ", "validValues: ["))
    said = headgate("what-if", "sales", "--contract", "draft.odcs.yaml", "--deliveries", "1").out
    assert "What if sales had contract 4.0.0 instead of 4.0.0?" in said
    assert "Replayed over 1 delivery. Nothing was changed." in said
    assert "would change their verdict" in said
    assert "items[0].category is Kitchen" in said
    assert "4.0.0 -> 4.0.0: needs a rise of major, which it has not." in said
    assert "would be held as a whole: below_threshold" in said
    assert contract.read_text() == text


def test_a_wrong_call_says_what_is_wrong(headgate: Call, project: Path, first: dict[str, Any]) -> None:
    for arguments, told in (
        (("sales",), "nothing is proposed"),
        (("sale", "--set", "amount_limit=1"), "Did you mean 'sales'"),
        (("sales", "--set", "amount_limits=1"), "Did you mean 'amount_limit'"),
        (("sales", "--set", "amount_limit"), "is no NAME=VALUE"),
        (("sales", "--set", "amount_limit=a lot"), "takes decimal(12,2)"),
        (("sales", "--set", "fx_rates=none.csv"), "is no file"),
        (("sales", "--set", "amount_limit=1.00", "d-none"), "there is no delivery d-none"),
        (("sales", "--contract", "headgate.toml"), "contract.odcs.yaml"),
        (("sales", "--set", "amount_limit=1.00", "--most-rows", "1", first["id"]), "--most-rows"),
    ):
        assert told in headgate("what-if", *arguments, expect=2).err, arguments
    (project / "latin.yaml").write_bytes("name: café".encode("latin-1"))
    assert "is no text in UTF-8" in headgate("what-if", "sales", "--contract", "latin.yaml", expect=2).err
    assert "none.yaml" in headgate("what-if", "sales", "--contract", "none.yaml", expect=1).err


def test_a_table_is_replayed_from_its_file(headgate: Call, project: Path, first: dict[str, Any]) -> None:
    rates = (project / "flows" / "sales" / "fx_rates.csv").read_text().splitlines()
    (project / "rates.csv").write_text("\n".join([rates[0], *(line for line in rates[1:] if "USD" not in line)]))
    vault = sorted(place.name for place in (project / "vault").rglob("*"))
    told = headgate("what-if", "sales", "--set", "fx_rates=rates.csv", first["id"], "--json").document
    assert {move["code"] for move in told["moves"]} >= {"no_rate"}
    assert sorted(place.name for place in (project / "vault").rglob("*")) == vault
