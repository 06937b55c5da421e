"""Courtesies around an answer, e.g. `Sure!`, `Let me know if you need anything else.`: they state nothing."""

from __future__ import annotations

import re

_GIVEN = r"(?:passages?|context|texts?|documents?|information|articles?|sources?|excerpts?|data|evidence|materials?)"
"""What an answer is said to rest on, e.g. `passages`."""

_COURTESY = re.compile(
    rf"""^\W*(?:(?:sure|certainly|of\scourse|absolutely|okay|great|therefore|so)\b\W+)?
    (?:(?:based|relying)\s(?:solely\s|only\s)?(?:up)?on\s(?:the|your|these|this)\s(?:\w+\s){{0,3}}{_GIVEN}
        (?:\s(?:provided|given|above|below|you\s(?:gave|provided|shared)))?,?\s)?(?:
        (?:hi|hello|hey|greetings|welcome|good\s(?:morning|afternoon|evening|day))\b(?:[\s,]+\w+){{0,3}}
      | (?:sure|certainly|of\scourse|absolutely|definitely|okay|ok|great|thanks?|thank\syou)
            (?:[\s,]+(?:thing|so\smuch|very\smuch|for\s(?:asking|your\squestion|reaching\sout)|question|i\scan\shelp|there))?
      | (?:that['’]s|that\sis|what)\s(?:a|an)\s(?:great|good|excellent|interesting)\squestion
      | (?:you['’]re|you\sare)\s(?:very\s|most\s)?welcome | no\sproblem | my\spleasure | happy\sto\shelp
      | i\shope\s(?:this|that|it)\s(?:helps|answers|clarifies|was\shelpful|is\shelpful)\b.{{0,60}}
      | (?:please\s)?(?:let\sme\sknow|(?:do\snot|don['’]t)\shesitate\sto|feel\sfree\sto)
            (?:\s(?:if|whether|how|what|which|should|and|ask|reach|contact|let|share|provide|tell|message|email|call|get)\b.{{0,160}})?
      | if\syou\s(?:have|need|want|['’]d\slike|would\slike|require)\s(?:any|anything|more|me|further|additional|other
            |help|assistance|clarification|details)\b.{{0,120}}
            \b(?:let\sme\sknow|feel\sfree|ask|contact|reach\sout)\b.{{0,80}}
      | (?:is|was)\sthere\sanything\selse\b.{{0,60}}
      | (?:ich\shoffe|hoffentlich)\b.{{0,60}}\b(?:hilft|geholfen|weiter)\b.{{0,30}}
      | (?:bei\s(?:weiteren\s)?fragen|wenn\ssie\snoch\sfragen\shaben|falls\ssie\s(?:noch|weitere)\sfragen)\b.{{0,120}}
      | n['’]hésitez\spas\sà\b.{{0,120}} | j['’]espère\sque\s(?:cela|ça)\b.{{0,60}}
      | no\sdudes?\sen\b.{{0,120}} | espero\sque\s(?:esto|isso|isto)\b.{{0,60}} | spero\sche\squesto\b.{{0,60}}
      | (?:natürlich|gerne|bien\ssûr|claro|por\ssupuesto|certo|certamente|natuurlijk|selvfølgelig|självklart)
      | laat\shet\s(?:me|ons)\sweten\b.{{0,80}} | (?:som\shåber|jeg\shåber|jag\shoppas)\b.{{0,60}}
      | 希望(?:这|以上|對|对).{{0,30}}帮助.{{0,10}} | 如有(?:其他|任何).{{0,20}}(?:问题|疑问).{{0,30}}
      | (?:何か)?(?:他に|ご)?質問.{{0,30}}(?:ください|下さい)
      | have\sa\s(?:great|good|nice|wonderful)\s\w+
      | (?:here(?:['’]s|\sis|\sare)|(?:below|these|the\sfollowing)\s(?:is|are))\b[^.]{{0,120}}:
      | i(?:['’](?:d|ll|m)|\s(?:can|could|will|would|am))\s(?:certainly\s|definitely\s|confidently\s|be\s|try\sto\s)?
            (?:(?:happy|glad|able)\sto\s)?(?:help|assist|answer)(?:\syou(?:r)?|\sthe|\sthis|\sthat|\squestion|\swith)*
            (?:\s(?:based|relying)\s(?:solely\s|only\s)?on\s(?:the|these)\s(?:\w+\s)?{_GIVEN})?
      | (?:the|this|my)\sanswer\b.{{0,30}}\sis\sbased\s(?:solely\s|only\s)?on\s.{{0,60}}{_GIVEN}
      | (?:hier\s(?:ist|sind|is|zijn)|voici|aquí\s(?:está|están|tienes?)|aqui\sest(?:á|ão)|ecco|her\ser|här\sär)\b
            [^.]{{0,120}}:
      | here\syou\s(?:go|are)
      | 以下(?:是|为|為|は|に)[^。]{{0,60}}[:：]
      | here(?:['’]s|\sis|\sare)\s(?:what\si\s(?:found|know|could\sfind)|(?:the|an?|your|some|my)\s(?:\w+\s){{0,2}}
            (?:answers?|summary|overview|details|information|results?|list|steps|response|breakdown|explanation)
            (?:\s(?:to|for|of|you|your|question|asked|requested|below|the)){{0,5}})
    )\W*$""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
"""A whole sentence that is a courtesy, e.g. `Let me know if you need anything else.`."""

_GOES_ON = re.compile(r"[;:]\s+\w|\.\s+\w|\s[-–—]\s+\w|\b(?:because|but|as|since|although)\b")
"""What goes on after a courtesy and may state something, e.g. `I hope this helps: it is free`."""

_ANNOUNCES = re.compile(
    r"\W*(?:here|below|these|the\sfollowing)\s(?:is|are)\s(?:\D{0,60}\s)?\d{1,2}\s\D{1,80}:\W*$", re.IGNORECASE
)
"""A line that announces a list with the number of its items, e.g. `Here are 5 ways to save:`."""

_ASKED_LENGTH = re.compile(
    r"\b\d{1,4}[\s-](?:words?|sentences?|characters?|paragraphs?|lines?|bullet\spoints?)\b(?:\sor\s(?:less|fewer))?",
    re.IGNORECASE,
)
"""The length that was asked for, e.g. `106 words`: it tells about the answer."""

_LONGEST = 400
"""Characters above which a sentence says something. It also bounds what the pattern has to read."""


def is_courtesy(sentence: str) -> bool:
    """Whether the whole sentence is a courtesy. One with a value, or with a second part, states something."""
    if len(sentence) > _LONGEST:
        return False
    told = _ASKED_LENGTH.sub("", sentence)
    if any(map(str.isdigit, told)) and not _ANNOUNCES.match(sentence):
        return False
    return _COURTESY.match(sentence) is not None and _GOES_ON.search(sentence) is None
