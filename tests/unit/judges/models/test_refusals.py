"""What an error means, whatever the form and the wording: `error_wordings.txt` has the wordings."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from assay.judges.errors import ModelAccessDenied, ModelUnavailable, RequestRejected
from assay.judges.llm.preview import stable_part
from assay.judges.models.error_codes import CERTAIN_CODES, LIKELY_CODES, CodeSign
from assay.judges.models.error_fields import decoded_error, error_fields
from assay.judges.models.error_words import WORDS, word_signs
from assay.judges.models.meaning import ERRORS, HELD, Meaning
from assay.judges.models.refusals import Refusal, error_class, is_unknown, meaning_of, reach_of, refusal_of
from assay.judges.models.sent_text import SentText
from assay.judges.models.spoken_words import plain_words
from assay.judges.models.word_sign import WordSign
from assay.judges.rubric import Rubric


class Wording(NamedTuple):
    meaning: Meaning
    status: int
    words: str


def wordings() -> list[Wording]:
    lines = (Path(__file__).parent / "error_wordings.txt").read_text(encoding="utf-8").splitlines()
    parts = [[part.strip() for part in line.split("|", 2)] for line in lines if line and not line.startswith("#")]
    return [Wording(Meaning(meaning), int(status), words) for meaning, status, words in parts]


WORDINGS = wordings()
EVERY_TENTH = WORDINGS[::10]


def refusal(status: int, body: bytes | dict[str, Any] | list[Any] | str, *, sent: str | None = None) -> Refusal:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    fields = error_fields(decoded_error(raw))
    ours = None if sent is None else SentText(json.dumps({"messages": [{"role": "user", "content": sent}]}).encode())
    return refusal_of(status, fields, ours)


def test_there_are_many_wordings_of_each_meaning() -> None:
    counts = Counter(wording.meaning for wording in WORDINGS)
    assert min(counts[Meaning.TOO_LONG], counts[Meaning.REFUSED], sum(counts[m] for m in HELD)) >= 60
    assert counts[Meaning.UNKNOWN] >= 20
    assert set(Meaning) - set(counts) == {Meaning.REDIRECT}


@pytest.mark.parametrize("wording", WORDINGS, ids=lambda wording: wording.words[:40])
def test_wording_means_what_it_says(wording: Wording) -> None:
    error = {"error": {"message": wording.words, "type": "test_error", "param": None, "code": None}}
    assert meaning_of(refusal(wording.status, error)) is wording.meaning


SHAPES: dict[str, Callable[[str], Any]] = {
    "object": lambda words: {"error": {"message": words, "code": 400}},
    "array": lambda words: [{"error": {"message": words, "status": "INVALID_ARGUMENT"}}],
    "bare error": lambda words: {"error": words, "error_type": "validation"},
    "AWS": lambda words: {"message": words},
    "FastAPI detail": lambda words: {"detail": words},
    "FastAPI list": lambda words: {"detail": [{"loc": ["body"], "msg": words, "type": "value_error"}]},
    "string": lambda words: words,
    "list of errors": lambda words: {"success": False, "errors": [{"code": 7003, "message": words}]},
    "upstream's own": lambda words: {
        "error": {"message": "Error", "metadata": {"raw": json.dumps({"error": {"message": words}})}}
    },
    "JSON in the message": lambda words: {"error": {"message": json.dumps({"message": words})}},
    "problem": lambda words: {"title": "Bad Request", "detail": words, "type": "about:blank"},
}


@pytest.mark.parametrize("shape", SHAPES)
def test_wording_means_the_same_in_every_shape(shape: str) -> None:
    # "Internal", "Error" and "Bad Request" around it say nothing.
    told = {wording.words: meaning_of(refusal(wording.status, SHAPES[shape](wording.words))) for wording in EVERY_TENTH}
    assert told == {wording.words: wording.meaning for wording in EVERY_TENTH}


@pytest.mark.parametrize("row", WORDS, ids=lambda row: row.example[:40])
def test_rows_own_example_is_decided_by_it(row: WordSign) -> None:
    assert word_signs(plain_words(row.example))[0][0] is row
    assert row.source


@pytest.mark.parametrize("row", [*CERTAIN_CODES, *LIKELY_CODES], ids=lambda row: row.parts[0])
def test_code_means_what_its_row_says(row: CodeSign) -> None:
    told = {part: meaning_of(refusal(400, {"error": {"message": "x", "code": part.upper()}})) for part in row.parts}
    assert told == dict.fromkeys(row.parts, row.meaning)
    assert row.source


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        (301, Meaning.REDIRECT),
        (401, Meaning.KEY),
        (402, Meaning.QUOTA),
        (407, Meaning.KEY),
        (408, Meaning.TIMEOUT),
        (409, Meaning.OUTAGE),
        (413, Meaning.TOO_LONG),
        (429, Meaning.LIMIT),
        (446, Meaning.REFUSED),
        (498, Meaning.OUTAGE),
        (500, Meaning.UNKNOWN),
        (503, Meaning.OUTAGE),
        (504, Meaning.TIMEOUT),
        (529, Meaning.OUTAGE),
        *((status, Meaning.UNKNOWN) for status in (400, 403, 404, 405, 418, 422, 501)),
    ],
)
def test_status_alone(status: int, meaning: Meaning) -> None:
    assert meaning_of(refusal(status, {"error": {"message": "it failed"}})) is meaning


@pytest.mark.parametrize(
    ("status", "body", "meaning"),
    [
        (429, {"error": {"code": "rate_limit_exceeded", "message": "slow down"}}, Meaning.LIMIT),
        (413, {"error": {"code": "rate_limit_exceeded", "message": "Request too large for m"}}, Meaning.TOO_LONG),
        (429, [{"error": {"status": "RESOURCE_EXHAUSTED", "message": "You exceeded your current quota",
                          "details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo"}]}}], Meaning.LIMIT),
        (429, [{"error": {"status": "RESOURCE_EXHAUSTED", "message": "quota, limit: 0",
                          "details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo"}]}}], Meaning.QUOTA),
        (200, {"base_resp": {"status_code": 1008, "status_msg": "x"}}, Meaning.QUOTA),
        (200, {"base_resp": {"status_code": 1026, "status_msg": "x"}}, Meaning.REFUSED),
        (400, {"__type": "com.amazon.coral.service#AccessDeniedException"}, Meaning.KEY),
        (400, {"error": {"innererror": {"code": "ResponsibleAIPolicyViolation"}}}, Meaning.REFUSED),
        (400, {"error": {"failed_generation": "rate limit", "flagged_input": "api key not valid"}}, Meaning.UNKNOWN),
    ],
)  # fmt: skip
def test_code_and_words_together(status: int, body: Any, meaning: Meaning) -> None:
    assert meaning_of(refusal(status, body)) is meaning


def test_words_of_account_limit_and_outage_are_not_believed_where_the_text_could_have_said_them() -> None:
    believed = (*HELD, Meaning.LIMIT, Meaning.OUTAGE, Meaning.TIMEOUT)
    # A 5xx, a 401 and a 429 say by themselves what they are.
    told = [w for w in WORDINGS if w.meaning in believed and w.status in {400, 403, 404, 422}]
    echoed = [
        (
            words,
            meaning_of(refusal(status, {"error": {"message": f"Invalid input: '{words}'"}}, sent=f"He wrote {words}")),
        )
        for _, status, words in told
    ]
    assert len(told) > 100
    assert [pair for pair in echoed if pair[1] in believed] == []


@pytest.mark.parametrize(
    "repeat",
    [
        lambda text: text,
        json.dumps,
        repr,
        str.upper,
        lambda text: text.replace(" ", "  "),
        lambda text: text[:60],
    ],
)
def test_echo_is_known_however_it_is_written(repeat: Callable[[str], str]) -> None:
    text = 'Note:\nyour "Budget has been exceeded!" and\tthe API key is not valid, overloaded'
    told = meaning_of(refusal(400, {"error": {"message": f"unprocessable: {repeat(text)}"}}, sent=text))
    assert told not in {*HELD, Meaning.OUTAGE, Meaning.LIMIT}


def test_words_the_text_has_not_are_believed() -> None:
    body = {"error": {"message": "Budget has been exceeded! Current cost: 3"}}
    assert meaning_of(refusal(400, body, sent="The bridge opened in 1932.")) is Meaning.QUOTA


_LLM = Rubric.model_validate({"name": "grounding", "judge": {"tiers": ["llm"], "llm": {"model": "m"}}})


def test_our_own_prompt_says_nothing_of_an_account() -> None:
    """Else the sign of it would be doubted with every call."""
    prompt = plain_words(stable_part(_LLM) or "")
    assert len(prompt) > 1000
    account = [row for row in WORDS if row.meaning in {*HELD, Meaning.LIMIT, Meaning.OUTAGE, Meaning.TIMEOUT}]
    assert [row.example for row in account if row.words.search(prompt)] == []


@pytest.mark.parametrize(
    ("status", "body", "error", "reach"),
    [
        (401, {"error": {"message": "no"}}, ModelAccessDenied, "endpoint"),
        (402, {"error": {"message": "no"}}, ModelAccessDenied, "endpoint"),
        (404, {"error": {"message": "no"}}, ModelAccessDenied, "model"),
        (404, b"<html>not here</html>", ModelAccessDenied, "model"),
        (400, {"error": {"message": "Invalid model name passed in model=x"}}, ModelAccessDenied, "model"),
        (403, {"error": {"message": "no"}}, ModelAccessDenied, "unclear"),
        (403, {"error": {"type": "permission_error"}}, ModelAccessDenied, "endpoint"),
        (302, b"", ModelAccessDenied, "unclear"),
        (403, b"<html>blocked</html>", RequestRejected, "unclear"),
        (200, b"<html>The requested URL was rejected. Your support ID is: 1</html>", ModelAccessDenied, "unclear"),
        (200, b"<html>Welcome to the hotel</html>", ModelUnavailable, "unclear"),
    ],
)
def test_whom_it_concerns(status: int, body: Any, error: type[Exception], reach: str) -> None:
    told = refusal(status, body)
    assert (error_class(told), reach_of(told)) == (error, reach)


@pytest.mark.parametrize(
    ("status", "message", "may_be_form"),
    [
        (400, "it failed", True),
        (422, "response_format is not supported", True),
        (404, "No endpoints found that can handle the requested parameters", True),
        (500, "Internal Server Error", True),
        (500, "overloaded", False),
        (400, "prompt is too long", False),
        (404, "The model `x` does not exist", False),
        (403, "it failed", False),
        (503, "it failed", False),
    ],
)
def test_what_a_simpler_form_may_mend(status: int, message: str, may_be_form: bool) -> None:
    assert is_unknown(refusal(status, {"error": {"message": message}})) is may_be_form


def test_every_meaning_has_an_error() -> None:
    assert set(ERRORS) == set(Meaning) - {Meaning.UNKNOWN}


def test_words_are_looked_at_within_bounds() -> None:
    """An error that is made of a text is no work for the event loop."""
    assert word_signs("x" * 5_000 + " api key not valid") == ()
    made_of_it = SentText(json.dumps({"content": "exceeded " * 100_000}).encode())
    quota = next(row for row in WORDS if row.meaning is Meaning.QUOTA)
    assert made_of_it.could_have_said(quota.words, "budget has been exceeded"), "it could say anything with that word"


def test_invisible_letters_hide_no_echo() -> None:
    text = "bud\u200bget é has been exceeded"
    told = meaning_of(refusal(400, {"error": {"message": "odd: budget \\u00e9 has been exceeded"}}, sent=text))
    assert told is Meaning.UNKNOWN


FRAMES = (
    *("invalid: {{'role': 'user', 'content': '{text}'}}", "Bad request from your account: {text}", "model: {text}"),
    *("The model could not parse: {text}", "'{text}' is not valid under any of the given schemas", "{text} exceeded"),
    *(
        "The text '{text}' was rejected",
        "near '{text}'",
        "project {text}",
        "{text} is not available",
        "{text} not found",
    ),
    *("you exceeded {text}", "Input to the model: {text}", "user said {text}", "{text} disabled", "too many {text}"),
)
TEXTS = (
    *("It is disabled.", "Not active.", "api key", "the api key", "Quota.", "The account.", "Model.", "Was suspended."),
    *(
        "Is overloaded.",
        "Please try again later.",
        "does not exist",
        "Requests.",
        "余额不足。",
        "credits",
        "model not found",
    ),
)


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("quote", [str, lambda text: text[:12], lambda text: text.replace(" ", "%20")])
def test_no_word_of_the_text_completes_a_sign(frame: str, quote: Callable[[str], str]) -> None:
    """Half of it the endpoint's template, half of it the text: whoever writes the text would say what is wrong."""
    told = {}
    for text in TEXTS:
        for sent in (text, f"{text} It stands in Paris."):
            body = {"error": {"message": frame.format(text=quote(sent))}}
            told[sent] = meaning_of(refusal(400, body, sent=f"Response:\n{sent}"))
    believed = {*HELD, Meaning.LIMIT, Meaning.OUTAGE, Meaning.TIMEOUT}
    assert {sent: meaning for sent, meaning in told.items() if meaning in believed} == {}


def test_words_of_its_own_are_believed_beside_an_echo() -> None:
    body = {"error": {"message": "Your account has no credits left. Request: 'The bridge opened in 1932.'"}}
    assert meaning_of(refusal(400, body, sent="The bridge opened in 1932.")) is Meaning.QUOTA


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": '{"code": "insufficient_quota"}'}},
        {"error": "insufficient_quota"},
        {"error": {"message": "the reply broke", "response": '{"code": "insufficient_quota"}'}},
        {"error": {"message": "x", "reason": "insufficient_quota"}},
    ],
)
def test_code_that_was_sent_is_not_believed(body: Any) -> None:
    for text in ('{"code": "insufficient_quota"}', "insufficient_quota", "write insufficient, then quota"):
        assert meaning_of(refusal(400, body, sent=text)) is Meaning.UNKNOWN
    if "response" not in str(body):
        assert meaning_of(refusal(400, body, sent="The bridge opened in 1932.")) is Meaning.QUOTA


def test_code_of_a_pace_comes_before_words_of_a_length() -> None:
    body = {"__type": "ThrottlingException", "message": "Too many tokens, please wait before trying again."}
    assert meaning_of(refusal(400, body)) is Meaning.LIMIT


def test_error_that_quotes_the_text_is_about_the_text() -> None:
    sent = "It was rebuilt by dragons."
    for status in (404, 500, 403):
        told = refusal(status, {"error": {"message": f"no handler for {sent}"}}, sent=sent)
        assert (error_class(told), reach_of(told)) == (RequestRejected, "unclear")
    told = refusal(500, {"error": {"message": "no handler"}}, sent=sent)
    assert error_class(told) is ModelUnavailable


def test_verdict_word_of_our_own_is_no_echo() -> None:
    for status, message in ((404, "Resource not found"), (400, "Model m not found")):
        told = refusal(status, {"error": {"message": message}}, sent='Answer "supported" or "not_found" only.')
        assert (error_class(told), reach_of(told)) == (ModelAccessDenied, "model")
