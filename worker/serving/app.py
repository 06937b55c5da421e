"""The pages as an ASGI application: who may read, what is shown, what is refused."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Protocol
from urllib.parse import parse_qs

import structlog
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from assay.judges.errors import EvaluationError
from assay.worker.reporting.period.answers import MarkedAnswer
from assay.worker.reporting.period.records import PeriodReport
from assay.worker.serving.entrance import COOKIE, SESSION_S, Entrance, Login
from assay.worker.serving.headers import is_own_host, secured
from assay.worker.serving.html.pages import Pages
from assay.worker.serving.html.views import use_cases_of
from assay.worker.serving.kept_figures import KeptFigures
from assay.worker.serving.reading import AskedAnswer

MOST_LOGIN_BYTES = 4096
LOGIN_WITHIN_S = 10.0
"""How long the form may take to come."""

MOST_TEXTS_AT_ONCE = 2
"""Answers whose texts are read at once. Each asks the trace store."""

LOOK_AGAIN_S = 2
"""How soon a browser asks again while the first figures are read."""

Make = Callable[[Request], Awaitable[Response]]

log = structlog.get_logger(__name__)


class Answers(Protocol):
    """Reads the texts of an answer."""

    def answer(self, report: PeriodReport, asked: AskedAnswer) -> MarkedAnswer | None:
        """One of the worst answers of a report. None: it does not name it."""
        ...


class FleetPages:
    """Answers every request. Only the login takes a POST."""

    def __init__(self, kept: KeptFigures, answers: Answers, entrance: Entrance) -> None:
        """Answer nothing yet.

        Args:
            kept: the figures.
            answers: reads texts where they are asked for.
            entrance: who may read.
        """
        self._kept = kept
        self._answers = answers
        self._entrance = entrance
        self._pages = Pages(has_login=not entrance.is_open)
        self._reading = asyncio.Semaphore(MOST_TEXTS_AT_ONCE)

    def app(self) -> Starlette:
        """The application."""
        app = Starlette(
            routes=[
                Route("/", self._for_readers(self._fleet)),
                Route("/use-case", self._for_readers(self._use_case)),
                Route("/answer", self._for_readers(self._answer)),
                Route("/age", self._for_readers(self._age)),
                Route("/login", self._for_all(self._login_form), methods=["GET"]),
                Route("/login", self._for_all(self._log_in), methods=["POST"]),
                Route("/logout", self._for_all(self._log_out), methods=["POST"]),
                Route("/healthz", self._for_all(_health)),
                Route("/favicon.ico", self._for_all(_nothing)),
            ],
            exception_handlers={
                HTTPStatus.NOT_FOUND: self._for_errors("There is no such page", HTTPStatus.NOT_FOUND),
                HTTPStatus.METHOD_NOT_ALLOWED: self._for_errors("Nothing can be changed here", 405),
            },
        )
        # It would lead to an address made from the Host header, which is not ours behind a proxy.
        app.router.redirect_slashes = False
        return app

    def _for_all(self, make: Make) -> Make:
        """What everybody may ask for. No trouble shows more than a sentence."""

        async def answered(request: Request) -> Response:
            began = time.perf_counter()
            if self._entrance.is_open and not is_own_host(request.headers.get("host", "")):
                # Without a token a name that somebody else points at this machine would let their page read ours.
                response = self._told("This address is not ours", [], HTTPStatus.MISDIRECTED_REQUEST)
            else:
                response = await self._made(make, request)
            return secured(response, took_s=time.perf_counter() - began)

        return answered

    async def _made(self, make: Make, request: Request) -> Response:
        try:
            return await make(request)
        except EvaluationError as exc:
            return self._told("This could not be read", [str(exc)], HTTPStatus.SERVICE_UNAVAILABLE)
        except TimeoutError:
            lines = ["The trace store took too long. Try again."]
            return self._told("This could not be read", lines, HTTPStatus.GATEWAY_TIMEOUT)
        except ClientDisconnect:
            return Response(status_code=499)  # nobody reads it
        except Exception:
            log.exception("serve.page_failed", path=request.url.path)
            lines = ["It is in the log of assay serve."]
            return self._told("This page could not be made", lines, HTTPStatus.INTERNAL_SERVER_ERROR)

    def _for_readers(self, make: Make) -> Make:
        """What only readers may ask for. A browser is led to the form, a program is refused."""

        async def admitted(request: Request) -> Response:
            bearer = _bearer(request)
            if bearer is not None:
                outcome = self._entrance.log_in(_peer(request), bearer)
                if outcome == "in":
                    return await make(request)
                _note_refusal(request, outcome)
                return _refused(outcome)
            if self._entrance.is_open or self._entrance.knows(request.cookies.get(COOKIE, "")):
                return await make(request)
            if "text/html" in request.headers.get("accept", ""):
                return RedirectResponse("login", HTTPStatus.SEE_OTHER)
            return _refused("wrong")

        return self._for_all(admitted)

    def _for_errors(self, headline: str, status: int) -> Callable[[Request, Exception], Awaitable[Response]]:
        async def told(_request: Request, _exc: Exception) -> Response:
            return secured(self._told(headline, [], status), took_s=0.0)

        return told

    async def _fleet(self, request: Request) -> Response:
        figures = self._kept.latest()
        if figures is None:
            return self._not_yet()
        return HTMLResponse(self._pages.fleet(figures, datetime.now(UTC), problem=self._kept.problem))

    async def _use_case(self, request: Request) -> Response:
        figures, name = self._kept.latest(), request.query_params.get("name", "")
        if figures is None:
            return self._not_yet()
        if name not in use_cases_of(figures):
            if figures.awaited:
                return self._not_yet()
            return self._told("There is no such use case", ["Neither configured nor in the record."], 404)
        return HTMLResponse(self._pages.use_case(figures, name, datetime.now(UTC), problem=self._kept.problem))

    async def _answer(self, request: Request) -> Response:
        figures = self._kept.latest()
        if figures is None or (figures.report is None and figures.awaited):
            return self._not_yet()
        if figures.report is None:
            return self._told("The rates could not be read", list(figures.missing), HTTPStatus.SERVICE_UNAVAILABLE)
        asked = AskedAnswer(*(request.query_params.get(name, "") for name in AskedAnswer._fields))
        if self._reading.locked():
            lines = ["Others are being read now. Try again in a moment."]
            return self._told("Too many answers at once", lines, HTTPStatus.SERVICE_UNAVAILABLE)
        async with self._reading:
            answer = await asyncio.to_thread(self._answers.answer, figures.report, asked)
        if answer is None:
            lines = ["Only the riskiest answers of the period can be opened."]
            return self._told("There is no such answer here", lines, HTTPStatus.NOT_FOUND)
        log.info("serve.answer_opened", trace_id=asked.trace_id, peer=_peer(request))
        return HTMLResponse(self._pages.answer(answer, figures.report))

    async def _age(self, request: Request) -> Response:
        figures = self._kept.latest()
        if figures is None:
            return JSONResponse({"read_at": None, "awaited": None})
        return JSONResponse({"read_at": figures.read_at.isoformat(), "awaited": list(figures.awaited)})

    async def _login_form(self, request: Request) -> Response:
        if self._entrance.is_open or self._entrance.knows(request.cookies.get(COOKIE, "")):
            return RedirectResponse("./", HTTPStatus.SEE_OTHER)
        return HTMLResponse(self._pages.login())

    async def _log_in(self, request: Request) -> Response:
        outcome = self._entrance.log_in(_peer(request), await _given_token(request))
        if outcome == "in":
            response = RedirectResponse("./", HTTPStatus.SEE_OTHER)
            is_secure = request.headers.get("x-forwarded-proto", request.url.scheme) == "https"
            response.set_cookie(
                COOKIE,
                self._entrance.pass_for_browser(),
                max_age=SESSION_S,
                httponly=True,
                samesite="strict",
                secure=is_secure,
            )
            return response
        _note_refusal(request, outcome)
        if outcome == "wait":
            page = self._pages.login(note="Too many wrong tokens. Try again in a minute.")
            return HTMLResponse(page, HTTPStatus.TOO_MANY_REQUESTS, headers={"Retry-After": "60"})
        return HTMLResponse(self._pages.login(note="This is not the token."), HTTPStatus.UNAUTHORIZED)

    async def _log_out(self, request: Request) -> Response:
        response = RedirectResponse("login", HTTPStatus.SEE_OTHER)
        response.delete_cookie(COOKIE, httponly=True, samesite="strict")
        return response

    def _not_yet(self) -> Response:
        """The first figures are still read, or cannot be."""
        problem = self._kept.problem
        headline = "The figures cannot be read" if problem else "The figures are being read"
        lines = [problem] if problem else ["This takes seconds, for a very large record longer."]
        response = self._told(headline, lines, HTTPStatus.SERVICE_UNAVAILABLE, again=True)
        response.headers["Refresh"] = str(LOOK_AGAIN_S if not problem else 5 * LOOK_AGAIN_S)
        return response

    def _told(self, headline: str, lines: list[str], status: int, *, again: bool = False) -> Response:
        return HTMLResponse(self._pages.message(headline, lines, again=again), status)


def _peer(request: Request) -> str:
    return request.client.host if request.client else ""


def _bearer(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _note_refusal(request: Request, outcome: Login) -> None:
    """Log a wrong token. Those that are not heard any more are not logged: they could fill a disk."""
    if outcome == "wrong":
        log.warning("serve.login_refused", peer=_peer(request))


def _refused(outcome: Login) -> Response:
    if outcome == "wait":
        why, headers = "too many wrong tokens from this address; wait a minute", {"Retry-After": "60"}
        return JSONResponse({"error": why}, HTTPStatus.TOO_MANY_REQUESTS, headers=headers)
    why = "send `Authorization: Bearer TOKEN` with the one of ASSAY_SERVE_TOKEN, or log in at login"
    return JSONResponse({"error": why}, HTTPStatus.UNAUTHORIZED, headers={"WWW-Authenticate": "Bearer"})


async def _given_token(request: Request) -> str:
    """What the form sent; nothing where it sent too much, or took too long: that would hold a connection for ever."""
    body = b""
    try:
        async with asyncio.timeout(LOGIN_WITHIN_S):
            async for piece in request.stream():
                body += piece
                if len(body) > MOST_LOGIN_BYTES:
                    return ""
    except TimeoutError:
        return ""
    fields = _fields(body)
    return fields.get("token", [""])[0].strip()


def _fields(body: bytes) -> dict[str, list[str]]:
    try:
        return parse_qs(body.decode("utf-8", "replace"), max_num_fields=8)
    except ValueError:  # too many fields
        return {}


async def _health(_request: Request) -> Response:
    return JSONResponse({"ok": True, "role": "serve"})


async def _nothing(_request: Request) -> Response:
    return Response(status_code=HTTPStatus.NO_CONTENT)
