"""A small real HTTP server for models that say how likely a statement is, scriptable as `OpenAIServer` is.

It holds requests to what is documented of `/v1/systemone` and `/v1/decisions` (judges/models/decision_protocols.py) and
refuses any other as the servers do. On `/v1/chat/completions` it answers the sentence form: one word, with the
probabilities of its alternatives. When no step of a script is left it judges by words: a statement's probability is the
share of its words that one line of the evidence has.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from tests.servers.openai_server import Answer, Body, OpenAIServer, Request, Step, completion, fails, prompt_of

_EVIDENCE = re.compile(r"^E\d+: (.*)$", re.MULTILINE)
"""A line of evidence, e.g. `E3: It opened in 1932.`"""

_STATEMENT = re.compile(r"^R\d+: (.*)$", re.MULTILINE)
"""The statement, e.g. `R2: It opened in 1932.`"""

_WORD = re.compile(r"\w+")
"""A word, e.g. `opened`."""

MOST_TOKENS = 32_768
"""Tokens of a state and one question together, four characters each."""


class DecisionServer(OpenAIServer):
    """Serves both shapes of decision models, and the sentence form of a chat model, below `url`."""

    def answer(self, request: Request) -> Answer:
        """Record a request and take the next step for it, or the answer of its shape."""
        with self._lock:
            self.requests.append(request)
            step = self._script.pop(0) if self._script else _SHAPES.get(request.path, _NO_PATH)
        if self._api_key is not None and request.headers.get("authorization") != f"Bearer {self._api_key}":
            return Answer({"detail": {"error_type": "authentication_error"}}, status=403)
        answer = step if isinstance(step, Answer) else step(request.body)
        self.stopping.wait(answer.delay_s + self.latency_s)
        return answer


def decides(request: Body) -> Answer:
    """The answer of `/v1/systemone`."""
    questions = request.get("questions")
    if "state" not in request or not isinstance(questions, dict) or not questions:
        return Answer({"detail": "At least one question is required"}, status=400)
    if any(each.get("type") != "noul" or not isinstance(each.get("instructions"), str) for each in questions.values()):
        return Answer({"detail": [{"loc": ["body", "questions"], "msg": "Input should be 'noul'"}]}, status=422)
    longest = max(len(each["instructions"]) for each in questions.values())
    if (len(str(request["state"])) + longest) // 4 > MOST_TOKENS:
        return Answer({"detail": {"error_type": "max_tokens_exceeded"}}, status=400)
    answers = {
        name: {"type": "noul", "noul": likelihood(str(request["state"]), each["instructions"])}
        for name, each in questions.items()
    }
    return systemone_answer(request, answers)


def systemone_answer(request: Body, answers: Mapping[str, Any]) -> Answer:
    """A 200 with these answers."""
    usage = {"input_tokens": _tokens(request), "output_tokens": 21 * len(answers)}
    return Answer({"model": f"{request['model']}-20260917", "answers": dict(answers), "usage": usage})


def decides_as_openai(request: Body) -> Answer:
    """The answer of `/v1/decisions`."""
    questions = request.get("questions")
    if not isinstance(request.get("input"), str) or not isinstance(questions, list) or not questions:
        return Answer({"error": {"message": "Missing required parameter: 'questions'."}}, status=400)
    if any(each.get("type") != "predicate" or set(each) != {"type", "name", "instructions"} for each in questions):
        return Answer({"error": {"message": "Invalid value: 'type'."}}, status=400)
    answers = [
        {"type": "predicate", "name": each["name"], "probability": likelihood(request["input"], each["instructions"])}
        for each in questions
    ]
    usage = {"input_tokens": _tokens(request), "output_tokens": 0, "input_tokens_details": {"cached_tokens": 0}}
    return Answer({"model": request["model"], "answers": answers, "usage": usage})


def says_one_word(request: Body) -> Answer:
    """A chat completion of one word, with the probabilities of both, as far as they were asked for."""
    prompt = prompt_of(request)
    return word_answer(request, likelihood(prompt, prompt))


def word_answer(request: Body, yes: float, *, spelt: tuple[str, str] = ("Yes", "No")) -> Answer:
    """The word that is likelier, in some spelling, with both probabilities in one token."""
    shares = {spelt[0]: yes * 0.98, spelt[1]: (1 - yes) * 0.98}
    body = completion(max(shares, key=lambda word: shares[word]), request)
    if request.get("logprobs"):
        body["choices"][0]["logprobs"] = {"content": [token_of(shares)]}
    return Answer(body)


def token_of(shares: Mapping[str, float]) -> Body:
    """The log-probabilities of one token, the likeliest being what was written."""
    top = [
        {"token": word, "bytes": list(word.encode()), "logprob": math.log(max(share, 1e-9))}
        for word, share in sorted(shares.items(), key=lambda pair: -pair[1])
    ]
    return {**top[0], "top_logprobs": top}


def likelihood(state: str, asked: str) -> float:
    """The share of a statement's words that one line of the evidence has."""
    statement = _STATEMENT.findall(asked)[-1]
    words = set(_WORD.findall(statement.lower()))
    lines = (set(_WORD.findall(line.lower())) for line in _EVIDENCE.findall(state))
    return round(max((len(words & line) / len(words) for line in lines), default=0.0), 2) if words else 0.0


def _tokens(request: Body) -> int:
    return len(str(request)) // 4


_NO_PATH: Step = fails(404, message="no such path")
_SHAPES: Mapping[str, Step] = {
    "/v1/systemone": decides,
    "/v1/decisions": decides_as_openai,
    "/v1/chat/completions": says_one_word,
}
