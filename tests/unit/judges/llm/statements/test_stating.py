"""Which sentences are put to a model that only says how likely a statement is."""

from __future__ import annotations

import pytest

from assay.judges.llm.statements.stating import stating
from assay.judges.schema import ResponseKind, Sample
from assay.judges.text.form import statements

BRIDGE = "The bridge was opened in 1932. It has two railway tracks and a cycleway."


def asked(response: str, *, question: str = "", evidence: str = BRIDGE) -> tuple[list[str], ResponseKind]:
    sample = Sample(id="s", question=question, contexts=(evidence,), response=response)
    spans = dict(enumerate(statements(response), start=1))
    stated = stating(sample, spans)
    return [response[spans[number].start : spans[number].end].strip() for number in stated.numbers], stated.kind


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ("Sure! It opened in 1932. Let me know if you need anything else.", ["It opened in 1932."]),
        ("**Opening**\nIt opened in 1932.", ["It opened in 1932."]),
        ("Do you mean the old bridge? It has two tracks.", ["It has two tracks."]),
        ("Ich helfe gern weiter. Die Brücke wurde 1932 eröffnet.", ["Die Brücke wurde 1932 eröffnet."]),
        ("橋は1932年に開通した。", ["橋は1932年に開通した。"]),
        ("1932", ["1932"]),
        ("Lyon.", ["Lyon."]),
    ],
)
def test_what_states_something_is_asked(response: str, expected: list[str]) -> None:
    assert asked(response) == (expected, ResponseKind.ANSWER)


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        ("I'm sorry, I cannot answer that from the documents.", ResponseKind.REFUSAL),
        ("I do not know. Please contact the council.", ResponseKind.REFUSAL),
        ("Hello! How can I help you?", ResponseKind.NO_CLAIMS),
        ("Which bridge do you mean?", ResponseKind.NO_CLAIMS),
    ],
)
def test_what_states_nothing_is_not(response: str, kind: ResponseKind) -> None:
    assert asked(response, question="When?") == ([], kind)


def test_a_bare_answer_is_one_statement_where_something_was_asked() -> None:
    assert asked("Yes, it does.", question="Does it have tracks?") == (["Yes, it does."], ResponseKind.ANSWER)
    assert asked("Yes, it does.") == ([], ResponseKind.NO_CLAIMS)


def test_a_yes_beside_a_statement_is_left_to_the_statement() -> None:
    assert asked("Yes. It has two railway tracks.", question="Tracks?")[0] == ["It has two railway tracks."]


REFUNDS = "Refunds are paid as a voucher within fourteen days. The shop is open daily."


@pytest.mark.parametrize(
    "text",
    [
        *("Refunds are paid in cash, right?", "Did you know that refunds are paid in cash?", "Refunds: cash only?"),
        *("Would you like your refund, which is paid in cash, today?", "You know refunds are in cash, don't you?"),
        *("I cannot say more than that refunds are paid in cash.", "I cannot deny that refunds are paid in cash."),
        *("I have no information except that refunds are paid in cash.", "I'm sorry that refunds are paid in cash."),
        *("I cannot help you beyond the fact that refunds are paid in cash.", "**Refunds in cash:**"),
        *("**Refunds in cash**", "**Payment of refunds: cash**", "**Refunds (cash)**", "**Refunds – cash**"),
        *("Ninety days for refunds:", "**Ninety days for refunds**", "Refunds after ninety days:"),
    ],
)
def test_whoever_writes_a_response_cannot_choose_what_is_judged(text: str) -> None:
    sentences, kind = asked(f"The shop is open daily. {text}", question="How?", evidence=REFUNDS)
    assert kind is ResponseKind.ANSWER
    assert text.strip("*") in sentences[-1]


@pytest.mark.parametrize(
    "text",
    [
        *("Which shop do you mean?", "Do you have that receipt?", "Soll ich das erklären?"),
        *("I'm sorry that I cannot help with that.", "The documents do not say that refunds are paid in cash."),
        *("I only know that the documents do not mention it.", "Unfortunately, I do not know more than that."),
        *("**Opening hours:**", "**Refunds:**", "**Steps to follow:**", "**Overview of refunds**", "**Conclusion:**"),
        *("**Benefits for customers:**", "Here are the steps to get a refund:", "Refund options:"),
        *("**Fourteen days for refunds**", "**Refunds within fourteen days:**"),
    ],
)
def test_what_only_leads_or_asks_is_form(text: str) -> None:
    sentences, kind = asked(f"The shop is open daily. {text}", question="How?", evidence=REFUNDS)
    assert (len(sentences), kind) == (1, ResponseKind.ANSWER)
    assert text not in sentences[0]
