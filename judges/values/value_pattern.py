"""The pattern of all values but names, and what its parts mean."""

from __future__ import annotations

import re

from assay.judges.values.currencies import CODE, CURRENCY, SIGN
from assay.judges.values.dates import DATE, TIME
from assay.judges.values.fractions import AND_A_PART, SHARE_OF, SOME_OF
from assay.judges.values.notation import SPECIAL
from assay.judges.values.numbers import DIGITS, GAP_AHEAD, NUMBER_WORDS, SPACED, SPACED_ONCE
from assay.judges.values.percents import PERCENT
from assay.judges.values.scales import MAGNITUDE
from assay.judges.values.units import UNIT
from assay.judges.values.vague import VAGUE

_TO_UNIT = r"(?:[\s-]{0,2}(?:d(?:['’]|[ei]\s))?)"
_UNITS = rf"(?:(?P<currency>{CURRENCY})|(?P<unit>{UNIT}))(?!\w)"

VALUE = re.compile(
    rf"""
    (?P<identifier>
        (?:https?://|www\.)[^\s<>"'()\[\]]{{1,2000}}
      | (?<![\w.+-])[\w.+-]{{1,64}}@[\w-]{{1,64}}(?:\.[\w-]{{1,64}}){{1,5}}
    )
  | (?<![\w./-])(?<!\d,)(?P<date>{DATE})(?!\w)(?!-\d)(?!\s?{UNIT}(?!\w))
  | (?<![\w.,/:$])(?P<time>{TIME})
  | (?<![\w.])(?!\d)(?P<sign>{SIGN}|{CODE}\s)\s?(?P<money>\.?(?>{GAP_AHEAD}(?:{SPACED}|{SPACED_ONCE})|{DIGITS}))
        (?!\s?(?:\\times|[×·*]\s?10))(?P<money_scale>{MAGNITUDE})?
  | (?<![\w.])(?<!\d,)(?P<special>{SPECIAL})(?:[\s-]{{0,2}}(?P<special_unit>{UNIT})(?!\w))?
  | (?:(?<![\w.])(?<!\d,)|(?P<point>(?<=[\s(\[<>=~≈±]\.)))(?P<number>
          {GAP_AHEAD}(?:{SPACED}|{SPACED_ONCE}(?={_TO_UNIT}(?:{CURRENCY}|{UNIT})(?!\w)))|{DIGITS})
        (?:(?P<percent>\s?{PERCENT})
          |(?P<scale>{MAGNITUDE})?(?:{_TO_UNIT}{_UNITS})?(?!\w))
  | (?<!\w)(?=[\w./-]{{0,60}}\d)(?=[\w./-]{{0,60}}[^\W\d_])(?P<code>\w[\w./-]{{1,60}}\w)
  | (?!\d)\b(?P<share>{SHARE_OF})
  | (?!\d)\b(?:(?P<some>{SOME_OF})|(?:an?|one)\s(?=[a-z]{{3,12}}+{AND_A_PART}))(?P<some_unit>{UNIT})
        (?P<and_part>{AND_A_PART})?(?!\w)
  | (?!\d)\b(?P<vague>{VAGUE})\b(?:\sof\s(?P<vague_unit>{UNIT})(?!\w))?
  | (?!\d)\b(?P<words>{NUMBER_WORDS})\b(?P<words_part>{AND_A_PART}(?=\s{UNIT}(?!\w)))?
        (?:\s(?P<words_percent>percent|per\scent)\b|\s(?P<words_currency>{CURRENCY})|[\s-](?P<words_unit>{UNIT})(?!\w))?
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""A value, as `1,000 EUR`. The group says of what kind it is.

`identifier`: `https://example.org/a`, `me@example.org`. `date`: `5 March 2021`. `time`: `5:30 pm`. `money` after its
sign: `$2.5 million`. `number` with a percentage, currency or unit: `5 %`, `20 euros`, `3 km`. `code`: `RFC-9110`.
`words`: `twenty-five per cent`.
"""

_BETWEEN = r"\s?(?:-|–|—|to|and|auf|bis|und|à|et|y|og|til)\s?"
RANGE_AFTER = re.compile(
    rf"{_BETWEEN}{DIGITS}(?:(?P<percent>\s?{PERCENT})|{MAGNITUDE}?{_TO_UNIT}{_UNITS})",
    re.IGNORECASE,
)
"""The rest of a range whose end has the sign: `-10 %` after the 5 of `5-10 %`."""

RANGE_MAGNITUDE = re.compile(
    rf"\s?(?:-|–|—|to)\s?{SIGN}?{DIGITS}(?P<scale>{MAGNITUDE})(?:[\s-]{{0,2}}(?P<currency>{CURRENCY}))?",
    re.IGNORECASE,
)
"""The rest of a range whose end has the magnitude: `-10 million` after `$5`."""

RANGE_STARTS = frozenset("-–—tabueyoàTABUEYOÀ")
"""Characters that what stands between the ends of a range begins with."""

DASHES = "-–— "
RANGE_SIGNS = ("-", "–", "—", "to", "and", "auf", "bis", "und", "à", "et", "y", "og", "til")
RANGE_BEFORE = re.compile(rf"(?P<sign>{SIGN}|{CODE}\s)\s?{DIGITS}{_BETWEEN}$", re.IGNORECASE)
"""The beginning of a range that has the sign: `$5-` before 10."""
