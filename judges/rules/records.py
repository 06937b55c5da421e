"""Rows of the evidence: a value of one row said of another.

Beside `plan,price`, `basic,9`, `pro,29`, the claim `The pro plan costs 9 USD` is contradicted. It names one row and
states a value that stands only in another row of the same column, while its own row has another value there. A text
that stands in another row's cell is doubt. A claim that names several rows, compares, denies or counts is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from typing import NamedTuple

from assay.judges.rubric import ValueKind
from assay.judges.rules.cells import carries, comparable, dated, rounds, same
from assay.judges.rules.findings import Finding, for_answers, with_findings
from assay.judges.rules.step import Progress
from assay.judges.schema import Claim, ClaimVerdict, Evidence, Sample, Span
from assay.judges.text.form import without_form
from assay.judges.text.records import Row, tables_of
from assay.judges.text.words import STOP_WORDS, stems_between
from assay.judges.values import Value, extract_amounts, extract_values

MOST_TABLES = 200
"""Tables a response is held against."""

MOST_KEY = 6
"""Words of a cell that may be the key of its row."""

_LEAVES_OPEN = re.compile(
    r"\b(?:not|no|never|than|unlike|instead|except|compared|both|all|each|every|daily|respectively|total|average|between|difference|"
    r"other|others|rest|most|days|weekdays?|weekends?|mon|tues?|wed|thur?s?|fri|sat|sun|through|or|rather|more|less|up)\b|n['’]t\b",
    re.IGNORECASE,
)
"""Words with which a sentence may speak of several rows, or of what a row has not: `respectively`, `except`."""

_CLAUSE = re.compile(r";\s|,?\s(?:and|but|while|whereas)\s")
"""Where another clause begins: `, while `."""

_KINDS = frozenset({ValueKind.NUMBER, ValueKind.MONEY, ValueKind.PERCENT, ValueKind.DATE})


def check_records(sample: Sample, progress: Progress) -> Progress:
    """Each supported claim with a value of another row becomes `contradicted`, with a text of one `not_found`.

    What a claim states of its own row is vouched for: a value between commas or tags is not always read as one.
    """
    verdict = progress.verdict
    if not any(claim.verdict is ClaimVerdict.SUPPORTED for claim in verdict.claims):
        return progress
    tables = [table for number, text in enumerate(sample.contexts) for table in _tables(number, text)][:MOST_TABLES]
    if not tables:
        return progress
    check = _Check(sample, tables)
    vouched = progress.vouched.union(*map(check.vouched, verdict.claims))
    return Progress(with_findings(verdict, check.exchanged, "records:exchanged"), vouched)


compile_records = for_answers(check_records)


class _Keyed:
    """A row with the words that name it. Its other cells are read when first asked for: most rows nobody names."""

    def __init__(self, row: Row, column: str, key: frozenset[str]) -> None:
        self.row = row
        self.name = row.cells[column][:60]
        self.key = key
        self._cells = {name: cell for name, cell in row.cells.items() if name != column and len(cell) <= 200}

    @cached_property
    def values(self) -> dict[str, tuple[Value, ...]]:
        """The values of each other cell, by column."""
        read = {name: extract_amounts(cell) for name, cell in self._cells.items()}
        return {name: tuple(value for value in values if value.kind in _KINDS) for name, values in read.items()}

    @cached_property
    def texts(self) -> dict[str, frozenset[str]]:
        """The words of each other cell without values, by column."""
        return {name: _stems(cell) - STOP_WORDS for name, cell in self._cells.items() if not self.values[name]}

    def cells(self) -> Iterator[tuple[str, Value]]:
        """Each value with the column it stands in."""
        yield from ((column, value) for column, cell in self.values.items() for value in cell)


class _Table(NamedTuple):
    context: int
    start: int
    end: int
    rows: tuple[_Keyed, ...]

    def named(self, stems: frozenset[str]) -> list[_Keyed]:
        """The rows a text names: all words of their keys, and no row's whose key has more of them."""
        hit = [row for row in self.rows if row.key <= stems]
        return [row for row in hit if not any(row.key < other.key for other in hit)] if len(hit) <= 20 else hit


@lru_cache(maxsize=64)
def _tables(context: int, text: str) -> tuple[_Table, ...]:
    """The tables of one context whose rows can be told apart by a key."""
    keyed = (_keyed(table) for table in tables_of(text))
    return tuple(_Table(context, rows[0].row.start, max(row.row.end for row in rows), rows) for rows in keyed if rows)


def _keyed(rows: Sequence[Row]) -> tuple[_Keyed, ...]:
    for column in rows[0].cells:
        keys = [_stems(row.cells.get(column, "")) for row in rows]
        shared = frozenset.intersection(*keys)
        told = [key - shared - STOP_WORDS for key in keys]
        fits = all(
            own and len(key) <= MOST_KEY and any(term[0].isalpha() for term in own)
            for own, key in zip(told, keys, strict=True)
        )
        if fits and len(set(told)) == len(told):
            return tuple(_Keyed(row, column, key) for row, key in zip(rows, told, strict=True))
    return ()


def _stems(text: str) -> frozenset[str]:
    return frozenset(stems_between(text, 0, len(text)))


class _Check:
    """The claims of one response beside the tables of the evidence."""

    def __init__(self, sample: Sample, tables: Sequence[_Table]) -> None:
        self._sample = sample
        self._tables = tables
        self._read = without_form(sample.response)

    @cached_property
    def _asked(self) -> frozenset[str]:
        return _stems(self._sample.question)

    def exchanged(self, claim: Claim) -> Finding | None:
        """What a supported claim takes from another row; the proven before the likely."""
        if claim.verdict is not ClaimVerdict.SUPPORTED:
            return None
        text = self._read[claim.span.start : claim.span.end]
        if _LEAVES_OPEN.search(text):
            return None
        likely: Finding | None = None
        stems = _stems(text)
        for table in self._tables:
            for piece, row in self._pieces(text, stems, table):
                told = self._in_row(piece, row, table)
                if told is not None and told.proven:
                    return told
                likely = likely or told
        return likely

    def vouched(self, claim: Claim) -> Iterator[Span]:
        """The values of a claim that the one row it names has."""
        text = self._read[claim.span.start : claim.span.end]
        stems = _stems(text)
        named = [rows[0] for table in self._tables if len(rows := table.named(stems)) == 1]
        if not named:
            return
        for value in extract_values(text):
            if any(carries(value, cell, column) for row in named for column, cell in row.cells()):
                start = claim.span.start + value.start
                yield Span(start=start, end=start + len(value.text))

    def _pieces(self, text: str, stems: frozenset[str], table: _Table) -> Iterator[tuple[str, _Keyed]]:
        """The parts of a sentence, which has these stems, with the one row each speaks of."""
        named = table.named(stems)
        if not named:
            asked = table.named(self._asked)
            if len(asked) == 1:
                yield text, asked[0]
        elif len(named) == 1:
            yield text, named[0]
        else:
            pieces = [(piece, table.named(_stems(piece))) for piece in _CLAUSE.split(text)]
            if all(len(rows) == 1 and any(map(str.isdigit, piece)) for piece, rows in pieces):
                yield from ((piece, rows[0]) for piece, rows in pieces)

    def _in_row(self, text: str, row: _Keyed, table: _Table) -> Finding | None:
        evidence = Evidence(context=table.context, start=row.row.start, end=row.row.end)
        own = [value for _, value in row.cells()]
        stated = extract_values(text)
        # Where rows are attributes of one thing, a sentence may name the other attribute in its own words.
        mixed = len(row.row.cells) == 2 and any(same(value, other) for value in stated for other in own)
        for value in stated:
            if (
                (mixed and not dated(value))
                or value.kind not in _KINDS
                or not any(map(str.isdigit, value.text))
                or _stems(value.text) <= row.key
            ):
                continue
            instead = None if any(same(value, other) for other in own) else _instead(value, row, table)
            if instead is not None and not self._stands_elsewhere(value.text, table):
                reason = f"'{value.text[:40]}' where the evidence says '{instead.text[:40]}' of '{row.name}'"
                return Finding(reason, evidence, proven=True)
        return self._other_text(_stems(text), row, table, evidence)

    def _stands_elsewhere(self, written: str, table: _Table) -> bool:
        """Whether question or evidence have the number outside of the table."""
        digits = re.compile(rf"(?<![\d.,]){re.escape(_digits(written))}(?![\d]|[.,]\d)")
        if digits.search(self._sample.question):
            return True
        for number, context in enumerate(self._sample.contexts):
            inside = (table.start, table.end) if number == table.context else (0, 0)
            if any(not inside[0] <= match.start() < inside[1] for match in digits.finditer(context)):
                return True
        return False

    def _other_text(self, stems: frozenset[str], row: _Keyed, table: _Table, evidence: Evidence) -> Finding | None:
        known = row.key.union(*row.texts.values())
        for column, own in row.texts.items():
            if not own or own & stems:
                continue
            for other in table.rows:
                text = other.texts.get(column, frozenset())
                if text and text <= stems and not text & known and not text & self._asked:
                    reason = f"the evidence says '{row.row.cells[column][:40]}' of '{row.name}'"
                    return Finding(reason, evidence, proven=False)
        return None


def _digits(written: str) -> str:
    match = re.search(r"\d[\d.,:]*", written)
    return match.group().rstrip(".,:") if match else written


def _instead(value: Value, row: _Keyed, table: _Table) -> Value | None:
    """The row's own value in a column in which only other rows have the value."""
    for column, own in row.values.items():
        mine = next((other for other in own if comparable(value, other)), None)
        if mine is None or any(rounds(value, other) for other in own):
            continue
        if any(same(value, other) for beside in table.rows for other in beside.values.get(column, ())):
            return mine
    return None
