"""Which rows were drawn with the probability that they carry."""

from __future__ import annotations

from assay.worker.config.use_cases import FEEDBACK_STRATUM


def counts_in_rates(sample: str, stratum: str) -> bool:
    """Whether a row may be weighted by its 1/π.

    A stratum's raised rate is the probability of every trace in it, `base` and `boost` alike. Only what was added
    because of users' feedback has no probability: nobody knows how likely a user is to complain.
    """
    return sample == "base" or stratum != FEEDBACK_STRATUM
