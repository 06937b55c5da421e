"""Words for thousands, millions and more, in English and in other languages."""

from __future__ import annotations

from assay.judges.values.patterns import one_of

_LISTED = """
3  | thousand tausend tausende tusind tusen duizend mila tysiąc tysiące tysięcy тысяча тысячи тысяч
5  | lakh lac lakhs
6  | million millions millionen millón millones milione milioni milhão milhões miljoen millioner miljon miljoner milion
   | miliony milionów миллион миллиона миллионов
7  | crore crores
9  | billion milliard milliards milliarde milliarden milliarder miliardo miliardi miljard miljarder miliard miliardy
   | miliardów миллиард миллиарда миллиардов mil_millones mil_milhões bilhão bilhões mille_millions
12 | trillion billionen billones billioner trilhão trilhões триллион триллиона триллионов
"""
"""The words by their power of ten. A space inside a word is written `_`."""

_SHORT = """
3  | k tsd tys тыс
6  | m mn mio mln млн
9  | b bn mrd mia mld млрд
12 | t tn трлн
"""
"""Abbreviations. A full stop may follow them: `3,2 Mio. Euro`."""

_LETTERS = "kmbt"
"""Abbreviations of one letter, which stand right behind the digits: `5k`."""


def _read(listed: str) -> dict[str, int]:
    factors: dict[str, int] = {}
    power = ""
    for line in listed.strip().splitlines():
        head, _, written = line.partition("|")
        power = head.strip() or power
        factors |= {word.replace("_", " "): 10 ** int(power) for word in written.split()}
    return factors


_WORDS, _ABBREVIATIONS = _read(_LISTED), _read(_SHORT)
_FACTORS = _WORDS | _ABBREVIATIONS

_AFTER_SPACE = one_of(word for word in _ABBREVIATIONS if word not in _LETTERS)
MAGNITUDE = rf"(?:[\s-]{{0,2}}(?:{one_of(_WORDS)}\b|{_AFTER_SPACE}\b\.?)|[kKmMbB]\b)"
"""A magnitude behind a number, with the space or hyphen before it: ` million`, `k`, ` Mrd.`."""


def factor_of(magnitude: str) -> int:
    """What a magnitude multiplies by: `Mio.` → 1000000. Zero for what is none."""
    return _FACTORS.get(" ".join(magnitude.lower().rstrip(".").split()), 0)
