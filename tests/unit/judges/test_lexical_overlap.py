"""Whether evidence has anything to do with a claim: words, parts of words, values; across scripts and languages."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.judges.lexical_overlap import Tie, tie, tied_to_a_line
from tests.examples import examples
from tests.waiting import cpu_seconds_below


@pytest.mark.parametrize(
    ("claim", "evidence", "expected"),
    [
        ("Refunds take 14 days.", "A refund is paid within two weeks.", Tie.SHARED),
        ("The warrantee is long.", "It is warranted for life.", Tie.SHARED),
        ("It costs 1,500 dollars.", "Price: $1500", Tie.SHARED),
        ("He was born on 3 May 2021.", "DOB: 2021-05-03", Tie.SHARED),
        ("Refunds take 14 days.", "We ship to Europe.", Tie.NONE),
        ("It is the one that they have.", "It is the one that they have.", Tie.NONE),
        ("Wir liefern nach Europa.", "Die Lieferung nach Frankreich ist für alle.", Tie.SHARED),
        ("Die Katze ist nicht im Haus und schläft.", "Der Hund und das Pferd sind im Stall, nicht die Kuh.", Tie.NONE),
        ("保証期間は七年です。", "保証は七年間です。", Tie.SHARED),
        ("送料は無料です。", "保証期間は七年でした。", Tie.NONE),
        ("เราจัดส่งฟรี", "การจัดส่งสินค้า", Tie.SHARED),
        ("Гарантия действует два года.", "Срок гарантии указан в договоре.", Tie.SHARED),
        ("Доставка бесплатна.", "Срок гарантии указан в договоре.", Tie.NONE),
        ("الضمان لمدة عامين", "مدة الضمان عامان", Tie.SHARED),
        ("보증기간은 2년입니다.", "보증기간은 이 년", Tie.SHARED),
    ],
)
def test_tie_is_a_shared_word_or_part_of_one_or_value(claim: str, evidence: str, expected: Tie) -> None:
    assert tie(claim, evidence) is expected


@pytest.mark.parametrize(
    ("claim", "evidence", "expected"),
    [
        ("The warranty card lies in the box.", "保証書は箱の中にあります。", Tie.UNDECIDED),
        ("The Zephyr has a warranty.", "Zephyrの保証期間は七年です。", Tie.SHARED),
        ("The warranty lasts 7 years.", "保証期間は7年です。", Tie.SHARED),
        ("The warranty lasts 9 years.", "保証期間は7年です。", Tie.UNDECIDED),
        (
            "The cat is in the house and has not been out.",
            "Der Hund ist mit dem Pferd und nicht im Stall.",
            Tie.UNDECIDED,
        ),
        (
            "The cat is 9 years old and has not been out.",
            "Der Hund ist mit dem Pferd und nicht im Stall.",
            Tie.UNDECIDED,
        ),
        ("Shipping cheap.", "Der Hund ist mit dem Pferd und nicht im Stall.", Tie.UNDECIDED),
    ],
)
def test_tie_across_languages_rests_on_numbers_and_names(claim: str, evidence: str, expected: Tie) -> None:
    """Without either it is undecided. A number that is not there is for rule `values`."""
    assert tie(claim, evidence) is expected


SHEEP = "Sheep graze below the eastern pillars in summer."


@pytest.mark.parametrize(
    "claim",
    [
        "Om sommeren græsser får under pillerne.",
        "På sommaren betar får under de östra stolparna.",
        "Kesällä lampaat laiduntavat itäisten pylväiden alla.",
        "Yazın koyunlar doğu ayaklarının altında otlar.",
        "In de zomer grazen schapen onder de oostelijke zuilen.",
        "D'estate le pecore pascolano sotto le colonne.",
        "Les moutons broutent sous les colonnes en été.",
        "Nyáron juhok legelnek a keleti oszlopok alatt.",
        "Mùa hè cừu gặm cỏ dưới các trụ phía đông.",
        "Kondoo hula chini ya nguzo za mashariki.",
        "Oui, tout de suite.",
        "Bu ücretsizdir.",
    ],
)
def test_short_answer_in_another_language_is_never_without_a_tie(claim: str) -> None:
    assert tie(claim, SHEEP, question="Where do they graze?") is Tie.UNDECIDED


@pytest.mark.parametrize("claim", ["Napoleon drew its blueprints.", "Dragons guard the castle.", "Lyon", "Marta Kline"])
def test_within_one_language_nothing_shared_is_no_tie(claim: str) -> None:
    assert tie(claim, SHEEP, question="What happens in summer?") is Tie.NONE


def test_what_says_little_of_what_was_asked_may_be_said_in_other_words() -> None:
    billed = "Subscribers are billed nothing during the first month."
    assert tie("It is free of charge initially.", billed) is Tie.UNDECIDED
    assert tie("The plan is free of charge initially.", billed) is Tie.NONE
    assert tie("It costs 9 dollars.", billed) is Tie.NONE


def test_of_many_lines_one_shares_more_than_a_word_with_what_it_supports() -> None:
    scattered = ["Sheep are shorn.", "They graze elsewhere.", "The pillars are tall.", "Summer is hot."]
    assert not tied_to_a_line(SHEEP, scattered)
    assert tied_to_a_line(SHEEP, [*scattered, "In summer, sheep eat grass."])
    assert tied_to_a_line("It opened in 1,932.", ["It is tall.", "Opened: 1932."])
    assert tied_to_a_line("Sheep.", scattered)


def test_look_alike_letters_make_no_foreign_script() -> None:
    assert tie("Shірріng іs frее fоr аll.", "Refunds take weeks here.") is Tie.NONE


def test_claim_without_content_is_read_with_its_question() -> None:
    assert tie("Yes, it is.", "Open on Sundays.", question="Is the shop open on Sunday?") is Tie.SHARED
    assert tie("Yes, it is.", "We sell shoes.", question="Is the shop open on Sunday?") is Tie.NONE
    assert tie("false", "Open on Sundays.", question="True or false: it is shut on Sunday.") is Tie.SHARED
    assert tie("It costs 5 euros.", "We open on Sundays.", question="Is it open on Sunday?") is Tie.NONE


@settings(max_examples=examples(50))
@given(st.text(max_size=60), st.text(max_size=60))
def test_tie_is_decided_for_any_text(claim: str, evidence: str) -> None:
    assert tie(claim, evidence) in Tie


def test_tie_of_a_megabyte_takes_no_long_time() -> None:
    with cpu_seconds_below(20):
        for unit in ("word ", "字", "9 ", "abcdefgh"):
            tie("zzz qqq", unit * (1_000_000 // len(unit)))
