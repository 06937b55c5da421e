"""What drift is looked for in: each feature of the traffic, where it comes from and how it is tested."""

from __future__ import annotations

from typing import Literal, NamedTuple

Side = Literal["input", "output", "retrieval", "model"]
Kind = Literal["number", "share", "category", "topics", "vectors"]


class Feature(NamedTuple):
    """One feature of the traffic.

    Attributes:
        name: e.g. `question_length`.
        side: of the application it is about.
        kind: how it is compared. `number`: distribution functions. `share`: yes or no. `category`: names. `topics`:
            where vectors lie. `vectors`: the vectors themselves.
        column: what it is read from, a name of `Observations`.
    """

    name: str
    side: Side
    kind: Kind
    column: str


FEATURES = (
    Feature("question_length", "input", "number", "question_chars"),
    Feature("question_language", "input", "category", "question_language"),
    Feature("question_topics", "input", "topics", "question_vector"),
    Feature("question_vectors", "input", "vectors", "question_vector"),
    Feature("answer_length", "output", "number", "answer_chars"),
    Feature("answer_language", "output", "category", "answer_language"),
    Feature("answer_topics", "output", "topics", "answer_vector"),
    Feature("answer_vectors", "output", "vectors", "answer_vector"),
    Feature("refusals", "output", "share", "refusal"),
    Feature("empty_answers", "output", "share", "empty_answer"),
    Feature("passages", "retrieval", "number", "passages"),
    Feature("no_passages", "retrieval", "share", "no_passages"),
    Feature("model_served", "model", "category", "model_served"),
    Feature("model_not_asked", "model", "share", "model_not_asked"),
)
"""All of them. Each has one test in the family of a check."""

NUMBERS = tuple(feature.column for feature in FEATURES if feature.kind in {"number", "share"})
"""Columns of numbers; a share's are 0 and 1."""

CATEGORIES = tuple(feature.column for feature in FEATURES if feature.kind == "category")
"""Columns of few names."""

VECTORS = tuple(feature.column for feature in FEATURES if feature.kind == "vectors")
"""Columns of vectors."""
