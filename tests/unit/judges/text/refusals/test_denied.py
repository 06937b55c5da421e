"""What a sentence says that the sources do not tell, and what kind of thing that is."""

from __future__ import annotations

import pytest

from assay.judges.text.refusals import denied_matter, points_elsewhere


@pytest.mark.parametrize(
    ("sentence", "matter", "asked"),
    [
        ("The documents do not mention the founding year of Acme.", "the founding year of Acme", "date"),
        ("The price of the pumps is not mentioned in the documents.", "The price of the pumps", "money"),
        ("There is no information about the number of seats in the context.", "the number of seats", "number"),
        ("Based on the context, Maria Lopez is not mentioned in the documents.", "Maria Lopez", "mention"),
        ("Nothing in the documents mentions Austin.", "Austin", "mention"),
        ("The documents make no mention of Maria Lopez.", "Maria Lopez", "mention"),
        ("The documents do not mention that Acme has 450 employees.", "Acme has 450 employees", "statement"),
        ("Die Dokumente erwähnen nicht, wann Acme gegründet wurde.", "wann Acme gegründet wurde", "date"),
        ("Les documents ne mentionnent pas Maria Lopez.", "Maria Lopez", "mention"),
        ("文件没有提到王芳。", "王芳", "mention"),
        ("The documents do not mention the salary.", "salary", "thing"),
        ("The documents do not mention any other pumps.", "any other pumps", ""),
        ("The documents do not mention pumps for homes.", "pumps for homes", ""),
    ],
)
def test_what_is_denied_is_named_with_its_kind(sentence: str, matter: str, asked: str) -> None:
    assert denied_matter(sentence) == (matter, asked)


@pytest.mark.parametrize("sentence", ["I don't know.", "Acme was founded in 1987.", "Gift cards are not refundable."])
def test_what_says_nothing_of_sources_denies_nothing(sentence: str) -> None:
    assert denied_matter(sentence) is None


@pytest.mark.parametrize(
    "sentence",
    [
        "Please consult the HR department.",
        "You may want to check the website.",
        "Bitte wenden Sie sich an den Support.",
    ],
)
def test_what_only_sends_elsewhere_is_a_pointer(sentence: str) -> None:
    assert points_elsewhere(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "Please call 555-1234.",
        "Please contact the CEO, who lives in Peru.",
        "Please contact HR because the CEO was fired.",
        "The CEO lives in Peru.",
    ],
)
def test_a_pointer_with_a_fact_in_it_is_none(sentence: str) -> None:
    assert not points_elsewhere(sentence)
