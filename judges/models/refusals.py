"""What a provider's error means: above all, whether the text under judgement may be behind it.

Where it may be, the error must not pass for an outage: whoever writes the text could then choose a cheaper judge. So
what is not known to be about access (key, quota, model) counts as a rejection of this one request. Codes come from the
endpoint and are believed (`error_codes`). Words (`error_words`) may repeat the text: where what we sent could have said
them, they are not believed when they speak of the account, of limits or of outages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from assay.judges.errors import AccessReach, EvaluationError, ModelAccessDenied, ModelUnavailable, RequestRejected
from assay.judges.models.error_codes import CERTAIN_CODES, LIKELY_CODES, LIMIT_CODES, coded_meaning
from assay.judges.models.error_fields import ErrorFields
from assay.judges.models.error_words import word_signs
from assay.judges.models.meaning import ERRORS, Meaning
from assay.judges.models.sent_text import SentText
from assay.judges.models.word_sign import WordSign

_STATUSES: dict[int, Meaning] = {
    **dict.fromkeys((401, 407), Meaning.KEY),
    402: Meaning.QUOTA,
    **dict.fromkeys((408, 504, 524), Meaning.TIMEOUT),
    **dict.fromkeys((409, 424, 425, 498, 499, 502, 503, 529), Meaning.OUTAGE),
    413: Meaning.TOO_LONG,
    429: Meaning.LIMIT,
    446: Meaning.REFUSED,
}
"""What statuses mean by themselves: 446 is Portkey's for a guardrail, 498 Groq's for no capacity."""

_FEW_WORDS: dict[int, frozenset[Meaning]] = {
    401: frozenset({Meaning.QUOTA, Meaning.MODEL}),
    402: frozenset(),
    407: frozenset(),
    413: frozenset({Meaning.REFUSED}),
    429: frozenset({Meaning.QUOTA, Meaning.KEY}),
    446: frozenset(),
}
"""What words may make of a status that is clear. With others they may say anything that fits."""

_SERVER_WORDS = frozenset(Meaning) - {Meaning.MODEL, Meaning.FORM, Meaning.UNKNOWN}
"""What words may make of a 5xx: a gateway says so whatever it was told."""

_ANY_TEXT = frozenset({Meaning.REFUSED, Meaning.TOO_LONG, Meaning.FORM, Meaning.BROKEN_REPLY})
"""What words are believed to say though the text could have said them: nothing of it touches other texts, or the
choice of the judge."""

_PAGE_WORDS = frozenset({Meaning.TOO_LONG, Meaning.LIMIT, Meaning.OUTAGE, Meaning.TIMEOUT})
"""What the words of a web page may say: it comes from something in between, which knows nothing of model or account."""

_FORM_STATUSES = frozenset({200, 400, 404, 405, 415, 422, 500, 501})
_BUSY = re.compile(r"overload|capacity|busy|loading|upstream|memory|unavailable|later")
"""Words of a 500 that is an outage, e.g. `overloaded`. Without one it may be a form that the server fails on."""

_BLOCK_PAGE = re.compile(r"reject|block|denied|forbidden|support id|incident|not acceptable|security|attack|firewall")
"""Words of a page that a firewall answers with a 200, e.g. `The requested URL was rejected`: the text may be behind."""

_MONEY = re.compile(
    r"\bplan\b|billing|credit|balance|monthly|\bmonth\b|\bpay|budget|spen[dt]|subscri|free.?tier|upgrade|limit: 0"
    r"|recharge|top.?up|prepaid|invoice|wallet|trial|\bbuy\b|purchase|allowance|\bcap\b|funds?|insufficient|余额|欠费|充值|额度"
)
"""Words of an account's own quota, e.g. `check your plan and billing details`. Without them a quota of a 429 is a pace:
Vertex says "quota exceeded" of requests a minute."""

_TOO_LARGE_RATE = "request too large for"
_COMES_BACK, _NO_QUOTA = "retryinfo", "limit: 0"
"""Google says "you exceeded your current quota" of a minute's limit, too, with a detail that says when to come back."""


class Refusal(NamedTuple):
    """An error as it was answered.

    Attributes:
        status: of the answer, or the one that the error inside a 200 names.
        complaint: the lower-case text of the error's own fields.
        codes: its codes, types and status words.
        is_object: whether the body was a JSON object: a web page comes from something in between, as a firewall that
            reads the request.
        is_page: whether it was a web page.
        sent: what we had asked. None: not known, and no words are doubted.
        spoken: the complaint with its quotation marks.
    """

    status: int
    complaint: str
    codes: tuple[str, ...]
    is_object: bool
    is_page: bool = False
    sent: SentText | None = None
    spoken: str = ""


def refusal_of(status: int, fields: ErrorFields, sent: SentText | None = None) -> Refusal:
    """An error as its body tells it, without codes that the body may have from what was sent."""
    ours = () if sent is None else tuple(code for code in fields.doubtful if sent.could_be_code(code))
    codes = tuple(code for code in fields.codes if code not in ours)
    return Refusal(status, fields.complaint, codes, fields.is_object, fields.is_page, sent, fields.spoken)


def meaning_of(refusal: Refusal) -> Meaning:
    """What an error means. UNKNOWN where neither code nor words nor status say it."""
    if 300 <= refusal.status < 400:
        return Meaning.REDIRECT
    certain = coded_meaning(refusal.codes, CERTAIN_CODES)
    if certain is not None and _may_say(refusal.status, certain, by_code=True):
        return certain
    if refusal.status == 429 and _TOO_LARGE_RATE in refusal.complaint:
        return Meaning.TOO_LONG
    if refusal.status == 429 and _COMES_BACK in refusal.codes and _NO_QUOTA not in refusal.complaint:
        return Meaning.LIMIT
    spoken = next(_believed(refusal), None)
    if spoken is not None:
        return spoken
    likely = None if refusal.status in _FEW_WORDS else coded_meaning(refusal.codes, LIKELY_CODES)
    return likely or _STATUSES.get(refusal.status) or _of_range(refusal.status)


def error_class(refusal: Refusal) -> type[EvaluationError]:
    """The error of ours that a refusal is."""
    meaning = meaning_of(refusal)
    if meaning is not Meaning.UNKNOWN:
        return ERRORS[meaning]
    if refusal.status < 300 and refusal.is_page:
        return ModelAccessDenied if _BLOCK_PAGE.search(refusal.complaint) else ModelUnavailable
    if _repeats_text(refusal):
        return RequestRejected
    if refusal.status >= 500:
        return ModelUnavailable
    if refusal.status in {404, 405} or (refusal.status == 403 and refusal.is_object):
        return ModelAccessDenied
    return RequestRejected


def reach_of(refusal: Refusal) -> AccessReach:
    """Whom a refused access concerns. A 403 or a 200 without a reason, or a redirect, may be due to the text alone."""
    meaning = meaning_of(refusal)
    if meaning in {Meaning.KEY, Meaning.QUOTA}:
        return "endpoint"
    if meaning is Meaning.MODEL:
        return "model"
    return "model" if refusal.status in {404, 405} and not _repeats_text(refusal) else "unclear"


def is_access(refusal: Refusal) -> bool:
    """Whether key or quota are refused, and so every call to the endpoint. An unknown model says nothing of others."""
    return meaning_of(refusal) in {Meaning.KEY, Meaning.QUOTA}


def is_unknown(refusal: Refusal) -> bool:
    """Whether the error may be about the form of the request: it says so, or nothing that is known."""
    meaning = meaning_of(refusal)
    bare = refusal.status == 500 and meaning is Meaning.OUTAGE and not _BUSY.search(refusal.complaint)
    return (
        refusal.status in _FORM_STATUSES
        and not refusal.is_page
        and (bare or meaning in {Meaning.FORM, Meaning.UNKNOWN})
    )


def _repeats_text(refusal: Refusal) -> bool:
    """Whether an error quotes what was sent: then it may be about that, and not about the endpoint."""
    return refusal.sent is not None and not refusal.is_page and refusal.sent.repeated_in(refusal.spoken)


def _believed(refusal: Refusal) -> Iterator[Meaning]:
    """What the error's words mean, row by row, as far as they can be believed."""
    for sign, match in word_signs(refusal.complaint):
        if not _may_say(refusal.status, sign.meaning) or (refusal.is_page and sign.meaning not in _PAGE_WORDS):
            continue
        if sign.meaning is Meaning.QUOTA and _is_pace(refusal):
            continue
        doubtful = sign.weak or sign.meaning not in _ANY_TEXT
        if not doubtful or _is_own(refusal, sign, match):
            yield sign.meaning


def _is_own(refusal: Refusal, sign: WordSign, match: str) -> bool:
    """Whether the endpoint says so in words of its own: none of those that make the sign were sent."""
    if refusal.sent is None:
        return True
    own = dict(word_signs(refusal.sent.unsaid(refusal.spoken))) if refusal.spoken else {sign: match}
    return sign in own and not refusal.sent.could_have_said(sign.words, own[sign])


def _is_pace(refusal: Refusal) -> bool:
    """Whether a quota is one of a minute, and not of an account: the status or a code says so, and nothing of money."""
    is_limit = refusal.status == 429 or coded_meaning(refusal.codes, LIMIT_CODES) is not None
    return is_limit and not _MONEY.search(refusal.complaint)


def _may_say(status: int, meaning: Meaning, *, by_code: bool = False) -> bool:
    """Whether an error of this status may mean that."""
    if meaning is Meaning.BROKEN_REPLY:
        return status in {200, 400, 422, 500}
    if status in _FEW_WORDS:
        return meaning in _FEW_WORDS[status] or (by_code and status in {401, 429})
    if status >= 500:
        return by_code or meaning in _SERVER_WORDS
    return True


def _of_range(status: int) -> Meaning:
    """A status that no row names: other 5xx than 500 and 501 are outages."""
    return Meaning.OUTAGE if status > 501 else Meaning.UNKNOWN
