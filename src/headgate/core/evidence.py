"""What can be wrong with evidence: one code per finding, and the error that carries it."""

from __future__ import annotations

from enum import StrEnum

from headgate.core.errors import EvidenceError


class EvidenceFault(StrEnum):
    """Why a key, a note, a receipt or a log does not prove what it claims."""

    KEY_MALFORMED = "key_malformed"  # no key in the note format
    KEY_UNKNOWN = "key_unknown"  # signed, but by no key that the verifier knows
    KEY_NOT_VALID = "key_not_valid"  # known, but not valid at that time
    NOTE_MALFORMED = "note_malformed"  # no signed note
    CHECKPOINT_MALFORMED = "checkpoint_malformed"  # a note whose text is no checkpoint
    SIGNATURE_WRONG = "signature_wrong"  # a known key did not sign these bytes
    ORIGIN_WRONG = "origin_wrong"  # the checkpoint of another log
    RECEIPT_MALFORMED = "receipt_malformed"  # no receipt
    BODY_NOT_IN_LEAF = "body_not_in_leaf"  # the event speaks of another receipt
    LEAF_NOT_IN_LOG = "leaf_not_in_log"  # the event is not in the tree that was signed
    OUT_OF_RANGE = "out_of_range"  # an index or a size that the tree does not have
    NODE_MISSING = "node_missing"  # the stored tree lacks a node
    EVENTS_CHANGED = "events_changed"  # edited, inserted, deleted or reordered before a checkpoint
    TAIL_CUT = "tail_cut"  # fewer events than a checkpoint counted
    CHECKPOINT_BACKWARDS = "checkpoint_backwards"  # smaller than the checkpoint before it
    TREE_REBUILT = "tree_rebuilt"  # events changed, and the stored tree computed anew over them
    TREE_DIFFERS = "tree_differs"  # the stored tree is not that of the events
    NOTHING_ANCHORED = "nothing_anchored"  # events, and no checkpoint that could prove them
    HISTORY_DIFFERS = "history_differs"  # the larger tree does not contain the smaller one


class ProofError(EvidenceError):
    """Evidence does not prove what it claims; `fault` is the code, the message says what does not fit."""

    def __init__(self, fault: EvidenceFault, message: str) -> None:
        self.fault = fault
        super().__init__(message)

    def __reduce__(self) -> tuple[type[ProofError], tuple[EvidenceFault, str]]:
        return type(self), (self.fault, str(self))
