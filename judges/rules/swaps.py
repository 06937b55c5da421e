"""Names that have changed places: two of them stand around the same words in the other order.

Beside `Alice reports to Bob` that is so of `Bob reports to Alice`, and of `Acme was acquired by Beta` beside `Acme
acquired Beta`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from assay.judges.rules.crossings import shown, terms_of
from assay.judges.text.order import BE, Token
from assay.judges.text.words import stem, word_set

SAME_SENTENCE = 0.7
"""Share of the passage's content words that the claim must have, where what changed places are no names."""

MOST_WORDS = 4
"""Words of a name."""

_SYMMETRIC = frozenset(
    map(
        stem,
        word_set("""
meet met marry wed border equal resemble match differ different adjoin neighbour neighbor correspond interact correlate
talk chat play versus vs v face tie tied draw drew against with alongside near beside next between among share combine
mix join link connect relate associate similar same identical parallel date divorce kiss hug agree disagree argue debate
compete collaborate partner cooperate friend sibling brother sister cousin colleague twin spouse rival alias aka known
call name distance plus together respectively mean opposite adjacent like include either well as
"""),
    )
)
"""Words around which two names may stand in either order: `A met B`, `A is known as B`."""

_DIRECTIONS = word_set("to from over under by before after above below into onto through for")
"""Small words whose two sides are not alike: `tea over coffee`."""

_JOINTS = word_set("and or nor")


def turned_roles(own: Sequence[Token], other: Sequence[Token]) -> str | None:
    """How a claim turns the roles of a passage; empty where it has them in the same order, None where neither."""
    mine, theirs = _places(own), _places(other)
    same = False
    for term, here in mine.items():
        there = theirs.get(term, -1)
        if here < 0 or there < 0 or term == BE or not (own[here].content or term in _DIRECTIONS):
            continue
        voice = _voice(own, here, other, there)
        if voice:
            return voice
        block = _block(own, here, other, there)
        reason = _swap(own, other, block)
        if reason:
            return reason
        same = same or (block.end - block.start == len(own))
    return "" if same else None


def _places(tokens: Sequence[Token]) -> dict[str, int]:
    """Where each word stands, -1 where it stands more than once."""
    places: dict[str, int] = {}
    for at, token in enumerate(tokens):
        places[token.term] = -1 if token.term in places else at
    return places


class Block(NamedTuple):
    """Words that claim and passage share side by side: the offsets in the claim, and the start in the passage."""

    start: int
    end: int
    there: int


def _block(own: Sequence[Token], here: int, other: Sequence[Token], there: int) -> Block:
    back = 0
    while back < min(here, there) and own[here - back - 1].term == other[there - back - 1].term:
        back += 1
    ahead = 1
    while (
        here + ahead < len(own) and there + ahead < len(other) and own[here + ahead].term == other[there + ahead].term
    ):
        ahead += 1
    return Block(here - back, here + ahead, there - back)


def _swap(own: Sequence[Token], other: Sequence[Token], block: Block) -> str | None:
    """Whether what stands on the two sides of the shared words has changed places."""
    there_end = block.there + block.end - block.start
    before, after = own[: block.start], own[block.end :]
    left = _longest(lambda n: terms_of(before[-n:]) == terms_of(other[there_end : there_end + n]), len(before))
    right = _longest(
        lambda n: terms_of(after[:n]) == terms_of(other[max(0, block.there - n) : block.there]), len(after)
    )
    if not left or not right:
        return None
    first, second = before[-left:], after[:right]
    middle = own[block.start : block.end]
    if _from_to(own, block.start - left, middle):
        pass  # a direction needs no names
    elif not _tells_roles(first, middle, second, _unmarked(other, block, right)):
        return None
    if not (_names(first, second) or _says_the_sentence(own, other)) or _told_elsewhere(own, other, first, second):
        return None
    return f"'{shown(first)}' and '{shown(second)}' have changed places"


def _from_to(own: Sequence[Token], start: int, middle: Sequence[Token]) -> bool:
    """Whether the words from a place on are `from A to B`."""
    return start > 0 and own[start - 1].term == "from" and terms_of(middle) == ["to"]


def _unmarked(other: Sequence[Token], block: Block, right: int) -> Sequence[Token]:
    """The shared words in the passage, without the mark that closes an apposition: `the plaintiff, Orion, sued`."""
    there = other[block.there : block.there + block.end - block.start]
    return (there[0]._replace(apart=False), *there[1:]) if other[block.there - right].apart else there


def _told_elsewhere(
    own: Sequence[Token], other: Sequence[Token], first: Sequence[Token], second: Sequence[Token]
) -> bool:
    """Whether the passage has more words than the claim and has the two in its order too, as a second clause may."""
    terms, left, right = terms_of(other), first[-1].term, second[-1].term
    return sorted(terms) != sorted(terms_of(own)) and left in terms and right in terms[terms.index(left) :]


def _longest(holds: Callable[[int], bool], most: int) -> int:
    """The greatest number of words, at most those of a name, for which something holds; 0 without one."""
    return max((n for n in range(1, min(most, MOST_WORDS) + 1) if holds(n)), default=0)


def _tells_roles(
    first: Sequence[Token], middle: Sequence[Token], second: Sequence[Token], there: Sequence[Token]
) -> bool:
    """Whether the words between tell the two sides apart: no list, no `met`, no bare `is`."""
    terms = set(terms_of(middle))
    if not (first[-1].content and second[-1].content and second[0].content) or terms & _SYMMETRIC:
        return False
    telling = [token for token in middle if token.content]
    if terms & _JOINTS or any(token.apart for token in (*middle, second[0], *there)):
        return len(telling) >= 2 and _names(first, second)
    return bool(telling) or (bool(terms & _DIRECTIONS) and _names(first, second))


def _names(first: Sequence[Token], second: Sequence[Token]) -> bool:
    """Whether both sides are names. One capital may be that of the sentence, which is why both sides need one."""
    return first[-1].capital and second[-1].capital


def _says_the_sentence(own: Sequence[Token], other: Sequence[Token]) -> bool:
    """Whether the claim has most words of the passage: in a longer one common nouns change places freely."""
    theirs = {token.term for token in other if token.content}
    mine = {token.term for token in own if token.content}
    return len(mine & theirs) >= SAME_SENTENCE * len(theirs)


def _voice(own: Sequence[Token], here: int, other: Sequence[Token], there: int) -> str | None:
    """Whether one side is passive and the other is not, with both names in the same order."""
    for passive, at, active, beside in ((own, here, other, there), (other, there, own, here)):
        if at < 2 or at + 2 >= len(passive) or beside < 1 or beside + 1 >= len(active):
            continue
        if passive[at - 1].term != BE or passive[at + 1].term != "by" or active[beside + 1].term == "by":
            continue
        subject, agent = passive[at - 2].term, passive[at + 2].term
        if active[beside - 1].term == subject and active[beside + 1].term == agent:
            return f"'{subject}' and '{agent}' have changed roles"
    return None
