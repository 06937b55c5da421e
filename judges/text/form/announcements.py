"""Sentences that only tell of the answer: that it follows, what it rests on, or who wrote it."""

from __future__ import annotations

import re

from assay.judges.text.form.predicates import tells

_GIVEN = r"(?:passages?|context|texts?|documents?|information|articles?|sources?|excerpts?|data|evidence|materials?)"
"""What an answer is said to rest on, e.g. `passages`."""

_NOUN = (
    r"(?:answers?|summary|overview|details?|information|results?|list|steps?|response|breakdown|explanation"
    r"|facts?|points?|ways?"
    r"|reasons?|examples?|features?|options?|tips?|items?|things?|methods?|instructions?|outline|table|json"
    r"|takeaways?|highlights?"
    r"|types?|factors?|benefits?|differences?|aspects?|guidelines?|requirements?|ideas?|suggestions?|recap"
    r"|version|text|article"
    r"|bullet\spoints?|sentences?|paragraph|conclusions?|findings?|hours|names?|dates?|recipe|solutions?|guide"
    r"|script|code|plan"
    r"|sample|template|draft|e?-?mail|message|key\s\w{2,20})"
)
"""What follows an announcement, e.g. `list`."""

_HERE = re.compile(
    rf"""\W*(?:(?:as\srequested|in\s(?:summary|short|conclusion)|to\s(?:summarize|sum\sup)
        |after\sreviewing\sthe\s{_GIVEN}|then|so),?\s)?
    (?:here(?:['’]s|\sis|\sare)|(?:below|these|the\sfollowing)\s(?:is|are))\b(?P<told>[^.:：]{{0,120}}?)\W{{0,4}}""",
    re.VERBOSE | re.IGNORECASE,
)
"""A sentence that says that the answer follows, e.g. `Here are the main points:`."""

_NAMES_ANSWER = re.compile(
    rf"\s(?:(?:[\w'’-]{{1,20}}\s){{0,6}}?{_NOUN}\b|how\b|why\b|what\b|where\b|when\b|who\b)",
    re.IGNORECASE,
)
"""An answer, named, e.g. ` the steps`, ` what`."""

_DEFINITE = re.compile(
    r"\s(?:the|some|several|my|your|a\sfew|\d{1,2})\s(?P<noun>(?:(?!that\b|which\b|who\b|you\b|we\b)[\w'’-]{1,20}\s?){1,4})",
    re.IGNORECASE,
)
"""Things that are to be named below, e.g. ` some characteristics`."""

_DONE = re.compile(r"\w\s[a-zß-ÿ]{2,20}(?:ed|en)\s(?:there|here|by)\b")
"""Something done, which an announcement of it would state, e.g. `murders committed there`."""

_GENERIC_ENDING = re.compile(
    r"(?:[\s,]+(?:to|for|of|you|your|question|asked|requested|below|above|the|found|i|could|find|know|in|documents?|passages?|context))*\W*",
    re.IGNORECASE,
)
"""What an announcement without a colon may end with, e.g. ` to your question`."""

_ABOUT_THE_ANSWER = re.compile(
    rf"""\W*(?:
        (?:the|this|my|these)\s(?:answers?|information|response|summary)(?:\s(?:to|for|of|the|your|this
            |question)){{0,4}}\s
            (?:(?:is|are|was)\s(?:based|taken|drawn)\s(?:solely\s|only\s)?(?:on|from)|comes?\sfrom)\s(?:the\s
                |these\s|this\s)?(?:\w+\s)?{_GIVEN}
            (?:\s(?:provided|given|above|below|in\sthe\s{_GIVEN}|\d{{1,2}}(?:(?:,|,?\sand)\s\d{{1,2}}){{0,8}})){{0,2}}
      | i(?:['’](?:d|ll|m)|\s(?:can|could|will|would|am))\s(?:certainly\s|definitely\s|confidently\s|be\s|try\sto\s)?
            (?:(?:happy|glad|able|here)\sto\s)?(?:help|assist|answer)(?:\syour?|\sthe|\sthis|\sthat|\squestion
                |\swith)*
            (?:\s(?:based|relying)\s(?:solely\s|only\s)?on\s(?:the|these)\s(?:\w+\s)?{_GIVEN})?
      | i\s(?:have\s)?(?:read|reviewed|analy[sz]ed|found|looked\s(?:at
          |through))\sthe\s(?:\w+\s)?{_GIVEN}(?:\s(?:carefully|in\sthe\s{_GIVEN}|provided))?
      | the\s(?:\w+\s)?{_GIVEN}\s(?:provides?|gives?|contains?|mentions?
          |is\savailable)(?:\sthe\sfollowing(?:\s{_GIVEN}|\sdetails|\spoints)?)?
      | (?:according\sto|based\son)\sthe\s(?:\w+\s)?{_GIVEN}(?:\s(?:provided|given))? | please\snote\sthe\sfollowing
      | as\san\sai(?:\slanguage)?\smodel,[^,.]{{0,40}}(?:opinions?|feelings?
          |preferences?)(?:,\sbut\sbased\son\sthe\s{_GIVEN})?
      | (?:disclaimer:?\s)?(?:i\sam|i['’]m)\san\sai(?:\slanguage)?(?:\smodel|\sassistant|\schatbot)?
      | (?:disclaimer:?\s)?(?:this|the)\s(?:answer|response|summary|text)\swas\s(?:generated|written|created
          |produced)\sby\s(?:an?\s)?(?:ai|gpt[\w.-]{{0,10}})
            (?:\s(?:assistant|model|system))?(?:\sand\smay\scontain\s(?:errors|mistakes|inaccuracies))?
      | generated\s(?:by|with)\s(?:an?\s)?(?:ai|gpt[\w.-]{{0,10}}|chatgpt|claude|gemini|llama[\w.-]{{0,10}})
      | (?:please\s)?verify\s(?:important|all|any)\sinformation | (?:this\sis|this\sdoes\snot\sconstitute
          |not)\s(?:not\s)?(?:legal|medical|financial)\sadvice
      | sources\sare\slisted\s(?:below|above) | below\s(?:you\s(?:will|can)\sfind|is)\s(?:the|an?|your)\s(?:short\s
          |brief\s)?{_NOUN}
      | overall|to\sanswer\syour\squestion|in\s(?:short|summary|conclusion|brief) | to\s(?:summarize|sum\sup
      |conclude)(?:,\shere\sare\sthe\s(?:main
          |key)\spoints)?
      | zusammenfassend | (?:ich\shabe\s)?hier(?:\sist|\ssind)\smeine\santwort
    )[\s.:：,!*_)]*""",
    re.VERBOSE | re.IGNORECASE,
)
"""A sentence about the answer itself, e.g. `This answer is based on documents 1 and 2.`."""

_ELSEWHERE = re.compile(
    r"\W*(?:hier\s(?:ist|sind|is|zijn|finden\ssie)|voici|aquí\s(?:está|están|tienes?)|aqui\sest(?:á|ão)|ecco"
    r"|her\ser|här\sär|вот)\s"
    r"(?:die|der|das|den|eine?[nr]?|meine|ihre|einige|le|la|les|l['’]|une?|votre|des|quelques|el|los|las"
    r"|un[oa]?s?|tu|su|sus|il|lo|i|gli"
    r"|o|os|a|as|uma?|seu|het|de|een|enkele|en|et|краткий|основные|главные|несколько|ваш|ответ|список|\d{1,2})\b(?P<told>[^.:]{0,100})[:.!]?\W*",
    re.IGNORECASE,
)
"""An announcement in another language, e.g. `Hier ist die Antwort:`."""


def announces(sentence: str) -> bool:
    """Whether the whole sentence tells of the answer; `Here is a dangerous place:` states something."""
    if _ABOUT_THE_ANSWER.fullmatch(sentence):
        return True
    match = _ELSEWHERE.fullmatch(sentence)
    if match:
        return not tells(match.group("told")) and not any(map(str.isdigit, match.group("told")))
    match = _HERE.fullmatch(sentence)
    return match is not None and _names_answer(
        match.group("told"), followed=sentence.rstrip(" *_").endswith((":", "："))
    )


def _names_answer(told: str, *, followed: bool) -> bool:
    """Whether what is said to be here is an answer, or things named below, and nothing that was done."""
    named = _NAMES_ANSWER.match(told)
    if not followed:
        return named is not None and _GENERIC_ENDING.fullmatch(told, named.end()) is not None
    if _DONE.search(told):
        return False
    definite = _DEFINITE.match(told)
    return named is not None or (definite is not None and not tells(definite.group("noun")))
