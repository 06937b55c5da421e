"""Months in other languages than English, and how days of them are written."""

from __future__ import annotations

from assay.judges.values.patterns import one_of

_LISTED = """
1  januar jänner januari janvier janv enero gennaio janeiro stycznia styczeń styczniu января январь январе
2  februar februari février fevrier févr febrero febbraio fevereiro lutego luty lutym февраля февраль феврале
3  märz maerz mars marts maart marzo março marca marzec marcu марта март марте
4  april avril abril aprile kwietnia kwiecień kwietniu апреля апрель апреле
5  mai maj mayo maggio maio mei maja maju мая май мае
6  juni juin junio giugno junho czerwca czerwiec czerwcu июня июнь июне
7  juli juillet juil julio luglio julho lipca lipiec lipcu июля июль июле
8  august augusti augustus août aout agosto sierpnia sierpień sierpniu августа август августе
9  september septembre septiembre setiembre settembre setembro września wrzesień wrześniu сентября сентябрь сентябре
10 oktober octobre octubre ottobre outubro października październik październiku октября октябрь октябре
11 november novembre noviembre novembro listopada listopad listopadzie ноября ноябрь ноябре
12 dezember december desember décembre decembre diciembre dicembre dezembro grudnia grudzień grudniu декабря декабрь
   декабре
"""


def _read(listed: str) -> dict[str, int]:
    numbers: dict[str, int] = {}
    number = 0
    for word in listed.split():
        if word.isdigit():
            number = int(word)
        else:
            numbers[word] = number
    return numbers


MONTHS = _read(_LISTED)
"""Months by their words, those that English has too among them: their days are written with a point elsewhere."""

_OF = r"(?:d[ei]\s)?"
_YEAR_OF = r"(?:\s?,?\s(?:del?\s)?(?P<{name}>(?:1[5-9]|20)\d\d)\b(?!\s?%))"
_MONTH = rf"{one_of(MONTHS)}\b\.?"

DAY_AND_MONTH = (
    rf"(?P<d4>\d{{1,2}})(?:\.?|er|[º°ª])\s{{1,3}}(?=\w){_OF}(?P<m4>{_MONTH})" + _YEAR_OF.format(name="y4") + "?"
)
"""A day of a month: `31. März 2025`, `1er février`, `12 de octubre de 2021`."""

MONTH_AND_YEAR = rf"(?!(?-i:Mars)\b)(?P<m5>{_MONTH})" + _YEAR_OF.format(name="y5")
"""A month of a year: `juillet 2024`, `março de 2020`. `Mars 2020` is a planet and a number."""
