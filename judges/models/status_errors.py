"""An error answer as an error of ours: it names status, code, cause and remedy, never what was sent or answered."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from assay.judges.errors import (
    EvaluationError,
    InvalidVerdict,
    ModelAccessDenied,
    ModelUnavailable,
    RequestRejected,
    TransientModelError,
    UnjudgeableSample,
)
from assay.judges.models.answer_errors import AnswerError
from assay.judges.models.error_fields import ErrorFields, decoded_error, error_fields
from assay.judges.models.http_client import HttpAnswer
from assay.judges.models.meaning import REMEDIES, Meaning
from assay.judges.models.refusals import error_class, meaning_of, reach_of, refusal_of
from assay.judges.models.sent_text import SentText
from assay.judges.models.spoken_words import letters_of
from assay.judges.models.wait_hints import detailed_wait_s, retry_after_s, spoken_wait
from assay.judges.schema import Usage

_NO_REASON = "the endpoint gives no reason that is known here; its log tells what it holds against this request"
_BOUND = "max_tokens may be above its bound: lower judge.llm.max_tokens"
_PAGE = "a web page answers instead of a model: check the base URL, and what stands before the endpoint"
_MAYBE_TEXT = "key, model or this text may be refused: check key, model name and base URL"
_NO_KEY = "no key is set for it: set one if it needs one"
_UNCLEAR = {ModelAccessDenied: _MAYBE_TEXT, RequestRejected: _NO_REASON}
"""What a person can do about an error whose meaning nobody knows."""

_EMPTY_CODES = frozenset({"error", "none", "null", "invalid_request_error"})


class StatusError(Exception):
    """The endpoint answered with an error, by its status or inside a 200.

    Attributes:
        refusal: what it says.
        meaning: what that means.
        retry_after_s: the seconds it asks to wait.
        usage: what it says was used. Zero calls: it says nothing.
    """

    def __init__(self, answer: HttpAnswer, *, sent: bytes | None = None, inside: AnswerError | None = None) -> None:
        """Read an error answer.

        Args:
            answer: as it came.
            sent: the request it answers. Words that could be ours are not believed.
            inside: the error of a 200.
        """
        body = decoded_error(answer.body) if inside is None else inside.body
        fields = error_fields(body)
        status = answer.status if inside is None else fields.status or answer.status
        super().__init__(f"status {status}")
        texts = None if sent is None else SentText(sent)
        self.refusal = refusal_of(status, fields, texts)
        self.meaning = meaning_of(self.refusal)
        self.usage = Usage() if inside is None else inside.usage
        self.retry_after_s = self._wait_s(answer, body, fields)
        self._is_inside = inside is not None

    def as_ours(self, endpoint: str, *, has_key: bool = True) -> EvaluationError:
        """The error for what was answered. An endpoint that could not read the model's reply has broken the format.

        Args:
            endpoint: its name, for the message.
            has_key: whether a key is set for it. Where none is, an error that names no cause says so.
        """
        error = self._error(endpoint, has_key=has_key)
        error.usage = self.usage
        return error

    def _error(self, endpoint: str, *, has_key: bool) -> EvaluationError:
        mapped = error_class(self.refusal)
        answered = self._answered()
        message = "; ".join(part for part in (f"{endpoint}: {answered}", self._remedy(has_key=has_key)) if part)
        if mapped is UnjudgeableSample:
            return UnjudgeableSample("too_long_for_model", message)
        if mapped is InvalidVerdict:
            return InvalidVerdict(f"the endpoint could not read the reply in the form asked for ({answered})")
        if issubclass(mapped, TransientModelError):
            return mapped(message, retry_after_s=self.retry_after_s)
        if mapped is ModelAccessDenied:
            return ModelAccessDenied(message, reach=reach_of(self.refusal))
        return mapped(message)

    def _answered(self) -> str:
        """What the endpoint answered, in words: `status 400 (budget_exceeded)`."""
        telling = (code for code in self.refusal.codes if code not in _EMPTY_CODES)
        code = next((code for code in telling if re.fullmatch(r"[\w.-]{1,64}", code)), "")
        place = " inside a 200" if self._is_inside and self.refusal.status != 200 else ""
        return f"status {self.refusal.status}{place}{f' ({code})' if code else ''}"

    def _remedy(self, *, has_key: bool) -> str:
        """What a person can do about it."""
        mapped = error_class(self.refusal)
        is_bare = self.refusal.status >= 500 and not self.refusal.is_object
        if not has_key and (is_bare or self.refusal.status == 401):
            return _NO_KEY
        if self.refusal.is_page and mapped in {ModelAccessDenied, RequestRejected, ModelUnavailable}:
            return _PAGE
        if "max_tokens" in self.refusal.complaint and self.meaning is Meaning.FORM:
            return _BOUND
        if self.meaning is Meaning.UNKNOWN and reach_of(self.refusal) == "model":
            return REMEDIES[Meaning.MODEL]
        return _UNCLEAR.get(mapped, "") if self.meaning is Meaning.UNKNOWN else REMEDIES.get(self.meaning, "")

    def _wait_s(self, answer: HttpAnswer, body: object, fields: ErrorFields) -> float | None:
        """What the endpoint asks to wait: by headers, by details, or in a message that we did not write."""
        told_s = retry_after_s(answer.headers, datetime.now(UTC))
        if told_s is None:
            told_s = detailed_wait_s(body)
        spoken = spoken_wait(fields.complaint) if told_s is None and self.meaning is Meaning.LIMIT else None
        if spoken is None:
            return told_s
        wait_s, words = spoken
        sent = self.refusal.sent
        return None if sent is not None and sent.holds(letters_of(words)) else wait_s
