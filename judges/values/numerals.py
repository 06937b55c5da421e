"""Numbers in other numerals: Roman, Chinese and Japanese ones, and words of other languages than English."""

from __future__ import annotations

import re
from collections.abc import Iterator

from assay.judges.text.words import WordTable, word_set

_ROMAN = re.compile(r"[IVXLCDM]{1,15}(?![\w.]?\w)")
"""Capitals that may be a Roman numeral: `III`."""

_IS_ROMAN = re.compile(r"M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})")
"""A roman numeral: `XIV`."""

_LABELS = word_set(
    "phase type stage part chapter war act vol volume class tier level grade article section title book category "
    "schedule group teil kapitel partie capítulo"
)
"""Words after which a single letter is a numeral: `Phase V`."""

_ROMAN_DIGITS = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}

_HAN = re.compile(r"[〇零一二两兩三四五六七八九十百千万萬億亿]{1,20}")
"""Chinese and Japanese numerals: `三百`, `一九八七`."""

_HAN_DIGITS = {"〇": 0, "零": 0, "两": 2, "兩": 2} | {
    digit: place for place, digit in enumerate("一二三四五六七八九", start=1)
}
_HAN_TENS = {"十": 10, "百": 100, "千": 1000}
_HAN_GROUPS = {"万": 10**4, "萬": 10**4, "億": 10**8, "亿": 10**8}

_LISTED = """
de zwei=2 drei=3 vier=4 fünf=5 sechs=6 sieben=7 acht=8 neun=9 zehn=10 elf=11 zwölf=12 dreizehn=13 vierzehn=14
   fünfzehn=15 sechzehn=16 siebzehn=17 achtzehn=18 neunzehn=19 zwanzig=20 dreißig=30 dreissig=30 vierzig=40 fünfzig=50
   sechzig=60 siebzig=70 achtzig=80 neunzig=90 hundert=100 tausend=1000 million=1000000 millionen=1000000
fr deux=2 trois=3 quatre=4 cinq=5 sept=7 huit=8 neuf=9 onze=11 douze=12 treize=13 quatorze=14 quinze=15 seize=16
   vingt=20 vingts=20 trente=30 quarante=40 cinquante=50 soixante=60 cent=100 cents=100 mille=1000 millions=1000000
es dos=2 tres=3 cuatro=4 cinco=5 seis=6 siete=7 ocho=8 nueve=9 diez=10 doce=12 trece=13 catorce=14 veinte=20 treinta=30
   cuarenta=40 cincuenta=50 sesenta=60 setenta=70 ochenta=80 noventa=90 cien=100 ciento=100 doscientos=200
   trescientos=300 cuatrocientos=400 quinientos=500 mil=1000 millones=1000000
it due=2 tre=3 quattro=4 cinque=5 sette=7 otto=8 nove=9 dieci=10 undici=11 dodici=12 venti=20 trenta=30 quaranta=40
   cinquanta=50 sessanta=60 settanta=70 ottanta=80 novanta=90 cento=100 duecento=200 trecento=300 mila=1000
pt dois=2 duas=2 três=3 quatro=4 sete=7 oito=8 dez=10 doze=12 treze=13 quinze=15 vinte=20 trinta=30 quarenta=40
   cinquenta=50 sessenta=60 oitenta=80 cem=100 duzentos=200 trezentos=300
nl twee=2 drie=3 vijf=5 zeven=7 acht=8 negen=9 tien=10 twaalf=12 twintig=20 dertig=30 veertig=40 vijftig=50 zestig=60
   zeventig=70 tachtig=80 negentig=90 honderd=100 duizend=1000 miljoen=1000000
pl dwa=2 dwie=2 trzy=3 cztery=4 pięć=5 sześć=6 siedem=7 osiem=8 dziewięć=9 dziesięć=10 dwanaście=12 dwadzieścia=20
   trzydzieści=30 czterdzieści=40 pięćdziesiąt=50 sto=100 dwieście=200 trzysta=300 tysiąc=1000 tysiące=1000 tysięcy=1000
sv två=2 fyra=4 fem=5 sju=7 åtta=8 nio=9 tio=10 elva=11 tolv=12 tjugo=20 trettio=30 fyrtio=40 femtio=50 sextio=60
   sjuttio=70 åttio=80 nittio=90 hundra=100 tusen=1000 miljoner=1000000
tr iki=2 üç=3 dört=4 beş=5 altı=6 yedi=7 sekiz=8 dokuz=9 yirmi=20 otuz=30 kırk=40 elli=50 altmış=60 yetmiş=70 seksen=80
   doksan=90 yüz=100 milyon=1000000
ru два=2 две=2 три=3 четыре=4 пять=5 шесть=6 семь=7 восемь=8 девять=9 десять=10 одиннадцать=11 двенадцать=12 двадцать=20
   тридцать=30 сорок=40 пятьдесят=50 шестьдесят=60 семьдесят=70 восемьдесят=80 девяносто=90 сто=100 двести=200
   триста=300 четыреста=400 пятьсот=500 шестьсот=600 семьсот=700 восемьсот=800 девятьсот=900 тысяча=1000 тысячи=1000
   тысяч=1000 миллион=1000000 миллиона=1000000 миллионов=1000000
"""
"""Words of numbers by language; `million` and the like multiply what stands before them."""

_WORD_VALUES = {word: int(number) for line in _LISTED.split() if "=" in line for word, number in (line.split("="),)}
_AMBIGUOUS = word_set("cent cents due elf sept mil mille once fem tre tio sex e en i y et")
"""Words that state a number only beside another one: `99 cents`."""

_AND = frozenset({"und", "et", "y", "e", "en", "i", "och", "и"})
_GLUED = re.compile(
    "|".join(sorted((re.escape(word) for word in (*_WORD_VALUES, "ein", "und")), key=len, reverse=True))
)
"""A word for a number within a compound: `und` in `fünfundzwanzig`."""

_WORD = re.compile(r"[^\W\d_]{1,60}")
"""A word of letters: `dreihundert`."""


def numbers_otherwise(text: str) -> Iterator[str]:
    """The numbers a text states in other numerals or in words of other languages, in plain digits."""
    yield from _romans(text)
    if not text.isascii():
        yield from (str(_han(match.group())) for match in _HAN.finditer(text))
    yield from _words(text)


def from_roman(written: str) -> int:
    """The number of a Roman numeral: `III` → 3. Zero for what is none."""
    upper = written.upper()
    if not upper or not _IS_ROMAN.fullmatch(upper):
        return 0
    digits = [_ROMAN_DIGITS[letter] for letter in upper]
    pairs = zip(digits, [*digits[1:], 0], strict=True)
    return sum(-digit if digit < after else digit for digit, after in pairs)


def _romans(text: str) -> Iterator[str]:
    for match in _ROMAN.finditer(text):
        before = text[max(0, match.start() - 12) : match.start()]
        if before and (before[-1].isalnum() or before[-1] in "._"):
            continue
        number = from_roman(match.group())
        if number and (len(match.group()) > 1 or not _LABELS.isdisjoint(before.lower().split()[-1:])):
            yield str(number)


def _han(written: str) -> int:
    """`三百` → 300, `一九八七` → 1987."""
    if all(char in _HAN_DIGITS for char in written):
        return int("".join(str(_HAN_DIGITS[char]) for char in written))
    total = group = digit = 0
    for char in written:
        if char in _HAN_DIGITS:
            digit = _HAN_DIGITS[char]
        elif char in _HAN_TENS:
            group += (digit or 1) * _HAN_TENS[char]
            digit = 0
        else:
            total += (group + digit or 1) * _HAN_GROUPS[char]
            group = digit = 0
    return total + group + digit


def _words(text: str) -> Iterator[str]:
    """Numbers of words in a row: `trois cents`, `dreihundertfünfzig`, `veinte y dos`."""
    pieces = text.split()
    told = list(map(_PARTS_OF.__getitem__, pieces))
    if not any(told):
        return
    row: list[str] = []
    parts: list[int] = []
    for piece, values in zip([*pieces, ""], [*told, ()], strict=True):
        if parts and not values and piece.lower() not in _AND:
            yield from _composed(parts, row)
            row, parts = [], []
        if values:
            row.append(piece.lower())
            parts += values
            if piece[-1] in ",.;:!?)":
                yield from _composed(parts, row)
                row, parts = [], []


def _parts_of(piece: str) -> tuple[int, ...]:
    """The values of the words of a piece, of a glued word part by part: `einundzwanzig` → 1, 20."""
    words = _WORD.findall(piece.lower())
    if len(words) != 1:
        values = [_WORD_VALUES.get(word) for word in words]
        return tuple(value for value in values if value is not None) if None not in values else ()
    value = _WORD_VALUES.get(words[0])
    if value is not None:
        return (value,)
    parts = _GLUED.findall(words[0]) if len(words[0]) > 5 else []
    if not parts or len("".join(parts)) != len(words[0]):
        return ()
    return tuple(1 if part == "ein" else _WORD_VALUES[part] for part in parts if part != "und")


_PARTS_OF = WordTable(_parts_of)


def _composed(parts: list[int], written: list[str]) -> Iterator[str]:
    """A number of its parts: larger ones multiply what stands before them, others are added.

    `million` alone is none: what it multiplies may stand before it in digits. Neither is a word that means something
    else in English.
    """
    if parts[0] >= 10**6 or (len(written) == 1 and written[0].strip(".,;:!?()") in _AMBIGUOUS):
        return
    total = current = 0
    for value in parts:
        if value >= 1000:
            total += (current or 1) * value
            current = 0
        elif value == 100 or (value == 20 and current == 4):
            current = (current or 1) * value
        else:
            current += value
    yield str(total + current)
