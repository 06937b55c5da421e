"""Units of measurement: their spellings, and amounts brought to one unit per dimension."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from assay.judges.values.patterns import one_of


class _Unit(NamedTuple):
    dimension: str
    factor: Decimal
    exact: bool


_LISTED = """
length     | mm 0.001 millimeter millimetre | cm 0.01 centimeter centimetre | meter 1 metre
           | km 1000 kilometer kilometre | inch 0.0254 inche | foot 0.3048 feet ft | yard 0.9144 | mile 1609.344
mass       | mg 0.000001 milligram | g 0.001 gram | kg 1 kilogram kilo | tonne 1000
           | lb 0.45359237 | ounce 0.028349523 oz
volume     | ml 0.001 milliliter millilitre | liter 1 litre | gallon 3.785411784 | pint 0.473176473
speed      | km/h 1 kph | mph 1.609344
area       | hectare 10000 | acre 4046.8564224
!time      | second 1 sec | minute 60 min | hour 3600 hr | day 86400 | week 604800
!months    | month 1 | year 12 yr | decade 120
!data      | kb 1 kilobyte | mb 1000 megabyte | gb 1000000 gigabyte | tb 1000000000 terabyte
!frequency | hz 1 hertz | khz 1000 kilohertz | mhz 1000000 megahertz | ghz 1000000000 gigahertz
!power     | watt 1 | kw 1000 kilowatt | mw 1000000 megawatt
"""
"""Each dimension with its units: name, size and other spellings. What `!` marks is converted exactly or not at all."""


def _read(listed: str) -> tuple[dict[str, _Unit], dict[str, str]]:
    units: dict[str, _Unit] = {}
    names: dict[str, str] = {}
    dimension = ""
    for line in listed.strip().splitlines():
        head, *entries = line.split("|")
        dimension = head.strip() or dimension
        for entry in entries:
            name, factor, *spellings = entry.split()
            units[name] = _Unit(dimension.lstrip("!"), Decimal(factor), dimension.startswith("!"))
            names.update(dict.fromkeys([name, *spellings], name))
    return units, names


_UNITS, _NAMES = _read(_LISTED)

UNIT = f"{one_of(_NAMES)}s?"
"""A unit, in the singular or plural. `m` and `t` are left out, as they mean too much else."""

_ROUGHLY = Decimal("0.02")
"""Relative difference up to which a mile and a kilometre may be said to measure the same."""


def unit_name(written: str) -> str:
    """The one name of a unit however written. Empty for what is none."""
    low = written.lower()
    return _NAMES.get(low) or _NAMES.get(low.removesuffix("s"), "")


def dimension_of(unit: str) -> str:
    """What the unit measures. Empty for what is no unit."""
    return _UNITS[unit].dimension if unit in _UNITS else ""


def in_unit(amount: Decimal, unit: str, wanted: str) -> Decimal | None:
    """The amount in another unit. None where the two do not measure the same. Equal units need not be known ones."""
    if unit == wanted:
        return amount
    source, target = _UNITS.get(unit), _UNITS.get(wanted)
    if source is None or target is None or source.dimension != target.dimension:
        return None
    return amount * source.factor / target.factor


class Quantities:
    """Quantities a text states, to ask for the same ones in other units."""

    def __init__(self, stated: Iterable[tuple[Decimal, str]]) -> None:
        by_dimension: dict[str, list[Decimal]] = defaultdict(list)
        for amount, unit in stated:
            if unit in _UNITS:
                by_dimension[_UNITS[unit].dimension].append(amount * _UNITS[unit].factor)
        self._sizes = {dimension: sorted(sizes) for dimension, sizes in by_dimension.items()}

    def hold(self, amount: Decimal, unit: str) -> bool:
        """Whether one of them is the same quantity, whatever it is measured in."""
        known = _UNITS.get(unit)
        if known is None or known.dimension not in self._sizes:
            return False
        size, sizes = amount * known.factor, self._sizes[known.dimension]
        roughly = Decimal(0) if known.exact else _ROUGHLY
        # The sizes are sorted. If the first that is not too small is too large, all that follow are.
        nearest = bisect_left(sizes, size / (1 + roughly))
        return nearest < len(sizes) and abs(size - sizes[nearest]) <= roughly * sizes[nearest]
