"""A sample with placeholders: one for each value, the same everywhere, and every offset leads back."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.judges.errors import UnjudgeableSample
from assay.judges.redaction.policy import KINDS, OwnPattern, Redaction
from assay.judges.redaction.redact import FAILED, redacted_detail, redacted_sample, redacted_samples
from assay.judges.schema import Citation, Evidence, Sample, Span, Turn

EVERY_KIND = Redaction.of([*KINDS, OwnPattern(name="customer", pattern=r"C-\d{6}")])
SLOW = Redaction.of([OwnPattern(name="slow", pattern=r"(?:a|aa|b?a)+$")])
EMAIL, PHONE = "ann@example.com", "+49 30 1234567"

PIECES = st.lists(
    st.sampled_from([EMAIL, "bob@example.org", PHONE, "030/1234567", "C-123456", "10.1.2.3", "[EMAIL_1]", "é\u200b"])
    | st.text(max_size=12),
    max_size=8,
).map(" ".join)


def sample_of(response: str, *contexts: str, question: str = "") -> Sample:
    """A sample of these texts."""
    return Sample(id="t", question=question, contexts=contexts, response=response)


def test_value_has_one_placeholder_in_all_texts() -> None:
    sample = Sample(
        id="t",
        question=f"Is {EMAIL} right?",
        history=(Turn(role="user", content="I am ANN@example.com, C-123456"),),
        contexts=("Ann: ann@EXAMPLE.com, tel. 030 1234567",),
        response=f"Yes: {EMAIL}, {PHONE}, not bob@example.org, C-123456.",
        reference=f"{EMAIL}",
        metadata={"trace_name": f"mail {EMAIL}"},
    )
    safe = redacted_sample(sample, EVERY_KIND).sample
    assert safe.question == "Is [EMAIL_1] right?"
    assert safe.history[0].content == "I am [EMAIL_1], [CUSTOMER_1]"
    assert safe.contexts == ("Ann: [EMAIL_1], tel. [PHONE_1]",)
    assert safe.response == "Yes: [EMAIL_1], [PHONE_1], not [EMAIL_2], [CUSTOMER_1]."
    assert safe.reference == "[EMAIL_1]"
    assert safe.metadata == {"trace_name": "mail [EMAIL_1]"}


def test_text_that_has_a_placeholder_already_keeps_it() -> None:
    safe = redacted_sample(sample_of(f"[EMAIL_3] or {EMAIL}"), EVERY_KIND).sample
    assert safe.response == "[EMAIL_3] or [EMAIL_4]"


@pytest.mark.parametrize(
    "forged",
    [
        "email_1",
        "[EMAIL_01]",
        "［EMAIL＿１］",
        "[EMAIL\u200b_1]",
        "[ EMAIL_1 ]",
        "[EMAIL-1]",
        "[EMAIL\\_1]",
        "[EMAIL&#95;1]",
    ],
)
def test_text_that_wants_to_be_a_placeholder_is_no_value_of_the_evidence(forged: str) -> None:
    safe = redacted_sample(sample_of(f"Write to {forged}.", f"Mail: {EMAIL}"), EVERY_KIND).sample
    assert (safe.response, safe.contexts) == (f"Write to {forged}.", ("Mail: [EMAIL_2]",))


def test_offsets_lead_back_to_the_text_of_the_trace() -> None:
    response, context = f"Write to {EMAIL} by noon.", f"Desk: {EMAIL}, room 7."
    redacted = redacted_sample(sample_of(response, context), EVERY_KIND)
    span = Span(start=redacted.sample.response.index("by"), end=len(redacted.sample.response))
    whole = Span(start=0, end=len(redacted.sample.response))
    room = redacted.sample.contexts[0].index("room")
    told = redacted.original_evidence(Evidence(context=0, start=room, end=room + 6))
    cited = redacted.original_citation(Citation(part="contexts", index=0, start=room, end=room + 6))
    inner = redacted.original_span(Span(start=redacted.sample.response.index("MAIL"), end=span.start - 1))
    assert response[slice(*_ends(redacted.original_span(span)))] == "by noon."
    assert response[slice(*_ends(redacted.original_span(whole)))] == response
    assert response[slice(*_ends(inner))] == EMAIL, "a placeholder counts as a whole"
    assert context[told.start : told.end] == context[cited.start : cited.end] == "room 7"


def test_own_pattern_finds_a_value_in_either_unicode_form() -> None:
    composed, decomposed = "Jürgen Müller", unicodedata.normalize("NFD", "Jürgen Müller")
    sample = sample_of(f"Ask {decomposed} today.", f"Call {composed}.", question="Mu\u0308nchen?")
    for pattern in (composed, decomposed):
        redacted = redacted_sample(sample, Redaction.of([OwnPattern(name="person", pattern=pattern)]))
        assert redacted.sample.response == "Ask [PERSON_1] today."
        assert redacted.sample.contexts == ("Call [PERSON_1].",)
        assert redacted.sample.question == "Mu\u0308nchen?", "what is not private stays as it is written"
        span = redacted.original_span(Span(start=4, end=14))
        assert sample.response[slice(*_ends(span))] == decomposed


def _ends(span: Span) -> tuple[int, int]:
    return span.start, span.end


@given(PIECES, PIECES)
def test_no_private_value_is_left_and_the_rest_stands_as_it_was(response: str, context: str) -> None:
    redacted = redacted_sample(sample_of(response, context), EVERY_KIND)
    text, places = redacted.response.text, redacted.response.replaced
    rebuilt, position = "", 0
    for place in places:
        rebuilt += text[position : place.start] + response[place.original_start : place.original_end]
        position = place.end
        assert re.fullmatch(r"\[[A-Z_]+_\d+\]", text[place.start : place.end])
    assert rebuilt + text[position:] == response
    assert EMAIL not in text
    assert "C-123456" not in text
    for start in range(0, len(text) + 1, 3):
        begin, end = redacted.response.original(start, len(text))
        assert 0 <= begin <= end == len(response) or start == len(text)


@given(PIECES)
def test_redacting_twice_changes_nothing(text: str) -> None:
    first = redacted_sample(sample_of(text), EVERY_KIND).sample
    assert redacted_sample(first, EVERY_KIND).sample.response == first.response


def test_old_and_new_answer_share_their_placeholders() -> None:
    old, new = redacted_samples([sample_of("bob@example.org"), sample_of(f"{EMAIL} bob@example.org")], EVERY_KIND)
    assert (old.sample.response, new.sample.response) == ("[EMAIL_1]", "[EMAIL_2] [EMAIL_1]")


def test_pattern_that_takes_too_long_gives_no_text() -> None:
    with pytest.raises(UnjudgeableSample) as failed:
        redacted_sample(sample_of("a" * 60_000 + "c"), SLOW)
    assert failed.value.reason == FAILED
    assert "'slow'" in failed.value.detail
    assert "aaa" not in failed.value.detail
    assert redacted_detail("a" * 60_000 + "c", SLOW) == ""


def test_nothing_asked_for_changes_nothing() -> None:
    sample = sample_of(f"{EMAIL}", "x")
    redacted = redacted_sample(sample, Redaction())
    assert redacted.sample is sample
    assert redacted.original_span(Span(start=0, end=3)) == Span(start=0, end=3)


@pytest.mark.parametrize(
    ("one", "other", "are_same"),
    [
        ("+49 30 1234567", "030 1234567", True),
        ("0049 30 1234567", "+49 (0)30 1234567", True),
        ("+49 30 1234567", "+49 30 1234568", False),
        ("+1 (555) 234-5678", "555-234-5678", True),
        ("+49 30 1234567", "+43 30 1234567", False),
    ],
)
def test_telephone_number_with_and_without_its_country(one: str, other: str, are_same: bool) -> None:
    safe = redacted_sample(sample_of(f"{one}, {other}"), EVERY_KIND).sample
    assert (safe.response == "[PHONE_1], [PHONE_1]") is are_same
