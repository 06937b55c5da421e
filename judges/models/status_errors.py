"""An error status as an error of ours: it names status and code, never what was sent or answered."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime

from assay.judges.errors import (
    EvaluationError,
    InvalidVerdict,
    ModelAccessDenied,
    RequestRejected,
    TransientModelError,
    UnjudgeableSample,
)
from assay.judges.models.http_client import HttpAnswer
from assay.judges.models.refusals import Refusal, error_class
from assay.judges.models.request_form import complaint_of
from assay.judges.models.retry import retry_after_s

_REMEDIES: dict[type[EvaluationError], str] = {
    ModelAccessDenied: "check key, model name and base URL",
    RequestRejected: "the endpoint's log tells what it holds against this request; max_tokens may be above its bound",
}
_REDIRECT = "it redirects to another place, which is not followed: set the base URL to where it points"


class StatusError(Exception):
    """The endpoint answered with an error. `refusal` is what it says, `retry_after_s` the seconds it asks to wait."""

    def __init__(self, answer: HttpAnswer) -> None:
        super().__init__(f"status {answer.status}")
        body = _decoded(answer.body)
        # OpenAI's shape is {"error": {…}}; others put the fields at the top.
        inner = body.get("error", body) if isinstance(body, Mapping) else body
        fields = inner if isinstance(inner, Mapping) else {}
        self._code = str(fields.get("code") or fields.get("type") or "")
        codes = tuple(str(fields[key]).lower() for key in ("code", "type") if fields.get(key))
        self.refusal = Refusal(answer.status, complaint_of(inner), codes, isinstance(inner, Mapping))
        self.retry_after_s = retry_after_s(answer.headers, datetime.now(UTC))

    def as_ours(self, endpoint: str) -> EvaluationError:
        """The error for a status. An endpoint that could not read the model's reply has broken the reply format."""
        mapped = error_class(self.refusal)
        answered = f"status {self.refusal.status}{_safe_code(self._code)}"
        message = f"{endpoint}: {answered}"
        if mapped is UnjudgeableSample:
            return UnjudgeableSample("too_long_for_model", message)
        if mapped is InvalidVerdict:
            return InvalidVerdict(f"the endpoint could not read the reply in the form asked for ({answered})")
        if issubclass(mapped, TransientModelError):
            return mapped(message, retry_after_s=self.retry_after_s)
        remedy = _REDIRECT if self.refusal.status < 400 else _REMEDIES.get(mapped, "")
        return mapped(f"{message}; {remedy}" if remedy else message)


def _decoded(body: bytes) -> object:
    """The body's JSON, else its text."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body.decode("utf-8", "replace").strip()


def _safe_code(code: str) -> str:
    """The error code for the message, if it looks like one."""
    return f" ({code})" if re.fullmatch(r"[\w.-]{1,64}", code) else ""
