"""Authoritative tables: what the team knows for certain outranks the evidence.

A value that disagrees with the table contradicts the claim it stands in. One that agrees is vouched for: the rule
`values` does not ask the evidence for it. A table never makes a claim supported.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import NamedTuple

from assay.judges.errors import RubricError
from assay.judges.rubric import Attribute, Table, TableRow, ValueKind
from assay.judges.rules.reading import Mention, Named, Others, PhraseFinder, Reading, stemmed
from assay.judges.rules.violations import Violation
from assay.judges.schema import Span
from assay.judges.values import Value, ValueIndex, extract_values
from assay.judges.values.units import dimension_of

MOST_WORDS = 12
"""Words of a key that are compared. No product is told apart later than that."""

APPROXIMATELY = 20
"""Characters before a value in which `about` or `nearly` may stand."""


class _Cell(NamedTuple):
    attribute: str
    value: Value


class _Attributes(NamedTuple):
    """Where one sentence names attributes. `others` knows all of these places."""

    places: dict[str, list[Mention]]
    others: Others

    def beside(self, key: Mention, sentence_start: int, keys: Others) -> _Attributes:
        """Those that are a key's: named after it and before the next key, or before the sentence's first key."""
        after = keys.next_start(key.end)
        is_first = not keys.any(sentence_start, key.start)
        places = {
            name: own
            for name, mentions in self.places.items()
            if (own := _between(mentions, sentence_start if is_first else key.end, after))
        }
        return _Attributes(places, self.others)


_NONE = _Attributes({}, Others(()))


def _between(mentions: Sequence[Mention], start: int, end: int | None) -> list[Mention]:
    """Those of the sorted mentions that begin in `start..end`."""
    first = bisect_left(mentions, start, key=itemgetter(0))
    last = len(mentions) if end is None else bisect_left(mentions, end, key=itemgetter(0))
    return list(mentions[first:last])


class TableReport(NamedTuple):
    """What tables say of one response: what is wrong, and which values they vouch for."""

    wrong: list[Violation]
    vouched: frozenset[Span]


class TableCheck:
    """One table, ready to be applied to many responses."""

    def __init__(self, rule: Table, source: str) -> None:
        """Index keys and cells.

        Raises:
            RubricError: a cell holds no value of its column's kind, or a key no word.
        """
        self.rule = rule
        self._source = source
        self._finders = {
            name: PhraseFinder(attribute.about or (name.replace("_", " ").replace("-", " "),))
            for name, attribute in rule.attributes.items()
        }
        self._cells = [self._cells_of(row) for row in rule.rows]
        self._keys: dict[tuple[str, ...], int] = {}
        for at, row in enumerate(rule.rows):
            for name in (row.key, *row.aliases):
                self._add_key(name, at)
        self._longest: dict[str, int] = {}
        for key in self._keys:
            self._longest[key[0]] = max(len(key), self._longest.get(key[0], 0))

    def _add_key(self, name: str, at: int) -> None:
        key = tuple(word for word, _, _ in stemmed(name))[:MOST_WORDS]
        if not key:
            raise RubricError(self._source, f"rules.tables.{self.rule.id}", f"key {name!r} holds no word; name it")
        known = self._keys.setdefault(key, at)
        if known != at:
            both = f"{self.rule.rows[known].key!r} and {self.rule.rows[at].key!r}"
            raise RubricError(
                self._source, f"rules.tables.{self.rule.id}", f"{both} read the same; rename or merge them"
            )

    def _cells_of(self, row: TableRow) -> list[_Cell]:
        return [
            _Cell(name, _cell_value(text, self.rule.attributes.get(name, Attribute()), self._where(row, name)))
            for name, text in row.values.items()
        ]

    def _where(self, row: TableRow, name: str) -> tuple[str, str]:
        file = self.rule.file or f"{self._source}: rules.tables.{self.rule.id}"
        return file, f"row {row.key!r}, column {name}"

    def named_in(self, tokens: Sequence[tuple[str, int, int]]) -> list[Named]:
        """Where a text names a key, the longest one at each place. The subject is the row's number."""
        namings: list[Named] = []
        at = 0
        while at < len(tokens):
            length, row = self._key_at(tokens, at)
            if length:
                namings.append(Named(Mention(tokens[at][1], tokens[at + length - 1][2]), f"{self.rule.id}\x1f{row}"))
            at += length or 1
        return namings

    def _key_at(self, tokens: Sequence[tuple[str, int, int]], at: int) -> tuple[int, int]:
        """Length in words and row of the longest key that begins at a word. Zero where none does."""
        for length in range(min(self._longest.get(tokens[at][0], 0), len(tokens) - at), 0, -1):
            row = self._keys.get(tuple(word for word, _, _ in tokens[at : at + length]))
            if row is not None:
                return length, row
        return 0, -1

    def check(self, reading: Reading, named: Sequence[Named], others: Others) -> TableReport:
        """Compare what the response says of the keys it names with the table."""
        wrong: dict[int, Violation] = {}
        vouched: set[Span] = set()
        attributes = _by_sentence(reading, self._finders)
        for naming in named:
            row = int(naming.subject.rpartition("\x1f")[2])
            start = reading.sentence_at(naming.mention.start).start
            near = _NONE if start not in attributes else attributes[start].beside(naming.mention, start, others)
            for cell, value in self._stated(reading, naming.mention, row, near, others):
                if _agrees(cell, value, reading.text):
                    vouched.add(value.span)
                else:
                    wrong[value.start] = self._violation(row, cell, value)
        return TableReport(
            [violation for violation in wrong.values() if violation.span not in vouched], frozenset(vouched)
        )

    def _stated(
        self, reading: Reading, mention: Mention, row: int, near: _Attributes, others: Others
    ) -> Iterator[tuple[_Cell, Value]]:
        """Values stated of a row, each beside the cell it is about."""
        cells = self._cells[row]
        for cell in cells:
            if cell.attribute in near.places:
                places, whose = near.places[cell.attribute], near.others
            elif self._is_implied(cell, cells, near.places.keys()):
                places, whose = [mention], others
            else:
                continue
            values = (value for place in places for value in reading.stated_of(place, cell.value.kind, whose))
            yield from ((cell, value) for value in values if _comparable(value, cell.value))

    def _is_implied(self, cell: _Cell, cells: Sequence[_Cell], near: Collection[str]) -> bool:
        """Whether a value of this kind can mean no other attribute: then the sentence need not name it."""
        attribute = self.rule.attributes.get(cell.attribute, Attribute())
        if attribute.about or (cell.value.kind is ValueKind.NUMBER and not cell.value.unit):
            return False
        same = [other for other in cells if _comparable(other.value, cell.value)]
        return len(same) == 1 and cell.attribute not in near

    def _violation(self, row: int, cell: _Cell, value: Value) -> Violation:
        stated, true = value.text[:60], cell.value.text[:60]
        told = f"{self.rule.rows[row].key}, {cell.attribute}: {stated}, but {self._name()} says {true}"
        return Violation(f"table:{self.rule.id}", value.span, self.rule.message or told, self.rule.severity)

    def _name(self) -> str:
        return self.rule.file.rpartition("/")[2] or f"table {self.rule.id}"


def check_tables(reading: Reading, checks: Sequence[TableCheck]) -> tuple[TableReport, list[Mention]]:
    """The violations of all tables on one response, and where it names their keys."""
    wrong: list[Violation] = []
    vouched: frozenset[Span] = frozenset()
    mentions: list[Mention] = []
    for check in checks:
        named = check.named_in(reading.tokens)
        asked = check.named_in(reading.asked) if reading.question else []
        asked_rows = frozenset(naming.subject for naming in asked)
        carried = reading.carried(named, asked_rows if len(asked_rows) == 1 else frozenset())
        others = Others(naming.mention for naming in named)
        violations = (
            check.check(reading, [*named, *carried], others) if named or carried else TableReport([], frozenset())
        )
        wrong += violations.wrong
        vouched |= violations.vouched
        mentions += [naming.mention for naming in named]
    return TableReport(wrong, vouched), mentions


def _cell_value(text: str, attribute: Attribute, where: tuple[str, str]) -> Value:
    """The one value a cell holds, read as its column says.

    Raises:
        RubricError
    """
    written = text
    if attribute.kind is ValueKind.MONEY and attribute.unit:
        written = text if attribute.unit in text else f"{text} {attribute.unit}"
    elif attribute.kind is ValueKind.PERCENT and "%" not in text:
        written = f"{text} %"
    elif attribute.kind is ValueKind.NUMBER and attribute.unit:
        written = f"{text} {attribute.unit}"
    values = [value for value in extract_values(written) if value.kind is not ValueKind.NAME]
    wanted = [value for value in values if attribute.kind in (None, value.kind)]
    if len(wanted) != 1 or len(values) != 1:
        kind = attribute.kind.value if attribute.kind else "number, date, amount of money, percentage or identifier"
        raise RubricError(
            *where, f"{text!r} is not one {kind}; write one, with its currency or unit, or leave it empty"
        )
    return wanted[0]


def _comparable(value: Value, other: Value) -> bool:
    """Whether two values may be of one attribute: of a kind, and in one currency or dimension."""
    if value.kind is not other.kind:
        return False
    if value.kind is ValueKind.MONEY:
        return value.normal.partition(" ")[2] == other.normal.partition(" ")[2]
    if value.kind is ValueKind.DATE:
        return (value.normal[0] == "T") == (other.normal[0] == "T")
    return value.kind is not ValueKind.NUMBER or not value.unit or dimension_of(value.unit) == dimension_of(other.unit)


def _agrees(cell: _Cell, value: Value, text: str) -> bool:
    """Whether a stated value is the cell's, spelling, units and rounding after `about` aside."""
    before = text[max(0, value.start - APPROXIMATELY) : value.start]
    if value.normal == cell.value.normal and (value.unit == cell.value.unit or not value.unit):
        return True
    return ValueIndex((cell.value.text,)).carries(value, before)


def _by_sentence(reading: Reading, finders: Mapping[str, PhraseFinder]) -> dict[int, _Attributes]:
    """Start of a sentence → the attributes it names, and where."""
    places: dict[int, dict[str, list[Mention]]] = {}
    for name, finder in finders.items():
        for mention in finder.mentions(reading.tokens):
            start = reading.sentence_at(mention.start).start
            places.setdefault(start, {}).setdefault(name, []).append(mention)
    return {
        start: _Attributes(named, Others(m for ms in named.values() for m in ms)) for start, named in places.items()
    }
