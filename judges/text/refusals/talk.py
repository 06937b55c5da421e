"""What English says beside a refusal: regret, a pointer elsewhere, a whole answer of a word or two."""

from __future__ import annotations

import re

from assay.judges.text.refusals.sources import SAID, SOURCES

APOLOGY = re.compile(
    r"\b(?:i|we)(?:\s(?:am|are)|'m|'re)\s(?:(?:very|so|really|truly|deeply)\s){0,2}(?:sorry|afraid)\b|\bsorry\b"
    r"|\b(?:my\s|our\s)?(?:sincere\s)?apologies\b|\b(?:i|we)\s(?:\w+\s)?apologi[sz]e\b|\bunfortunately\b|\bregrettably\b",
    re.IGNORECASE,
)
"""Words of regret, as in `I'm sorry for the confusion`: what follows them counts by itself."""

REGRETTED = re.compile(
    r"\W*(?:(?:but|and|that|it|this|so|not|no|yes|however|about|for|if|to|hear|ask|say|bother|be|of|any|the|your|this|you"
    r"|my|our|i|me|such|an?|dear|very|much|late|caused|may|have|been|there|here)\b\W*"
    r"|(?:inconvenience|confusion|delay|mistake|error|misunderstanding|trouble|loss|help|misinformation|unhelpful|response"
    r"|answer|oversight|frustration|experience|wait)\b\W*){0,20}",
    re.IGNORECASE,
)
"""What may be regretted without a statement, e.g. `for the delay`."""

POINTS = re.compile(
    r"\W*(?:so\s|therefore,?\s|instead,?\s)?(?:(?:please|kindly|try|consider|feel\sfree\sto)\s(?:\w+ly\s)?"
    r"(?:consult|contact|check|visit|refer|see|ask|reach|try|rephrase|provide|specify|speak|talk|call|email|look|clarify"
    r"|consulting|contacting|checking|visiting|asking|searching|rephrasing|share)\b"
    r"|(?:you\s(?:may|might|can|could|should)|(?:i|we)(?:'d|\swould)?\s(?:recommend|suggest|advise)|it\s(?:is|may\sbe|might"
    r"\sbe|would\sbe)\s(?:best|better|recommended|advisable))\b[^.!?]{0,40}?"
    r"\b(?:consult|contact|check|visit|refer|ask|reach|try|rephrase|look|speak|search|see)(?:ing)?\b)",
    re.IGNORECASE,
)
"""A clause that sends elsewhere for the answer, e.g. `Please consult the manual`."""

TELLS = re.compile(
    rf"\b{SOURCES}\s(?:\d{{1,2}}\s)?(?:also\s|only\s|merely\s|rather\s|instead\s)?(?:do(?:es)?\s)?(?:mention|state|say|describe|suggest"
    r"|indicate|explain|discuss|provide|include|list|show|report|note|emphasi[sz]e|focus(?:es)?\son|cover)s?\b(?!\snothing)",
    re.IGNORECASE,
)
"""A clause that tells what the sources say: `The passages also mention snowfall`."""

WHOLE = re.compile(
    rf"""\W{{0,5}}(?:
        i\.?d\.?k\.? | i?\s?dunno | n/?a | n\.a\. | (?:i\shave\s)?no\s(?:idea|clue|comment|answer) | unanswerable
      | (?:information\s|answer\s)?(?:is\s)?not\s
        (?:{SAID}|provided|given|found|contained|available)(?:\s(?:in|by|from)\s(?:the\s)?(?:\w+\s){{0,2}}{SOURCES})?
      | not\sapplicable | cannot\s(?:answer|say|tell) | (?:the\s)?answer\s(?:is\s)?(?:unknown|not\s\w+) | unknown
      | (?:your\s)?guess\sis\sas\sgood\sas\smine | pass
    )\W{{0,5}}""",
    re.VERBOSE | re.IGNORECASE,
)
"""A whole answer that declines: `IDK`, `N/A`, `no idea`, `unanswerable`, `not mentioned in the text`."""

_POINTS_IN_OTHER_LANGUAGES = re.compile(
    r"\W*(?:bitte\s(?:wenden|kontaktieren|fragen|prüfen|besuchen|konsultieren|schauen)\b|veuillez\s(?:contacter|consulter"
    r"|vérifier|vous\sadresser)\b|por\sfavor,?\s(?:contacte|consulte|póngase|revise|verifique|entre)\b|consulte\b"
    r"|si\sprega\sdi\b|(?:contatta|consulta)(?:re)?\b|neem\scontact\b|raadpleeg\b|пожалуйста,?\s(?:обратитесь|проверьте)\b"
    r"|обратитесь\b|silakan\s(?:hubungi|periksa)\b|请(?:联系|咨询|查阅|参考|查看)|請(?:聯繫|聯絡|參考|查閱)|建议(?:您)?(?:联系|咨询|查阅)"
    r"|.{1,40}(?:お問い合わせ|ご確認|ご参照|ご相談)ください|يرجى\s(?:الاتصال|التواصل|الرجوع|مراجعة)|कृपया\s.{1,60}(?:संपर्क|देखें)"
    r"|অনুগ্রহ\sকরে\s.{1,60}যোগাযোগ)",
    re.IGNORECASE,
)
"""A sentence that sends elsewhere for the answer, e.g. `Bitte wenden Sie sich an den Support`."""

_LONGEST_POINTER = 200


def points_elsewhere(sentence: str) -> bool:
    """Whether the sentence only sends elsewhere for the answer, and tells nothing while it does."""
    if len(sentence) > _LONGEST_POINTER or any(map(str.isdigit, sentence)) or _ADDS.search(sentence):
        return False
    return POINTS.match(sentence) is not None or _POINTS_IN_OTHER_LANGUAGES.match(sentence) is not None


_ADDS = re.compile(
    r"[;:]|\bbecause\b|,\s(?:who|which|where|whose|der|die|das|qui|que|lo\sque)\s|\b(?:since|as|but|weil|denn|car|porque|perché)\s"
    r"|因为|ので|потому",
    re.IGNORECASE,
)
"""What tells something beside a pointer, e.g. `because`."""
