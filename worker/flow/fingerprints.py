"""Numbers that tell what a question and an answer are like: how long, in which language, about what. No text of them.

They are taken from texts without private values, as judges see them.
"""

from __future__ import annotations

from typing import Any

from assay.judges.errors import UnjudgeableSample
from assay.judges.redaction.placeholders import Placeholders
from assay.judges.redaction.policy import Redaction
from assay.judges.redaction.redact import redacted_text
from assay.judges.text.fingerprints import HASHED, hashed_vector
from assay.judges.text.languages.told import told_language
from assay.worker.extraction.extract import Extraction
from assay.worker.records.facts import TraceFacts


def with_fingerprints(facts: TraceFacts, question: str, answer: str) -> TraceFacts:
    """The facts with those of two texts without private values. An empty text has none."""
    told = {**_of_text("question", question), **_of_text("answer", answer)}
    return facts.model_copy(update={**told, "vectors_from": HASHED}) if told else facts


def with_fingerprints_of_skipped(facts: TraceFacts, extraction: Extraction, redaction: Redaction) -> TraceFacts:
    """The same for a trace that cannot be judged. A text whose private values cannot be found has none."""
    parts = (extraction.question, extraction.response)
    question, answer = (_without_private(part.text if part else "", redaction) for part in parts)
    return with_fingerprints(facts, question, answer)


def _of_text(part: str, text: str) -> dict[str, Any]:
    if not text.strip():
        return {}
    return {
        f"{part}_chars": len(text),
        f"{part}_language": told_language(text),
        f"{part}_vector": hashed_vector(text),
    }


def _without_private(text: str, redaction: Redaction) -> str:
    if redaction.is_empty or not text:
        return text
    try:
        return redacted_text(text, redaction, Placeholders((text,))).text
    except UnjudgeableSample:
        return ""
