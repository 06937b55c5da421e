"""Vectors of a model beside judging: they take the place of hashed ones, and their failure costs no trace."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from assay.judges.models.call_context import call_context
from assay.judges.redaction.policy import Redaction
from assay.judges.text.fingerprints import HASHED
from assay.worker.config.use_cases import UseCase
from assay.worker.flow.assess import Assessor
from assay.worker.flow.embedding import Embedding
from assay.worker.flow.outbox import Outbox
from assay.worker.records.facts import TraceFacts
from assay.worker.records.ledger import LedgerState
from assay.worker.wiring.embedding import may_be_embedded
from tests.builders import make_deployment, make_trace
from tests.unit.worker.flow.pipeline import Line


class Embedder:
    """Says one vector for each text, or fails."""

    name = "e@64"

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.asked: list[tuple[str, Sequence[str]]] = []

    async def vectors(self, texts: Sequence[str]) -> Sequence[str]:
        self.asked.append((call_context().use_case, texts))
        if self.error:
            raise self.error
        return [f"vector of {text}" for text in texts]


class EmbeddedLine(Line):
    """The way of traces whose texts are embedded."""

    def __init__(
        self, embedder: Embedder, count: int = 1, allowed: Callable[[str], bool] = lambda _: True, **trace: Any
    ) -> None:
        super().__init__([make_trace(f"t{at}", **trace) for at in range(count)])
        self.embedding = Embedding(embedder, allowed)

    def assessor(self, box: Outbox) -> Assessor:
        return replace(super().assessor(box), embedding=self.embedding)

    def facts(self, trace_id: str = "t0") -> TraceFacts:
        entry = self.entry(trace_id)
        assert entry.state is LedgerState.JUDGED
        assert entry.particulars.facts is not None
        return entry.particulars.facts


def test_one_request_gives_all_traces_of_a_batch_their_vectors() -> None:
    embedder = Embedder()
    line = EmbeddedLine(embedder, count=3)
    line.assess()
    ((use_case, texts),) = embedder.asked
    assert use_case == line.entry().promise.use_case
    assert len(texts) == 6
    for trace_id in ("t0", "t1", "t2"):
        facts = line.facts(trace_id)
        assert facts.vectors_from == "e@64"
        assert (facts.question_vector, facts.answer_vector) == (f"vector of {texts[0]}", f"vector of {texts[1]}")
        assert facts.question_chars == len(texts[0])


def test_a_failure_leaves_hashed_vectors_and_nothing_is_sent_for_a_while() -> None:
    embedder = Embedder(ValueError("broken"))
    line = EmbeddedLine(embedder, count=2)
    line.assess()
    assert line.facts().vectors_from == HASHED
    other = EmbeddedLine(embedder)
    other.embedding = line.embedding
    other.assess()
    assert other.facts().vectors_from == HASHED
    assert len(embedder.asked) == 1


def test_text_that_may_not_go_there_does_not() -> None:
    embedder = Embedder()
    line = EmbeddedLine(embedder, allowed=lambda _: False)
    line.assess()
    assert line.facts().vectors_from == HASHED
    assert embedder.asked == []


def test_private_values_do_not_go_there() -> None:
    embedder = Embedder()
    line = EmbeddedLine(embedder, input={"question": "Who is ada@example.org?"})
    line.redaction = Redaction(kinds=("email",))
    line.assess()
    ((_, texts),) = embedder.asked
    assert texts[0].startswith("Who is ")
    assert "ada@" not in texts[0]


@pytest.mark.parametrize(
    ("case", "allowed"),
    [({}, True), ({"judges_allowed": ["embedder"]}, True), ({"judges_allowed": ["llm"]}, False)],
)
def test_judges_allowed_is_about_embeddings_too(case: dict[str, Any], allowed: bool) -> None:
    embeddings = {"endpoint": "embedder", "model": "e"}
    deployment = make_deployment(UseCase.model_validate({"name": "bot", **case}), drift={"embeddings": embeddings})
    assert may_be_embedded(deployment, "bot") is allowed
    assert not may_be_embedded(deployment, "unknown")
    assert not may_be_embedded(make_deployment(), "bot")
