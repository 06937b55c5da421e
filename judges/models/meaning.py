"""What an endpoint's error means, and what a person can do about it. One word per meaning, whoever says it how."""

from __future__ import annotations

from enum import StrEnum

from assay.judges.errors import (
    EvaluationError,
    InvalidVerdict,
    ModelAccessDenied,
    ModelRefused,
    ModelTimeout,
    ModelUnavailable,
    RateLimited,
    RequestRejected,
    UnjudgeableSample,
)


class Meaning(StrEnum):
    """Why there is no answer. UNKNOWN where no row of the tables fits."""

    REFUSED = "refused"
    TOO_LONG = "too_long"
    KEY = "key"
    QUOTA = "quota"
    MODEL = "model"
    LIMIT = "limit"
    OUTAGE = "outage"
    TIMEOUT = "timeout"
    BROKEN_REPLY = "broken_reply"
    FORM = "form"
    REDIRECT = "redirect"
    UNKNOWN = "unknown"


ERRORS: dict[Meaning, type[EvaluationError]] = {
    Meaning.REFUSED: ModelRefused,
    Meaning.TOO_LONG: UnjudgeableSample,
    Meaning.KEY: ModelAccessDenied,
    Meaning.QUOTA: ModelAccessDenied,
    Meaning.MODEL: ModelAccessDenied,
    Meaning.LIMIT: RateLimited,
    Meaning.OUTAGE: ModelUnavailable,
    Meaning.TIMEOUT: ModelTimeout,
    Meaning.BROKEN_REPLY: InvalidVerdict,
    Meaning.FORM: RequestRejected,
    Meaning.REDIRECT: ModelAccessDenied,
}
"""The error of ours for each meaning. What is UNKNOWN, the status decides."""

REMEDIES: dict[Meaning, str] = {
    Meaning.KEY: "the key is refused, or may not do this: check key, model name and base URL",
    Meaning.QUOTA: "the account has no credit, budget or quota left: pay it, or raise its limit, at the provider",
    Meaning.MODEL: "the model is unknown there, or closed to this key: check key, model name and base URL",
    Meaning.TOO_LONG: "the sample is longer than the model takes: set the endpoint's context_window, or a larger model",
    Meaning.FORM: "it does not take the form of this request: set the endpoint's form, or see `assay doctor --judge`",
    Meaning.REDIRECT: "it redirects to another place, which is not followed: set the base URL to where it points",
}
"""What a person can do. Nothing to do for the others: they pass, or the text is behind them."""

HELD = frozenset({Meaning.KEY, Meaning.QUOTA, Meaning.MODEL})
"""What no text causes and no waiting of seconds mends: a person has to act, and work waits for it."""
