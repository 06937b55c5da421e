"""The pattern of all values but names, and what its parts mean."""

from __future__ import annotations

import re

from assay.judges.values.dates import DATE, TIME
from assay.judges.values.notation import SPECIAL
from assay.judges.values.numbers import DIGITS, NUMBER_WORDS
from assay.judges.values.patterns import one_of
from assay.judges.values.units import UNIT
from assay.judges.values.vague import VAGUE

_SIGNS = {
    "$": "USD",
    "€": "EUR",
    "£": "GBP",
    "¥": "JPY",
    "₹": "INR",
    "US$": "USD",
    "₽": "RUB",
    "₩": "KRW",
    "RS": "INR",
    "RS.": "INR",
}
_WORDS = {
    "dollar": "USD",
    "buck": "USD",
    "euro": "EUR",
    "pound sterling": "GBP",
    "yen": "JPY",
    "rupee": "INR",
    "cent": "cent",
}
CODES = "USD EUR GBP JPY INR CHF CAD AUD CNY SEK NOK DKK PLN CZK BRL MXN RUB KRW"

_SCALES = "thousand million billion trillion mio mn bn tn lakh lac crore lakhs crores"

_MAGNITUDE = rf"(?:[\s-]{{0,2}}{one_of(_SCALES.split())}\b|[kKmMbB]\b)"
_SIGN = r"(?:US\$|[$€£¥₹₽₩]|\bRs\b\.?)"
_CODE = one_of(CODES.split())
_CURRENCY = rf"(?:{_SIGN}|{_CODE}\b|(?:US\s)?(?:dollar|euro|buck|yen|rupee|cent|pounds?\ssterling)s?\b)"

VALUE = re.compile(
    rf"""
    (?P<identifier>
        (?:https?://|www\.)[^\s<>"'()\[\]]{{1,2000}}
      | (?<![\w.+-])[\w.+-]{{1,64}}@[\w-]{{1,64}}(?:\.[\w-]{{1,64}}){{1,5}}
    )
  | (?<![\w./-])(?<!\d,)(?P<date>{DATE})(?!\w)(?!-\d)(?!\s?{UNIT}(?!\w))
  | (?<![\w.,/:$])(?P<time>{TIME})
  | (?<![\w.])(?!\d)(?P<sign>{_SIGN}|{_CODE}\s)\s?(?P<money>\.?(?>{DIGITS}))
        (?!\s?(?:\\times|[×·*]\s?10))(?P<money_scale>{_MAGNITUDE})?
  | (?<![\w.])(?<!\d,)(?P<special>{SPECIAL})(?:[\s-]{{0,2}}(?P<special_unit>{UNIT})(?!\w))?
  | (?:(?<![\w.])(?<!\d,)|(?P<point>(?<=[\s(\[<>=~≈±]\.)))(?P<number>{DIGITS})
        (?:(?P<percent>\s?(?:%|percent(?:age\spoints?)?\b|per\scent\b|pct\b))
          |(?P<scale>{_MAGNITUDE})?(?:[\s-]{{0,2}}(?:(?P<currency>{_CURRENCY})|(?P<unit>{UNIT})))?(?!\w))
  | (?<!\w)(?=[\w./-]{{0,60}}\d)(?=[\w./-]{{0,60}}[^\W\d_])(?P<code>\w[\w./-]{{1,60}}\w)
  | (?!\d)\b(?P<vague>{VAGUE})\b(?:\sof\s(?P<vague_unit>{UNIT})(?!\w))?
  | (?!\d)\b(?P<words>{NUMBER_WORDS})\b(?:\s(?P<words_percent>percent|per\scent)\b|\s(?P<words_currency>{_CURRENCY})
        |[\s-](?P<words_unit>{UNIT})(?!\w))?
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""A value, as `1,000 EUR`. The group says of what kind it is.

`identifier`: `https://example.org/a`, `me@example.org`. `date`: `5 March 2021`. `time`: `5:30 pm`. `money` after its
sign: `$2.5 million`. `number` with a percentage, currency or unit: `5 %`, `20 euros`, `3 km`. `code`: `RFC-9110`.
`words`: `twenty-five per cent`.
"""

_BETWEEN = r"\s?(?:-|–|—|to|and)\s?"
RANGE_AFTER = re.compile(
    rf"{_BETWEEN}{DIGITS}(?:(?P<percent>\s?(?:%|percent\b|per\scent\b))|{_MAGNITUDE}?[\s-]{{0,2}}(?P<currency>{_CURRENCY}))",
    re.IGNORECASE,
)
"""The rest of a range whose end has the sign: `-10 %` after the 5 of `5-10 %`."""

RANGE_MAGNITUDE = re.compile(
    rf"\s?(?:-|–|—|to)\s?{_SIGN}?{DIGITS}(?P<scale>{_MAGNITUDE})(?:[\s-]{{0,2}}(?P<currency>{_CURRENCY}))?",
    re.IGNORECASE,
)
"""The rest of a range whose end has the magnitude: `-10 million` after `$5`."""

DASHES = "-–— "
RANGE_SIGNS = ("-", "–", "—", "to", "and")
RANGE_BEFORE = re.compile(rf"(?P<sign>{_SIGN}|{_CODE}\s)\s?{DIGITS}{_BETWEEN}$", re.IGNORECASE)
"""The beginning of a range that has the sign: `$5-` before 10."""


def currency(written: str) -> str:
    """The code of a currency, however it was written."""
    written = " ".join(written.split())
    if written.upper() in CODES.split():
        return written.upper()
    singular = written.lower().removeprefix("us ").rstrip("s").replace("pounds sterling", "pound sterling")
    return _SIGNS.get(written.upper(), _WORDS.get(singular, singular))


def currency_code(written: str) -> str:
    """The code of a currency. Empty for what is none."""
    code = currency(written)
    return code if code in CODES.split() or code == "cent" else ""
