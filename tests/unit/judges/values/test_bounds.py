"""Amounts a response tells less exactly than its evidence: rounded ones, and bounds."""

from __future__ import annotations

import pytest

from assay.judges.values.bounds import exactness
from tests.unit.judges.values.carrying import is_known


@pytest.mark.parametrize(
    ("evidence", "response"),
    [
        ("2,112 people signed.", "More than 2,000 people signed."),
        ("9,870 tickets were sold.", "Fewer than 10,000 tickets were sold."),
        ("9,870 tickets were sold.", "Nearly 10,000 tickets were sold."),
        ("There are 41 rooms.", "Il y a plus de 40 chambres."),
        ("There are 41 rooms.", "Hay más de 40."),
        ("There are 41 rooms.", "Er zijn meer dan 40."),
        ("There are 41 rooms.", "Их больше 40."),
        ("It costs 1,049 euros.", "Sie kostet über 1.000 Euro."),
        ("1,980 tickets were sold.", "No more than 2,000 tickets were sold."),
        ("It takes 55 minutes.", "It takes less than 60 minutes."),
        ("She ran 42.2 km.", "She ran over 26 miles."),
        ("Unemployment is 4.7 percent.", "It is below 5 percent."),
        ("It has 1,234,567 rows.", "It has 1.23 million rows."),
        ("It has 1,234,567 rows.", "It has 1.2M rows."),
        ("Sales were 48,217,300 dollars.", "Sales were $48.2 million."),
    ],
)
def test_a_bound_or_a_rounded_amount_is_carried(evidence: str, response: str) -> None:
    assert is_known(evidence, response)


@pytest.mark.parametrize(
    ("evidence", "response"),
    [
        ("9,870 tickets were sold.", "More than 10,000 tickets were sold."),
        ("10,120 tickets were sold.", "Nearly 10,000 tickets were sold."),
        ("The tower is 98 m tall.", "The tower is over 100 metres tall."),
        ("18,430 fans came.", "Over 19,000 fans came."),
        ("It costs 1,049 euros.", "It costs less than 1,000 euros."),
        ("1,980 tickets were sold.", "Over 2,000 tickets were sold."),
        ("1,980 tickets were sold.", "No fewer than 2,000 tickets were sold."),
        ("There are 900 rooms.", "There are more than 100 rooms."),
        ("The limit is 6 weeks.", "It takes up to 8 weeks."),
        ("It opened in 1932.", "Over 1,900 people came."),
        ("It costs 45 euros.", "There are over 40 rooms."),
        ("It has 1,234,567 rows.", "It has 1.3 million rows."),
        ("It has 1,234,567 rows.", "It has exactly 1.23 million rows."),
        ("It has 1,234,567 rows.", "It has 1.2 billion rows."),
    ],
)
def test_a_bound_on_the_wrong_side_or_a_wrong_rounding_is_not_carried(evidence: str, response: str) -> None:
    assert not is_known(evidence, response)


@pytest.mark.parametrize(
    ("before", "meant"),
    [
        ("it has more than ", "more"),
        ("it has no more than ", "most"),
        ("es sind weniger als ", "less"),
        ("es sind mindestens ", "least"),
        ("il y a plus de ", "more"),
        ("il y a pas plus de ", "most"),
        ("it has about ", "about"),
        ("it has almost ", "nearly"),
        ("it has exactly ", "exact"),
        ("moreover, it has ", ""),
        ("a whiteboard over", ""),
        ("", ""),
    ],
)
def test_exactness_reads_the_words_just_before(before: str, meant: str) -> None:
    assert exactness(before) == meant
