"""Functions of a flow's own files."""

from __future__ import annotations

import pytest

from headgate.core.errors import FlowError
from headgate.core.flow import Flow
from headgate.core.python_source import load_function
from headgate.core.replacing import replace
from headgate.project import load_flow
from headgate.wiring import shipped_flows

SOURCE = b"import math\nfloor = math.floor\nnumber = 5\n\ndef name():\n    return __name__\n"


@pytest.fixture(scope="module")
def flow() -> Flow:
    return replace(load_flow(shipped_flows() / "retail"), files={"tasks/own.py": SOURCE, "bad.py": b"1 / 0"})


def test_a_function_comes_from_the_bytes_of_the_flow(flow: Flow) -> None:
    assert load_function(flow, "tasks/own.py", "floor")(2.5) == 2
    assert load_function(flow, "tasks/own.py", "name")() == "retail.tasks.own"


@pytest.mark.parametrize(
    ("file", "name", "told"),
    [
        ("none.py", "floor", "none.py: there is no such file in the flow folder"),
        ("bad.py", "floor", "bad.py: cannot be loaded: ZeroDivisionError: division by zero"),
        ("tasks/own.py", "ceiling", "tasks/own.py: has no function 'ceiling'"),
        ("tasks/own.py", "number", "tasks/own.py: has no function 'number'"),
    ],
)
def test_what_cannot_be_loaded_is_told(flow: Flow, file: str, name: str, told: str) -> None:
    with pytest.raises(FlowError, match=told):
        load_function(flow, file, name)
