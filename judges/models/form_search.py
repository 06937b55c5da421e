"""One call in the form that its endpoint understands. Where that is not known yet, it is found out on the way.

While no form has brought JSON, a refusal that may be about the form leads to the next simpler one, and so does a reply
that is no JSON. Where many calls begin at once, one of them looks on, and the others wait for what it finds. A form is
kept when it has worked. From then on a refusal in unknown words is the text's, and changes nothing for others, unless
several come in a row with no answer in between: then the endpoint itself has changed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from assay.judges.errors import EvaluationError
from assay.judges.models.base import Reply
from assay.judges.models.form_ladder import FormLadder
from assay.judges.models.form_request import FormRequest, is_unheeded
from assay.judges.models.form_trials import trial_of
from assay.judges.models.form_words import FORM_MEANINGS, may_be_of_form, no_form_helps
from assay.judges.models.meaning import Meaning
from assay.judges.models.protocol import Asked
from assay.judges.models.refusals import meaning_of
from assay.judges.models.request_form import (
    KNOWN_FORMS,
    REFUSED_IN_A_ROW,
    FormMemory,
    FormPlace,
    JsonForm,
    KnownForm,
    RequestForm,
)
from assay.judges.models.status_errors import StatusError
from assay.judges.text.json_places import holds_object

MOST_REQUESTS = 8
"""Requests of one call while it looks for a form, all its attempts together."""

PATIENCE_S = 5.0
"""Seconds for which calls wait for the first of them to find a form."""

_AGAINST_TRIAL = (*FORM_MEANINGS, Meaning.TOO_LONG, Meaning.BROKEN_REPLY)
"""What may be the fault of a form that is only tried: an exact schema is long, for example."""

_BREAKING = frozenset({400, 500})
"""Statuses of an outage that may be due to the form: a router says so of the provider behind it, too."""

_BY_TRYING = frozenset({200, 400, 404, 405, 415, 422, 501})
"""Statuses with which a refusal in unknown words may be about the form. A 500 may be an outage: it is sent again."""


class _Step(NamedTuple):
    """A form to ask in. `fallback` is the known form, where this one is only tried beside it."""

    form: RequestForm
    fallback: RequestForm | None = None


class FormSearch:
    """Sends calls to one model at one endpoint, each in the form known by then."""

    def __init__(
        self,
        *,
        place: FormPlace,
        ladder: FormLadder,
        memory: FormMemory | None,
        body: Callable[[RequestForm, Asked], dict[str, Any]],
        send: Callable[[dict[str, Any], FormRequest], Awaitable[Reply]],
        as_ours: Callable[[StatusError, str], EvaluationError],
    ) -> None:
        """Keep the parts.

        Args:
            place: address and model.
            ladder: the forms of the endpoint.
            memory: what the fleet knows. None: this process knows for itself.
            body: makes the body of a request in a form.
            send: sends one.
            as_ours: the error of ours for a refusal, with what a person can do about it where that is known here.
        """
        # Calls without a schema show nothing of how JSON is asked for. They have a place of their own.
        self._places = {True: place._replace(forced=ladder.forced), False: place._replace(forced=f"{ladder.forced}|")}
        self._ladder, self._first = ladder, ladder.first()
        self._memory = memory
        self._body = body
        self._send = send
        self._as_ours = as_ours

    def known(self, asked: Asked) -> KnownForm:
        """What is known by now of such calls."""
        return KNOWN_FORMS.at(self._places[asked.json_schema is not None], self._first)

    def _wants_tokens(self, request: FormRequest) -> bool:
        """Whether a call is worth nothing without token probabilities: it asks for one word, and for no JSON."""
        return request.asked.json_schema is None

    @property
    def known_form(self) -> RequestForm:
        """The form in which JSON is asked for by now."""
        return KNOWN_FORMS.at(self._places[True], self._first).form

    async def attempt(self, request: FormRequest) -> Reply:
        """Send a call, and send it again in another form for each feature the endpoint turns out to lack.

        Raises:
            EvaluationError: no form helps against it.
        """
        known = self.known(request.asked)
        if self._memory is not None and not known.is_recalled:
            await self._recall(known, request.asked)
        if known.form.proven:
            return await self._answer(known, request)
        async with known.scouting(PATIENCE_S):
            return await self._answer(known, request)

    async def _answer(self, known: KnownForm, request: FormRequest) -> Reply:
        """The reply in the known form, or in the first simpler one that works."""
        first = self._first_step(known, request)
        came = await self._try(known, first, request)
        if isinstance(came, Reply):
            return came
        async with known.searching():
            step = await self._known_meanwhile(known, first.form, came, request)
            while not isinstance(came := await self._try(known, step, request), Reply):
                step = came
        return came

    async def _try(self, known: KnownForm, step: _Step, request: FormRequest) -> Reply | _Step:
        """The reply to a request in one form, or the form to try next."""
        body = self._body(step.form, request.asked)
        try:
            reply = await self._send(body, request)
        except StatusError as error:
            following = self._after_refusal(known, step, error, request, body)
            if following is None:
                remedy = self._ladder.remedy(step.form, error.refusal.status, error.refusal.complaint)
                # Not chained: what the server said may repeat key and prompt.
                raise self._as_ours(error, remedy) from None
            request.refused += error.usage
        else:
            following = self._after_reply(known, step, reply, request)
            if following is None:
                await self._learn(known, step, reply, request)
                return reply
            request.ignored.append(reply)
        request.further += 1
        request.reached = following.form
        return following

    def _first_step(self, known: KnownForm, request: FormRequest) -> _Step:
        """The known form, or another that is tried beside it, or a simpler one after the endpoint broke twice."""
        form = known.form
        if not form.proven:
            request.has_guessed |= request.crashes > 1
            wants_tokens = self._wants_tokens(request)
            reached = request.reached or form
            return _Step(self._ladder.after_crashes(reached, request.crashes, wants_tokens=wants_tokens))
        trial = trial_of(known, request.asked, self._ladder)
        return _Step(form) if trial is None else _Step(trial, fallback=form)

    async def _known_meanwhile(self, known: KnownForm, tried: RequestForm, step: _Step, request: FormRequest) -> _Step:
        """What another call, or another process, has found out while this one waited. Else the step itself."""
        if self._memory is not None:
            await self._recall(known, request.asked)
        return _Step(known.form) if known.form.proven and known.form != tried else step

    def _after_refusal(
        self, known: KnownForm, step: _Step, error: StatusError, request: FormRequest, body: dict[str, Any]
    ) -> _Step | None:
        """The form to try after an error. None where the error is about something else."""
        if request.further >= MOST_REQUESTS - 1 or error.refusal.is_page:
            return None  # a page comes from something before the endpoint, which knows no forms
        if step.fallback is not None:
            return _Step(step.fallback) if meaning_of(error.refusal) in _AGAINST_TRIAL else None
        form, is_proven = step.form, step.form.proven and known.form.proven
        simpler: RequestForm | None = None
        if meaning_of(error.refusal) is Meaning.BROKEN_REPLY:
            # One reply says little of the form, but a model that has never called a function may not be able to.
            simpler = self._ladder.looser(form) if form.json_form is JsonForm.TOOL and not is_proven else None
        elif not may_be_of_form(form, error.refusal):
            request.crashes += error.refusal.status in _BREAKING
        elif is_proven and form != known.form:
            simpler = known.form  # found by another call while this one was on its way: no refusal of the known form
        elif is_proven and self._is_forgotten(known, request):
            simpler = self._first if self._first != form else None
        else:
            named = self._ladder.without_refused(form, error.refusal.status, error.refusal.complaint)
            is_other = named is not None and self._body(named, request.asked) != body
            simpler = named if is_other else self._guessed(known, form, error, request, body)
        return None if simpler is None else _Step(simpler)

    def _is_forgotten(self, known: KnownForm, request: FormRequest) -> bool:
        """Count a call whose proven form was refused, once. After too many of them the form is forgotten."""
        is_too_often = not request.doubts_proven and known.is_refused_for_good()
        request.doubts_proven = True
        request.may_replace |= known.refusals >= REFUSED_IN_A_ROW
        if not is_too_often:
            return False
        known.forget(self._first)
        return True

    def _guessed(
        self, known: KnownForm, form: RequestForm, error: StatusError, request: FormRequest, body: dict[str, Any]
    ) -> RequestForm | None:
        """The next simpler form that asks for something else. None where a refusal in such words is no reason."""
        if request.doubts_proven and not request.may_replace:
            return None
        if no_form_helps(form, error.refusal.status, error.refusal.complaint):
            return None
        if error.refusal.status not in _BY_TRYING:
            request.crashes += error.refusal.status in _BREAKING
            return None
        request.has_guessed = True
        simpler: RequestForm | None = form
        while simpler is not None and self._body(simpler, request.asked) == body:
            simpler = self._ladder.simpler(
                simpler, was_taken=bool(request.ignored), wants_tokens=self._wants_tokens(request)
            )
        return simpler

    def _after_reply(self, known: KnownForm, step: _Step, reply: Reply, request: FormRequest) -> _Step | None:
        """The form to ask again in, because this one was not heeded. None where the reply is what it is.

        Once the endpoint has shown that it heeds a form, a reply in that form that is no JSON is the model's fault, or
        the work of the text: it must not change how everybody after it is asked.
        """
        is_known = step.form is known.form and step.form.proven
        if is_known or request.asked.json_schema is None or not is_unheeded(reply):
            return None
        if step.fallback is not None:
            return _Step(step.fallback)
        if known.form.proven:
            return _Step(known.form) if known.form.is_looser_than(step.form) else None
        may_look_on = request.further < MOST_REQUESTS - 1 and (request.ignored or known.may_search())
        looser = self._ladder.looser(step.form) if may_look_on else None
        return None if looser is None else _Step(looser)

    async def _learn(self, known: KnownForm, step: _Step, reply: Reply, request: FormRequest) -> None:
        """Keep the form, now that it is known to work. The form everybody asks in is known already."""
        if step.form.proven:
            known.refusals = 0 if step.form is known.form else known.refusals
            return
        works = bool(reply.tokens) if self._wants_tokens(request) else holds_object(reply.text)
        form = step.form.model_copy(update={"proven": works})
        if not works and (request.ignored or self._wants_tokens(request)):
            known.found_none()
            return
        if not works and (step.fallback or request.doubts_proven or request.has_guessed or form == known.form):
            return
        if request.doubts_proven and step.fallback is None:
            if request.may_replace:
                known.guess(form, former=known.form)
            return
        if request.crashes > 1 and form != self._first.model_copy(update={"proven": True}):
            known.guess(form, former=self._first)
            return
        if step.fallback is not None:
            known.replace(form)
        elif works and request.has_guessed and form.is_weaker_than(known.form):
            known.guess(known.form.merged(form), former=self._first)
        else:
            known.learn(form)
        if self._memory is not None and known.form.proven:
            await self._memory.keep(self._places[request.asked.json_schema is not None], known.learnt())

    async def _recall(self, known: KnownForm, asked: Asked) -> None:
        """Take over what the fleet knows, where that is newer than what this process knows."""
        known.is_recalled = True
        assert self._memory is not None  # noqa: S101  # asked for only where there is one
        learnt = await self._memory.recall(self._places[asked.json_schema is not None])
        if learnt is not None and learnt.form.proven and learnt.learnt_at > (known.at or 0.0):
            known.replace(learnt.form, learnt.learnt_at)
