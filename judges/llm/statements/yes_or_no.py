"""How probable Yes is against No, by the tokens that could have stood where the answer stands.

Both words come in many tokens: with or without a blank before, in capitals, in bold, in quotation marks, and with the
marks that some servers put for a blank. Their probabilities add up. Words of other languages do not count: nobody asked
for them.
"""

from __future__ import annotations

import re

from assay.judges.errors import InvalidVerdict, ModelAccessDenied
from assay.judges.llm.reply_object import KEPT_REPLY_CHARS
from assay.judges.models.base import Reply, Token

_ANSWER = re.compile(r"[\s▁Ġ*\"'“”‘’`(\[]*(?P<word>(?a:yes|no))[\s.,:;!?*\"'“”’`)\]]*", re.IGNORECASE)
"""A token that answers, e.g. ` Yes`, `**No`, `▁no`, `YES.`"""

_SAID = re.compile(r"[\W_]*(?a:yes|no)[\W_]*", re.IGNORECASE)
"""A reply that is the one word that was asked for, e.g. `No.`"""

LEAST_MASS = 0.5
"""Where both words together are less probable than this, the model answers something else."""


NO_PROBABILITIES = (
    "the endpoint gives no token probabilities, which `ask: sentences` needs; turn them on at the server (`logprobs`), "
    "or write judge.llm.ask: table"
)
"""Said where a model answers and its endpoint does not tell how surely."""


def yes_share(reply: Reply) -> float:
    """The probability of Yes among Yes and No, in [0, 1].

    Raises:
        ModelAccessDenied: the endpoint gives no token probabilities. No statement can be judged there. A text under
            judgement cannot bring that about: the word is there, and only its probability is missing.
        InvalidVerdict: the reply answers neither yes nor no.
    """
    if not reply.tokens and _SAID.fullmatch(reply.text):
        raise ModelAccessDenied(NO_PROBABILITIES, reach="model")
    share = next((share for token in reply.tokens if (share := _share(token)) is not None), None)
    if share is None:
        raise InvalidVerdict("the reply says neither Yes nor No", reply=reply.text[:KEPT_REPLY_CHARS])
    return share


def _share(token: Token) -> float | None:
    """Yes's share at one token. None where the answer does not stand there.

    A server that gives no alternatives tells one word's probability only. The other word then has at most the rest.
    """
    masses = {"yes": 0.0, "no": 0.0}
    for raw, probability in token.shares.items():
        answer = _ANSWER.fullmatch(raw.decode("utf-8", "replace"))
        if answer is not None:
            masses[answer["word"].lower()] += probability
    total = sum(masses.values())
    if total < LEAST_MASS:
        return None
    if len(token.shares) == 1:
        return min(1.0, masses["yes"] or 1.0 - masses["no"])
    return min(1.0, masses["yes"] / total)
