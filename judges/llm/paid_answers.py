"""Answers that were paid for, of samples whose judging failed all the same: the next try does not ask for them again.

A long answer takes several calls. Where one of them fails, the sample is tried again, perhaps forty times, and whoever
wrote the text may have brought the failure about. Without this the other calls would be paid for at each try.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from assay.judges.models.base import ChatMessage, ChatModel, Reply
from assay.judges.schema import Usage

KEPT_S = 7200.0
"""Seconds that an answer is kept: as long as a handful of tries with their growing waits."""

_MOST_TOKENS = 30_000
"""Tokens with their alternatives, in all answers of a model together: each takes about a kilobyte."""

_MOST_CHARS = 8_000_000
_NONCE = re.compile(r"NONCE (\w{8,64})\n")
"""How a prompt states its fence word, e.g. `NONCE 5f1c09ab77de2310\\n`."""


def key_of(messages: Sequence[ChatMessage], schema: Mapping[str, Any] | None, max_tokens: int) -> str:
    """What is asked, without the fence word, which is new at each try."""
    asked = json.dumps([[[message.role, message.content] for message in messages], schema, max_tokens])
    for stated in filter(None, (_NONCE.match(message.content) for message in messages)):
        asked = asked.replace(stated.group(1), "")
    return hashlib.sha256(asked.encode()).hexdigest()


class _Kept(NamedTuple):
    reply: Reply
    at: float

    @property
    def size(self) -> tuple[int, int]:
        """Tokens and characters."""
        return len(self.reply.tokens), len(self.reply.text)


class PaidAnswers:
    """Bounded. Each model has its own, for as long as it lives: a process that ends forgets all."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with nothing kept."""
        self._clock = clock
        self._of: WeakKeyDictionary[ChatModel, OrderedDict[str, _Kept]] = WeakKeyDictionary()

    def keep(self, model: ChatModel, key: str, reply: Reply) -> None:
        """Keep an answer. The oldest go where there are too many."""
        kept = self._of.setdefault(model, OrderedDict())
        kept[key] = _Kept(reply, self._clock())
        kept.move_to_end(key)
        tokens, chars = (sum(sizes) for sizes in zip(*(each.size for each in kept.values()), strict=True))
        while kept and (tokens > _MOST_TOKENS or chars > _MOST_CHARS):
            _, oldest = kept.popitem(last=False)
            tokens, chars = tokens - oldest.size[0], chars - oldest.size[1]

    def take(self, model: ChatModel, key: str) -> Reply | None:
        """An answer that was paid for, as one that costs nothing. None: there is none."""
        kept = self._of.get(model, OrderedDict()).pop(key, None)
        if kept is None or self._clock() - kept.at > KEPT_S:
            return None
        return kept.reply.model_copy(update={"usage": Usage(), "latency_s": 0.0})


PAID_ANSWERS = PaidAnswers()
"""Those of this process."""
