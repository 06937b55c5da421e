"""Values nobody states but anybody can work out: a sum, a difference, a ratio, a percentage, a count."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal, DivisionByZero, InvalidOperation, localcontext
from functools import cached_property, lru_cache
from itertools import combinations, permutations

from assay.judges.rubric import ValueKind
from assay.judges.values.extract import Value

MOST_OPERANDS = 8
"""With more numbers about, some two of them give nearly any third by chance."""

_FEW_OPERANDS = 2
"""The same for a result of one digit."""

_DAYS = {"day": 1, "week": 7}
_MONTHS = {"month": 1, "year": 12}
_MINUTES = {"hour": 60, "minute": 1}

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

_MEAN = re.compile(r"\b(?:average\w*|mean|on average)\b", re.IGNORECASE)
"""A word that speaks of an average: `averages`."""

_AGE = re.compile(r"\b(?:aged?|years?[\s-]old)\b", re.IGNORECASE)
"""A word that speaks of an age: `at the age of`."""

_DURATION = re.compile(
    r"\b(?:last\w*|took|takes?|ran|runs?|for|within|span\w*|long|duration|between|after|before|later|earlier|open)\b",
    re.IGNORECASE,
)
"""A word that speaks of a time between two dates: `lasted`."""

_PART = {
    re.compile(r"\b(?:twice|doubl\w{1,3})\b", re.IGNORECASE): Decimal(2),
    re.compile(r"\b(?:tripl\w{1,3}|three times)\b", re.IGNORECASE): Decimal(3),
    re.compile(r"\b(?:half|halv\w{1,3})\b", re.IGNORECASE): Decimal("0.5"),
    re.compile(r"\bquarter\b", re.IGNORECASE): Decimal("0.25"),
}
"""Words that speak of a multiple or a part: `twice`."""

_NEXT_IN_LIST = 8
"""Characters between two amounts of one list: `, ` or ` and `."""

_LIST_LINE = re.compile(r"^[ \t]{0,12}(?:[-*•‣◦]|\d{1,3}[.)])[ \t]", re.MULTILINE)
"""The start of a list item: `- milk`, `2) eggs`."""

Operation = Callable[[Decimal, Decimal], Decimal]


class Operands:
    """The amounts a text states, by what can be calculated with each other. Each kind and unit is looked up once."""

    def __init__(self, stated: Iterable[Value]) -> None:
        listed = list(stated)
        self._stated = {(value.kind, value.normal, value.unit): value for value in listed}.values()
        self._lists = list(_lists(listed))
        self._known: dict[tuple[ValueKind, str], list[Decimal]] = {}

    def like(self, value: Value) -> list[Decimal]:
        """Amounts that may be added to, subtracted from or divided by each other to give the value, in order."""
        key = value.kind, _amount(value)[1]
        if key not in self._known:
            self._known[key] = sorted({amount for other in self._stated for amount in _operand(*key, other)})
        return self._known[key]

    def lists_like(self, value: Value) -> list[list[Decimal]]:
        """Amounts listed in a row that may be added up or averaged to give the value."""
        unit = _amount(value)[1]
        amounts = ([_amount(other) for other in listed] for listed in self._lists if listed[0].kind is value.kind)
        return [
            [amount for amount, _ in row if amount is not None]
            for row in amounts
            if not unit or all(other in ("", unit) for _, other in row) or row[-1][1] == unit
        ]

    @cached_property
    def days(self) -> list[date]:
        """The full dates the text states, in order."""
        normals = {value.normal for value in self._stated if value.kind is ValueKind.DATE}
        return sorted(day for normal in normals if (day := _day(normal)) is not None)

    @cached_property
    def years(self) -> list[int]:
        """The years of all dates the text states, in order."""
        normals = (value.normal for value in self._stated if value.kind is ValueKind.DATE)
        return sorted({int(normal[:4]) for normal in normals if normal[:4].isdecimal()})

    @cached_property
    def clocks(self) -> list[int]:
        """The times of day the text states, in minutes, in order."""
        times = {value.normal for value in self._stated if value.kind is ValueKind.DATE and value.normal[0] == "T"}
        return sorted({60 * int(time[1:3]) + int(time[4:6]) for time in times})


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
    if _is_of_list(value, amount, sentence, operands) or _is_between(value, amount, sentence, operands):
        return True
    known = operands.like(value)
    if len(known) <= MOST_OPERANDS and any(
        share * operand == amount for word, share in _PART.items() if word.search(sentence) for operand in known
    ):
        return True
    few_digits = len(value.normal.partition(" ")[0].replace(".", "")) < 2
    if not 2 <= len(known) <= (_FEW_OPERANDS if few_digits else MOST_OPERANDS):
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


def _is_of_list(value: Value, amount: Decimal, sentence: str, operands: Operands) -> bool:
    """Whether the value is the sum or the average of amounts that are listed in a row, as the sentence says."""
    mean, total = _MEAN.search(sentence), _SUM.search(sentence)
    if not mean and not total:
        return False
    half_step = Decimal(1).scaleb(-len(value.normal.partition(" ")[0].partition(".")[2])) / 2
    for listed in operands.lists_like(value):
        added = sum(listed, Decimal(0))
        if (total and added == amount) or (mean and abs(added / len(listed) - amount) <= half_step):
            return True
    return False


def _is_between(value: Value, amount: Decimal, sentence: str, operands: Operands) -> bool:
    """Whether the value is an age or a time between two of the dates or times that are stated."""
    if value.kind is not ValueKind.NUMBER:
        return False
    if value.unit in ("", "year") and _AGE.search(sentence):
        gaps = _gaps(operands.years)
        return amount in gaps or (bool(operands.days) and amount + 1 in gaps)
    return _DURATION.search(sentence) is not None and _is_time_between(value.unit, amount, operands)


def _is_time_between(unit: str, amount: Decimal, operands: Operands) -> bool:
    """Whether so many of the unit lie between two of the dates or times. Days may be counted with the first one."""
    if unit in _MINUTES:
        return amount * _MINUTES[unit] in _gaps(operands.clocks)
    days = [day.toordinal() for day in operands.days]
    if unit in _DAYS:
        gaps = _gaps(days)
        return amount * _DAYS[unit] in gaps or (unit == "day" and amount - 1 in gaps)
    months = [12 * day.year + day.month for day in operands.days]
    return unit in _MONTHS and amount * _MONTHS[unit] in _gaps(months)


def _gaps(moments: Sequence[int]) -> set[int]:
    """What lies between any two of few moments. Nothing where there are many."""
    return {abs(a - b) for a, b in combinations(moments, 2)} if len(moments) <= MOST_OPERANDS else set()


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
    if other.kind is ValueKind.DATE and unit == "year" and re.fullmatch(r"\d{4}-{6}", other.normal):
        yield Decimal(other.normal[:4])
        return
    amount, other_unit = _amount(other)
    comparable = other.kind is kind or (kind is ValueKind.PERCENT and other.kind in (ValueKind.NUMBER, ValueKind.MONEY))
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


def _lists(stated: Iterable[Value]) -> Iterator[list[Value]]:
    """Amounts of one kind in a row, with nothing between them but a comma or a word: `4, 5 and 9`."""
    row: list[Value] = []
    for value in stated:
        follows = bool(row) and row[-1].kind is value.kind and 0 < value.start - row[-1].end <= _NEXT_IN_LIST
        if not follows:
            if len(row) > 1:
                yield row
            row = []
        if _amount(value)[0] is not None:
            row.append(value)
    if len(row) > 1:
        yield row


def _day(normal: str) -> date | None:
    try:
        return date.fromisoformat(normal)
    except ValueError:
        return None


def _result(operation: Operation, first: Decimal, second: Decimal) -> Decimal | None:
    try:
        return operation(first, second)
    except (DivisionByZero, InvalidOperation):
        return None


@lru_cache(maxsize=8)
def list_length(text: str) -> int:
    """How many items the lists in a text have. The answer is kept, as each number of a response may count them."""
    return len(_LIST_LINE.findall(text))
