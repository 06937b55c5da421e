"""Which features of the local judge may only raise the risk, and which may only lower it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from assay.judges.text.words import word_set
from benchmarks.logistic_fit import Floats

_RAISE = word_set(
    "absent_weight absent_count absent_rarest unasked_weight pair_novelty triple_novelty gap_novelty stitched apart "
    "replaced swapped missing_numbers missing_names value_apart name_apart negation_differs polarity_differs opposites "
    "denied_alone field_contradicted field_silent hours_conflict newest_pairs alarm_weight alarm_count alarm_most "
    "worst worst_three mean any"
)
_LOWER = word_set("best_coverage nearby copied_run least_coverage field_told")


def signs(names: Sequence[str]) -> Floats:
    """The sign each feature is held to: what is not in the evidence never lowers the risk, what is never raises it.

    It is what makes the risk monotone in the doubts of the sentences, and it holds where a corpus would teach its
    own accidents. Features that say nothing of support go free.
    """
    plain = [name.partition(",")[0] for name in names]
    return np.array([float(name in _RAISE) - float(name in _LOWER) for name in plain])
