"""A copy in another language is one word for word. One changed word is never called supported."""

from __future__ import annotations

import asyncio

import pytest

from assay.judges.local.judge import LocalJudge
from assay.judges.local.other_languages.copies import Likeness, likeness
from assay.judges.local.other_languages.passages import PassageWords
from assay.judges.local.other_languages.unspaced import unspaced_likeness
from assay.judges.local.other_languages.vocabulary import small_words
from assay.judges.local.other_languages.words import is_unspaced, read_words, same_word
from assay.judges.rubric import Rubric
from assay.judges.schema import Sample, Verdict
from tests.waiting import cpu_seconds_below

JUDGE = LocalJudge()
HOTEL = (
    "Das Stadthotel liegt im Zentrum von München. Das Frühstück ist im Zimmerpreis enthalten und wird bis zehn Uhr "
    "serviert. Hunde sind im Restaurant und im Garten des Hotels erlaubt. Die Rückerstattung erfolgt innerhalb von "
    "drei Tagen auf die Karte des Kunden."
)
POLISH = "Most został otwarty po ośmiu latach pracy w 1932 roku i jest pomalowany na szaro."


def judged(response: str, evidence: str) -> Verdict:
    return asyncio.run(JUDGE.assess(Sample(id="s", contexts=(evidence,), response=response), Rubric(name="r")))


def verdicts(response: str, evidence: str) -> set[str]:
    """The verdicts of the local judge; `undecided` where it says that it does not know the language."""
    verdict = judged(response, evidence)
    return {"undecided"} if verdict.language_unsupported else {claim.verdict.value for claim in verdict.claims}


@pytest.mark.parametrize(
    ("response", "evidence"),
    [
        ("Hunde sind im Garten des Hotels erlaubt.", HOTEL),
        ("Das Frühstück wird bis zehn Uhr serviert.", HOTEL),
        ("Ja, Hunde sind im Restaurant und im Garten des Hotels erlaubt.", HOTEL),
        ("Die Rückerstattung erfolgt innerhalb von 3 Tagen auf die Karte des Kunden.", HOTEL),
        ("Le pont est peint en gris.", "Le pont a été ouvert après huit ans de travaux et il est peint en gris."),
        (
            "Dans le jardin du restaurant, les chiens sont autorisés.",
            "Les chiens sont autorisés dans le jardin du restaurant.",
        ),
        ("Frukosten serveras till klockan tio.", "Frukosten ingår i priset och serveras till klockan tio."),
        ("В ресторане и в саду отеля собаки разрешены.", "Собаки разрешены в ресторане и в саду отеля."),
        ("हाँ, रेस्तरां के बगीचे में कुत्तों को अनुमति है।", "रेस्तरां के बगीचे में कुत्तों को अनुमति है।"),
        ("公司有300名员工。", "公司有三百名员工。"),
        ("这座桥由工程师建造。", "这座桥由州长开放，并由工程师建造。"),
        ("橋は1932年に開通しました。", "橋は1932年に開通し、長さは1149メートルです。"),
    ],
)
def test_a_copy_a_shorter_and_a_reordered_one_are_supported(response: str, evidence: str) -> None:
    assert verdicts(response, evidence) == {"supported"}


@pytest.mark.parametrize(
    ("response", "evidence"),
    [
        ("Hunde sind im Restaurant und im Garten des Hotels verboten.", HOTEL),
        ("Das Stadthotel liegt im Zentrum von Hamburg.", HOTEL),
        (
            "Peter Schmidt leitet die Abteilung in München seit Januar.",
            "Anna Schmidt leitet die Abteilung in München seit Januar.",
        ),
        ("Zimmer ohne Balkon kosten extra.", "Zimmer mit Balkon kosten extra."),
        ("Der Zug fährt von München nach Berlin.", "Der Zug fährt von Berlin nach München."),
        ("Anna wohnt in Köln.", "Anna wohnt in Bonn und Peter wohnt in Köln."),
        ("Le chien poursuit le chat dans la rue.", "Le chat poursuit le chien dans la rue."),
        (
            "Los gatos están permitidos en el jardín del hotel.",
            "Los perros están permitidos en el jardín del hotel.",
        ),
        ("Mi hermana vive en Madrid desde enero.", "Mi hermano vive en Madrid desde enero."),
        ("Музей открыт вечером.", "Музей открыт утром и закрыт вечером."),
        ("المتحف مفتوح مساء.", "المتحف مفتوح صباحا ومغلق مساء."),
        ("रेस्तरां के बगीचे में बिल्लियों को अनुमति है।", "रेस्तरां के बगीचे में कुत्तों को अनुमति है।"),
        ("餐厅花园里禁止携带宠物狗进入。", "餐厅花园里允许携带宠物狗进入。"),
        ("博物馆下午开放。", "博物馆上午开放，下午关闭。"),
        (
            "レストランの庭では犬の同伴が禁止されています。",
            "レストランの庭では犬の同伴が許可されています。",
        ),
        ("ร้านปิดวันอาทิตย์", "ร้านเปิดวันอาทิตย์"),
        (
            "Kediler restoranın bahçesinde serbestçe dolaşabilir.",
            "Köpekler restoranın bahçesinde serbestçe dolaşabilir.",
        ),
    ],
)
def test_one_changed_word_is_not_supported(response: str, evidence: str) -> None:
    assert verdicts(response, evidence) == {"undecided"}


@pytest.mark.parametrize(
    ("response", "evidence", "verdict"),
    [
        ("Die Rückerstattung erfolgt innerhalb von neun Tagen auf die Karte des Kunden.", HOTEL, "not_found"),
        ("退款将在九天内退回客户的银行卡。", "退款将在三天内退回客户的银行卡。", "not_found"),
        ("会議は火曜日の四時に東京で始まります。", "会議は火曜日の三時に東京で始まります。", "not_found"),
        ("保修期为三天。", "保修期为二十三天。", "not_found"),
        ("Tampoco se permiten perros en el jardín.", "Se permiten perros en el jardín.", "contradicted"),
        ("Les chiens ne sont jamais autorisés ici.", "Les chiens sont autorisés ici.", "contradicted"),
        ("Wir liefern am Montag die Ware.", "Wir liefern am Montag die Ware nicht.", "contradicted"),
        (
            "식당 정원에는 개를 데리고 들어갈 수 없습니다.",
            "식당 정원에는 개를 데리고 들어갈 수 있습니다.",
            "contradicted",
        ),
        ("早餐包含在房价内。", "早餐不包含在房价内。", "contradicted"),
        ("店は日曜日に営業していません。", "店は日曜日に営業しています。", "contradicted"),
    ],
)
def test_another_number_and_a_negation_are_told(response: str, evidence: str, verdict: str) -> None:
    assert verdicts(response, evidence) == {verdict}


def test_a_number_that_the_evidence_has_elsewhere_is_not_called_wrong() -> None:
    evidence = "Die Bar liegt im achten Stock und öffnet um acht Uhr. Das Bad schließt um neun Uhr."
    assert verdicts("Die Bar liegt im achten Stock und öffnet um neun Uhr.", evidence) == {"undecided"}


@pytest.mark.parametrize(
    ("response", "evidence", "verdict"),
    [
        ("Hunde sind im Garten erlaubt.", "Hunde sind nicht im Haus, aber im Garten erlaubt.", "undecided"),
        ("Hunde sind nicht erlaubt.", "Hunde sind im Garten erlaubt und willkommen.", "undecided"),
        ("Die Bar ist am Sonntag geöffnet.", "Die Bar ist am Sonntag geöffnet, nicht aber das Bad.", "supported"),
    ],
)
def test_a_negation_of_something_else_contradicts_nothing(response: str, evidence: str, verdict: str) -> None:
    assert verdicts(response, evidence) == {verdict}


@pytest.mark.parametrize(
    ("response", "evidence", "verdict"),
    [
        ("It is painted grey and was opened after eight years of work.", POLISH, "undecided"),
        ("It was opened in 1955 after eight years of work.", POLISH, "not_found"),
        ("It was opened in 1932.", POLISH, "supported"),
        ("पुल राजा का है।", "The bridge is painted grey and has eight lanes.", "undecided"),
        ("Most jest różowy.", "The bridge is painted grey and has eight lanes.", "undecided"),
    ],
)
def test_across_languages_only_digits_are_compared(response: str, evidence: str, verdict: str) -> None:
    assert verdicts(response, evidence) == {verdict}


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("garten", "gartens", True),
        ("hunde", "hunden", True),
        ("lehrer", "lehrerin", False),
        ("hermano", "hermana", False),
        ("kostenlos", "kostenpflichtig", False),
        ("şekerli", "şekersiz", False),
        ("#4", "#40", False),
        ("rom", "roma", False),
    ],
)
def test_an_ending_leaves_a_word_the_same(first: str, second: str, same: bool) -> None:
    assert same_word(first, second) is same


def test_vowel_signs_belong_to_their_word() -> None:
    assert read_words("पुल राजा का है।").forms == ("पुल", "राजा", "का", "है")
    assert not is_unspaced(read_words("पुल राजा"))
    assert is_unspaced(read_words("橋は1932年に開通"))


def test_a_language_without_known_small_words_has_only_whole_copies() -> None:
    sentence, passage = read_words("Aba bebi caca"), read_words("Aba bebi caca dudu")
    assert likeness(sentence, passage, None) is Likeness.UNKNOWN
    assert likeness(sentence, sentence, None) is Likeness.COPY
    assert likeness(sentence, passage, small_words({"de"})) is Likeness.COPY


def test_characters_that_leave_out_a_negation_are_no_copy() -> None:
    sentence, passage = read_words("会员可以免费停车"), read_words("非会员可以免费停车")
    assert unspaced_likeness(sentence, passage) is Likeness.OPPOSITE
    assert unspaced_likeness(read_words("狗可以进入"), read_words("仅狗可以进入")) is Likeness.UNKNOWN


def test_a_copy_counts_before_its_opposite() -> None:
    passages = PassageWords(["Die Bar ist nicht geöffnet.", "Die Bar ist geöffnet."])
    assert passages.likeness("Die Bar ist geöffnet.", small_words({"de"})) is Likeness.COPY


def test_a_long_text_takes_no_long_time() -> None:
    with cpu_seconds_below(20):
        for unit in ("Die Hunde sind nicht im Garten. ", "的的的。", "न नहीं ", "식당 정원 "):
            text = unit * (100_000 // len(unit))
            PassageWords([text, *text.split(". ")[:3000]]).likeness(text[:3000], small_words({"de"}))
