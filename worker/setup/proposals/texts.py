"""What a text looks like: prose, an id, an instruction, an error; and whether two texts are the same."""

from __future__ import annotations

import re
from functools import lru_cache

_WORD = re.compile(r"[^\W\d_]{2,}")
_NO_LETTER = re.compile(r"[\W\d_]+")
_UNSPACED = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
"""Scripts whose words are not parted by spaces, or are short: Thai, Japanese, Chinese, Korean."""
_INSTRUCTION = re.compile(
    r"\s*(?:#+\s*)?(?:you are|you're|act as|answer (?:the|with|only|in)|respond |use (?:the|only)|"
    r"your (?:task|role|job)|"
    r"always |never |do not |be (?:polite|concise|brief)|du bist|sie sind|beantworte|antworte|nutze |verwende |"
    r"deine aufgabe|ihre aufgabe|eres |responde |usa |tu es |vous êtes|réponds|utilise|sei |rispondi|você é|responda|"
    r"je bent|beantwoord|jesteś|odpowiadaj|ты |отвечай|あなたは|你是|당신은)",
    re.IGNORECASE,
)
"""How instructions to a model begin: `You are a helpful assistant`, `Beantworte die Frage`."""
_ERROR = re.compile(
    r"\s*(?:\{\s*\"error\"|traceback|exception|[a-z.]*error\b|timed? ?out|no (?:results?|documents?|hits)|not found|"
    r"keine (?:treffer|ergebnisse)|fehler)",
    re.IGNORECASE,
)
"""How a failure or an empty search begins: `TimeoutError: no answer`, `No results found`."""
_MARKS = "?？؟;¿"
LOOKED_AT = 20_000
"""Characters of a text that are compared."""
_BEGINNING = 1_000
"""Characters by which a text is told from an id, a table or JSON."""


def word_count(text: str) -> int:
    """About how many words a text has, in any script."""
    head = text[:LOOKED_AT]
    unspaced = len(_UNSPACED.findall(head))
    return len(_WORD.findall(_UNSPACED.sub(" ", head))) + (unspaced + 1) // 2


@lru_cache(maxsize=8192)
def is_prose(text: str, *, least: int) -> bool:
    """Whether a text has at least so many words, and is mostly words: no id, no link, no table of numbers, no JSON."""
    head = text[:_BEGINNING].strip()
    if word_count(head) < least or head[:1] in "{[<" or "://" in head.split(" ", 1)[0]:
        return False
    return len(_NO_LETTER.sub("", head)) >= 0.5 * len("".join(head.split()))


def is_question(text: str) -> bool:
    """Whether a text ends as a question does."""
    return text.strip()[-1:] in _MARKS[:3]


def is_instruction(text: str) -> bool:
    """Whether a text begins as instructions to a model do."""
    return bool(_INSTRUCTION.match(text))


def is_failure(text: str) -> bool:
    """Whether a text begins as an error or an empty result does."""
    return bool(_ERROR.match(text[:200]))


@lru_cache(maxsize=1024)
def normal(text: str) -> str:
    """A text with single spaces, cut for comparing."""
    return " ".join(text[:LOOKED_AT].split())


def is_same(left: str, right: str) -> bool:
    """Whether two texts say the same: one holds the other and little more, or they share nearly all words."""
    left, right = normal(left), normal(right)
    short, long = sorted((left, right), key=len)
    if short and short in long and len(short) >= 0.6 * len(long):
        return True
    a, b = content_words(left), content_words(right)
    return len(a) >= 4 and len(b) >= 4 and len(a & b) >= 0.8 * len(a | b)


@lru_cache(maxsize=1024)
def content_words(text: str) -> frozenset[str]:
    """Words of four letters or more, and pairs of characters where words are not parted."""
    head = text[:LOOKED_AT].lower()
    runs = re.findall(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{2,}", head)
    pairs = {run[at : at + 2] for run in runs for at in range(len(run) - 1)}
    return frozenset(word for word in _WORD.findall(_UNSPACED.sub(" ", head)) if len(word) >= 4) | pairs


def is_tied(text: str, other: str) -> bool:
    """Whether two texts share content words: at least one in eight of the shorter's."""
    a, b = content_words(text), content_words(other)
    return bool(a and b) and len(a & b) >= max(1, min(len(a), len(b)) / 8)
