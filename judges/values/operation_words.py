"""Words of a sentence that speak of a sum, a difference, a ratio, an average or a part."""

from __future__ import annotations

import re
from decimal import Decimal

SUM = re.compile(
    r"\b(?:total\w*|combined|altogether|in all|sum|together|overall|both|insgesamt|zusammen|gesamt\w{0,12}|summe"
    r"|en tout|somme|ensemble|en conjunto|suma|juntos|complessiv\w{1,6}|somma|i alt|samlet|sammen|tilsammen|sammanlagt"
    r"|samen|łącznie|razem|всего|итого|вместе|сумм\w{1,3})\b",
    re.IGNORECASE,
)
"""A word that speaks of a sum: `altogether`."""

DIFFERENCE = re.compile(
    r"\b(?:differen\w+|more|less|fewer|increas\w+|decreas\w+|drop\w*|r[io]se|fell|grew|gain\w*|margin|gap|later|earlier"
    r"|older|younger|after|before|between|remain\w*|left|longer|shorter|higher|lower|over a period|spann\w+|lasted"
    r"|risen|fallen|grown|declin\w+|rising|falling|shr[aiu]nk|(?:went|gone|going|up|down) (?:up|down|by)"
    r"|sav(?:e[sd]?|ing\w?)|cheaper|dearer|gespart|spart?|teurer|billiger|moins cher|plus cher"
    r"|(?:ge)?stieg\w{0,3}|sank|gesunken|sinkt|fiel|gefallen|fällt|wuchs|gewachsen|mehr|weniger|unterschied|differenz"
    r"|zunahme|abnahme|rückgang|anstieg|augment\w{1,8}|baiss\w{1,5}|diminu\w{1,8}|hausse|recul\w{0,3}|plus|moins|écart"
    r"|aument\w{1,5}|subi\w{1,4}|baj\w{1,4}|disminu\w{1,6}|cay\w{1,4}|más|menos|diferencia|diminu\w{1,6}|cal\w{2,4}"
    r"|scenden\w{0,2}|sces\w|sali\w{1,4}|più|meno|caiu|steg|faldt|faldet|færre|mindre|ökade|minskade|steeg"
    r"|daalde|meer|minder|wzr\w{2,6}|spad\w{1,4}|więcej|mniej|вырос\w{0,2}|снизи\w{1,4}|упал\w{0,2}|больше|меньше"
    r"|увелич\w{2,5}|уменьш\w{2,5})\b",
    re.IGNORECASE,
)
"""A word that speaks of a difference: `grew`."""

RATIO = re.compile(r"\b(?:times|twice|doubl\w+|tripl\w+|ratio|\w*fold|per|average|mean|each)\b", re.IGNORECASE)
"""A word that speaks of a ratio: `twice`."""

MEAN = re.compile(
    r"\b(?:average\w*|mean|on average|durchschnitt\w{0,6}|im schnitt|moyenne|promedio"
    r"|(?:de|di|una) media|media d[ei]|em média|gennemsnit\w{0,4}"
    r"|genomsnitt\w{0,4}|gemiddeld\w?|średnio|в среднем)\b",
    re.IGNORECASE,
)
"""A word that speaks of an average: `averages`."""

AGE = re.compile(r"\b(?:aged?|years?[\s-]old)\b", re.IGNORECASE)
"""A word that speaks of an age: `at the age of`."""

DURATION = re.compile(
    r"\b(?:last\w*|took|takes?|ran|runs?|for|within|span\w*|long|duration|between|after|before|later|earlier|open)\b",
    re.IGNORECASE,
)
"""A word that speaks of a time between two dates: `lasted`."""

PARTS = {
    re.compile(r"\b(?:twice|doubl\w{1,3})\b", re.IGNORECASE): Decimal(2),
    re.compile(r"\b(?:tripl\w{1,3}|three times)\b", re.IGNORECASE): Decimal(3),
    re.compile(r"\b(?:half|halv\w{1,3})\b", re.IGNORECASE): Decimal("0.5"),
    re.compile(r"\bquarter\b", re.IGNORECASE): Decimal("0.25"),
}
"""Words that speak of a multiple or a part: `twice`."""
