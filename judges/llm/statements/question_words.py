"""The words with which questions begin, and those with which a statement is made to look like one."""

from __future__ import annotations

import re

_ENGLISH = """
who whom whose what when where which why how is are was were am do does did can could would will should shall may might
must have has had isn't aren't wasn't weren't don't doesn't didn't won't wouldn't can't couldn't shouldn't haven't
hasn't hadn't any anything anyone
"""

_OTHERS = """
wer wen wem wessen was wann wo woher wohin warum wieso weshalb wie welche welcher welches welchen ist sind war waren hat
haben hast kann können kannst möchten möchtest wollen willst soll sollen gibt brauchen brauchst meinen meinst darf
dürfen würden wissen weißt wussten wusstest
qui que quoi quand où pourquoi comment quel quelle quels quelles combien est-ce est sont avez as voulez veux pouvez peux
souhaitez puis-je pourriez êtes y savez saviez
qué quién quiénes cuándo dónde cómo cuál cuáles cuánto cuántos cuántas por es está están son tiene tienes quiere quieres
desea deseas puede puedes puedo hay necesita necesitas sabe sabes sabía
chi che cosa dove perché come quale quali quanto quanti è sono ha hai vuole vuoi può puoi posso desidera c'è sapeva
quem onde quando qual quais quantos é são tem quer deseja pode posso há sabe sabia como
wie wat wanneer waar waarom hoe welke zijn heeft wilt wil kunt kan weet wist
vem vad när var varför hur vilken är har vill hvem hvad hva hvornår hvor hvorfor hvordan hvilken er vil kan
czy co kto kiedy gdzie dlaczego jak ile który která kdo kdy kde proč kolik кто что когда где почему как какой какая
какие сколько есть можете хотите чи хто що коли де чому як هل ما من متى أين لماذا كيف كم أي क्या कौन कब कहाँ क्यों कैसे
apakah apa siapa kapan mengapa bagaimana
"""

_LED = (
    r"(?:(?:so|and|but|or|well|oh|ok|okay|also|then|now|yes|no|hi|hello|hey|great|please|und|aber|et|mais|y|e|ou|q)"
    r"\W+){0,3}"
    r"(?:(?:in|for|to|at|on|by|with|from|of|about|under|until|since|during|de|a|à|en|mit|von|für|in|zu)"
    r"\s(?=wh|how|qu|cu|we|wa|wo|q))?"
)

BEGINS = re.compile(rf"[\W\d]*{_LED}(?:{'|'.join(sorted({*_ENGLISH.split(), *_OTHERS.split()}))})\b", re.IGNORECASE)
"""The first words of a question, e.g. `And for how`."""

TAGS = re.compile(r"(?:对吗|對嗎|是吗|是嗎|对吧|對吧|不是吗|吧|でしょう|よね|ですね|だろう)[\W]*\Z")
"""What makes a question of a statement in Chinese or Japanese, e.g. `对吗？`."""

UNSPACED_KNOWS = re.compile(r"知道|知不知|ご存[知じ]|知って|听说|聽說")
"""What leads to a statement in a question, e.g. `你知道`."""
