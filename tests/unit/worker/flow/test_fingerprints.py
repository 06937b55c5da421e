"""What the record is told of texts: numbers, after redaction, of judged and of skipped traces alike."""

from __future__ import annotations

from assay.judges.redaction.policy import OwnPattern, Redaction
from assay.judges.text.fingerprints import HASHED, hashed_vector
from assay.worker.config.fact_names import FactNames
from assay.worker.flow.history_rows import Origin, row_of
from assay.worker.flow.preparing import Prepared, Preparing, Unjudgeable
from assay.worker.records.facts import TraceFacts
from assay.worker.records.ledger import LedgerState
from assay.worker.records.particulars import Particulars
from assay.worker.records.traces import Trace
from assay.worker.state.redis.entries import particulars_document
from tests.builders import make_trace
from tests.unit.worker.flow.pipeline import RUBRIC, Line

QUESTION = "When was the bridge opened?"
ANSWER = "The bridge was opened in 1932."


def facts_of(trace: Trace, redaction: Redaction | None = None) -> TraceFacts:
    line = Line([trace])
    preparing = Preparing(RUBRIC, "r", lambda _: redaction or Redaction(), names=FactNames())
    prepared = preparing.prepare(line.entry(), trace)
    assert isinstance(prepared, Prepared | Unjudgeable)
    return prepared.facts


def test_a_judged_trace_reaches_the_record_with_lengths_languages_and_vectors() -> None:
    line = Line([make_trace("t0", metadata={"feature_id": "search", "user_tier": "pro"})])
    line.assess()
    row = row_of(line.entry().model_copy(update={"state": LedgerState.SCORED}), Origin("sqlite", "p"))
    assert (row.question_chars, row.answer_chars) == (len(QUESTION), len(ANSWER))
    assert (row.question_language, row.answer_language) == ("en", "en")
    assert (row.question_vector, row.answer_vector) == (hashed_vector(QUESTION), hashed_vector(ANSWER))
    assert (row.vectors_from, row.feature, row.user_tier) == (HASHED, "search", "pro")


def test_a_skipped_trace_is_told_of_its_question() -> None:
    line = Line([make_trace("t0", output=None)])
    line.assess()
    entry = line.entry()
    assert entry.state is LedgerState.SKIPPED
    row = row_of(entry, Origin("sqlite", "p"))
    assert (row.question_chars, row.answer_chars, row.answer_vector) == (len(QUESTION), None, None)
    assert row.vectors_from == HASHED


def test_private_values_are_in_no_number() -> None:
    first, second = (
        make_trace("t0", input={"question": f"Is {mail} known?"}, output={"answer": f"Write to {mail}."})
        for mail in ("ann@example.com", "roberta.longname@elsewhere.example.org")
    )
    mail = Redaction(kinds=("email",))
    hidden = [facts_of(trace, mail) for trace in (first, second)]
    assert hidden[0] == hidden[1]
    assert facts_of(first) != facts_of(second)
    unanswered = [facts_of(trace.model_copy(update={"output": None}), mail) for trace in (first, second)]
    assert unanswered[0] == unanswered[1]
    assert unanswered[0].question_chars == len("Is [EMAIL_1] known?")


def test_a_text_whose_private_values_cannot_be_found_leaves_no_trace() -> None:
    slow = Redaction(patterns=(OwnPattern(name="slow", pattern="(?:z|zz|y?z)+$"),))
    facts = facts_of(make_trace("t0", output={"answer": "z" * 60_000 + "x"}), slow)
    assert (facts.answer_chars, facts.answer_vector, facts.answer_language) == (None, None, None)


def test_a_feature_is_a_name_and_no_text_of_the_trace() -> None:
    told = facts_of(make_trace("t0", metadata={"feature": QUESTION, "tier": "ann@example.com"}))
    assert told.feature is None
    assert told.user_tier is None  # an address is somebody's, whatever is redacted
    hidden = facts_of(make_trace("t0", metadata={"tier": "+49 170 1234567"}), Redaction(kinds=("phone",)))
    assert hidden.user_tier == "[PHONE_1]"


def test_particulars_stay_small() -> None:
    """A month of a busy fleet has millions of them."""
    known = facts_of(make_trace("t0"))
    bare = known.model_copy(update=dict.fromkeys(("question_vector", "answer_vector", "vectors_from")))
    sizes = [len(particulars_document(Particulars(facts=facts))) for facts in (known, bare)]
    assert sizes[0] - sizes[1] < 220
