"""How many labels an exam needs: as often as the exam's own rule says when it is simulated."""

from __future__ import annotations

import numpy as np
import pytest

from assay.worker.statistics.agreement import youden_lower
from assay.worker.statistics.exam_size import LIKELY, labels_needed, pass_probability
from assay.worker.statistics.weighted import hajek_share

MIDDLING, GOOD = (0.56, 0.89), (0.85, 0.90)


@pytest.mark.parametrize(("marked", "unmarked"), [(20, 20), (40, 120), (80, 80)])
@pytest.mark.parametrize("judge", [MIDDLING, GOOD])
def test_the_probability_is_that_of_simulated_exams(marked: int, unmarked: int, judge: tuple[float, float]) -> None:
    generator, exams = np.random.default_rng(2), 600
    passed = 0
    for _ in range(exams):
        rates = [
            hajek_share(generator.random(n) < share, np.ones(n))
            for n, share in zip((marked, unmarked), judge, strict=True)
        ]
        sensitivity, specificity = rates
        assert sensitivity is not None
        assert specificity is not None
        passed += youden_lower(sensitivity, specificity) > 0.2
    expected = pass_probability(marked, unmarked, sensitivity=judge[0], specificity=judge[1], bar=0.2)
    assert passed / exams == pytest.approx(expected, abs=0.05)


def test_eighty_of_each_do_for_a_middling_judge_and_forty_for_a_good_one() -> None:
    for size, judge in ((80, MIDDLING), (40, GOOD)):
        assert pass_probability(size, size, sensitivity=judge[0], specificity=judge[1], bar=0.2) >= LIKELY
    assert pass_probability(20, 20, sensitivity=MIDDLING[0], specificity=MIDDLING[1], bar=0.2) < 0.5
    assert labels_needed(sensitivity=MIDDLING[0], specificity=MIDDLING[1], bar=0.2) == 80


def test_no_number_of_labels_makes_a_coin_pass() -> None:
    assert labels_needed(sensitivity=0.6, specificity=0.5, bar=0.2) is None
    assert pass_probability(0, 50, sensitivity=1.0, specificity=1.0, bar=0.2) == 0
