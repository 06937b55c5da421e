"""What a passage has, read strictly: words in a row, a value, a count of a thing, the price of a thing."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from assay.judges.rubric import ValueKind
from assay.judges.text.words import STOP_WORDS, stem, word_set
from assay.judges.values import Value, extract_values

_HAS = frozenset(
    map(
        stem,
        word_set(
            "has have had employ employs employed there with total totals counts numbers hat haben hatte beschäftigt "
            "tiene tienen emplea ha hanno conta tem têm emprega emploie compte heeft telt имеет насчитывает"
        ),
    )
)
_DETERMINERS = word_set("its the their these a an each our all his her this that those both some")
_COSTS = frozenset(map(stem, word_set("cost costs costing priced sells sell")))
_IS = frozenset(map(stem, word_set("is are was were cost costs totals measures")))
_YEAR = 4
_REACH = 3
"""Words before a number among which `has` says that it counts what someone has: `has about 450 employees`."""


def has_run(stems: Sequence[str], wanted: Sequence[str]) -> bool:
    """Whether the words stand in a row: `Maria Lopez`."""
    size = len(wanted)
    return size > 0 and any(list(stems[start : start + size]) == list(wanted) for start in range(len(stems) - size + 1))


def has_close(stems: Sequence[str], wanted: Collection[str]) -> bool:
    """Whether the words stand together, in any order: `Acme` and `founded` in `Acme Corp was founded in Denver`.

    `Denver` and `founded` do not: nothing says that it was Denver that was founded.
    """
    content = [word for word in stems if word not in STOP_WORDS]
    size = len(wanted) + 1 + len(wanted) // 3
    return any(set(wanted) <= set(content[start : start + size]) for start in range(max(1, len(content) - size + 1)))


def has_around(stems: Sequence[str], wanted: Collection[str]) -> bool:
    """Whether the passage begins and ends with such words, as a verb that comes last: `Acme wurde 1987 gegründet`."""
    content = [word for word in stems if word not in STOP_WORDS]
    return len(content) > 1 and {content[0], content[-1]} <= set(wanted) <= set(content)


def has_value(text: str, wanted: Collection[str], kinds: tuple[ValueKind, ...]) -> bool:
    """Whether the text has a value of the kinds that is not among the words of the question itself."""
    return any(stem(value.text.lower()) not in wanted for value in _values(text, kinds))


def has_counted(stems: Sequence[str], word: str) -> bool:
    """Whether the passage says how many of a thing someone has: `It has 450 employees`."""
    for place, other in enumerate(stems):
        if other == word and place and stems[place - 1].isdigit():
            return not _HAS.isdisjoint(stems[max(0, place - 1 - _REACH) : place - 1])
    return False


def has_price(stems: Sequence[str], word: str) -> bool:
    """Whether the passage is about what a thing costs: `Its pumps cost 1,200 dollars each`."""
    if word not in stems:
        return False
    place = stems.index(word)
    before, after = stems[:place], stems[place + 1 : place + 2]
    return _DETERMINERS.issuperset(before) and not _COSTS.isdisjoint(after)


def has_measure(stems: Sequence[str], wanted: Sequence[str]) -> bool:
    """Whether the passage begins with a thing and tells its number: `The toll is now 4 dollars`."""
    start = next((at for at, word in enumerate(stems) if word not in _DETERMINERS), 0)
    after = stems[start + len(wanted) :]
    if list(stems[start : start + len(wanted)]) != list(wanted) or not after or after[0] not in _IS:
        return False
    return any(word[0].isdigit() for word in after[1:_REACH])


def _values(text: str, kinds: tuple[ValueKind, ...]) -> Iterator[Value]:
    for value in extract_values(text):
        year = (
            value.kind is ValueKind.NUMBER
            and ValueKind.DATE in kinds
            and value.normal.isdigit()
            and len(value.normal) == _YEAR
        )
        if value.kind in kinds or year:
            yield value
