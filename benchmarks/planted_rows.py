"""Claims about rows, and each with another row's value: generated tables in several forms, and opening hours.

The tables are drawn with a fixed seed. The hours are those of businesses in RAGTruth's Data2txt records.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from assay.judges.schema import Sample
from benchmarks.split_demo_data import Row

Cells = Mapping[str, str | int]


class RowClaim(NamedTuple):
    """A claim that its row carries, and the claim with another row's value in it."""

    sample: Sample
    text: str
    exchanged: str


_SUBJECTS: Sequence[tuple[str, Sequence[str], Sequence[tuple[str, str, int, int]]]] = (
    (
        "plan",
        ("Basic", "Pro", "Team", "Enterprise", "Starter"),
        (
            ("price_usd", "The {key} plan costs ${value} a month.", 5, 900),
            ("users", "{key} allows {value} users.", 2, 900),
        ),
    ),
    (
        "city",
        ("Oslo", "Lima", "Turin", "Porto", "Osaka"),
        (
            ("population", "{key} has a population of {value}.", 20_000, 9_000_000),
            ("altitude_m", "{key} lies {value} m above sea level.", 2, 3000),
        ),
    ),
    (
        "element",
        ("Iron", "Copper", "Zinc", "Silver", "Tin"),
        (
            ("density", "The density of {key} is {value}.", 2, 99),
            ("melting_c", "{key} melts at {value} °C.", 100, 3000),
        ),
    ),
)


def _markdown(rows: Sequence[Cells]) -> str:
    lines = [list(rows[0]), ["---"] * len(rows[0]), *(list(map(str, row.values())) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _html(rows: Sequence[Cells]) -> str:
    head = "".join(f"<th>{name}</th>" for name in rows[0])
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row.values())}</tr>\n" for row in rows)
    return f"<table>\n<tr>{head}</tr>\n{body}</table>"


def _separated(mark: str) -> Callable[[Sequence[Cells]], str]:
    return lambda rows: "\n".join(mark.join(map(str, line)) for line in (rows[0], *(row.values() for row in rows)))


def _labels(rows: Sequence[Cells]) -> str:
    def told(row: Cells) -> str:
        key, *cells = row.items()
        return f"{key[1]}: {', '.join(f'{name} {value}' for name, value in cells)}"

    return "\n".join(map(told, rows))


FORMS: Mapping[str, Callable[[Sequence[Cells]], str]] = {
    "csv": _separated(","),
    "tsv": _separated("\t"),
    "markdown": _markdown,
    "html": _html,
    "json": lambda rows: json.dumps([dict(row) for row in rows]),
    "labels": _labels,
    "blocks": lambda rows: "\n\n".join("\n".join(f"{name}: {cell}" for name, cell in row.items()) for row in rows),
}


def generated_claims(form: str, count: int, seed: int) -> Iterator[RowClaim]:
    """Claims about tables of three to five rows, written in a form."""
    draw = random.Random(seed)
    for _ in range(count):
        subject, names, columns = draw.choice(_SUBJECTS)
        chosen = draw.sample(names, draw.randint(3, len(names)))
        drawn = {name: draw.sample(range(low, high), len(chosen)) for name, _, low, high in columns}
        rows: list[dict[str, str | int]] = [
            {subject: key, **{name: values[at] for name, values in drawn.items()}} for at, key in enumerate(chosen)
        ]
        column, sentence, _, _ = draw.choice(columns)
        mine, other = draw.sample(rows, 2)
        text = sentence.format(key=mine[subject], value=mine[column])
        exchanged = sentence.format(key=mine[subject], value=other[column])
        sample = Sample(id="row", question="What does the table say?", contexts=(FORMS[form](rows),), response=text)
        yield RowClaim(sample, text, exchanged)


_HOURS = re.compile(r'"(Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day": "(\d+):(\d+)-(\d+):(\d+)"')


def hours_claims(rows: Sequence[Row], count: int, seed: int) -> Iterator[RowClaim]:
    """Claims about the hours of one weekday, for businesses whose hours differ."""
    draw = random.Random(seed)
    told = {str(context): row for row in rows for context in row["context"]}
    for context, row in list(told.items()):
        days = {match.group(1) + "day": _spoken(*map(int, match.groups()[1:])) for match in _HOURS.finditer(context)}
        differ = [(day, other) for day in days for other in days if not set(days[day]) & set(days[other])]
        if not differ or not count:
            continue
        count -= 1
        day, other = draw.choice(differ)
        text, exchanged = (f"On {day} it is open from {start} to {end}." for start, end in (days[day], days[other]))
        yield RowClaim(Sample(id=row["id"], question="", contexts=(context,), response=text), text, exchanged)


def _spoken(*numbers: int) -> tuple[str, str]:
    """The two times as a person says them, e.g. `8:30 AM`."""
    first, second = (
        f"{hour % 12 or 12}:{minute:02d} {'PM' if hour >= 12 else 'AM'}" for hour, minute in (numbers[:2], numbers[2:])
    )
    return first, second
