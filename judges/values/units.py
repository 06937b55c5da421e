"""Units of measurement: their spellings, and amounts brought to one unit per dimension."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal
from operator import itemgetter
from typing import NamedTuple

from assay.judges.values.patterns import one_of


class _Unit(NamedTuple):
    dimension: str
    factor: Decimal
    exact: bool


_LISTED = """
length     | mm 0.001 millimeter millimetre | cm 0.01 centimeter centimetre | meter 1 metre
           | km 1000 kilometer kilometre | inch 0.0254 inche | foot 0.3048 feet ft | yard 0.9144 | mile 1609.344
mass       | mg 0.000001 milligram | g 0.001 gram | kg 1 kilogram kilo | tonne 1000 ton
           | lb 0.45359237 pound | ounce 0.028349523 oz
volume     | ml 0.001 milliliter millilitre | liter 1 litre | gallon 3.785411784 | pint 0.473176473
           | cup 0.2365882365 | tablespoon 0.0147867648 tbsp | teaspoon 0.0049289216 tsp
speed      | km/h 1 kph kmh kilometers_per_hour kilometres_per_hour | mph 1.609344 mile_per_hour miles_per_hour
           | m/s 3.6 meters_per_second metres_per_second | km/s 3600 | knot 1.852
area       | hectare 10000 | acre 4046.8564224 | square_meter 1 square_metre m²
           | square_kilometer 1000000 square_kilometre km²
           | square_foot 0.09290304 square_feet sq_ft | square_mile 2589988.110336
energy     | joule 1 | kj 1000 kilojoule | kwh 3600000 kilowatt_hour kilowatt-hour
!time      | µs 0.000001 μs microsecond | ms 0.001 millisecond msec | second 1 sec | minute 60 min | hour 3600 hr
           | day 86400 | week 604800
!months    | month 1 | year 12 yr | decade 120
!data      | byte 0.001 | kb 1 kilobyte | mb 1000 megabyte | gb 1000000 gigabyte | tb 1000000000 terabyte
           | pb 1000000000000 petabyte
!binary    | kib 1 kibibyte | mib 1024 mebibyte | gib 1048576 gibibyte | tib 1073741824 tebibyte
!frequency | hz 1 hertz | khz 1000 kilohertz | mhz 1000000 megahertz | ghz 1000000000 gigahertz
power      | hp 745.7 horsepower bhp
!power     | watt 1 | kw 1000 kilowatt | mw 1000000 megawatt | gw 1000000000 gigawatt
!voltage   | volt 1 | kilovolt 1000
!celsius   | °c 1 °_c celsius degree_celsius degrees_celsius
!fahrenheit | °f 1 °_f fahrenheit degree_fahrenheit degrees_fahrenheit
!angle     | degree 1 °
!rate      | basis_point 1 bp bps
!before    | bc 1 bce b.c. b.c.e.
"""
"""Each dimension with its units: name, size and other spellings. What `!` marks is converted exactly or not at all.

A space inside a spelling is written `_`.
"""

_BINARY = {"byte": Decimal(1) / 1024} | {
    name: Decimal(1024**power) for power, name in enumerate(("kb", "mb", "gb", "tb", "pb"))
}
"""Units of data in kilobytes of 1024 bytes, as half of the world counts them: `2 GB` is `2048 MB`."""

_AKIN = ({"°c", "degree"}, {"°f", "degree"}, {"lb", "GBP"}, {"KR", "DKK"}, {"KR", "SEK"}, {"KR", "NOK"})
"""Units and currencies of which a text often names the less exact one: `72 degrees`, `500 pounds`, `12 kroner`."""


def _read(listed: str) -> tuple[dict[str, _Unit], dict[str, str]]:
    units: dict[str, _Unit] = {}
    names: dict[str, str] = {}
    dimension = ""
    for line in listed.strip().splitlines():
        head, *entries = line.split("|")
        dimension = head.strip() or dimension
        for entry in entries:
            name, factor, *spellings = (word.replace("_", " ") for word in entry.split())
            units[name] = _Unit(dimension.lstrip("!"), Decimal(factor), dimension.startswith("!"))
            names.update(dict.fromkeys([name, *spellings], name))
    return units, names


_UNITS, _NAMES = _read(_LISTED)

_METRE = r"(?<=[\d\s-])(?-i:m)(?!\.?\s?(?:[€$£]|euros?\b|dollars?\b|people\b|users\b))"
UNIT = f"(?:{one_of(_NAMES)}s?|{_METRE})"
"""A unit, in the singular or plural. A lone `m` is a metre unless what it counts shows a million. `t` is left out, as
it means too much else."""

_DEGREE = Decimal("0.6")
"""Degrees Fahrenheit by which a temperature may differ that was converted and rounded."""

_EXACTLY = Decimal("1e-9")
"""Relative difference that is left where a fraction was cut: 2 hours and 20 minutes are 2.333333333 hours."""

_ROUGHLY = Decimal("0.02")
"""Relative difference up to which a mile and a kilometre may be said to measure the same."""

_MOST_NEAR = 100
"""Quantities near a converted one that are looked at."""


def unit_name(written: str) -> str:
    """The one name of a unit however written. Empty for what is none."""
    low = written.lower()
    if low == "m":
        return "meter"
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


def akin(unit: str) -> Iterator[str]:
    """Units and currencies that the text may mean by this one, itself not among them."""
    return (other for group in _AKIN if unit in group for other in group if other != unit)


def is_part(unit: str, larger: str) -> bool:
    """Whether a unit is smaller than another one of the same dimension."""
    own, other = _UNITS.get(unit), _UNITS.get(larger)
    return own is not None and other is not None and own.dimension == other.dimension and own.factor < other.factor


class Quantities:
    """Quantities a text states, to ask for the same ones in other units."""

    def __init__(self, stated: Iterable[tuple[Decimal, str]]) -> None:
        by_dimension: dict[str, list[tuple[Decimal, str]]] = defaultdict(list)
        for amount, unit in stated:
            # `79 degrees` may be those of either scale, and be told in the other.
            for meant in (unit, *(akin(unit) if unit == "degree" else ())):
                for dimension, size in _sizes(amount, meant):
                    by_dimension[dimension].append((size, meant))
        self._sizes = {dimension: sorted(sizes) for dimension, sizes in by_dimension.items()}

    def hold(self, amount: Decimal, unit: str) -> bool:
        """Whether one of them is the same quantity, whatever it is measured in."""
        return unit in _UNITS and any(self._near(dimension, size, unit) for dimension, size in _sizes(amount, unit))

    def span(self, least: Decimal, most: Decimal, unit: str) -> bool:
        """Whether one of them lies between two amounts of a unit, the ends left out."""
        if unit not in _UNITS:
            return False
        dimension, factor = _UNITS[unit].dimension, _UNITS[unit].factor
        sizes = self._sizes.get(dimension, [])
        first = bisect_right(sizes, least * factor, key=itemgetter(0))
        return first < len(sizes) and sizes[first][0] < most * factor

    def _near(self, dimension: str, size: Decimal, unit: str) -> bool:
        """Amounts in the same unit are the same or not; what was converted to another one may have been rounded."""
        sizes = self._sizes.get(dimension, [])
        leeway = _DEGREE if dimension == "temperature" else abs(size) * _ROUGHLY
        nearest = bisect_left(sizes, size - leeway, key=itemgetter(0))
        for stated, other in sizes[nearest : nearest + _MOST_NEAR]:
            exact = other == unit or (_UNITS[unit].exact and _UNITS[other].exact and dimension != "temperature")
            if abs(stated - size) <= (abs(size) * _EXACTLY if exact else leeway):
                return True
        return False


def _sizes(amount: Decimal, unit: str) -> Iterator[tuple[str, Decimal]]:
    """What a quantity measures, by each way to count its unit."""
    known = _UNITS.get(unit)
    if known is None:
        return
    yield known.dimension, amount * known.factor
    if unit in _BINARY:
        yield "binary", amount * _BINARY[unit]
    elif unit == "°f":
        yield "temperature", amount
    elif unit == "°c":
        yield "temperature", amount * 9 / 5 + 32
