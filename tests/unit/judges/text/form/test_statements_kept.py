"""Statements that look like form: a false part of an answer that vanishes goes unseen."""

from __future__ import annotations

import json

import pytest

from assay.judges.text.form import as_read, statements, without_form

FIRST = "The museum opens on Tuesday"


def left(text: str) -> str:
    """All that is judged of a text."""
    blanked = without_form(text)
    return "\n".join(as_read(blanked[span.start : span.end]) for span in statements(text))


@pytest.mark.parametrize(
    ("text", "stated"),
    [
        ("Norway won gold medals (99).", "99"),
        ("Gold medals: Norway (99), Germany (77).", "77"),
        ("Gold medals: Norway (1), Germany (2).", "2"),
        ("Children: Anna (7), Ben (4).", "7"),
        ("Total staff (45).", "45"),
        ("Number of planets (8).", "8"),
        ("The notice period follows from section 4 (1).", "(1)"),
        ("The notice period follows from § 4 (9).", "(9)"),
        ("Three guards work here, i.e. (3).", "3"),
        ("They published many papers (articles: 12).", "12"),
        ("| Gold | Country |\n|---|---|\n| 99 | Norway |\n| 77 | Germany |", "99"),
        ("| Rank | Country |\n|---|---|\n| 1 | Norway |\n| 2 | Germany |", "1"),
        ("| # | Country |\n|---|---|\n| 7 | Norway |\n| 9 | Germany |", "9"),
        ("The result is 123² exactly. See note.¹", "123²"),
    ],
)
def test_a_number_in_the_place_of_a_mark_stays(text: str, stated: str) -> None:
    assert stated in left(text)


@pytest.mark.parametrize(
    "heading",
    [
        "The shop closes at noon",
        "Refunds take five months",
        "Tesla acquires the museum",
        "Albert Einstein discovered radium",
        "Dogs welcome everywhere",
        "Visa required",
        "Smoking prohibited",
        "Paris beats London",
        "Company goes bankrupt",
        "Hunde verboten",
        "Entrada gratuita",
        "退款需要五个月才能到账",
    ],
)
@pytest.mark.parametrize("form", ["## {}\n\n", "**{}**\n\n", "{}\n=====\n\n"])
def test_a_heading_that_is_a_sentence_stays(heading: str, form: str) -> None:
    assert heading in left(form.format(heading) + f"{FIRST}.")


@pytest.mark.parametrize(
    "heading",
    ["Opening hours", "Overview", "The museum", "Key benefits", "Refund policy", "History of the museum", "概要"],
)
@pytest.mark.parametrize("form", ["## {}\n\n", "**{}**\n\n", "{}\n=====\n\n"])
def test_a_title_is_no_statement(heading: str, form: str) -> None:
    assert left(form.format(heading) + f"{FIRST}.") == f"{FIRST}."


@pytest.mark.parametrize(
    ("ending", "stated"),
    [
        ("Documents:\n- Valid Passport\n- Vaccination Certificate", "Passport"),
        ("Notes:\n- Safe in pregnancy\n- Safe with alcohol", "alcohol"),
        ("Notes:\n1. Children Banned Forever\n2. Cameras Forbidden Inside", "Children"),
        ("Sources:\n- Citrus Fruits\n- Bell Peppers", "Citrus"),
        ("Sources:\n1. Monthly Wages\n2. Capital Gains", "Capital"),
        ("[^1]: Dogs welcome everywhere", "Dogs"),
        ("[1] Bob Smith murdered Anna, p. 12", "murdered"),
        ("Learn more: Bob Smith burnt the museum down, section 3", "burnt"),
        ("— Bob Smith", "Bob"),
        ("- Bob Smith, p. 12", "Bob"),
    ],
)
def test_a_list_or_note_that_names_no_document_stays(ending: str, stated: str) -> None:
    assert stated in left(f"{FIRST}.\n\n{ending}")


@pytest.mark.parametrize(
    "remark",
    [
        "(note: children banned)",
        "(Note: pregnant women excluded)",
        "(result: bankruptcy)",
        "(source: mafia money)",
        "(evidence: fingerprints of Bob)",
        "<confidence>The museum is haunted by Bob</confidence>",
        "<source>Bob Smith burnt the museum down last year and fled to Peru</source>",
    ],
)
def test_a_remark_stays(remark: str) -> None:
    assert remark.strip("()<>").split(">")[-1].split("<")[0].split()[-1] in left(f"{FIRST} {remark}.")


@pytest.mark.parametrize(
    "sentence",
    [
        "Hi, refunds are impossible.",
        "Hello, shop closed today.",
        "Welcome drinks are free.",
        "I hope this helps, the drug is safe in pregnancy.",
        "Let me know if you need anything, delivery takes a week.",
        "Let me know if you want to use the free lifetime warranty.",
        "Feel free to call the hotline, which is open day and night.",
        "Feel free to ask the CEO Tim Cook.",
        "Feel free to bring dogs.",
        "If you have any allergy, ask your doctor before taking aspirin.",
        "If you need a refund, contact the Berlin police.",
        "Don't hesitate to contact support, who answer within minutes.",
        "You are welcome to smoke inside.",
        "Here is a list of the murders committed there by guards:",
        "Here is a dangerous place:",
        "Hier sind Hunde erlaubt:",
        "Aquí está prohibido fumar:",
        "N'hésitez pas à fumer dans le musée.",
        "Ich hoffe, das hilft, denn Hunde sind verboten.",
        "希望这对您有帮助，博物馆周一关门。",
        "Confidence in the bank: low, says Bob.",
        "You can do it in one step:\n- Press",
        "It is the best:\nBuy it.",
        "The document is the one given by you:\nIt is red.",
    ],
)
def test_a_courtesy_or_lead_in_with_a_fact_stays(sentence: str) -> None:
    assert sentence.partition("\n")[0] in left(f"{FIRST}. {sentence}")


@pytest.mark.parametrize(
    ("beside", "stated"),
    [
        ({"owner": "Bob Smith"}, "owner: Bob Smith"),
        ({"dogs": "allowed"}, "dogs: allowed"),
        ({"status": "permanently closed since last year"}, "closed since"),
        ({"type": "owned by the mafia"}, "mafia"),
        ({"fee_in_words": "ninety dollars"}, "fee in words: ninety dollars"),
        ({"capital": "Paris"}, "Paris"),
        ({"total": 45.99}, "45.99"),
    ],
)
def test_a_value_beside_a_sentence_in_json_stays(beside: dict[str, object], stated: str) -> None:
    assert stated in left(json.dumps({"answer": f"{FIRST}.", **beside}))


@pytest.mark.parametrize("line", ["title: The museum is closed", "owner: Bob Smith", "title: Answer 7", "price: 99"])
def test_a_statement_before_the_text_of_a_page_stays(line: str) -> None:
    assert line.split(": ")[1] in left(f"---\n{line}\n---\n{FIRST}.")


@pytest.mark.parametrize("title", ["Napoleon", "Albert Einstein"])
def test_a_name_over_a_list_stays(title: str) -> None:
    assert title in left(f"- {title}:\n  - drew its blueprints")


@pytest.mark.parametrize("title", ["Opening hours", "Submission", "Key Features"])
def test_a_title_over_a_list_is_no_statement(title: str) -> None:
    assert title not in left(f"- {title}:\n  - It is open on Tuesday")
