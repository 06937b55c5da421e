"""Which rows were drawn with the probability that they carry."""

from __future__ import annotations

import numpy as np

from assay.worker.config.use_cases import FEEDBACK_STRATUM
from assay.worker.ports.history import Block
from assay.worker.records.columns import rows_alike
from assay.worker.signals.traffic import Bools

DRAWN = ("sample", "stratum")
"""The columns that tell it."""


def counts_in_rates(sample: str, stratum: str) -> bool:
    """Whether a row may be weighted by its 1/π.

    A stratum's raised rate is the probability of every trace in it, `base` and `boost` alike. Only what was added
    because of users' feedback has no probability: nobody knows how likely a user is to complain.
    """
    return sample == "base" or stratum != FEEDBACK_STRATUM


def drawn_rows(block: Block) -> Bools:
    """Which rows of a block may be weighted so. Its columns are those of `DRAWN` and others."""
    codes, drawn = rows_alike([block[name] for name in DRAWN])
    return np.array([counts_in_rates(*each) for each in drawn], dtype=np.bool_)[codes]
