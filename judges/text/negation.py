"""Words that turn a statement around: what a negation reaches, and pairs of opposites."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from functools import lru_cache

from assay.judges.text.words import NEGATIONS, stem, word_set

_OF_OTHER_LANGUAGES = word_set(
    "nichts niemals niemand keinen keinem keiner keines ikke ingen intet aldrig aldri inte niet geen nooit "
    "pas jamais aucun aucune nunca ningún ninguna não"
)
"""Negations that stand apart in German, the Scandinavian languages, Dutch, French, Spanish and Portuguese."""

NEGATION_STEMS = frozenset(
    stem(word) for word in NEGATIONS | _OF_OTHER_LANGUAGES | word_set("hardly barely cannot nor")
)

REACH = 5
"""Words after a negation that it still negates."""

_TURNS = frozenset(
    stem(word)
    for word in word_set(
        "but however although though while whereas except instead aber sondern mais pero sino men maar"
    )
)
"""Words at which the reach of a negation ends."""

_PAIRS = """
increase decrease|increase reduce|increase decline|increase drop|increase fall|rise fall|rise drop|rise decline
grow shrink|gain lose|gain loss|profit loss|more less|more fewer|most least|high low|higher lower|highest lowest
up down|upper lower|above below|over under|before after|earlier later|early late|first last|former latter|begin end
start end|start finish|start stop|open close|open closed|opening closing|enter leave|arrive depart|buy sell|lend borrow
win lose|won lost|winner loser|win defeat|pass fail|success failure|successful unsuccessful|accept reject|accept refuse
accept decline|approve reject|allow prohibit|allow ban|allow forbid|permit prohibit|include exclude|agree disagree
support oppose|confirm deny|admit deny|love hate|like dislike|enjoy hate|happy sad|happy unhappy|good bad|better worse
best worst|positive negative|advantage disadvantage|benefit harm|improve worsen|improve hinder|strong weak
strengthen weaken|hard soft|easy difficult|easy hard|simple complex|fast slow|quick slow|long short|large small
big small|major minor|old new|old young|modern ancient|hot cold|warm cool|wet dry|heavy light|dark light|rich poor
cheap expensive|free paid|full empty|full partial|public private|internal external|domestic foreign|local global
national international|import export|north south|east west|northern southern|eastern western|left right|front back
top bottom|inside outside|indoor outdoor|near far|male female|man woman|men women|boy girl|father mother|son daughter
brother sister|husband wife|king queen|uncle aunt|he she|his her|him her|teacher student|doctor patient|parent child
employer employee|buyer seller|customer supplier|guilty innocent|convict acquit|arrest release|alive dead|live recorded
live die|born died|war peace|friend enemy|attack defend|true false|right wrong|correct incorrect|legal illegal
voluntary mandatory|optional mandatory|optional required|possible impossible|likely unlikely|temporary permanent
always never|often rarely|often seldom|frequent rare|common rare|all none|many few|some none|both neither
everything nothing|everyone nobody|majority minority|maximum minimum|morning evening|morning night|day night|am pm
yesterday tomorrow|past future|previous next|summer winter|spring autumn|weekday weekend|with without|because despite
add remove|add subtract|attach detach|build destroy|create destroy|expand contract|expand reduce|extend shorten
raise lower|send receive|give take|give receive|ask answer|teach learn|push pull|lock unlock|hire fire|appear disappear
remember forget|find lose|save spend|save delete|save waste|encourage discourage|safe dangerous|clean dirty
healthy sick|software hardware|online offline|online physical|manual automatic|direct indirect|active inactive
active passive|urban rural|upstream downstream|credit debit|asset liability|supply demand|cause prevent|cause effect
predecessor successor|ancestor descendant|junior senior|amateur professional|optimistic pessimistic|proceed follow
beat lose|defeat lose|raise cut|raise reduce|increase cut|enable disable
"""

_ONE_OF = """
january february march april june july august september october november december
monday tuesday wednesday thursday friday saturday sunday
first second third fourth fifth sixth seventh eighth ninth tenth
north south east west
northern southern eastern western
"""
"""Words of which only one can stand in a place, a line a kind. `May` is left out, as it mostly is a verb."""


def _kinds() -> dict[str, frozenset[str]]:
    """The other words of each word's kind."""
    kinds: dict[str, frozenset[str]] = {}
    for line in _ONE_OF.strip().splitlines():
        kind = frozenset(map(stem, line.split()))
        kinds |= {word: kinds.get(word, frozenset()) | (kind - {word}) for word in kind}
    return kinds


def _opposites() -> dict[str, frozenset[str]]:
    """The opposites of each word that pairs name."""
    opposed: dict[str, set[str]] = defaultdict(set)
    for pair in _PAIRS.replace("\n", "|").strip("|").split("|"):
        first, second = (stem(word) for word in pair.split())
        opposed[first].add(second)
        opposed[second].add(first)
    return {word: frozenset(others) for word, others in opposed.items()}


_KINDS = _kinds()
_OPPOSITES = _opposites()
_PREFIXES = ("un", "in", "im", "il", "ir", "dis", "non", "mis")


@lru_cache(maxsize=65536)
def opposites(word: str) -> frozenset[str]:
    """Stems that say the opposite of a stem: of the pairs known, and with or without a negating prefix."""
    opposed = {*_OPPOSITES.get(word, ()), *one_of(word)}
    for prefix in _PREFIXES:
        if word.startswith(prefix) and len(word) >= len(prefix) + 4:
            opposed.add(word[len(prefix) :])
        if len(word) >= 4:
            opposed.add(prefix + word)
    return frozenset(opposed)


def one_of(word: str) -> frozenset[str]:
    """The other stems of the kind a stem belongs to, e.g. the other months: only one can stand in a place."""
    return _KINDS.get(word, frozenset())


def negated(stems: Sequence[str]) -> set[str]:
    """The stems a negation reaches: those up to `REACH` words after it, if nothing turns the sentence before."""
    reached: set[str] = set()
    left = 0
    for word in stems:
        if word in NEGATION_STEMS:
            left = REACH
        elif word in _TURNS:
            left = 0
        elif left:
            reached.add(word)
            left -= 1
    return reached


def denies(stems: Collection[str]) -> bool:
    """Whether there is a negation at all."""
    return not NEGATION_STEMS.isdisjoint(stems)
