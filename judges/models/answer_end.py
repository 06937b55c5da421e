"""How an answer of a provider's own protocol ended: with a reply, with a refusal, or with an error."""

from __future__ import annotations

from assay.judges.models.answer_errors import AnswerError
from assay.judges.models.finish_reasons import finish_error, finish_meaning
from assay.judges.models.meaning import Meaning
from assay.judges.schema import Usage


def is_refusal(reason: str, usage: Usage) -> bool:
    """Whether the model or its filter withheld the reply.

    Args:
        reason: the finish or stop reason.
        usage: what the answer took. It is charged with an error, too.

    Raises:
        AnswerError: the provider could not read the model's call: the form of the request may be at fault.
        UnjudgeableSample: the model's window is full.
        ModelUnavailable: the endpoint broke off.
    """
    meaning = finish_meaning(reason)
    if meaning is None or meaning is Meaning.REFUSED:
        return meaning is not None
    if meaning is Meaning.BROKEN_REPLY:
        raise AnswerError({"error": {"code": "malformed_function_call", "message": reason}}, usage)
    error = finish_error(meaning, reason)
    error.usage = usage
    raise error
