"""Samples in one Unicode form, and the way back to the texts as they were given."""

from __future__ import annotations

import re
import sys
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.judges.rubric import Disclaimer, Pattern, Range, Rules, ValueKind
from assay.judges.schema import (
    Citation,
    Claim,
    ClaimVerdict,
    Evidence,
    Grade,
    RuleHit,
    Sample,
    Span,
    Tier,
    Turn,
    Verdict,
)
from assay.judges.text.composed import (
    _JOINS,
    as_given,
    composed_expression,
    composed_record,
    composed_sample,
    composed_text,
    is_composed_sample,
)

LETTERS = "aeouy\u0438\u0435\u00e9\u0915\u304b\u1100\uac00\u212b\u2126 .\u2014\u201c7\n"
MARKS = "\u0300\u0301\u0308\u0323\u0302\u093c\u3099\u1161\u11a8\u0307\u0345"
TEXTS = st.lists(st.tuples(st.text(LETTERS, min_size=1, max_size=3), st.text(MARKS, max_size=3)), max_size=9).map(
    lambda pieces: "".join(letters + marks for letters, marks in pieces)
)


@given(TEXTS)
def test_a_text_gets_its_exact_form_and_every_stretch_its_place(text: str) -> None:
    composed = composed_text(text)
    assert composed.text == unicodedata.normalize("NFC", text)
    position = original = 0
    for place in composed.replaced:
        assert composed.text[position : place.start] == text[original : place.original_start]
        written = text[place.original_start : place.original_end]
        assert composed.text[place.start : place.end] == unicodedata.normalize("NFC", written) != written
        position, original = place.end, place.original_end
    assert composed.text[position:] == text[original:]
    assert composed.original(0, len(composed.text)) == (0, len(text))


def test_nothing_of_unicode_joins_a_letter_unseen() -> None:
    """What composes with the character before it is among `_JOINS`, and nothing else begins with such a one."""
    characters = [chr(number) for number in range(0x300, sys.maxunicode + 1) if not 0xD800 <= number < 0xE000]
    joins = re.compile(_JOINS)
    parts = {char: unicodedata.normalize("NFD", char) for char in characters}
    composites = {char for char in characters if len(parts[char]) > 1 and unicodedata.is_normalized("NFC", char)}
    joining = {parts[char][-1] for char in composites}
    joining |= {char for char in characters if unicodedata.combining(char)}
    assert [hex(ord(char)) for char in sorted(joining) if not joins.match(char)] == []
    begins = {char for char in characters if parts[char][0] in joining}
    assert [hex(ord(char)) for char in sorted(begins) if not joins.match(char)] == []


def test_a_text_of_many_marks_takes_time_in_proportion() -> None:
    text = "a" + "\u0300\u0316" * 40_000
    begun = time.process_time()
    assert len(composed_text(text).text) >= 80_000
    assert time.process_time() - begun < 1.5


def test_a_sample_in_the_form_already_is_known_at_once() -> None:
    sample = Sample(id="1", contexts=("Zürich – “München”",), response="서울 ज़रूर Å")
    decomposed = sample.model_copy(update={"reference": "Zu\u0308rich"})
    assert is_composed_sample(sample.model_copy(update={"response": unicodedata.normalize("NFC", sample.response)}))
    assert not is_composed_sample(decomposed)


GIVEN = Sample(
    id="1",
    question="Wo\u0308?",
    history=(Turn(role="user", content="Fu\u0308r wen?"),),
    contexts=("Plain.", "Bu\u0308ro in Zu\u0308rich."),
    response="Ja. Es ist in Zu\u0308rich.",
    reference="A\u030a",
    metadata={"a": "u\u0308"},
)


def test_every_text_of_a_sample_is_composed_and_nothing_else() -> None:
    composed = composed_sample(GIVEN).sample
    assert (composed.question, composed.history[0].content) == ("Wö?", "Für wen?")
    assert composed.contexts == ("Plain.", "Büro in Zürich.")
    assert (composed.response, composed.reference) == ("Ja. Es ist in Zürich.", "Å")
    assert (composed.id, composed.metadata) == (GIVEN.id, GIVEN.metadata)
    assert composed_sample(GIVEN.model_copy(update={"reference": None})).sample.reference is None


def test_a_verdict_tells_the_places_of_the_texts_as_they_were_given() -> None:
    composed = composed_sample(GIVEN)
    response, passage = composed.sample.response, composed.sample.contexts[1]
    whole, city = Span(start=4, end=len(response)), Span(start=14, end=20)
    room = passage.index("Zürich")
    evidence = (Evidence(context=1, start=room, end=room + 6),)
    claim = Claim(text=response[4:], span=whole, verdict=ClaimVerdict.SUPPORTED, evidence=evidence, source="x")
    verdict = Verdict(
        judge="x",
        tier=Tier.LLM,
        claims=(claim, claim.model_copy(update={"text": "Zürich."}), claim.model_copy(update={"text": "not said"})),
        not_checkworthy=(Span(start=0, end=3),),
        unjudged=(city,),
        rule_hits=(RuleHit(rule="r", span=city, detail="d"),),
        grades=(Grade(score="g", level="l", citations=(Citation(part="history", index=0, start=0, end=3),)),),
    )
    told = as_given(verdict, composed, GIVEN)
    assert [claim.text for claim in told.claims] == ["Es ist in Zu\u0308rich.", "Zu\u0308rich.", "not said"]
    first = told.claims[0]
    assert GIVEN.response[first.span.start : first.span.end] == first.text
    (cited,) = first.evidence
    assert GIVEN.contexts[cited.context][cited.start : cited.end] == "Zu\u0308rich"
    for span in (*told.unjudged, told.rule_hits[0].span):
        assert GIVEN.response[span.start : span.end] == "Zu\u0308rich"
    assert told.not_checkworthy == verdict.not_checkworthy
    (turn,) = told.grades[0].citations
    assert GIVEN.history[0].content[turn.start : turn.end] == "Fu\u0308r"


@pytest.mark.parametrize(
    ("written", "read"),
    [("Zu\u0308rich|x+", "Zürich|x+"), ("\\w\u0308", "\\w\u0308"), ("\\\\u\u0308", "\\\\ü"), ("plain", "plain")],
)
def test_an_expression_is_composed_but_for_its_escapes(written: str, read: str) -> None:
    assert composed_expression(written) == read


def test_rules_are_composed_as_a_whole() -> None:
    rules = Rules(
        values=(ValueKind.DATE,),
        patterns=(Pattern(id="p", must_match="Mu\u0308ller\\d"),),
        ranges=(Range(id="r", kind=ValueKind.NUMBER, about=("Gebu\u0308hr",), at_least=1),),
        disclaimers=(Disclaimer(id="d", text="Ohne Gewa\u0308hr"),),
    )
    composed = composed_record(rules)
    assert composed.patterns[0].must_match == "Müller\\d"
    assert composed.ranges[0] == rules.ranges[0].model_copy(update={"about": ("Gebühr",)})
    assert composed.disclaimers[0].text == ("Ohne Gewähr",)
    assert composed_record(composed) is composed
