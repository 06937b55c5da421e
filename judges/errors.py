"""The errors of evaluation; the class alone says what the worker does with one.

EvaluationError
├── ConfigurationError              a person must edit a file; refuse to start, CLI exit 2
│   └── RubricError (file, key)
├── UnjudgeableSample (reason)      SKIP: recorded, counted, never retried
├── ModelError                      the provider's side
│   ├── TransientModelError (retry_after_s)   RETRY within attempts and age
│   │   ├── RateLimited
│   │   ├── ModelTimeout
│   │   └── ModelUnavailable
│   └── PermanentModelError
│       ├── ModelAccessDenied (reach)  HOLD: key, quota or model; all would fail. Unclear: RETRY
│       ├── RequestRejected         PARK: this request, for a reason not known; others may pass
│       └── ModelRefused            SKIP, counted apart
├── CallHeld (reason, wait_s)       HOLD: no call was made; waits without attempt and without age
└── InvalidVerdict (reply)          RETRY once as a message, after the repair turn, then PARK
    └── IncompleteVerdict           a sentence of the response was left out

Anything outside the tree is our bug: PARK at once with a traceback. The table itself is worker/flow/retry_policy.py.
"""

from __future__ import annotations

import re
from typing import Literal

from assay.judges.schema import HoldReason, Screening, Usage

MESSAGE_LIMIT = 300
"""Characters of what an error says in an outcome or a log."""

_SENTENCE_WORDS = (
    "is|are|was|were|be|has|have|had|holds?|takes?|needs?|must|may|might|can|cannot|could|should|shall|will|would|does|do"
    "|did|reads?|names|stands|belongs?|begins|ends|says|comes|goes|lies|set|unset|give|write|put|remove|use|make|replace"
    "|no|not|none|never|neither|nor|nothing|nobody|unknown|empty|missing|invalid|expired|required|unexpected|malformed"
    "|incorrect|wrong|rejected|refused|denied|revoked|shorter|longer|too|more|less|at|in|on|of|for|from|with|without|by|to"
    "|as|if|it|its|this|that|these|those|the|a|an|and|or|only|both|either|each|every|any|all|one|two|when|where|which|who"
    "|start|python3|`default`|authentication|auth|tokens?|keys?|names?|values?"
)
"""How remedies go on behind the name of a key, as a pattern. Nobody's password is one of these words."""

_SECRET = re.compile(
    r"(?i)(?<=://)(?!(?:user)?:password@)[^/\s:@]*:[^/\s@]+(?=@)"
    r"|\b(?:sk|pk|rk|ghp|gho|xox[abp])[-_][\w-]{6,}"
    r"|(?P<name>(?>(?:bearer\s+|authorization\W{0,3}[:=]\s*(?:basic\s+)?|[?&]key="
    r"|(?:(?:api|app|application|access|secret|private|public|routing|signing|ingest)[-_ ]?key|(?-i:_KEY)"
    r"|token(?!s\W{1,6}\d+\b)|secret|password|passwd|passphrase)s?(?:\s+provided)?[^\s\w:=]{0,3}\s*[:=]\s*)+))"
    rf"(?!(?:{_SENTENCE_WORDS})[,;.:)`]*(?:\s|$))"
    r"(?:(?:\"[^\"]*\"|'[^']*')\S*|\S+)"
)
"""What looks like a credential: `token: Bearer eyJhbGci`, `sk-abc123def`, the `joe:pass` of `https://joe:pass@host`.

The introducing words may follow each other, and stay. What comes after the last of them is the secret, unless it is a
word of a sentence: `ASSAY_SERVE_TOKEN: is shorter than 16 characters`.
"""


def redacted(message: str) -> str:
    """One line of at most 300 characters, without what looks like a credential. The name before it stays."""
    line = _SECRET.sub(r"\g<name>[redacted]", " ".join(message[: 10 * MESSAGE_LIMIT].split()))
    return line if len(line) <= MESSAGE_LIMIT else line[: MESSAGE_LIMIT - 1] + "…"


class EvaluationError(Exception):
    """Root of everything that can go wrong while evaluating.

    `usage` is what the judge had spent on the sample by then, `cost_usd` its price. None where that is not known.
    `screening` is the first phase of a cascade whose later tier failed: its traces must not vanish from the rates.
    `cost_basis` says what the price rests on, or why it is not known.
    """

    usage: Usage = Usage()
    cost_usd: float | None = 0.0
    screening: Screening | None = None
    cost_basis: str = ""


class ConfigurationError(EvaluationError):
    """A person must edit a file or a setting. The message names it, the key and the remedy."""


class RubricError(ConfigurationError):
    """A rubric file that cannot be used. `line` is None where it is not known."""

    def __init__(self, file: str, key: str, remedy: str, line: int | None = None) -> None:
        super().__init__(f"{file}: {place_words(key, line)}: {remedy}")
        self.file = file
        self.key = key
        self.remedy = remedy
        self.line = line


def place_words(key: str, line: int | None) -> str:
    """How a message names a place in a file: `line 3: judge.tiers`, `judge.tiers`, `line 3` or `file`."""
    if line is None:
        return key
    return f"line {line}" if key == "file" else f"line {line}: {key}"


class UnjudgeableSample(EvaluationError):
    """The data cannot be judged. `reason` is a short stable word that is counted."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


class ModelError(EvaluationError):
    """The model provider did not give a usable answer."""


class TransientModelError(ModelError):
    """May pass by itself. `retry_after_s` is the provider's own wish, if it stated one."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class RateLimited(TransientModelError):
    """The provider said to slow down (429)."""


class ModelTimeout(TransientModelError):
    """No answer within the deadline."""


class ModelUnavailable(TransientModelError):
    """Connection refused, broken off, or a 5xx."""


class PermanentModelError(ModelError):
    """Trying the same again gives the same answer."""


AccessReach = Literal["endpoint", "model", "unclear"]
"""Whom a refused access concerns: every call to the endpoint, those to the model, or perhaps this text alone."""


class ModelAccessDenied(PermanentModelError):
    """Bad key, no quota or unknown model: every call would fail, whatever the text, until a person acts.

    `reach` is `unclear` where the text may be behind it: a 403 without a reason. Then it is no outage, and no hold.
    """

    def __init__(self, message: str, *, reach: AccessReach = "endpoint") -> None:
        super().__init__(message)
        self.reach: AccessReach = reach


class RequestRejected(PermanentModelError):
    """The endpoint rejects this request and gives no reason known here. The text may be what it rejects."""


class ModelRefused(PermanentModelError):
    """The provider's content filter or the model declined to judge this text."""


class CallHeld(EvaluationError):
    """No call was made, because a limit, a budget or an open breaker has no room for longer than it is worth waiting.

    `retry_after_s` says for how long there is none. It is no failure: it uses no attempt and no age.
    """

    def __init__(self, message: str, *, reason: HoldReason, retry_after_s: float) -> None:
        super().__init__(message)
        self.reason: HoldReason = reason
        self.retry_after_s = retry_after_s


class InvalidVerdict(EvaluationError):
    """The judge model broke the reply format and its repair turn did not help."""

    def __init__(self, message: str, *, reply: str = "") -> None:
        super().__init__(message)
        self.reply = reply


class IncompleteVerdict(InvalidVerdict):
    """A sentence of the response is neither judged nor marked as not check-worthy."""
