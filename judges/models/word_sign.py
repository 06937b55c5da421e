"""One family of wordings of errors, and the words that families share."""

from __future__ import annotations

import re
from typing import NamedTuple

from assay.judges.models.meaning import Meaning


class WordSign(NamedTuple):
    """One family of wordings.

    Attributes:
        meaning: what they mean.
        words: the pattern that fits them.
        unless: words beside which they mean something else.
        example: a wording that it fits.
        source: where such a wording is documented or was reported.
        weak: whether any text may hold such words. Then they are not believed where what we sent could have said them.
    """

    meaning: Meaning
    words: re.Pattern[str]
    unless: re.Pattern[str] | None
    example: str
    source: str
    weak: bool = False


def sign(
    meaning: Meaning,
    words: tuple[str, ...],
    example: str,
    source: str,
    *,
    unless: tuple[str, ...] = (),
    weak: bool = False,
) -> WordSign:
    """A family: any of these words, and none of `unless`."""
    against = re.compile("|".join(unless)) if unless else None
    return WordSign(meaning, re.compile("|".join(words)), against, example, source, weak)


RATE = (
    r"per[ _-](?:minute|min\b|second|sec\b|hour|day)|rate[ _-]?limit|\b[tr]p[mds]\b|too many requests|throttl"
    r"|(?:re)?try (?:again |your request )?(?:in|after) (?!checking|verifying|making sure|fixing)"
    r"|/ ?(?:min|sec|hour)|/s\b|\bqps\b|requests?(?: a)? quota|for this (?:minute|second|hour)|\d-hour|concurren"
    r"|tokens?(?: a | this | the )minute|minuto|минут|每分钟|分あたり|분당"
)
"""Words of a pace, e.g. `tokens per minute`: what they stand beside passes by waiting."""

_FILTER = (
    r"(?:guardrails?|moderation|content[ _-]?(?:filter|policy|safety)"
    r"|safety (?:filter|settings?)|llama ?guard|model armor)"
)
"""What looks at a text before or after the model, e.g. `guardrail`."""

SETUP = (
    rf"{_FILTER}\b[^.]{{0,50}}(?:identifier|version|\bconfig\w*|parameter|\bid\b|endpoint|service"
    r"|not found|does not exist|unavailable|missing|not supported|unsupported|tim(?:ed|e) ?out|overload|failed to|quota"
    r"|unreachable|internal error"
    r"|could not be (?:loaded|reached|applied|found)|is down|crash|not subscribed|credit|expired"
    r"|not (?:enabled|configured|available|respond\w*|ready|loaded))"
    r"|(?:failed|unable|could not|cannot|error)[^.]{0,30}(?:call|load|reach|apply|connect|run|evaluat|initiali)\w*"
    r"[^.]{0,20}(?:guardrail|moderation|filter)"
    r"|blocked (?:because of|due to|by)[^.]{0,20}rate|too many concurrent|rate[ -]limit"
)
"""Words of a filter that is not set up, or itself not up, e.g. `guardrail config not found`: no text is refused."""

FEATURE = (
    r"response[ _]?format|json[ _]?schema|json[ _]object|json mode|structured[ _]outputs?|guided|grammar|logprobs"
    r"|temperature|tool[ _]?(?:choice|call|use)|\btools?\b|function[ _]call|\bfunctions?\b|additionalproperties|top_p"
    r"|antwortformat|format de réponse|formato de respuesta"
    r"|output_config|system (?:role|message|prompt)s? (?:is|are) not|developer role"
)
"""Names of what a request may ask for, e.g. `response_format`: what is said of them is said of the request's form."""

PASSING = (
    r"deadline|prompt cache|\bqueue|\bwaited\b|took too long|\b(?:daily|hourly|weekly|monthly)\b|today|this month"
    r"|rate exceeded|session length|log in again|throttl|please wait"
)
"""Words beside which a size that is exceeded is no length of a text, e.g. `context deadline exceeded`."""

SIZE = r"(?:length|tokens?|size|characters|chars|bytes|window)"
"""How much there is, e.g. `length`."""

TEXT = (
    r"(?:prompt|inputs?|messages?|conversation|sequence|text|query|payload|body|content|entity|string|document|context)"
)
"""What we send, e.g. `prompt`."""

OVER = (
    r"(?:exceed\w*|longer than|larger than|greater than|bigger than|more than|beyond|above|over the|surpass\w*|> ?\d)"
)
"""More than there may be, e.g. `exceeds`."""

CREDIT = r"(?:credits?|balance|funds?)"
"""What an account holds, e.g. `balance`."""

ACCESS_KEY = (
    r"(?:api[ _-]?keys?|apikey|(?:access|api|id|oauth|session) (?:key|token)|subscription key|secret key|security token"
    r"|credentials?|(?:your|this|that|provided|given) key|key (?=is |was |has )|jwt"
    r"|auth(?:orization)? (?:token|header)|bearer(?: token)?|virtual key|x-api-key|auth token|authentication token)"
)
"""What lets us in, e.g. `API key`."""

ACCOUNT = r"(?:organi[sz]ation|account|user|project|workspace|team|tenant|subscription|customer|api)"
"""Whose it is, e.g. `organization`."""

MODEL = r"(?:models?|deployment|engine)"
"""Who is asked, e.g. `deployment`."""
