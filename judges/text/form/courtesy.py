"""Courtesies around an answer, e.g. `Sure!`, `Let me know if you need anything else.`: they state nothing."""

from __future__ import annotations

import re

from assay.judges.text.form.announcements import announces
from assay.judges.text.form.courtesy_words import COURTESY_WORDS
from assay.judges.text.form.predicates import tells

_CUE = re.compile(
    r"""\b(?:let\s(?:me|us)\s(?:know|check|explain|help|clarify|walk|break|start|begin|see)|let['’]s\s(?:break|take|dive
        |look|go|see|start|begin)
    |feel\sfree|hesitate|reach\sout|get\sin\stouch|hope\s(?:this|that|it|the|i)|(?:happy|glad|pleased|here
        |able)\sto\s(?:help|assist|answer)
    |if\syou(?:['’]d|['’]ve|\shave|\sneed|\swant|\swould|\srequire|\swish|\slike)|(?:is|was)\sthere\sanything\selse
    |(?:can|could|may)\si\s(?:help|assist)|thanks|thank\syou|have\sa\s(?:great|good|nice|lovely|wonderful)
    |(?:great|good|excellent|interesting)\squestion|(?:you['’]re|you\sare|most)\s(?:very\s|most\s)?welcome
    |my\spleasure|no\s(?:problem|worries)|(?:best|kind|warm)\s(?:wishes|regards)|sincerely|yours\struly
    |here\syou\s(?:go|are)|i(?:['’](?:d|ll)|\s(?:can|will|would|could))\s(?:be\s)?(?:happy|glad|help|assist|answer
        |explain)
    |hoffe|hoffentlich|(?:weitere[nr]?|noch)\sfragen|fragen\shaben|gern(?:e)?\s(?:geschehen|weiter|zur)|helfe\sich
        |ich\shelfe|vielen\sdank|danke\sfür
    |mit\s(?:freundlichen|herzlichen|besten)|(?:viele|beste|liebe)\sgrüße|zögern\ssie|sehr\sgeehrte\w{0,2}
    |hésite[zr]?|j['’]espère|merci|cordialement|bonne\sjournée|(?:autres|des)\squestions
    |espero|no\sdudes?|muchas\sgracias|gracias\spor|si\s(?:tiene|tienes|necesitas?)|saludos|atentamente
    |spero|non\sesit|grazie|fammi\ssapere|cordiali\ssaluti|não\shesite|se\s(?:precisar|tiver)|obrigad[oa]
        |atenciosamente
    |ik\shoop|laat\shet|hartelijk|bedankt|vriendelijke\sgroet|(?:jeg|som)\shåp?ber|jeg\shåper|jag\shoppas|hilsen
        |hälsningar
    |надеюсь|если\s(?:у\sвас|вам)|обращайтесь|спасибо|с\sуважением|رجو|آمل|شكرا|لا\sتتردد|바랍니다|말씀해)""",
    re.VERBOSE | re.IGNORECASE,
)
"""What makes a sentence of generic words a courtesy, e.g. `let me know`."""

_GREETING = re.compile(
    r"""[\W_]*(?:(?:hi|hello|hey|greetings|welcome|dear|good\s(?:morning|afternoon|evening|day)|hallo|liebe[r]?
        |guten\s(?:tag|morgen|abend)
    |bonjour|bonsoir|salut|hola|buenos\sdías|buenas\s(?:tardes|noches)|ciao|salve|buongiorno|buonasera|olá|oi
        |bom\sdia|boa\s(?:tarde|noite)
    |hoi|goedemorgen|hej|hei|god\sdag|здравствуйте|привет|добрый\s(?:день|вечер)|merhaba|مرحبا|مرحباً|أهلا|안녕하세요|안녕
        |こんにちは|你好|您好)
        (?:[\s,]+(?:there|everyone|all|team|again|back|customer|sir|madam|friend|mr\.?|ms\.?|mrs\.?|dr\.?
            |(?-i:[A-ZÀ-Þ][\w'’-]{1,20}))){0,3}
    |(?:(?:best|kind|kindest|warm|with\sbest)\s)?(?:regards|wishes)(?:[\s,]+(?:your|the
        |(?-i:[A-ZÀ-Þ][\w'’-]{1,20}))){0,4}
    |(?:sincerely|cheers|yours\struly|cordialement|saludos|atenciosamente|mit\sfreundlichen\sgrüßen|viele\sgrüße)
        (?:[\s,]+(?:yours|your|the|ihr|ihre|(?-i:[A-ZÀ-Þ][\w'’-]{1,20}))){0,4}
    |your\s(?:(?-i:[A-ZÀ-Þ][\w'’-]{1,20})\s){0,2}team
    |(?:thank\syou|thanks)\sfor\s(?:contacting|reaching\sout\sto|choosing|visiting|writing\sto|calling)
        (?:\s(?:the|(?-i:[A-ZÀ-Þ][\w'’-]{1,20}))){1,4}
    |(?:vielen\s)?dank(?:e)?|merci|gracias|grazie|obrigad[oa]|bedankt|good\sluck|gern\sgeschehen)[\W_]*""",
    re.VERBOSE | re.IGNORECASE,
)
"""A greeting, a farewell or thanks with the name of a person, e.g. `Hi Anna!`, `Best regards, Anna`."""

_COURTESY = re.compile(
    r"""^\W*(?:(?:sure|certainly|of\scourse|absolutely|definitely|okay|ok|great|so|therefore)
            (?:[\s,]+(?:thing|so\smuch|there|i\scan\shelp(?:\s(?:you|with|that|this)){0,3}))?
      |natürlich|gerne|bien\ssûr|claro|por\ssupuesto|certo|certamente|natuurlijk|selvfølgelig|självklart|конечно
          |разумеется
      |بالتأكيد|물론(?:입니다|이죠)|もちろん(?:です)?|当然(?:可以)?|tl;?dr|end|answer
      |have\sa\s(?:great|good|nice|lovely|wonderful)\s(?:day|evening|afternoon|weekend|week|time|one)(?:\sahead)?)\W*$""",
    re.VERBOSE | re.IGNORECASE,
)
"""Assent before an answer, a wish or a bare label, e.g. `Sure!`, `TL;DR`."""

_NO_SPACES = re.compile(
    r"""[\W_]*(?:希望(?:这|以上|對|对|能)[^，。]{0,30}帮助[^，。]{0,10}
      | 如有(?:其他|任何)[^，。]{0,20}(?:问题|疑问)(?:[，,][^，。]{0,20}(?:告诉我
        |联系|提问|咨询)[^，。]{0,6})?
      | 如果您?(?:还)?有[^，。]{0,12}(?:问题|疑问)[，,][^，。]{0,12}(?:告诉我|联系|提问|咨询)[^，。]{0,6}
      | (?:何か)?(?:他に|ご)?(?:質問|不明な?点)[^、。]{0,20}[、，]?[^、。]{0,20}(?:ください|下さい)(?:ませ)?
      | お役に立て[^、。]{0,12} | 以下(?:是|为|為|は|に)[^。，、]{0,30}[:：])[\W_]*""",
    re.VERBOSE,
)
"""A courtesy in Chinese or Japanese, e.g. `希望这对您有帮助。`."""

_OPENING = re.compile(
    r"^\W*(?:(?:sure|certainly|of\scourse|absolutely|definitely|okay|ok|great|no\sproblem|thanks|thank\syou|hi"
    r"|hello|yes|therefore|so)\b[!,.]?\s+)?"
    r"(?:(?:based|relying)\s(?:solely\s|only\s)?(?:up)?on\s(?:the|your|these|this)\s(?:\w+\s){0,3}"
    r"(?:passages?|context|texts?|documents?|information|articles?|sources?|excerpts?|data|evidence|materials?)"
    r"(?:\s(?:provided|given|above|below|you\s(?:gave|provided|shared)))?,\s)?",
    re.IGNORECASE,
)
"""What may stand before a courtesy, e.g. `Sure, `, `Based on the passages, `; or nothing, as in `Hi`."""

_TOPIC = re.compile(
    r"\s(?:about|regarding|concerning|on)\s(?P<topic>[^,;:.!?]{1,60})"
    r"(?=,\s(?:please\s|just\s)?(?:feel|let|do|don|contact|reach|ask)\b|[\W_]*$)",
    re.IGNORECASE,
)
"""What a question may be about, e.g. ` about the bridge.`."""

_WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")
"""A word, e.g. `don't`."""

_ASKED_LENGTH = re.compile(
    r"\b\d{1,4}[\s-](?:words?|sentences?|characters?|paragraphs?|lines?|bullet\spoints?)\b(?:\sor\s(?:less|fewer))?",
    re.IGNORECASE,
)
"""The length that was asked for, e.g. `106 words`: it tells about the answer."""

_LONGEST = 400
"""Characters above which a sentence says something. It also bounds what the patterns have to read."""


def is_courtesy(sentence: str) -> bool:
    """Whether the whole sentence is a courtesy, or announces an answer. One with a value or with more words is none."""
    if len(sentence) > _LONGEST:
        return False
    if announces(_after_opening(sentence)):
        return True
    if any(map(str.isdigit, sentence)) and any(map(str.isdigit, _ASKED_LENGTH.sub("", sentence))):
        return False
    if any(pattern.fullmatch(sentence) for pattern in (_GREETING, _COURTESY, _NO_SPACES)):
        return True
    return _is_generic(sentence) and _CUE.search(sentence) is not None


def _after_opening(sentence: str) -> str:
    opening = _OPENING.match(sentence)
    return sentence[opening.end() :] if opening else sentence


def _is_generic(sentence: str) -> bool:
    """Whether a sentence has none but generic words, what a question may be about aside."""
    # What a question is about begins after a space, so that the first word decides alone for most sentences.
    first = _WORD.search(sentence.lower().replace("’", "'"))
    if first and not sentence[0].isspace() and first.group() not in COURTESY_WORDS:
        return False
    topic = _TOPIC.search(sentence)
    if topic and not tells(topic.group("topic")):
        sentence = sentence[: topic.start()] + sentence[topic.end() :]
    return COURTESY_WORDS.issuperset(_WORD.findall(sentence.lower().replace("’", "'")))
