"""Numbers, dates and times as other languages write them."""

from __future__ import annotations

import pytest

from assay.judges.values import extract_values
from tests.unit.judges.values.carrying import is_known

SPELLINGS = [
    ["a coûté 3 500 000 euros", "a coûté 3,5 millions d'euros", "kostete 3,5 Mio. Euro", "cost €3.5 million"],
    ["kostete 4,5 Mrd. €", "kostete 4,5 Milliarden Euro", "cost 4.5 billion euros", "coûte 4,5 milliards d'euros"],
    ["14,8 mia. kr.", "14,8 milliarder kroner", "14.8 billion kronor", "14,8 miljarder kronor"],
    ["5,4 млрд рублей", "5,4 миллиарда рублей", "RUB 5.4 billion"],
    ["7,5 millones de euros", "7,5 milioni di euro", "7,5 milhões de euros", "7,5 miljoen euro", "7,5 mln euro"],
    ["3 mil millones de euros", "3 mld euro", "3 miliardi di euro", "3 miljard euro"],
    ["2.300,50 €", "2 300,50 €", "€2,300.50", "2300.50 euros"],
    ["ist 12 500 km lang", "is 12,500 km long", "ist 12.500 km lang"],
    ["er 7.845 meter lang", "er 7,8 km lang"],
    ["il 31. März 2025", "on 31 March 2025", "31.03.2025", "31 marzo 2025", "31 mars 2025", "31 марта 2025"],
    ["1er février 2025", "01/02/2025", "1 February 2025", "1 de febrero de 2025", "1 lutego 2025", "1. februar 2025"],
    ["12. maj 2024", "12.05.2024", "12 de maio de 2024", "12 mei 2024", "May 12, 2024", "12 maggio 2024"],
    ["à 15h30", "à 15 h 30", "um 15.30 Uhr", "at 3:30 pm", "um 15:30 Uhr"],
    ["at noon", "at 12 pm", "um 12 Uhr"],
    ["at midnight", "at 00:00", "at 12 am"],
    ["stieg um 5 Prozent", "a augmenté de 5 pour cent", "rose by 5 %", "subió un 5 por ciento", "steg 5 procent"],
]


@pytest.mark.parametrize("spellings", SPELLINGS, ids=lambda spellings: spellings[0])
def test_every_spelling_carries_every_other_spelling_and_none_of_another_value(spellings: list[str]) -> None:
    others = [other for listed in SPELLINGS if listed is not spellings for other in listed]
    for evidence in spellings:
        for response in spellings:
            assert is_known(f"It {evidence} then.", f"It {response} then."), (evidence, response)
        for response in others:
            assert not is_known(f"It {evidence} then.", f"It {response} then."), (evidence, response)


def test_a_lone_comma_is_a_decimal_one_beside_a_point_that_parts_thousands() -> None:
    assert is_known("Broen er 7.845 meter lang.", "Broen er 7,845 km lang.")
    assert is_known("Broen er 7,845 km lang.", "Broen er 7.845 meter lang.")
    assert not is_known("Broen er 7.845 meter lang.", "Broen er 78,45 km lang.")
    assert not is_known("The bridge is 7845 metres long.", "The bridge is 7,845 km long.")


@pytest.mark.parametrize("text", ["Их больше всего там", "Η πόλη είναι μεγάλη", "ona jest łatwa"])
def test_small_letters_of_other_scripts_begin_no_name(text: str) -> None:
    assert extract_values(text) == []


@pytest.mark.parametrize(
    ("evidence", "response"),
    [
        ("Umsatz: 4,5 Mrd. €.", "It made 4,5 Millionen Euro."),
        ("Omsætning: 14,8 mia. kr.", "It made 14,8 millioner kroner."),
        ("It is 1,500 km long.", "It is 1.5 km long."),
        ("La facture est de 2.300,50 €.", "It is 3 200,50 €."),
        ("In 2023 450 people came.", "There were 2,023,450 people."),
        ("Am 3. Mai 1893.", "On 3 March 1893."),
        ("Am 5.6.2023.", "Am 6. Mai 2023."),
        ("Le 14 juillet 2024.", "Le 4 juillet 2024."),
        ("El 12 de octubre de 2021.", "El 10 de diciembre de 2021."),
        ("Le train part à 8h05.", "Le train part à 9h05."),
        ("The pass is 1,640 feet high.", "The pass is 1640 m high."),
        ("The engine has 150 kW.", "The engine has 150 hp."),
        ("The engine has 150 kW.", "The engine has 152 kW."),
    ],
)
def test_other_values_are_not_carried(evidence: str, response: str) -> None:
    assert not is_known(evidence, response)


@pytest.mark.parametrize(
    ("text", "normals"),
    [
        ("in 2023 450 people", ["2023------", "450"]),
        ("the Mars 2020 rover", ["mars", "2020------"]),
        ("aged 6 to 12 may join", ["6", "12"]),
        ("5 m users", ["5"]),
        ("it is 5 m long", ["5"]),
        ("the first half of the game", []),
        ("2 450 000 euros", ["2450000 EUR"]),
    ],
)
def test_what_only_looks_like_a_number_or_date_is_read_as_what_it_is(text: str, normals: list[str]) -> None:
    assert [value.normal for value in extract_values(text)] == normals


@pytest.mark.parametrize("two_numbers", ["48 300 people", "In room 12 345 people met"])
def test_digits_with_one_gap_are_one_number_or_two(two_numbers: str) -> None:
    first, second = two_numbers.split(" people", maxsplit=1)[0].split()[-2:]
    assert is_known(two_numbers, f"There were {first},{second} of them.")
    assert is_known(two_numbers, f"There were {second} of them.")
    assert not is_known(two_numbers, f"There were {second},{second} of them.")
