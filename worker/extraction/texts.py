"""The one text a value stands for: a question or an answer."""

from __future__ import annotations

from pydantic import JsonValue

from assay.worker.extraction.answers import answer_of
from assay.worker.extraction.names import Role
from assay.worker.extraction.questions import question_of


def text_of(value: JsonValue, *, role: Role, hint: str | None = None) -> str | None:
    """The text of a question (`role` user) or an answer (assistant); None where a value holds none."""
    return question_of(value) if role == "user" else answer_of(value, hint=hint).text
