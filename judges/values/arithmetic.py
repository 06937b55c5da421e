"""Values nobody states but anybody can work out: a sum, a difference, a ratio, a percentage, a count."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from decimal import Decimal, DivisionByZero, InvalidOperation, localcontext
from functools import lru_cache
from itertools import permutations

from assay.judges.rubric import ValueKind
from assay.judges.values.measures import measure_of
from assay.judges.values.operands import Operands, amount_of
from assay.judges.values.operation_words import DIFFERENCE, MEAN, PARTS, RATIO, SUM
from assay.judges.values.percents import POINTS
from assay.judges.values.rates import is_rate, periods_in
from assay.judges.values.time_between import is_between
from assay.judges.values.value import Value

MOST_OPERANDS = 8
"""With more numbers about, some two of them give nearly any third by chance."""

_FEW_OPERANDS = 2
"""The same for a result of one digit."""

_LEAST_OF_PARTS = 100
"""The least sum of a part of a row: smaller ones come about by chance."""

LONGEST_LIST = 50
"""Items up to which a number may count a list."""

_POINTS_AFTER = re.compile(r"\s(?:points?|punkte?n?|puntos?|punti|pontos?|punten)\b", re.IGNORECASE)
"""What makes of a number the difference of two percentages, e.g. ` points`."""

_LIST_LINE = re.compile(r"^[ \t]{0,12}(?:[-*•‣◦]|\d{1,3}[.)])[ \t]", re.MULTILINE)
"""The start of a list item: `- milk`, `2) eggs`."""

Operation = Callable[[Decimal, Decimal], Decimal]


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
    amount, _ = amount_of(value)
    if amount is None:
        return False
    if value.kind is ValueKind.NUMBER and not value.unit and 2 <= amount <= LONGEST_LIST and amount in list_lengths:
        return True
    if _is_of_list(value, amount, sentence, operands) or is_between(value, amount, sentence, operands):
        return True
    if _is_step(value, amount, sentence, operands):
        return True
    if value.kind is not ValueKind.PERCENT and _is_of_another(value, amount, sentence, operands):
        return True
    return _is_part(value, amount, sentence, operands) or _is_result(value, amount, sentence, operands)


def _is_part(value: Value, amount: Decimal, sentence: str, operands: Operands) -> bool:
    """Whether the value is a multiple or a part of a stated one, as the sentence says: `twice as much`."""
    known = operands.like(value)
    return len(known) <= MOST_OPERANDS and any(
        share * operand == amount for word, share in PARTS.items() if word.search(sentence) for operand in known
    )


def _is_step(value: Value, amount: Decimal, sentence: str, operands: Operands) -> bool:
    """Whether the value is the difference of two amounts that follow each other: from 24% to 30%, 6 points."""
    if value.kind is ValueKind.PERCENT:
        return any(word in value.text.lower() for word in POINTS) and amount in operands.steps_like(value)
    if amount in operands.steps_like(value) and DIFFERENCE.search(sentence):
        return True
    if value.unit or not _POINTS_AFTER.match(sentence, sentence.find(value.text) + len(value.text)):
        return False
    return amount in operands.steps_like(value._replace(kind=ValueKind.PERCENT, normal=f"{value.normal} %"))


def _is_result(value: Value, amount: Decimal, sentence: str, operands: Operands) -> bool:
    """Whether an operation the sentence speaks of gives the value from any two of few operands."""
    known = operands.like(value)
    few_digits = len(value.normal.partition(" ")[0].replace(".", "")) < 2
    if not 2 <= len(known) <= (_FEW_OPERANDS if few_digits else MOST_OPERANDS):
        return False
    # The value is rounded to the digits it is written with: `33.3` may stand for all from 33.25 to 33.35.
    half_step = _half_step(value)
    with localcontext() as context:
        context.prec = 28
        return any(
            abs((abs(result) if value.kind is ValueKind.PERCENT else result) - amount) <= (half_step if rounds else 0)
            for operation, rounds in _operations(value.kind, sentence)
            for first, second in permutations(known, 2)
            if (result := _result(operation, first, second)) is not None
        )


def _is_of_list(value: Value, amount: Decimal, sentence: str, operands: Operands) -> bool:
    """Whether the value is the sum or the average of amounts that are listed in a row, as the sentence says."""
    mean, total = MEAN.search(sentence), SUM.search(sentence)
    if not mean and not total:
        return False
    half_step = _half_step(value)
    for added, count in operands.totals_like(value):
        if (total and added == amount) or (mean and abs(added / count - amount) <= half_step):
            return True
    if not total or amount < _LEAST_OF_PARTS:
        return False
    return any(added == amount for added, _ in operands.totals_like(value, in_parts=True))


def _is_of_another(value: Value, amount: Decimal, sentence: str, operands: Operands) -> bool:
    """Whether the evidence states the value as a share or a change of an amount, or per another span of time."""
    if amount in operands.portions:
        return True
    periods = periods_in(sentence) if operands.rates else ()
    if any(is_rate(amount, measure_of(value), period, operands.rates) for period in periods):
        return True
    known = operands.like(value) if operands.changes else []
    half_step = _half_step(value)
    return (
        len(known) <= MOST_OPERANDS
        and len(value.normal) > 1
        and any(abs(operand * change - amount) <= half_step for operand in known for change in operands.changes)
    )


def _half_step(value: Value) -> Decimal:
    """Half of what the last digit of a number stands for."""
    return Decimal(1).scaleb(-len(value.normal.partition(" ")[0].partition(".")[2])) / 2


# Cached, as a sentence is asked about once for each value in it.
@lru_cache(maxsize=8)
def _operations(kind: ValueKind, sentence: str) -> list[tuple[Operation, bool]]:
    """The operations the sentence speaks of, and whether their result is rounded."""
    operations: list[tuple[Operation, bool]] = []
    if kind is ValueKind.PERCENT:
        operations += [(lambda a, b: 100 * a / b, True), (lambda a, b: 100 * (a - b) / b, True)]
        spoken_of = SUM.search(sentence) or DIFFERENCE.search(sentence) or "of" in sentence.split()
        return operations if spoken_of else [(lambda a, b: 100 * a / b, False)]
    if SUM.search(sentence):
        operations.append((lambda a, b: a + b, False))
    if DIFFERENCE.search(sentence):
        operations.append((lambda a, b: a - b, False))
    if RATIO.search(sentence):
        operations.append((lambda a, b: a / b, True))
    return operations


def _result(operation: Operation, first: Decimal, second: Decimal) -> Decimal | None:
    try:
        return operation(first, second)
    except (DivisionByZero, InvalidOperation):
        return None


@lru_cache(maxsize=8)
def list_length(text: str) -> int:
    """How many items the lists in a text have. The answer is kept, as each number of a response may count them."""
    return len(_LIST_LINE.findall(text))
