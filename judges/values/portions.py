"""Amounts a text states as a share of another one, or as a change of it by some per cent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import islice

from assay.judges.values.fractions import decimal, share_of_words
from assay.judges.values.numbers import DIGITS, plain
from assay.judges.values.percents import PERCENT

_MOST = 1_000
"""Shares of one text that are read."""

_IN_WORDS = (
    r"half|(?:an?|one|two|three|four|five|six|seven|nine)[\s-]"
    r"(?:third|quarter|fourth|fifth|sixth|seventh|eighth|ninth|tenth)s?"
    r"|(?:die\s)?hälfte|(?:la\s)?moitié|(?:la\s)?mitad|(?:la\s)?metà|(?:a\s)?metade|halvdelen|hälften|de\shelft"
)
_SHARE = rf"(?:(?P<words>{_IN_WORDS})|(?P<percent>\d{{1,3}}(?:[.,]\d{{1,2}})?)\s?{PERCENT})"
_OF = r"\s(?:(?:of|der|des|de|dei|delle|dos|das|af|av|van)\s)(?:(?:the|all|its|their|our|his|her|los|las|de)\s)?"
_OF_NUMBER = re.compile(
    rf"\b{_SHARE}{_OF}(?:[^\W\d_]{{1,20}}\s)?(?P<number>{DIGITS})(?![\w%]|\s?{PERCENT})", re.IGNORECASE
)
"""A share of a number: `half of the 80`, `20% of its 500`."""

_NUMBER_OF_WHICH = re.compile(
    rf"\bof\s(?:the|its|their|all|our)\s(?P<number>{DIGITS})\s(?:[^\W\d_]{{1,20}}\s){{0,2}}[^\W\d_]{{1,20}},\s{_SHARE}(?!\w)",
    re.IGNORECASE,
)
"""The same the other way round: `of the 80 students, half`."""

_WAY = (
    r"(?:(?P<less>lower|less|fewer|below|down|decrease|drop|fall|decline|reduction|cheaper|smaller|shorter|slower|under"
    r"|discount|off)|(?P<more>higher|more|greater|above|up|increase|rise|growth|dearer|larger|bigger|longer|faster|over"
    r"|surcharge))\b"
)
_CHANGE = re.compile(rf"\b(?P<percent>\d{{1,3}}(?:[.,]\d{{1,2}})?)\s?{PERCENT}\s{_WAY}", re.IGNORECASE)
"""A change in per cent: `10% lower`."""

_VERB = re.compile(
    r"\b(?:(?P<less>fell|falls?|fallen|dropped|decreased|declined|shrank|shrunk|sank|cut|reduced|lowered)|(?P<more>rose"
    r"|rises?|risen|grew|grown|increased|climbed|raised))\s(?:again\s)?by\s(?:about\s)?"
    rf"(?P<percent>\d{{1,3}}(?:[.,]\d{{1,2}})?)\s?{PERCENT}(?!\s?points?)",
    re.IGNORECASE,
)
"""The same told by a verb: `fell by 10%`."""


_MAY_SHARE = re.compile(
    r"%|cent|zent|процент|half|third|quarter|fourth|fifth|sixth|seventh|eighth|ninth|tenth|hälft|moiti|mitad|metà|metade"
    r"|halvdelen|helft",
    re.IGNORECASE,
)
"""What a text that states a share has, e.g. `%`: most have nothing of it."""

_MAY_CHANGE = re.compile(r"%|cent|prozent|процент", re.IGNORECASE)
"""What a text that states a change in per cent has, e.g. `%`."""


def portions(texts: Iterable[str]) -> Iterator[Decimal]:
    """The amounts that are stated as a share of a number: `half of the 80 students` → 40."""
    for text in filter(_MAY_SHARE.search, texts):
        matches = (match for pattern in (_OF_NUMBER, _NUMBER_OF_WHICH) for match in pattern.finditer(text))
        for match in islice(matches, _MOST):
            whole, percent = decimal(plain(match.group("number"))), match.group("percent")
            if whole is not None:
                share = _percent(percent) / 100 if percent else share_of_words(match.group("words"))
                yield round(whole * (share or Decimal("0.5")), 6)


def changes(texts: Iterable[str]) -> set[Decimal]:
    """What the changes in per cent multiply by: `10% lower` → 0.9."""
    told = filter(_MAY_CHANGE.search, texts)
    matches = (match for text in told for pattern in (_CHANGE, _VERB) for match in pattern.finditer(text))
    return {
        1 + _percent(match.group("percent")) / (-100 if match.group("less") else 100)
        for match in islice(matches, _MOST)
    }


def _percent(written: str) -> Decimal:
    return Decimal(written.replace(",", "."))
