"""How one endpoint wants to be asked: the dialect of `/chat/completions` it turned out to speak.

Servers that call themselves OpenAI-compatible differ in four ways: how they are held to a JSON schema, whether they
give token probabilities, whether they take a temperature, and the name of the bound on the completion. A refusal shows
what a server lacks. So does a reply that is no JSON although JSON was asked for. From then on the server is asked in
the simpler form.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from assay.judges.schema import Record


class JsonForm(StrEnum):
    """How the server is asked for JSON, the strictest form first."""

    SCHEMA = "json_schema"
    TOOL = "tool_call"
    OBJECT = "json_object"
    PLAIN = "text"


_FORMS = tuple(JsonForm)
_SCHEMA_WORDS = (
    *("response_format", "response format", "json_schema", "json_object", "structured output", "guided", "grammar"),
    *("json mode", "json schema", "invalid schema", "response_schema", "invalid format"),
)
_FORM_WORDS = {
    JsonForm.SCHEMA: _SCHEMA_WORDS,
    JsonForm.TOOL: ("tool", "function", *_SCHEMA_WORDS),
    JsonForm.OBJECT: _SCHEMA_WORDS,
}
_PLAIN_REFUSALS = frozenset({400, 404, 422})
_OTHER_REFUSALS = frozenset({403, 500, 501})
"""Statuses that some servers refuse a feature with (no access to logprobs, llama.cpp without --jinja), but that mostly
mean something else: with them the complaint must also say that the feature is what is refused."""

_REFUSING = (
    "not support",
    "unsupported",
    "not allowed",
    "not implemented",
    "requires",
    "must be one of",
)


class RequestForm(Record):
    """The dialect one endpoint speaks. `proven` once it has answered with JSON in this form."""

    json_form: JsonForm = JsonForm.SCHEMA
    logprobs: bool = True
    temperature: bool = True
    token_field: str = "max_tokens"  # noqa: S105  # the name of a request field
    proven: bool = False

    def without_refused(self, status: int, complaint: str) -> RequestForm | None:
        """The form without the feature the server refused. None if it complained of something else.

        Args:
            status: of the HTTP answer.
            complaint: lower-case text of the error's own fields, see `complaint_of`.
        """
        if status not in _PLAIN_REFUSALS and not (
            status in _OTHER_REFUSALS and any(word in complaint for word in _REFUSING)
        ):
            return None
        if self.token_field == "max_tokens" and "max_completion_tokens" in complaint:  # noqa: S105  # a field name
            return self.model_copy(update={"token_field": "max_completion_tokens"})
        if self.logprobs and "logprobs" in complaint:
            return self.model_copy(update={"logprobs": False})
        if self.temperature and "temperature" in complaint:
            return self.model_copy(update={"temperature": False})
        if any(word in complaint for word in _FORM_WORDS.get(self.json_form, ())):
            return self.looser()
        return None

    def looser(self) -> RequestForm | None:
        """The form that asks for JSON in the next weaker way, yet to be proven. None if there is none."""
        place = _FORMS.index(self.json_form) + 1
        if place == len(_FORMS):
            return None
        return self.model_copy(update={"json_form": _FORMS[place], "proven": False})

    def is_looser_than(self, other: RequestForm) -> bool:
        """Whether it asks for JSON in a weaker way."""
        return _FORMS.index(self.json_form) > _FORMS.index(other.json_form)

    def merged(self, other: RequestForm) -> RequestForm:
        """What both have found out: a feature that either had to leave out stays out.

        A way to ask for JSON that has brought JSON stands before one that has not, else the weaker before the stricter.
        """
        ordered = sorted((self, other), key=lambda form: (form.proven, _FORMS.index(form.json_form)))
        renamed = next((form.token_field for form in ordered if form.token_field != "max_tokens"), "max_tokens")  # noqa: S105  # a field name
        return RequestForm(
            json_form=ordered[1].json_form,
            logprobs=self.logprobs and other.logprobs,
            temperature=self.temperature and other.temperature,
            token_field=renamed,
            proven=ordered[1].proven,
        )


class KnownForms:
    """What is known of each (endpoint, model), shared by all adapters of a process."""

    def __init__(self) -> None:
        self._forms: dict[tuple[str, str], RequestForm] = {}

    def get(self, endpoint: str, model: str) -> RequestForm:
        """The form to ask in."""
        return self._forms.get((endpoint, model), RequestForm())

    def learn(self, endpoint: str, model: str, form: RequestForm) -> None:
        """Keep a form that has just worked. Calls that began earlier and learnt less take nothing back."""
        self._forms[endpoint, model] = self.get(endpoint, model).merged(form)

    def clear(self) -> None:
        """Forget everything."""
        self._forms.clear()


KNOWN_FORMS = KnownForms()
"""The forms known to this process. Adapters of several rubrics at one endpoint find its dialect out once."""


def complaint_of(body: object) -> str:
    """What an error body says is wrong, lower case: message, parameter and code, never an echoed request."""
    return " ".join(_statements(body)).lower()


def _statements(body: object) -> Iterator[str]:
    """The speaking fields of the error shapes in use: OpenAI's, and the validation list of FastAPI servers."""
    if isinstance(body, str):
        yield body[:2000]
    elif isinstance(body, list):
        for item in body[:20]:
            yield from _statements(item)
    elif isinstance(body, dict):
        for key in ("message", "param", "code", "type", "msg", "loc", "error", "detail"):
            yield from _statements(body.get(key))
