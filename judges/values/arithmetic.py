"""Values nobody states but anybody can work out: a sum, a difference, a ratio, a percentage, a count."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from decimal import Decimal, DivisionByZero, InvalidOperation, localcontext
from functools import lru_cache
from itertools import permutations

from assay.judges.rubric import ValueKind
from assay.judges.values.extract import Value

MOST_OPERANDS = 8
"""With more numbers about, some two of them give nearly any third by chance."""

LONGEST_LIST = 50
"""Items up to which a number may count a list."""

LONGEST = 15
"""Digits of a number that takes part. Longer ones are identifiers."""

_SUM = re.compile(r"\b(?:total\w*|combined|altogether|in all|sum|together|overall|both)\b", re.IGNORECASE)
"""A word that speaks of a sum: `altogether`."""

_DIFFERENCE = re.compile(
    r"\b(?:differen\w+|more|less|fewer|increas\w+|decreas\w+|drop\w*|r[io]se|fell|grew|gain\w*|margin|gap|later|earlier"
    r"|older|younger|after|before|between|remain\w*|left|longer|shorter|higher|lower|over a period|spann\w+|lasted)\b",
    re.IGNORECASE,
)
"""A word that speaks of a difference: `grew`."""

_RATIO = re.compile(r"\b(?:times|twice|doubl\w+|tripl\w+|ratio|\w*fold|per|average|mean|each)\b", re.IGNORECASE)
"""A word that speaks of a ratio: `twice`."""

_LIST_LINE = re.compile(r"^[ \t]{0,12}(?:[-*•‣◦]|\d{1,3}[.)])[ \t]", re.MULTILINE)
"""The start of a list item: `- milk`, `2) eggs`."""

Operation = Callable[[Decimal, Decimal], Decimal]


class Operands:
    """The amounts a text states, by what can be calculated with each other. Each kind and unit is looked up once."""

    def __init__(self, stated: Iterable[Value]) -> None:
        self._stated = {(value.kind, value.normal, value.unit): value for value in stated}.values()
        self._known: dict[tuple[ValueKind, str], list[Decimal]] = {}

    def like(self, value: Value) -> list[Decimal]:
        """Amounts that may be added to, subtracted from or divided by each other to give the value, in order."""
        key = value.kind, _amount(value)[1]
        if key not in self._known:
            self._known[key] = sorted({amount for other in self._stated for amount in _operand(*key, other)})
        return self._known[key]


def is_derived(value: Value, sentence: str, operands: Operands, list_lengths: Collection[int] = ()) -> bool:
    """Whether two values give `value` by the arithmetic its sentence speaks of.

    Recognised conservatively. The sentence must name the kind of operation. The operands must be of the value's own
    kind and unit, and so few that a match is no chance. The result must have two digits or more.

    Args:
        value: a number, an amount of money or a percentage.
        sentence: in which it stands.
        operands: values the evidence states.
        list_lengths: numbers of items of the lists that a number may count.
    """
    amount, _ = _amount(value)
    if amount is None:
        return False
    if value.kind is ValueKind.NUMBER and not value.unit and 2 <= amount <= LONGEST_LIST and amount in list_lengths:
        return True
    known = operands.like(value)
    if not 2 <= len(known) <= MOST_OPERANDS or len(value.normal.partition(" ")[0].replace(".", "")) < 2:
        return False
    # The value is rounded to the digits it is written with: `33.3` may stand for all from 33.25 to 33.35.
    half_step = Decimal(1).scaleb(-len(value.normal.partition(" ")[0].partition(".")[2])) / 2
    with localcontext() as context:
        context.prec = 28
        return any(
            abs(result - amount) <= (half_step if rounds else 0)
            for operation, rounds in _operations(value.kind, sentence)
            for first, second in permutations(known, 2)
            if (result := _result(operation, first, second)) is not None
        )


# Cached, as a sentence is asked about once for each value in it.
@lru_cache(maxsize=8)
def _operations(kind: ValueKind, sentence: str) -> list[tuple[Operation, bool]]:
    """The operations the sentence speaks of, and whether their result is rounded."""
    operations: list[tuple[Operation, bool]] = []
    if kind is ValueKind.PERCENT:
        operations += [(lambda a, b: 100 * a / b, True), (lambda a, b: 100 * (a - b) / b, True)]
        return operations if _SUM.search(sentence) or _DIFFERENCE.search(sentence) or "of" in sentence.split() else []
    if _SUM.search(sentence):
        operations.append((lambda a, b: a + b, False))
    if _DIFFERENCE.search(sentence):
        operations.append((lambda a, b: a - b, False))
    if _RATIO.search(sentence):
        operations.append((lambda a, b: a / b, True))
    return operations


def _operand(kind: ValueKind, unit: str, other: Value) -> Iterator[Decimal]:
    """The amount of a stated value, where a value of that kind and unit may come from it."""
    if other.kind is ValueKind.DATE and unit == "year" and other.normal[4:] == "------":
        yield Decimal(other.normal[:4])
        return
    amount, other_unit = _amount(other)
    comparable = other.kind is kind or (kind is ValueKind.PERCENT and other.kind is ValueKind.NUMBER)
    if amount is not None and comparable and (kind is ValueKind.PERCENT or other_unit == unit):
        yield amount


def _amount(value: Value) -> tuple[Decimal | None, str]:
    """The amount and its unit, currency or sign. None where there is none to calculate with."""
    if value.kind not in (ValueKind.NUMBER, ValueKind.MONEY, ValueKind.PERCENT):
        return None, ""
    written, _, sign = value.normal.partition(" ")
    if len(written) > LONGEST:
        return None, ""
    try:
        return Decimal(written), sign or value.unit
    except InvalidOperation:
        return None, ""


def _result(operation: Operation, first: Decimal, second: Decimal) -> Decimal | None:
    try:
        return operation(first, second)
    except (DivisionByZero, InvalidOperation):
        return None


@lru_cache(maxsize=8)
def list_length(text: str) -> int:
    """How many items the lists in a text have. The answer is kept, as each number of a response may count them."""
    return len(_LIST_LINE.findall(text))
