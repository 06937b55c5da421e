"""The errors of the provider's SDK as errors of ours: they name status and code, never what was sent or answered."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

import openai

from assay.judges.errors import (
    EvaluationError,
    InvalidVerdict,
    ModelAccessDenied,
    ModelRefused,
    ModelTimeout,
    ModelUnavailable,
    RateLimited,
    RequestRejected,
    TransientModelError,
    UnjudgeableSample,
)
from assay.judges.models.refusals import Refusal, error_class
from assay.judges.models.request_form import complaint_of
from assay.judges.models.retry import retry_after_s

ERROR_CLASSES: dict[type[Exception], type[EvaluationError]] = {
    openai.OpenAIError: ModelUnavailable,
    openai.APIError: ModelUnavailable,
    openai.APIResponseValidationError: ModelUnavailable,
    openai.APIConnectionError: ModelUnavailable,
    openai.APITimeoutError: ModelTimeout,
    openai.APIStatusError: RequestRejected,
    openai.BadRequestError: RequestRejected,
    openai.AuthenticationError: ModelAccessDenied,
    openai.OAuthError: ModelAccessDenied,
    openai.PermissionDeniedError: ModelAccessDenied,
    openai.NotFoundError: ModelAccessDenied,
    openai.ConflictError: ModelUnavailable,
    openai.UnprocessableEntityError: RequestRejected,
    openai.RateLimitError: RateLimited,
    openai.InternalServerError: ModelUnavailable,
    openai.LengthFinishReasonError: ModelUnavailable,
    openai.ContentFilterFinishReasonError: ModelRefused,
    openai.WebSocketConnectionClosedError: ModelUnavailable,
    openai.WebSocketQueueFullError: ModelUnavailable,
}
"""What each error of the SDK means to us. One that answers a status is told by `refusals.error_class`."""

_REMEDIES: dict[type[EvaluationError], str] = {
    ModelAccessDenied: "check key, model name and base URL",
    RequestRejected: "the endpoint's log tells what it holds against this request; max_tokens may be above its bound",
}


def map_error(exc: openai.OpenAIError, endpoint: str) -> EvaluationError:
    """The error of ours for one of the SDK's. It names status and code, never the server's or the request's text."""
    if isinstance(exc, openai.APIStatusError):
        return _map_status(exc, endpoint)
    mapped = next(ERROR_CLASSES[cls] for cls in type(exc).__mro__ if cls in ERROR_CLASSES)
    if mapped is ModelTimeout and not _timed_out(exc):
        mapped = ModelUnavailable
    return mapped(f"{endpoint}: {'no answer in time' if mapped is ModelTimeout else 'no usable connection'}")


def _timed_out(exc: BaseException) -> bool:
    """Whether a time-out is at the root. The SDK's transport calls a dropped connection a time-out as well."""
    cause: BaseException | None = exc
    while cause is not None:
        if isinstance(cause, TimeoutError):
            return True
        cause = cause.__cause__
    return False


def refusal_of(exc: openai.APIStatusError) -> Refusal:
    """The status and what the body says, for the table of refusals."""
    codes = tuple(str(code).lower() for code in (exc.code, exc.type) if code)
    return Refusal(exc.status_code, complaint_of(exc.body), codes, isinstance(exc.body, Mapping))


def _map_status(exc: openai.APIStatusError, endpoint: str) -> EvaluationError:
    """The error for a status. An endpoint that could not read the model's reply has broken the reply format."""
    mapped = error_class(refusal_of(exc))
    answered = f"status {exc.status_code}{_safe_code(exc.code or exc.type)}"
    message = f"{endpoint}: {answered}"
    if mapped is UnjudgeableSample:
        return UnjudgeableSample("too_long_for_model", message)
    if mapped is InvalidVerdict:
        return InvalidVerdict(f"the endpoint could not read the reply in the form asked for ({answered})")
    if issubclass(mapped, TransientModelError):
        return mapped(message, retry_after_s=retry_after_s(exc.response.headers, datetime.now(UTC)))
    return mapped(f"{message}; {_REMEDIES[mapped]}" if mapped in _REMEDIES else message)


def _safe_code(code: str | None) -> str:
    """The error code for the message, if it looks like one."""
    return f" ({code})" if code and re.fullmatch(r"[\w.-]{1,64}", code) else ""
