"""Whether a response answers, declines or says nothing checkable, told by the local judge's patterns."""

from __future__ import annotations

from assay.judges.local.checkworthy import checkworthy, is_refusal
from assay.judges.local.features import read_response
from assay.judges.local.model import load_word_weights
from assay.judges.schema import ResponseKind, Sample

KIND_VERSION = "3"
"""Changed whenever a response could be taken for another kind."""


def response_kind(response: str) -> ResponseKind:
    """The kind of a response by itself, as the local judge would see it."""
    view = read_response(Sample(id="", response=response), load_word_weights())
    if checkworthy(view.sentences):
        return ResponseKind.ANSWER
    refuses = any(is_refusal(sentence.text) for sentence in view.sentences)
    return ResponseKind.REFUSAL if refuses else ResponseKind.NO_CLAIMS
