"""Objects that are no answer: a classifier's label, a router's choice, a call of a tool; and those of one text."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pydantic import JsonValue

from assay.worker.extraction.fields import EMPTY, first, plainly
from assay.worker.extraction.literals import decoded
from assay.worker.extraction.names import (
    ANSWER_KEYS,
    ASIDE_KEYS,
    CALL_KEYS,
    CALL_LISTS,
    COMPANION_KEYS,
    DECISION_KEYS,
    ERROR_KEYS,
    EVIDENCE_KEYS,
    FINAL_TOOLS,
    LOOSE_EVIDENCE_KEYS,
    QUESTION_KEYS,
    RESULT_KEYS,
    SCORE_KEYS,
    SPOKEN_KEYS,
    plain,
)

_OTHER_SCRIPT = re.compile(r"[^\x00-\u02ff]{6,}")
"""Six letters of a script that may write no blanks: `返品は三十日以内`."""
_STOP = re.compile(r"[.!?。！？]\s*\Z")
_QUESTION_END = re.compile(r"[?？]\s*\Z")
"""How a question ends: `How long may I return it?`."""
_LOOKED_AT = 1_000
"""Characters of a text by which it is known for a sentence."""
_OTHER_TEXT = re.compile(
    r"quer|question|keyword|title|prompt|input|instruct|plan|reason|thought|error|name|url|label|categor|topic|rewrit|"
    r"reformul|hypothe|sql|code|script|critique|feedback|intent"
)
"""In the key of a text that is no answer: `rewritten_question`, `page_title`."""
_ANSWERING = re.compile(
    r"answer|respon|reply|text|summar|output|result|message|content|advice|recommend|translation|email|letter|story|"
    r"note|description|completion|markdown|html|antwort|respuesta|resposta|risposta|réponse|ответ|回答|답변"
)
"""In the key of a text that may be one: `reply_html`, `policy_text`."""
_ARGUMENTS = {"arguments", "parameters", "args", "toolinput", "actioninput", "input", "kwargs", "params"}

Fields = Mapping[str, JsonValue]


def is_sentence(text: str) -> bool:
    """Whether a text is more than a word or a label: three words, two and a stop, or letters of another script."""
    count = len(text[:_LOOKED_AT].split(None, 3))
    if count >= 3 or (count == 2 and _STOP.search(text[-_LOOKED_AT:])):
        return True
    return _OTHER_SCRIPT.search(text[:_LOOKED_AT]) is not None


def call_in(fields: Fields) -> JsonValue:
    """What a tool call hands over: the answer of a final tool, an empty text for any other call, None for no call."""
    if any(key in fields for key in ANSWER_KEYS):
        return None
    for names, arguments in CALL_KEYS:
        name = next((key for key in names if isinstance(fields.get(key), str | dict)), None)
        if name is not None and fields.keys() & (arguments - {name}):
            return _handed_over(fields, name)
    has_text = any(isinstance(fields.get(key), str) and fields[key] for key in ("text", "content", "output"))
    return "" if not has_text and any(fields.get(key) not in EMPTY for key in CALL_LISTS) else None


def _handed_over(fields: Fields, name: str) -> JsonValue:
    function = fields[name]
    if isinstance(function, dict):
        return call_in(plainly(function)) or ""
    given = decoded(first(fields, sorted(_ARGUMENTS - {name})))
    if plain(str(function)) not in FINAL_TOOLS or given in EMPTY:
        return ""
    if isinstance(given, dict) and not plainly(given).keys() & ANSWER_KEYS.keys():
        return lone_text(given, must_be_sentence=False) or ""
    return given


def is_decision(fields: Fields) -> bool:
    """Whether an object is what a classifier, router or grader decided.

    `output` and `result` may stand beside a label, but with a score and a word or two in them they are a label, too.
    """
    results = [fields[key] for key in RESULT_KEYS if fields.get(key) not in EMPTY]
    if _is_accompanied(fields):
        return False
    if not results:
        if any(_is_choice(fields[key]) for key in fields.keys() & DECISION_KEYS):
            return True
        return bool(fields.keys() & SCORE_KEYS) and not _has_sentence(fields)
    is_scored = bool(fields.keys() & (SCORE_KEYS | DECISION_KEYS))
    return is_scored and all(isinstance(result, str) and not is_sentence(result) for result in results)


def _is_accompanied(fields: Fields) -> bool:
    """Whether an object is an answer with its language or topic: words under a telling key, and no label or score.

    A classifier that repeats what it was given has a score, or says more than a word about it.
    """
    told = fields.keys() & (DECISION_KEYS | SCORE_KEYS)
    if not told or not told <= COMPANION_KEYS or any(isinstance(fields[key], dict) for key in told):
        return False
    keys = [
        key for key in SPOKEN_KEYS if isinstance(fields.get(key), str) and not _is_echo(key, str(fields[key]), told)
    ]
    return any(is_sentence(str(fields[key])) for key in keys)


def _is_echo(key: str, text: str, told: set[str]) -> bool:
    """Whether a text may be what a classifier was given: `{"text": "How long?", "intent": "faq"}`."""
    return key in {"text", "content", "body"} and (
        bool(told & {"intent", "intents"}) or _QUESTION_END.search(text) is not None
    )


def _is_choice(value: JsonValue) -> bool:
    """Whether a value can be what was chosen: a word, a number, a list, and no state of a graph."""
    return not isinstance(value, dict) or all(isinstance(inner, bool | int | float) for inner in value.values())


def _has_sentence(fields: Fields) -> bool:
    aside = {"reasoning", "rationale", "explanation", "reason", "analysis"}
    return any(isinstance(text, str) and is_sentence(text) for key, text in fields.items() if key not in aside)


def lone_text(value: Mapping[str, JsonValue], *, must_be_sentence: bool) -> str | None:
    """The only text of an object, if what else it holds accompanies a text; None for several, and for data."""
    fields = {key: inner for key, inner in plainly(value).items() if key not in ASIDE_KEYS and inner not in EMPTY}
    if len(fields) != 1:
        return None
    key, text = next(iter(fields.items()))
    if not isinstance(text, str) or not text.strip():
        return None
    if not must_be_sentence:
        return text
    others = DECISION_KEYS | ERROR_KEYS | QUESTION_KEYS.keys() | EVIDENCE_KEYS.keys() | LOOSE_EVIDENCE_KEYS.keys()
    is_named = _ANSWERING.search(key) is not None or plainly(value).keys() & {"reasoning", "rationale"} != set()
    return text if is_named and key not in others and is_sentence(text) and not _OTHER_TEXT.search(key) else None
