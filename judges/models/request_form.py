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

REFUSED_IN_A_ROW = 3
"""Refusals of a proven form, with no answer in between, that show the endpoint to have changed. Fewer may be the work
of a text."""


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
        refusals: of the proven form, with no answer in between.
        calls: since the exact schema could be tried, and how many of them were `repairs`.
        is_exact_tried: the exact schema was tried.
    """

    def __init__(self, form: RequestForm, clock: Callable[[], float]) -> None:
        self.form = form
        self.at: float | None = None
        self.is_recalled = False
        self.refusals = 0
        self.calls = 0
        self.repairs = 0
        self.is_exact_tried = False
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
        self.refusals = 0

    def is_old(self) -> bool:
        """Whether something stricter is worth trying again."""
        return self.at is not None and self._clock() - self.at > KEPT_S

    def renew(self) -> None:
        """Believe the form for as long again."""
        self.at = self._clock()

    def is_refused_for_good(self) -> bool:
        """Count a refusal of the proven form. Whether there were so many that no simpler form helps either."""
        self.refusals += 1
        return self.refusals > 2 * REFUSED_IN_A_ROW

    def forget(self, first: RequestForm) -> None:
        """Begin anew with the `first` form."""
        self.form, self.at, self.refusals, self.is_exact_tried = first, None, 0, False

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
