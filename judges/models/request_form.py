"""How one endpoint wants to be asked: the dialect it turned out to speak, and what is known of each endpoint.

Servers that call themselves OpenAI-compatible differ in how they are held to a JSON schema, in how much of a schema
they understand, whether they give token probabilities, whether they take a temperature or a system message, and in the
name of the bound on the completion. A refusal shows what a server lacks. So does a reply that is no JSON although JSON
was asked for. From then on the server is asked in the simpler form (`form_ladder.py`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from enum import StrEnum
from typing import Literal, NamedTuple, Protocol

from assay.judges.schema import Record


class JsonForm(StrEnum):
    """How the server is asked for JSON, the strictest form first."""

    SCHEMA = "json_schema"
    TOOL = "tool_call"
    OBJECT = "json_object"
    PLAIN = "text"


_FORMS = tuple(JsonForm)

ToolChoice = Literal["named", "required", "auto"]
"""How a call of the function is asked for: by its name, any function, or as the model likes."""

_CHOICES: tuple[ToolChoice, ...] = ("named", "required", "auto")

KEPT_S = 86_400.0
"""How long a form that asks for less than the most is believed, in seconds: endpoints learn, too."""

DOUBTED_S = 300.0
"""How long a form is believed at first that was guessed: by an endpoint that broke, or that refused what it had taken.

An outage or a text may have brought that about. Each time the former form turns out to work no better, it is four times
as long."""

_DOUBTED_TIMES = 4.0

REFUSED_IN_A_ROW = 3
"""Refusals of a proven form, with no answer in between, that show the endpoint to have changed. Fewer may be the work
of a text."""


FRUITLESS_S = 30.0
"""Seconds for which no call looks for a form after one that did so in vain, for each such call in a row: each pays for
several replies. That no form brought JSON may be the work of one text, so the wait is short and nothing is learnt."""


class RequestForm(Record):
    """The dialect one endpoint speaks.

    Attributes:
        json_form: how JSON is asked for.
        is_loose: the schema is sent in the plain words that all servers know, and not as a strict one.
        is_exact: the schema names the very sentences and lines of the call.
        tool_choice: how a function call is asked for.
        logprobs: token probabilities are asked for.
        temperature: it is set to 0.
        token_field: name of the bound on the completion. Empty: none is sent.
        system_role: there is a system message. Without it, it leads the user's.
        proven: the endpoint has answered with JSON in this form.
    """

    json_form: JsonForm = JsonForm.SCHEMA
    is_loose: bool = False
    is_exact: bool = False
    tool_choice: ToolChoice = "named"
    logprobs: bool = True
    temperature: bool = True
    token_field: str = "max_tokens"  # noqa: S105  # the name of a request field
    system_role: bool = True
    proven: bool = False

    def is_looser_than(self, other: RequestForm) -> bool:
        """Whether it asks for JSON in a weaker way."""
        return self.weakness > other.weakness

    def is_weaker_than(self, other: RequestForm) -> bool:
        """Whether it asks for JSON in a weaker way, or leaves out what the other asks for."""
        left_out = (other.logprobs and not self.logprobs) or (other.temperature and not self.temperature)
        return self.is_looser_than(other) or left_out or (other.system_role and not self.system_role)

    @property
    def weakness(self) -> tuple[int, bool, int]:
        """How weakly it asks for JSON: greater is weaker."""
        return _FORMS.index(self.json_form), self.is_loose, _CHOICES.index(self.tool_choice)

    def merged(self, other: RequestForm) -> RequestForm:
        """What both have found out: a feature that either had to leave out stays out.

        A way to ask for JSON that has brought JSON stands before one that has not, else the weaker before the stricter.
        """
        ordered = sorted((self, other), key=lambda form: (form.proven, form.weakness, form.is_exact))
        renamed = next((form.token_field for form in ordered if form.token_field != "max_tokens"), "max_tokens")  # noqa: S105  # a field name
        update = {
            "logprobs": self.logprobs and other.logprobs,
            "temperature": self.temperature and other.temperature,
            "system_role": self.system_role and other.system_role,
            "token_field": renamed,
        }
        return ordered[1].model_copy(update=update)


class FormPlace(NamedTuple):
    """Where a form holds: the whole address, the model, and which of its features a person has set."""

    endpoint: str
    model: str
    forced: str = ""


class LearntForm(Record):
    """A form that has worked, and since when that is known (seconds since 1970)."""

    form: RequestForm
    learnt_at: float


class FormMemory(Protocol):
    """What all processes of a fleet know of the forms. It never raises: what cannot be reached knows nothing."""

    async def recall(self, place: FormPlace) -> LearntForm | None:
        """What is known of a place. None: nothing."""
        ...

    async def keep(self, place: FormPlace, learnt: LearntForm) -> None:
        """Keep a form that has worked, instead of what was known, for `KEPT_S` from when it was learnt."""
        ...


class KnownForm:
    """What this process knows of one place.

    Attributes:
        form: what it is asked in.
        at: when that was learnt. None: not yet.
        is_recalled: the fleet was asked for what it knows.
        refusals: calls whose proven form was refused, with no answer in between.
        fruitless: calls that looked for a form and found none that brings JSON, and when the last of them ended.
        calls: since the exact schema could be tried, and how many of them were `repairs`.
        is_exact_tried: the exact schema was tried.
    """

    def __init__(self, form: RequestForm, clock: Callable[[], float]) -> None:
        self.form = form
        self.at: float | None = None
        self.is_recalled = False
        self.refusals = 0
        self.fruitless = 0
        self.fruitless_at = 0.0
        self.calls = 0
        self.repairs = 0
        self.is_exact_tried = False
        self._former: RequestForm | None = None
        self._doubted_s = DOUBTED_S
        self._clock = clock
        self._locks: dict[asyncio.AbstractEventLoop, asyncio.Lock] = {}
        self._scouts: dict[asyncio.AbstractEventLoop, asyncio.Event] = {}

    def learn(self, form: RequestForm) -> None:
        """Take over a form that has just worked. Calls that began earlier and learnt less take nothing back."""
        self.replace(self.form if self.form == form else self.form.merged(form))

    def replace(self, form: RequestForm, at: float | None = None) -> None:
        """Take over a form instead of the known one."""
        self.form = form
        self.at = self._clock() if at is None else at
        self.refusals = self.fruitless = 0
        self._former = None

    def guess(self, form: RequestForm, former: RequestForm) -> None:
        """Take over a form that works although nothing the endpoint said asked for it. `former` is soon tried again."""
        self.replace(form)
        self._former, self._doubted_s = former.model_copy(update={"proven": False}), DOUBTED_S
        self.at = self._clock() - KEPT_S + DOUBTED_S

    def may_search(self) -> bool:
        """Whether looking for a form that brings JSON is worth what it costs. Not soon after a call found none."""
        return self._clock() - self.fruitless_at >= min(self.fruitless * FRUITLESS_S, DOUBTED_S)

    def found_none(self) -> None:
        """Count a call that looked for a form that brings JSON and found none. It teaches nothing else."""
        self.fruitless += 1
        self.fruitless_at = self._clock()

    def is_old(self) -> bool:
        """Whether something stricter is worth trying again."""
        return self.at is not None and self._clock() - self.at > KEPT_S

    def renew(self) -> RequestForm | None:
        """Believe the form for as long again, or longer where it was a guess: then the form before it is given."""
        self.at = self._clock()
        former = self._former
        if former is not None:
            self._doubted_s *= _DOUBTED_TIMES
            self.at -= max(0.0, KEPT_S - self._doubted_s)
            self._former = former if self._doubted_s < KEPT_S else None
        return former

    def is_refused_for_good(self) -> bool:
        """Count a refusal of the proven form. Whether there were so many that no simpler form helps either."""
        self.refusals += 1
        return self.refusals > 2 * REFUSED_IN_A_ROW

    def forget(self, first: RequestForm) -> None:
        """Begin anew with the `first` form."""
        self.replace(first)
        self.at, self.is_exact_tried = None, False

    def learnt(self) -> LearntForm:
        """What can be told to others."""
        return LearntForm(form=self.form, learnt_at=self.at or 0.0)

    @asynccontextmanager
    async def scouting(self, patience_s: float) -> AsyncIterator[None]:
        """Held by the first of the calls that begin while no form has worked. The others wait for its end.

        They go on when it ends without a form, or takes longer than `patience_s`: refusals come at once, answers may
        take long.
        """
        loop = asyncio.get_running_loop()
        under_way = self._scouts.get(loop)
        if under_way is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(under_way.wait(), patience_s)
            yield
            return
        ended = self._scouts[loop] = asyncio.Event()
        try:
            yield
        finally:
            del self._scouts[loop]
            ended.set()

    def searching(self) -> asyncio.Lock:
        """Held by the call that looks for a form, in the running loop. Loops that were closed are forgotten."""
        loop = asyncio.get_running_loop()
        if loop not in self._locks:
            self._locks = {known: lock for known, lock in self._locks.items() if not known.is_closed()}
            self._locks[loop] = asyncio.Lock()
        return self._locks[loop]


class KnownForms:
    """What is known of each place, shared by all adapters of a process."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._forms: dict[FormPlace, KnownForm] = {}
        self._clock = clock

    def at(self, place: FormPlace, first: RequestForm) -> KnownForm:
        """What is known of a place. Nothing yet: it is asked in the `first` form."""
        known = self._forms.get(place)
        if known is None:
            known = self._forms[place] = KnownForm(first, self._clock)
        return known

    def get(self, endpoint: str, model: str) -> RequestForm:
        """The form in which a model is asked, where nothing of it is set."""
        return self.at(FormPlace(endpoint, model), RequestForm()).form

    def clear(self) -> None:
        """Forget everything."""
        self._forms.clear()


KNOWN_FORMS = KnownForms()
"""The forms known to this process. Adapters of several rubrics at one endpoint find its dialect out once."""
