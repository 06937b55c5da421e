"""Decision models: a state and typed questions in, a probability for each out, and no text.

Such a model is asked as a chat model is, so that leave, retries, limits and bills are the same. The messages are the
state. The schema of the reply says what is asked: each property is one question, its description the statement to
decide on, and the reply's text is that object with a probability for each name.

Two shapes are in use:

- `systemone` (TypeSafe's Jev of September 2026; OpenRouter, Ollama, vLLM, llama.cpp, Solar Decide and others answer the
  same): `POST /systemone` with `model`, `state` and `questions` by name, a yes-or-no question being a `noul`. Answers
  come by the same names: `{"type": "noul", "noul": 0.77}`. As documented: docs.rs/typesafe-jev,
  console.upstage.ai/api/systemone, OpenRouter's typesafe/jev-1.13. As observed by others there: probabilities have two
  decimals, a request holds 65,536 tokens, and state and longest question together 32,768.
- `decisions` (OpenAI's API, public beta): `POST /decisions` with `model`, `input` and a list of named questions, such a
  question being a `predicate`. Answers are a list, each a `predicate` with its `probability` or a `refusal`. As
  documented: developers.openai.com/api/reference/resources/decisions, mlflow/genai/judges/decisions.py.

Assumed, as no account was at hand: errors have the shapes that the table of refusals knows, and a question that a
`systemone` model cannot answer is missing from its answers.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import SecretStr

from assay.judges.errors import ModelRefused, ModelUnavailable
from assay.judges.models.answer_errors import AnswerError, answered_error
from assay.judges.models.base import Reply
from assay.judges.models.protocol import Asked
from assay.judges.models.request_form import JsonForm, RequestForm
from assay.judges.models.token_usage import read_usage


class _DecisionProtocol(ABC):
    """What the two shapes have in common. See `ChatProtocol`."""

    default_url: str
    forms = (JsonForm.PLAIN,)
    merged_fields: frozenset[str] = frozenset()

    @abstractmethod
    def path(self, model: str) -> str:
        """What is appended to the endpoint's URL."""

    def headers(self, key: SecretStr | None) -> dict[str, str]:
        """The key as a bearer token. Servers of one's own take requests without."""
        return {"Authorization": f"Bearer {key.get_secret_value()}"} if key else {}

    def body(self, form: RequestForm, model: str, asked: Asked) -> dict[str, Any]:
        """The JSON body. There is one form only."""
        del form
        state = "\n\n".join(message.content for message in asked.messages)
        properties = (asked.json_schema or {}).get("properties", {})
        return {"model": model, **self._asking(state, {name: each["description"] for name, each in properties.items()})}

    @abstractmethod
    def _asking(self, state: str, questions: Mapping[str, str]) -> dict[str, Any]:
        """State and questions as fields of the body."""

    def read(self, data: object, *, asked_model: str, latency_s: float) -> Reply:
        """Read the decoded body of a 200 answer.

        Raises:
            AnswerError: the body is an error.
            ModelRefused: the model declined to answer one of the questions.
            ModelUnavailable: the body holds no answers.
        """
        answers = data.get("answers") if isinstance(data, dict) else None
        if not isinstance(data, dict) or not isinstance(answers, dict | list) or data.get("error"):
            error = answered_error(data)
            if error is not None:
                raise AnswerError(error)
            raise ModelUnavailable(
                "the endpoint answered 200 without answers; check that the base URL ends in /v1 and that a decision "
                "model is served there"
            )
        usage = read_usage(data.get("usage"), is_answered=False)
        if any(isinstance(answer, dict) and answer.get("type") == "refusal" for answer in _listed(answers)):
            refused = ModelRefused("the decision model declined to decide on a statement")
            refused.usage = usage
            raise refused
        served = data.get("model")
        return Reply(
            text=json.dumps(self._probabilities(answers)),
            finish_reason="stop",
            usage=usage,
            model_served=served if isinstance(served, str) and served else asked_model,
            latency_s=latency_s,
        )

    def _probabilities(self, answers: dict[str, Any] | list[Any]) -> dict[str, object]:
        """What stands where the probabilities should, by name. Nothing for a question that has two answers."""
        named: dict[str, object] = {}
        for name, answer in self._answers(answers):
            named[name] = None if name in named else self._probability(answer)
        return named

    @abstractmethod
    def _answers(self, answers: dict[str, Any] | list[Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        """Each answer with the name of its question."""

    @abstractmethod
    def _probability(self, answer: Mapping[str, Any]) -> object:
        """What stands where the probability should."""


class SystemOne(_DecisionProtocol):
    """The shape `/v1/systemone`."""

    default_url = "https://api.typesafe.ai/v1"

    def path(self, model: str) -> str:
        """The same for all models: the body names it."""
        return "/systemone"

    def _asking(self, state: str, questions: Mapping[str, str]) -> dict[str, Any]:
        asked = {name: {"type": "noul", "instructions": statement} for name, statement in questions.items()}
        return {"state": state, "questions": asked}

    def _answers(self, answers: dict[str, Any] | list[Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        pairs = answers.items() if isinstance(answers, dict) else ()
        yield from ((name, answer) for name, answer in pairs if isinstance(answer, dict))

    def _probability(self, answer: Mapping[str, Any]) -> object:
        return answer.get("noul") if answer.get("type", "noul") == "noul" else None


class OpenAiDecisions(_DecisionProtocol):
    """The shape `/v1/decisions`."""

    default_url = "https://api.openai.com/v1"

    def path(self, model: str) -> str:
        """The same for all models: the body names it."""
        return "/decisions"

    def _asking(self, state: str, questions: Mapping[str, str]) -> dict[str, Any]:
        asked = [{"type": "predicate", "name": name, "instructions": text} for name, text in questions.items()]
        return {"input": state, "questions": asked}

    def _answers(self, answers: dict[str, Any] | list[Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        for answer in answers if isinstance(answers, list) else ():
            if isinstance(answer, dict) and isinstance(answer.get("name"), str):
                yield answer["name"], answer

    def _probability(self, answer: Mapping[str, Any]) -> object:
        return answer.get("probability") if answer.get("type", "predicate") == "predicate" else None


def _listed(answers: dict[str, Any] | list[Any]) -> list[Any]:
    return list(answers.values()) if isinstance(answers, dict) else answers
