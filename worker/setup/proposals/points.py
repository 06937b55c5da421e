"""How much a place in one trace looks like the question, the answer or the evidence of that trace.

Points add up over independent signs: the key's name, the step's name, whether the model's prompt repeats the text.
CONFLICT means that the place holds something else for sure: then a selector that often leads there is not proposed.
REFUSED means that extraction refused what is there as an answer: then one that would take it is never proposed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from assay.worker.extraction.failures import is_failure_text
from assay.worker.extraction.literals import plain_json
from assay.worker.extraction.survey import PartName
from assay.worker.setup.proposals import texts
from assay.worker.setup.proposals.facts import LONG_WORDS, Facts, leaf_texts
from assay.worker.setup.proposals.names import (
    NOTHING,
    OTHER,
    TELLING,
    hint,
    is_aside,
    is_judgement,
    is_named_speaker,
    is_retrieval,
    is_user,
)
from assay.worker.setup.proposals.spots import Spot

CONFLICT, REFUSED = -100, -200
ENOUGH = 4
"""Points from which a place is taken for the part."""
PLAUSIBLE = 2
"""Points from which a person should look at a place, though too little speaks for it to write it down."""
_LONGEST_QUESTION = 4_000
_LEAST_PASSAGE_WORDS = 4
_REPEATED = 160
"""Characters of a passage that the prompt must repeat."""
_MOST_LINES = 30


def question_points(facts: Facts, spot: Spot) -> int | None:
    """Points for being the user's question; None where it is not even looked at."""
    text = _sole_text(spot)
    is_said_by_user = any(map(is_user, spot.speakers))
    named = max(hint("question", spot.keys), NOTHING if is_said_by_user else OTHER)
    if text is None or not _may_hold_question(spot, named):
        return None
    if not texts.is_prose(text, least=1) or len(text) > _LONGEST_QUESTION:
        return 0
    if _holds_other_part(text, facts.response, *(part.text for part in facts.extraction.contexts)):
        return CONFLICT
    if not is_said_by_user and any(map(is_named_speaker, spot.speakers)):
        return CONFLICT
    points = named + 2 * texts.is_question(text) + (texts.word_count(text) >= 3) + (spot.head == "root")
    points += 2 * is_said_by_user - 2 * texts.is_instruction(text)
    if facts.prompt:
        points += 2 if _repeats(facts.prompt, text) else -1
    return points


def _may_hold_question(spot: Spot, named: int) -> bool:
    if named == OTHER:
        return False
    if spot.head == "root":
        return spot.field != "output" or named == TELLING
    # What a search was asked for is often the question in other words.
    return spot.field == "input" and named == TELLING and not is_aside(spot.step) and not is_place_of_retrieval(spot)


def response_points(facts: Facts, spot: Spot) -> int | None:
    """Points for being the answer that the user saw."""
    text = _sole_text(spot)
    named = hint("response", spot.keys)
    if text is None or named == OTHER or not _may_hold_response(facts, spot, named):
        return None
    if not texts.is_prose(text, least=1) or texts.is_failure(text):
        return 0
    if _holds_other_part(text, facts.question) or any(map(is_user, spot.speakers)):
        return CONFLICT
    if facts.is_refused(spot):
        return REFUSED
    points = named + (texts.word_count(text) >= 3) + (spot.head == "root" and spot.field == "output")
    points += spot.head != "root" and all(step.start <= spot.start for step in facts.trace.observations)
    flat = texts.normal(text)
    if any(texts.is_same(text, output) for output in facts.model_outputs):
        points += 3
    elif any(flat in texts.normal(output) for output in facts.model_outputs):
        points += 2
    return min(points, ENOUGH - 1) if named != TELLING and _is_beside_judgement(spot) else points


def _is_beside_judgement(spot: Spot) -> bool:
    """Whether an object around holds what was judged or chosen: the text is probably the reason for that."""
    around = (value for values in spot.around for value in values if isinstance(value, dict))
    return any(is_judgement(key) for value in around for key in value if key not in spot.keys)


def _may_hold_response(facts: Facts, spot: Spot, named: int) -> bool:
    if facts.may_lack_answer:
        return False
    if spot.head == "root" and spot.field == "output":
        return True
    if facts.trace.output not in (None, "", [], {}):
        return False
    return named == TELLING and spot.field in {"output", "metadata"}


def contexts_points(facts: Facts, spot: Spot) -> int | None:
    """Points for being evidence that the model was given."""
    named = hint("contexts", spot.keys)
    retrieval = is_place_of_retrieval(spot)
    if named == OTHER or not _may_hold_evidence(facts, spot, named):
        return None
    passages = _passages(spot, is_marked=named == TELLING or retrieval)
    if not passages:
        return None
    if any(map(is_named_speaker, spot.speakers)) or _hold_other(
        facts, passages, is_marked=named == TELLING or retrieval
    ):
        return CONFLICT
    passages = [text for text in passages if not texts.is_failure(text) and not is_failure_text(text)]
    return _evidence_points(facts, spot, passages, named, retrieval=retrieval) if passages else 0


def is_place_of_retrieval(spot: Spot) -> bool:
    """Whether the step is a retrieval by its type or its name."""
    return spot.head in {"retriever", "tool"} or (spot.head != "root" and is_retrieval(spot.step))


def _evidence_points(facts: Facts, spot: Spot, passages: Sequence[str], named: int, *, retrieval: bool) -> int:
    """Without a name that tells, only what the prompt repeats is enough, and only several texts or a long one."""
    repeated = sum(_repeats(facts.prompt, text) for text in passages) >= 0.5 * len(passages)
    tied = any(texts.is_tied(text, other) for text in passages for other in (facts.response, facts.question))
    is_document = len(passages) > 1 or texts.word_count(passages[0]) >= LONG_WORDS
    is_output = spot.head != "root" and spot.field == "output"
    is_marked = named == TELLING or retrieval
    is_answer_place = spot.head == "root" and spot.field == "output"
    if not is_marked and (is_answer_place or not (is_document or is_output) or not (repeated or tied)):
        return 0
    points = 3 * repeated - (bool(facts.prompt) and not repeated) + 2 * retrieval + named
    points += is_document + is_output + tied
    is_enough = (repeated or tied) and (is_marked or (repeated and is_document))
    return points if is_enough else min(points, ENOUGH - 1)


def _may_hold_evidence(facts: Facts, spot: Spot, named: int) -> bool:
    if spot.position and not spot.is_in_items:
        return False
    if spot.head == "root":
        return True
    if facts.answered_at is not None and spot.start >= facts.answered_at:
        return False
    if spot.field == "output" and spot.head != "generation":
        return not is_aside(spot.step)
    return named == TELLING and (spot.field == "input" or spot.head != "generation")


def _passages(spot: Spot, *, is_marked: bool) -> list[str]:
    """The texts of a spot that could be passages. An object without prose is one as a whole, if the place says so."""
    values = [plain_json(value) for value in spot.values]
    flat = [item for value in values for item in (value if isinstance(value, list) else [value])]
    if not flat:
        return []
    if all(isinstance(item, str) for item in flat):
        least = 1 if is_marked else _LEAST_PASSAGE_WORDS
        long = [item for item in flat if isinstance(item, str) and texts.is_prose(item, least=_LEAST_PASSAGE_WORDS)]
        return [str(item) for item in flat if texts.is_prose(str(item), least=least)] if long else []
    if not is_marked or not all(isinstance(item, dict) for item in flat):
        return []
    whole = [[text for text in leaf_texts(item) if text.strip()] for item in flat]
    sentence = 2 * _LEAST_PASSAGE_WORDS
    if any(texts.is_prose(text, least=sentence) for item in whole for text in item):
        return []  # the text has a key of its own, and a selector that leads to it
    return ["\n".join(item) for item in whole if len(item) > 1]


def _hold_other(facts: Facts, passages: Sequence[str], *, is_marked: bool) -> bool:
    """Whether any of the passages is something else, or a lone one is the question in other words."""
    if not is_marked and len(passages) == 1 and _is_about(passages[0], texts.normal(facts.question)):
        return True
    answer = texts.normal(facts.response)
    lines = (texts.normal(line) for text in passages for line in text[: texts.LOOKED_AT].splitlines()) if answer else ()
    if any(line == answer and not _repeats(facts.prompt, line) for line in lines):
        return True
    return any(is_no_evidence(facts, text, is_marked=is_marked) for text in passages)


def is_no_evidence(facts: Facts, text: str, *, is_marked: bool) -> bool:
    """Whether a text is the answer, the question, a prompt around the question, or instructions.

    An answer may be a passage, word for word: then the prompt holds it, and names say that it was retrieved.
    """
    question = texts.normal(facts.question)
    if facts.response and texts.is_same(text, facts.response) and not (is_marked and _repeats(facts.prompt, text)):
        return True
    return (len(question) >= 12 and question in texts.normal(text)) or texts.is_instruction(text)


def _is_about(text: str, question: str) -> bool:
    """Whether a text is the question in other words: it has most of its words from there, and is as short."""
    if texts.word_count(text) > 2 * texts.word_count(question):
        return False
    words, asked = texts.content_words(text), texts.content_words(question)
    return texts.is_question(text) or (len(asked) >= 2 and len(words & asked) >= 0.6 * len(words))


def _holds_other_part(text: str, *others: str) -> bool:
    return any(other and texts.is_same(text, other) for other in others)


def _repeats(prompt: str, text: str) -> bool:
    """Whether a prompt holds a text's beginning, or most of its lines: passages are put together in many ways."""
    flat = texts.normal(text)
    if not flat or not prompt:
        return False
    if flat[:_REPEATED] in prompt:
        return True
    lines = [line for line in map(texts.normal, text[: texts.LOOKED_AT].splitlines()[:_MOST_LINES]) if len(line) > 3]
    return len(lines) > 1 and sum(line[:_REPEATED] in prompt for line in lines) >= 0.6 * len(lines)


def _sole_text(spot: Spot) -> str | None:
    """The one text a spot holds; None where there are several, or none."""
    if len(spot.values) != 1 or "[*]" in spot.selector:
        return None
    value = spot.values[0]
    return value if isinstance(value, str) and value.strip() else None


POINTS: dict[PartName, Callable[[Facts, Spot], int | None]] = {
    "question": question_points,
    "response": response_points,
    "contexts": contexts_points,
}
