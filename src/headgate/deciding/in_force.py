"""A contract that was agreed takes its place in the flow's folder, wherever the process is killed on the way.

Before the decision is executed its text is laid beside the contract, under a name of its own; after that it is renamed
onto the contract. So a text that lies there, and whose decision is executed, is what a kill left to be done.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from headgate.core.cases import Act, Decision, DecisionState
from headgate.core.decision_document import DecisionDocument
from headgate.core.errors import HeadgateError
from headgate.core.flow import Flow
from headgate.core.flow_files import CONTRACT_FILE
from headgate.core.platform import Platform
from headgate.deciding.desk import Desk, document_of
from headgate.deciding.drift import agreed_beside, file_digest, put_in_force, write_whole
from headgate.project import load_flow
from headgate.serve.agreed_contracts import AGREED, contracts_beside

_log = logging.getLogger(__name__)


def lay_beside(platform: Platform, document: DecisionDocument) -> str:
    """Lay the agreed text beside the contract, safe on the disk; what stands against it, empty where nothing does."""
    flow = platform.flows[document.flow]
    if not _stands_as_agreed(flow, document):
        return f"{CONTRACT_FILE} in the folder of flow {flow.name} was changed since it was shown"
    assert document.contract_text is not None
    try:
        write_whole(agreed_beside(flow, document.contract_text), document.contract_text)
    except OSError as error:
        return f"the contract cannot be written into the folder of flow {flow.name}: {error.strerror}"
    return ""


def take_away(platform: Platform, document: DecisionDocument) -> None:
    """Remove what was laid beside the contract for a decision that is void."""
    flow = platform.flows.get(document.flow)
    if flow is not None and document.contract_text is not None:
        agreed_beside(flow, document.contract_text).unlink(missing_ok=True)


def finish(desk: Desk) -> list[Decision]:
    """Put in force what a killed process had executed and not put in force; the decisions.

    A contract that somebody wrote since stands: the agreed text is kept beside it as `.left`, and told once. A text
    whose decision did not come about is removed.
    """
    done = []
    for flow, file in contracts_beside(desk.platform.flows, AGREED):
        try:
            done += _finish(desk, flow, file)
        except (HeadgateError, FileNotFoundError):  # a folder that is being edited, or another process did it
            continue
    return done


def _finish(desk: Desk, flow: Flow, file: Path) -> list[Decision]:
    text = file.read_bytes()  # line ends count
    known = desk.cases.decisions(states=(DecisionState.DECIDED, DecisionState.EXECUTED))
    accepting = [(one, document_of(desk, one)) for one in known if one.act in {Act.ACCEPT, Act.CHANGE}]
    same = [(one, of) for one, of in accepting if of.flow == flow.name and (of.contract_text or "").encode() == text]
    if any(one.state is DecisionState.DECIDED for one, _ in same):
        return []  # its execution is at hand
    if not same or (Path(flow.folder) / CONTRACT_FILE).read_bytes() == text:
        file.unlink()
        return []
    fitting = [(one, document) for one, document in same if _stands_as_agreed(flow, document)]
    if not fitting:
        _leave(flow, file, [one for one, _ in same])
        return []
    decision, document = fitting[-1]
    put_in_force(desk.platform, document)
    return [decision]


def _stands_as_agreed(flow: Flow, document: DecisionDocument) -> bool:
    """Whether the folder holds the very contract that the document is to take the place of."""
    if document.based_on is not None:
        return file_digest(flow) == document.based_on
    return load_flow(Path(flow.folder)).contract.digest == document.contract


def _leave(flow: Flow, file: Path, decisions: Sequence[Decision]) -> None:
    kept = file.with_suffix(".left")
    file.replace(kept)
    told = {"action": "contract_left", "flow": flow.name, "case": decisions[-1].case, "file": str(kept)}
    _log.warning("the contract was changed before what was agreed was put in force", extra=told)
