"""Names that people give may hold a private value: the record is not told, and sessions stay apart."""

from __future__ import annotations

import re

from assay.judges.redaction.policy import OwnPattern, Redaction
from assay.worker.config.use_cases import UseCase
from assay.worker.flow.candidates import Chooser
from assay.worker.flow.label_pull import Label, _labelled
from assay.worker.flow.redacted_facts import redacted_facts
from assay.worker.flow.selection import Selected
from assay.worker.records.facts import TraceFacts
from tests.builders import NOW, make_deployment, make_root, make_trace
from tests.unit.worker.flow.pipeline import RUBRIC

MAIL = Redaction(kinds=("email",))
FACTS = TraceFacts(
    trace_name="mail of ann@example.com", tags=("ann@example.com", "legal"), session_id="ann@example.com", release="r1"
)


def test_names_have_placeholders_and_a_session_an_id_of_its_own() -> None:
    redacted = redacted_facts(FACTS, MAIL)
    other = redacted_facts(FACTS.model_copy(update={"session_id": "bob@example.com"}), MAIL)
    assert (redacted.trace_name, redacted.tags, redacted.release) == ("mail of [EMAIL_1]", ("[EMAIL_1]", "legal"), "r1")
    assert redacted.session_id is not None
    assert redacted.session_id.startswith("redacted-")
    assert redacted.session_id == redacted_facts(FACTS, MAIL).session_id != other.session_id
    assert "@" not in redacted.model_dump_json()


def test_no_fact_that_is_text_keeps_a_private_value() -> None:
    """What is a number, a code of ours or made of redacted texts holds none."""
    of_ours = {"cost_from", "question_language", "answer_language", "question_vector", "answer_vector", "vectors_from"}
    texts = {name for name, field in TraceFacts.model_fields.items() if field.annotation == str | None} - of_ours
    assert {"model_asked", "provider", "trace_name"} <= texts
    redacted = redacted_facts(TraceFacts(**dict.fromkeys(texts, "of ann@example.com")), MAIL)
    assert "@" not in redacted.model_dump_json()


def test_fact_whose_private_values_cannot_be_found_is_not_known() -> None:
    slow = Redaction(patterns=(OwnPattern(name="slow", pattern="(?:z|zz|y?z)+$"),))
    long = TraceFacts(trace_name="z" * 60_000 + "x", session_id="z" * 60_000 + "x", release="r1")
    redacted = redacted_facts(long, slow)
    assert (redacted.trace_name, redacted.release) == (None, "r1")
    assert redacted.session_id is not None
    assert redacted.session_id.startswith("redacted-")


def test_promise_holds_an_environment_as_redis_further_places_and_the_record_may_have_it() -> None:
    case = UseCase(name="bot", rate=1.0, allow_rate=True, redact=("email",))
    chooser = Chooser(make_deployment(case), {RUBRIC.name: RUBRIC}, {})
    chosen = Selected(pi=1.0, stratum="standard", sample="base")

    def environment(name: str) -> str:
        root = make_root("t1", environment=name)
        return chooser.promise(root, chosen, case, RUBRIC, window="w", now=NOW).environment

    private = environment("desk of ann@example.com")
    assert private == redacted_facts(TraceFacts(environment="desk of ann@example.com"), MAIL).environment
    assert re.fullmatch("redacted-[0-9a-f]{12}", private), "stores take it as a name of an environment"
    assert environment("desk of bob@example.com") != private
    assert environment("production") == "production"


def test_labels_hold_no_private_value_either() -> None:
    trace = make_trace("t1", output={"answer": "Ask ann@example.com."}, session_id="ann@example.com")
    label = Label(trace_id="t1", label=1, origin="feedback", place="p", reviewer=None, at=NOW)
    labelled = _labelled(label, {"t1": trace}, RUBRIC.sample, lambda root: MAIL)
    assert not isinstance(labelled, str)
    assert labelled.sample.response == "Ask [EMAIL_1]."
    assert labelled.source_id.startswith("redacted-")
