"""What a provider's error status and body mean: above all, whether the text under judgement may be behind them.

Where it may be, the error must not pass for an outage: whoever writes the text could then choose a cheaper judge.
So what is not known to be about access (key, quota, model) counts as a rejection of this one request.
"""

from __future__ import annotations

from typing import NamedTuple

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

_REFUSED_SIGNS = (
    *("content_filter", "content_policy_violation", "contentpolicyviolation", "responsibleaipolicyviolation"),
    *("invalid_prompt", "guardrail"),
)
_MODERATED_SIGNS = (*_REFUSED_SIGNS, "moderation", "flagged")
_QUOTA_CODES = ("insufficient_quota", "billing_hard_limit_reached", "billing_not_active")
_TOO_LONG = ("context_length_exceeded", "maximum context length", "context window", "string_above_max_length")
_BROKEN_REPLY = (
    *("json_validate_failed", "failed to generate", "tool_use_failed"),
    *("failed to call a function", "error parsing tool call"),
)
_REJECTING = frozenset({400, 413, 422})
_STATUSES: dict[int, type[EvaluationError]] = {
    401: ModelAccessDenied,
    402: ModelAccessDenied,
    404: ModelAccessDenied,
    408: ModelTimeout,
    409: ModelUnavailable,
    429: RateLimited,
    504: ModelTimeout,
}
"""Statuses that mean the same whatever the body holds, quota aside."""


class Refusal(NamedTuple):
    """An error as it was answered.

    `complaint` is the lower-case text of the error's own fields, `codes` its code and type, `is_object` whether the
    body was a JSON object: a web page comes from something in between, as a firewall that reads the request.
    """

    status: int
    complaint: str
    codes: tuple[str, ...]
    is_object: bool


def error_class(refusal: Refusal) -> type[EvaluationError]:
    """The error of ours that a refusal is."""
    if is_broken_reply(refusal):
        return InvalidVerdict
    if refusal.status >= 500:
        return _STATUSES.get(refusal.status, ModelUnavailable)
    if is_quota(refusal):
        return ModelAccessDenied
    if refusal.status in _REJECTING:
        return _rejected(refusal)
    return _forbidden(refusal) if refusal.status == 403 else _STATUSES.get(refusal.status, RequestRejected)


def is_broken_reply(refusal: Refusal) -> bool:
    """Whether the endpoint itself found that the model's reply broke the form asked for."""
    return refusal.status in {400, 422, 500} and any(sign in refusal.complaint for sign in _BROKEN_REPLY)


def is_quota(refusal: Refusal) -> bool:
    """Whether the quota is used up. A rejection's message may repeat the text, so there the code alone is believed."""
    if refusal.status in _REJECTING:
        return any(code in _QUOTA_CODES for code in refusal.codes)
    return any(code in refusal.complaint for code in _QUOTA_CODES)


def is_access(refusal: Refusal) -> bool:
    """Whether key or quota are refused, and so every call to the endpoint. An unknown model says nothing of others.

    A 403 is not believed: the text may be behind it, and would hold everybody's calls.
    """
    return refusal.status in {401, 402} or (refusal.status in {429, *_REJECTING} and is_quota(refusal))


def _rejected(refusal: Refusal) -> type[EvaluationError]:
    """Which fault of the request it is."""
    if refusal.status == 413 or any(sign in refusal.complaint for sign in _TOO_LONG):
        return UnjudgeableSample
    return ModelRefused if any(sign in refusal.complaint for sign in _REFUSED_SIGNS) else RequestRejected


def _forbidden(refusal: Refusal) -> type[EvaluationError]:
    """What a 403 is: no access, moderation of the text, or a firewall on the way."""
    if any(sign in refusal.complaint for sign in _MODERATED_SIGNS):
        return ModelRefused
    return ModelAccessDenied if refusal.is_object else RequestRejected
