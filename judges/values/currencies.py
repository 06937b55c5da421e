"""Currencies: their signs, codes and words, brought to one code each."""

from __future__ import annotations

from assay.judges.values.patterns import one_of

CODES = "USD EUR GBP JPY INR CHF CAD AUD CNY SEK NOK DKK PLN CZK BRL MXN RUB KRW"

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

_LISTED = """
USD dollar dollars buck bucks dólar dólares dollari доллар доллара долларов
EUR euro euros евро
GBP pound_sterling pounds_sterling
JPY yen yens
INR rupee rupees
CHF swiss_franc swiss_francs schweizer_franken franken
KR  kr krone kroner kronor krona kronen
PLN zł złoty złote złotych
RUB рубль рубля рублей руб
cent cent cents
"""
"""The words by their code. A space inside a word is written `_`. Crowns are of three countries."""

_WORDS = {word.replace("_", " "): line.split()[0] for line in _LISTED.strip().splitlines() for word in line.split()[1:]}

SIGN = r"(?:US\$|[$€£¥₹₽₩]|\bRs\b\.?)"
CODE = one_of(CODES.split())
CURRENCY = rf"(?:{SIGN}|{CODE}\b|(?:US\s)?{one_of(_WORDS)}\b)"
"""A currency behind an amount: `€`, `EUR`, `US dollars`, `kroner`."""


def currency(written: str) -> str:
    """The code of a currency, however it was written."""
    written = " ".join(written.split())
    if written.upper() in CODES.split():
        return written.upper()
    low = written.lower().removeprefix("us ")
    return _SIGNS.get(written.upper()) or _WORDS.get(low, low)


def currency_code(written: str) -> str:
    """The code of a currency. Empty for what is none."""
    code = currency(written)
    return code if code in CODES.split() or code == "cent" else ""
