"""Reads the answers of Google's generateContent: the first candidate, blocks of the prompt, usage and probabilities.

Sources: ai.google.dev/api/generate-content (Candidate, FinishReason, PromptFeedback, LogprobsResult).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import zip_longest
from typing import Any

from assay.judges.errors import EvaluationError, ModelUnavailable
from assay.judges.models.answer_end import is_refusal
from assay.judges.models.answer_errors import AnswerError, answered_error
from assay.judges.models.answer_fields import name_of, object_of, objects_of, text_of, written_json
from assay.judges.models.base import Reply, Token
from assay.judges.models.chat_request import TOOL_NAME
from assay.judges.models.finish_reasons import block_reason, finish_error
from assay.judges.models.meaning import Meaning
from assay.judges.models.native_stream import merged_native
from assay.judges.models.reasoned import answer_of
from assay.judges.models.token_usage import read_usage
from assay.judges.schema import Usage

_FINISH_REASONS = {"STOP": "stop", "MAX_TOKENS": "length"}
"""Our words for theirs, e.g. `length` for `MAX_TOKENS`. Others stay as they are."""

_OWN_FIELDS = ("candidates", "promptFeedback", "usageMetadata")
"""What an answer of this API has, e.g. `promptFeedback` alone where the prompt was blocked."""

_MOST_TOKENS = 40_000
_LEAST_LOGPROB = -745.0
"""Of what a number can hold. JSON has whole numbers of any length, which no function of floats takes."""


def read_candidate(data: object, *, asked_model: str, latency_s: float) -> Reply:
    """Read a 200 answer.

    Args:
        data: the decoded JSON body.
        asked_model: stands in for the served model where the answer does not name it.
        latency_s: seconds the call took.

    Raises:
        AnswerError: the body is an error, or the provider could not read the model's call of the function.
        ModelUnavailable: the body is no answer of this API.
        ModelRefused: the prompt was blocked.
    """
    # A list is a stream that was not asked for. Of what is none, the first is an error.
    answer = object_of(merged_native(objects_of(data)) if isinstance(data, list) else data)
    if not any(name in answer for name in _OWN_FIELDS):
        raise _no_answer(data)
    candidate = next(iter(objects_of(answer.get("candidates"))), None)
    usage = read_usage(answer.get("usageMetadata"), is_answered=candidate is not None)
    if candidate is None:
        # The documentation knows no other reason to have none than that the prompt was blocked.
        raise _blocked(answer, usage)
    finish_reason = name_of(candidate.get("finishReason"))
    is_withheld = is_refusal(finish_reason, usage)
    text, is_called = _text(candidate)
    refusal = finish_reason if is_withheld or _is_unexplained(finish_reason, text) else None
    return Reply(
        text="" if refusal else text,
        refusal=refusal,
        finish_reason="content_filter" if refusal else _FINISH_REASONS.get(finish_reason, finish_reason) or None,
        usage=usage,
        model_served=name_of(answer.get("modelVersion")) or asked_model,
        latency_s=latency_s,
        tokens=() if refusal or is_called else _tokens(object_of(candidate.get("logprobsResult"))),
    )


def _no_answer(data: object) -> AnswerError | ModelUnavailable:
    """What a body is that is none of this API: an error, or an answer of something else."""
    error = answered_error(data)
    if error is not None:
        return AnswerError(error)
    return ModelUnavailable(
        "the endpoint answered 200 without a candidate; check its protocol, and that the URL ends in /v1beta"
    )


def _blocked(answer: Mapping[str, Any], usage: Usage) -> EvaluationError:
    error = finish_error(Meaning.REFUSED, block_reason(answer) or "")
    error.usage = usage
    return error


def _is_unexplained(finish_reason: str, text: str) -> bool:
    """Whether a reason that is not known here left no reply. The text may be behind it: that counts as a refusal."""
    return bool(finish_reason) and finish_reason not in _FINISH_REASONS and not text.strip()


def _text(candidate: Mapping[str, Any]) -> tuple[str, bool]:
    """The arguments of the function that was to be called, else the text, and whether it is the former.

    Two calls do not make one object, so both are given. Thoughts are no text.
    """
    parts = [part for part in objects_of(object_of(candidate.get("content")).get("parts")) if not part.get("thought")]
    calls = [object_of(part.get("functionCall")) for part in parts]
    called = [written_json(call.get("args")) for call in calls if call.get("name") == TOOL_NAME]
    text = "\n".join(called) if called else answer_of("".join(text_of(part.get("text")) for part in parts))
    return text, bool(called)


def _tokens(logprobs: Mapping[str, Any]) -> tuple[Token, ...]:
    """The tokens of the candidate with their alternatives. None at all where any of them is not as documented."""
    chosen = logprobs.get("chosenCandidates")
    if not isinstance(chosen, list) or len(chosen) > _MOST_TOKENS:
        return ()
    steps = objects_of(logprobs.get("topCandidates"))
    alternatives = [objects_of(step.get("candidates")) for step in steps] if len(steps) == len(chosen) else []
    read = [_token(token, others) for token, others in zip_longest(objects_of(chosen), alternatives)]
    whole = tuple(token for token in read if token is not None)
    return whole if len(whole) == len(chosen) else ()


def _token(chosen: Mapping[str, Any] | None, alternatives: list[dict[str, Any]] | None) -> Token | None:
    """A token with the probabilities of what could have stood there. None where it has no text."""
    raw = text_of(chosen.get("token")).encode("utf-8", "replace") if chosen else b""
    shares: dict[bytes, float] = {}
    for alternative in (chosen or {}, *(alternatives or ())):
        text, share = text_of(alternative.get("token")), _share(alternative.get("logProbability"))
        if text and share is not None:
            shares[text.encode("utf-8", "replace")] = share
    return Token(raw=raw, shares=shares) if raw else None


def _share(logprob: object) -> float | None:
    """A probability of its logarithm. None where it is none. One too small for a number is 0."""
    if not isinstance(logprob, int | float) or isinstance(logprob, bool) or not logprob <= 0:
        return None
    return math.exp(max(logprob, _LEAST_LOGPROB))
