"""Yes and no are judged by what a clause says completely. What no clause settles is left open for both alike."""

from __future__ import annotations

import pytest

from assay.judges.local.short.answers import judge_short, undecided_elsewhere
from assay.judges.local.short.verdicts import ShortVerdict
from assay.judges.schema import ClaimVerdict, Sample


def _judged(question: str, evidence: str, response: str) -> ShortVerdict | None:
    return judge_short(Sample(id="s", question=question, contexts=(evidence,), response=response))


@pytest.mark.parametrize(
    ("question", "evidence", "right"),
    [
        ("Was Einstein born in Princeton?", "Einstein was born in Ulm in 1879 and died in Princeton.", "No"),
        ("Did Einstein die in Princeton?", "Einstein was born in Ulm in 1879 and died in Princeton.", "Yes"),
        ("Is the warranty 5 years?", "The warranty is 2 years for all devices.", "No"),
        ("Does the warranty last two years?", "The warranty lasts 2 years for all devices.", "Yes"),
        ("Is shipping free for orders over $50?", "Shipping is free for orders over $100.", "No"),
        ("Does it have 3 rooms?", "It has 12 rooms on 3 floors.", "No"),
        ("Does it have 12 rooms?", "It has 12 rooms on 3 floors.", "Yes"),
        ("Does it open at 8 am on Saturdays?", "It opens at 8 am on weekdays. On Saturdays it opens at 10 am.", "No"),
        ("Is the tax rate 7%?", "The tax rate is 19%, reduced to 7% for books.", "No"),
        ("Did it open before 1930?", "It opened in 1932.", "No"),
        ("Does it take less than 2 hours?", "It takes 90 minutes.", "Yes"),
        ("Is Berlin the capital of France?", "Paris is the capital of France.", "No"),
        ("Was it painted by Paul Keating?", "Paul Hogan painted it.", "No"),
        ("Was it painted by Paul Hogan?", "Paul Hogan painted it.", "Yes"),
        ("Did Anna hire Ben?", "Ben hired Anna in May.", "No"),
        ("Was Anna hired by Ben?", "Ben hired Anna in May.", "Yes"),
        ("Did Ben meet Anna?", "Anna met Ben in 2010.", "Yes"),
        ("Is the museum open on Wednesday?", "The museum is open Tuesday to Sunday.", "Yes"),
        ("Is the museum open on Mondays?", "The museum is open Tuesday to Sunday.", "No"),
    ],
)
def test_values_and_names_count(question: str, evidence: str, right: str) -> None:
    _check_pair(question, evidence, right)


@pytest.mark.parametrize(
    ("question", "evidence", "right"),
    [
        (
            "Is smoking allowed on the terrace?",
            "Smoking is allowed on the terrace, but it is not allowed indoors.",
            "Yes",
        ),
        ("Is smoking allowed indoors?", "Smoking is allowed on the terrace, but it is not allowed indoors.", "No"),
        ("Is the deposit refundable?", "The deposit is refundable, the fee is not.", "Yes"),
        ("Is the fee refundable?", "The deposit is refundable, the fee is not.", "No"),
        ("Does the plan include roaming?", "The plan includes roaming but no free calls.", "Yes"),
        ("Does the plan include free calls?", "The plan includes roaming but no free calls.", "No"),
        ("Are dogs allowed in the garden?", "Dogs are allowed in the garden but not in the restaurant.", "Yes"),
        ("Are dogs allowed in the restaurant?", "Dogs are allowed in the garden but not in the restaurant.", "No"),
        ("Isn't breakfast included?", "Breakfast is included.", "Yes"),
        ("Is breakfast not included?", "Breakfast is included.", "No"),
        ("Is the drug unsafe?", "The drug is safe.", "No"),
        ("Is the deposit non-refundable?", "The deposit is refundable.", "No"),
        ("Is it false that insurance is accepted?", "Insurance is accepted.", "No"),
        ("Is it true that insurance is accepted?", "Insurance is accepted.", "Yes"),
        ("Has the bill been passed?", "The bill has not yet been passed.", "No"),
        ("Are cats allowed?", "Dogs, birds and cats are allowed.", "Yes"),
        ("Can I bring my dog?", "Dogs are not allowed.", "No"),
        ("Can I swim in the lake?", "Swimming is prohibited in the lake.", "No"),
        ("Does it work?", "It works without a battery.", "Yes"),
        (
            "True or false: hashed search is less efficient than normal search.",
            "Hashed search is a more efficient alternative to the normal search.",
            "No",
        ),
        ("Is wine included?", "Water is included but not wine.", "No"),
        ("Could you tell me whether Ann left in 2012?", "Ann left in 2012.", "Yes"),
    ],
)
def test_a_negation_turns_its_own_clause_only(question: str, evidence: str, right: str) -> None:
    _check_pair(question, evidence, right)


def _check_pair(question: str, evidence: str, right: str) -> None:
    good, bad = (_judged(question, evidence, answer) for answer in (right, "No" if right == "Yes" else "Yes"))
    assert good is not None
    assert bad is not None
    assert (good.verdict, bad.verdict) == (ClaimVerdict.SUPPORTED, ClaimVerdict.CONTRADICTED)
    assert good.doubt < 0.5 < bad.doubt


@pytest.mark.parametrize(
    ("question", "evidence"),
    [
        ("Is breakfast included?", "Breakfast is included only in the premium rate."),
        ("Does the app run in Spain?", "The app runs in France."),
        ("Is Melbourne a city in Australia?", "Sydney is a city in Australia."),
        ("Is there a bus at 10 am?", "There are buses at 8 am, 9 am and 10 am."),
        ("Do the rooms have balconies?", "The rooms on the top floor have balconies."),
        ("Is the first floor open?", "The second floor is open."),
        ("Is the pool heated?", "The pool is next to the heated terrace."),
        ("Is the red car faster than the blue car?", "The blue car is faster than the red car."),
        ("Are walk-ins accepted on weekdays?", "Insurance is accepted. Walk-ins are not accepted on Saturdays."),
        ("Was Grant president before Lincoln?", "Lincoln was president before Grant."),
        ("Does delivery take 4 days?", "Delivery takes 3 to 5 days."),
        ("Are there 60 rooms?", "There are at least 50 rooms."),
        ("Do both plans include support?", "The pro plan includes support."),
        ("Does it work with a battery?", "It works without a battery."),
        ("Did Edison found it?", "It was not founded by Tesla but by Edison."),
        ("Is smoking allowed?", "Smoking is allowed outside. Smoking is not allowed inside."),
    ],
)
def test_what_is_not_matched_completely_decides_nothing(question: str, evidence: str) -> None:
    verdicts = [_judged(question, evidence, answer) for answer in ("Yes", "No")]
    assert verdicts[0] == verdicts[1]
    assert verdicts[0] is not None
    assert verdicts[0].verdict is ClaimVerdict.NOT_FOUND


@pytest.mark.parametrize(
    "question",
    [
        "Is breakfast included? Please answer in one word.",
        "Is breakfast included? Answer yes or no.",
        "Answer with yes or no: is breakfast included?",
        "Context says things. Question: Is breakfast included?",
        "Breakfast is included, right?",
        "I'd like to know if breakfast is included.",
        "Hasn't breakfast been included?",
    ],
)
@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("Yes", "No"),
        ("Absolutely!", "Not at all."),
        ("It is.", "It isn't."),
        ("Y", "N"),
        ("✅", "❌"),
        ("Of course.", "Nope"),
    ],
)
def test_neither_wording_of_question_nor_of_answer_matters(question: str, right: str, wrong: str) -> None:
    evidence = "Breakfast has been included. Dogs are not allowed."
    good, bad = _judged(question, evidence, right), _judged(question, evidence, wrong)
    assert good is not None
    assert bad is not None
    assert (good.verdict, bad.verdict) == (ClaimVerdict.SUPPORTED, ClaimVerdict.CONTRADICTED)


@pytest.mark.parametrize(
    ("question", "evidence", "right", "wrong"),
    [
        ("Sind Hunde erlaubt?", "Das Frühstück ist inbegriffen. Hunde sind nicht erlaubt.", "Nein", "Ja"),
        ("Le petit-déjeuner est-il inclus ?", "Le petit-déjeuner est inclus.", "Oui", "Non"),
        ("¿Se admiten perros?", "El desayuno está incluido. No se admiten perros.", "No", "Sí"),
        ("包含早餐吗？", "包含早餐。不允许带狗。", "是", "否"),
    ],
)
def test_other_languages_are_decided_by_the_same_words(question: str, evidence: str, right: str, wrong: str) -> None:
    good, bad = _judged(question, evidence, right), _judged(question, evidence, wrong)
    assert good is not None
    assert bad is not None
    assert (good.verdict, bad.verdict) == (ClaimVerdict.SUPPORTED, ClaimVerdict.CONTRADICTED)


@pytest.mark.parametrize(
    ("question", "evidence", "response", "undecided"),
    [
        ("Darf ich meinen Hund mitbringen?", "Das Frühstück ist inbegriffen. Hunde sind nicht erlaubt.", "Nein", True),
        ("Sind Hunde erlaubt?", "Das Frühstück ist inbegriffen. Hunde sind nicht erlaubt.", "Nein", False),
        ("Is it open?", "The shop is open on the weekend.", "Yes", False),
        ("Darf ich meinen Hund mitbringen?", "Das Frühstück ist inbegriffen.", "Hunde sind erlaubt", False),
    ],
)
def test_what_other_languages_leave_undecided_is_told(
    question: str, evidence: str, response: str, *, undecided: bool
) -> None:
    sample = Sample(id="s", question=question, contexts=(evidence,), response=response)
    assert undecided_elsewhere(sample) is undecided
