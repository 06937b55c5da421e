"""People's word about drawn answers gives back the rate; that about flagged ones alone does not."""

from __future__ import annotations

import numpy as np
import pytest

from assay.worker.ports.review_record import AskedReview
from assay.worker.signals.rates import rates
from assay.worker.signals.reviewed import FEWEST_REVIEWS, Reviews, people_rate, reviewed_judge
from benchmarks.review_coverage import BASE, CASES, SENSITIVITY, SPECIFICITY, Week, week


def weeks(n: int, case: int = 0) -> list[Week]:
    rng = np.random.default_rng(5)
    return [week(rng, CASES[case]) for _ in range(n)]


def labelled(review: AskedReview, label: int | None) -> AskedReview:
    return review.model_copy(update={"label": label, "reviewed_at": None if label is None else review.reviewed_at})


@pytest.mark.parametrize("case", [0, 1, 2, 5])
def test_the_share_that_people_see_is_unbiased_and_its_interval_holds(case: int) -> None:
    told = [people_rate(each.reviews, each.traffic, each.cut).share for each in weeks(60, case)]
    known = [share for share in told if share is not None]
    assert len(known) > 50
    assert np.mean([share.value for share in known]) == pytest.approx(BASE, abs=0.008)
    assert np.mean([share.low <= BASE <= share.high for share in known]) > 0.85
    assert np.mean([share.high - share.low for share in known]) < 0.11


def test_sensitivity_and_specificity_come_back_though_flagged_answers_were_all_looked_at() -> None:
    reviews = [review for each in weeks(60) for review in each.reviews]
    cut = weeks(1)[0].cut
    labels = reviewed_judge(reviews, cut)
    assert labels is not None
    assert labels.caught / labels.positives == pytest.approx(SENSITIVITY, abs=0.06)
    assert labels.passed / labels.negatives == pytest.approx(SPECIFICITY, abs=0.01)
    assert labels.positives < labels.counted[0]
    seen = [review for review in reviews if review.label == 1]
    naive = sum((review.design.risk or 0) >= cut for review in seen) / len(seen)
    assert naive > 0.93


def test_the_corrected_share_says_that_reviews_corrected_it() -> None:
    own = weeks(12)
    labels = reviewed_judge([review for each in own for review in each.reviews], own[0].cut)
    corrected = rates(own[0].traffic, own[0].cut, labels=labels).corrected
    assert corrected is not None
    assert corrected.share is not None
    assert (corrected.by, corrected.labels > 600, corrected.since is not None) == ("reviews", True, True)
    assert corrected.share.low < BASE < corrected.share.high


def test_silence_is_made_up_for_within_its_class() -> None:
    """Nobody looked at half of the flagged answers, which are mostly bad: the share must not fall for it."""
    own = weeks(40)
    half = [
        people_rate(
            [
                labelled(review, None) if review.design.review_pi == 1 and number % 2 else review
                for number, review in enumerate(each.reviews)
            ],
            each.traffic,
            each.cut,
        ).share
        for each in own
    ]
    assert np.mean([share.value for share in half if share]) == pytest.approx(BASE, abs=0.008)


def test_too_few_reviews_tell_no_share_and_say_so() -> None:
    own = weeks(1)[0]
    flagged = [review for review in own.reviews if review.design.review_pi == 1]
    drawn = [review for review in own.reviews if review.design.review_pi < 1]
    told = people_rate(flagged, own.traffic, own.cut)
    assert (told.share, told.note) == (None, f"0 reviews of answers drawn by chance; {FEWEST_REVIEWS} are needed")
    assert told.certain_reviewed == len(flagged)
    silent = [labelled(review, None) for review in flagged]
    assert people_rate([*silent, *drawn], own.traffic, own.cut).note.startswith("0 reviews of flagged answers")
    assert reviewed_judge(silent, own.cut) is None
    assert reviewed_judge(flagged, own.cut) is None
    assert reviewed_judge([], own.cut) is None


def test_reviews_of_another_revision_count_for_nothing() -> None:
    own = weeks(1)[0]
    key = own.traffic.key
    reviews = Reviews(own.reviews)
    assert reviews.people(key, own.traffic, own.cut) is not None
    other = key._replace(revision="another")
    assert (reviews.people(other, own.traffic, own.cut), reviews.labels(other, own.cut)) == (None, None)


def test_traffic_that_people_see_whole_needs_no_draw() -> None:
    own = weeks(1)[0]
    whole = [
        review.model_copy(update={"design": review.design.model_copy(update={"review_pi": 1.0})})
        for review in own.reviews
    ]
    reviews = [
        whole[0].model_copy(
            update={
                "trace_id": f"t{number}",
                "label": int(number % 10 == 0),
                "design": whole[0].design.model_copy(update={"risk": float(risk)}),
            }
        )
        for number, risk in enumerate(own.traffic.risk)
    ]
    share = people_rate(reviews, own.traffic, own.cut).share
    assert share is not None
    assert share.value == pytest.approx(34 / 333)


def went_for_sure(review: AskedReview) -> AskedReview:
    return review.model_copy(update={"design": review.design.model_copy(update={"review_pi": 1.0})})


def with_doubtful(own: Week, *, share: float = 0.1, answered: bool = True) -> list[AskedReview]:
    """Of the unflagged answers the riskiest all go to people, too, as where judges of a panel disagree."""
    least = float(np.quantile(own.traffic.risk[own.traffic.risk < own.cut], 1 - share))
    known = {review.trace_id for review in own.reviews}
    doubtful = [number for number, risk in enumerate(own.traffic.risk) if least <= risk < own.cut]
    model = own.reviews[0]
    sent = {
        f"t{number}": went_for_sure(
            model.model_copy(
                update={
                    "trace_id": f"t{number}",
                    "label": 0 if answered else None,
                    "design": model.design.model_copy(update={"risk": float(own.traffic.risk[number])}),
                }
            )
        )
        for number in doubtful
    }
    assert known
    return [*(review for review in own.reviews if review.trace_id not in sent), *sent.values()]


def test_what_goes_to_people_unflagged_does_not_raise_what_is_expected_of_the_drawn() -> None:
    """The doubtful ones are all good here, and the rest holds nothing bad: the share is that of the flagged alone."""
    for own in weeks(8):
        reviews = [
            labelled(review, 0) if (review.design.risk or 0) < own.cut else review for review in with_doubtful(own)
        ]
        share = people_rate(reviews, own.traffic, own.cut).share
        flagged = [review.label for review in reviews if (review.design.risk or 0) >= own.cut]
        assert share is not None
        drawn = [review.design.risk or 0 for review in reviews if review.design.review_pi < 1]
        of_flagged = sum(label or 0 for label in flagged) / own.traffic.risk.size
        # Labels of the drawn ones say less than their risks: not more than these may be left.
        assert of_flagged - 1e-9 <= share.value <= of_flagged + max(drawn)
        assert share.value - of_flagged < 0.01


def test_what_went_to_people_and_nobody_looked_at_is_not_taken_for_good() -> None:
    own = weeks(1)[0]
    told = people_rate(with_doubtful(own, answered=False), own.traffic, own.cut)
    assert told.share is None
    assert told.note == "0 reviews of answers that go to people unflagged and without a draw; 1 is needed"


def test_traffic_below_the_budget_needs_as_many_reviews_as_drawn_ones() -> None:
    own = weeks(1)[0]
    whole = with_doubtful(own, share=1.0)
    few = [labelled(review, None) if number >= 3 else review for number, review in enumerate(reversed(whole))]
    flagged = [review for review in whole if (review.design.risk or 0) >= own.cut]
    told = people_rate([*flagged, *(each for each in few if (each.design.risk or 0) < own.cut)], own.traffic, own.cut)
    assert told.note.startswith(
        f"3 reviews of answers that go to people unflagged and without a draw; {FEWEST_REVIEWS}"
    )
    share = people_rate(whole, own.traffic, own.cut).share
    assert share is not None
    assert 0 <= share.low <= share.value <= share.high <= 1
