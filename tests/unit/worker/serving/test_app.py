"""What is answered: to readers, to others, to those who want to change something, and when something is broken."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

import httpx
import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from assay.worker.ports.history import HistoryUnavailable
from assay.worker.serving import app as app_module
from assay.worker.serving.app import FleetPages
from assay.worker.serving.entrance import COOKIE, MOST_OF_PEER, Entrance
from assay.worker.serving.figures import Figures, Tell
from assay.worker.serving.kept_figures import KeptFigures
from tests.unit.worker.serving.fleets import NAME, SENTENCE, KeptAnswers, figures, worst_of
from tests.waiting import until

T = TypeVar("T")

TOKEN = "a-token-that-nobody-guesses"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
PAGES = ("/", "/use-case?name=support", "/age", "/answer?use_case=support")


@pytest.fixture(scope="module")
def usual() -> Figures:
    return figures()


def asked(
    work: Callable[[httpx.AsyncClient], Awaitable[T]],
    these: Figures | None,
    *,
    token: str | None = TOKEN,
    answers: KeptAnswers | None = None,
    failure: Exception | None = None,
    host: str = "fleet.example.org",
) -> T:
    """What a client got from the application."""

    def read(_tell: Tell) -> Figures:
        if failure is not None:
            raise failure
        assert these is not None
        return these

    kept = KeptFigures(read)
    with capture_logs():
        kept.latest()
        until(lambda: not kept.is_reading)
    entrance = Entrance(None if token is None else SecretStr(token))
    app = FleetPages(kept, answers or KeptAnswers(), entrance).app()

    async def run() -> T:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{host}") as client:
            return await work(client)

    with capture_logs():
        return asyncio.run(run())


def get(
    path: str, these: Figures | None, *, headers: Mapping[str, str] | None = None, **more: object
) -> httpx.Response:
    return asked(lambda client: client.get(path, headers=BEARER if headers is None else headers), these, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("path", PAGES)
def test_nobody_reads_without_the_token(usual: Figures, path: str) -> None:
    program = get(path, usual, headers={"Accept": "application/json"})
    assert (program.status_code, program.headers["www-authenticate"]) == (401, "Bearer")
    wrong = get(path, usual, headers={"Authorization": "Bearer wrong"})
    assert wrong.status_code == 401
    browser = get(path, usual, headers={"Accept": "text/html"})
    assert (browser.status_code, browser.headers["location"]) == (303, "login")
    forged = get(path, usual, headers={"Cookie": f"{COOKIE}=9999999999.00"})
    assert forged.status_code == 401
    assert all("contracts" not in answer.text for answer in (program, wrong, browser, forged))


def test_the_form_gives_a_cookie_that_scripts_and_other_sites_cannot_use(usual: Figures) -> None:
    async def work(client: httpx.AsyncClient) -> None:
        assert "password" in (await client.get("/login")).text
        answer = await client.post("/login", data={"token": TOKEN})
        assert (answer.status_code, answer.headers["location"]) == (303, "./")
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert TOKEN not in cookie
        assert "Secure" not in cookie
        assert (await client.get("/")).status_code == 200
        assert (await client.get("/login")).status_code == 303
        await client.post("/logout")
        assert (await client.get("/", headers={"Accept": "text/html"})).status_code == 303
        behind = await client.post("/login", data={"token": TOKEN}, headers={"X-Forwarded-Proto": "https"})
        assert "Secure" in behind.headers["set-cookie"]

    asked(work, usual)


def test_guesses_are_slowed_down(usual: Figures) -> None:
    async def work(client: httpx.AsyncClient) -> list[int]:
        posts = [(await client.post("/login", data={"token": "guess"})).status_code for _ in range(MOST_OF_PEER)]
        late = await client.post("/login", data={"token": TOKEN})
        assert late.headers["retry-after"] == "60"
        return [*posts, late.status_code, (await client.get("/", headers=BEARER)).status_code]

    assert asked(work, usual) == [401] * MOST_OF_PEER + [429, 429]


def test_a_program_hears_why_it_is_not_heard(usual: Figures) -> None:
    async def work(client: httpx.AsyncClient) -> list[httpx.Response]:
        wrong = {"Authorization": "Bearer guess"}
        return [await client.get("/age", headers=wrong) for _ in range(MOST_OF_PEER + 1)]

    *wrong, late = asked(work, usual)
    assert all("ASSAY_SERVE_TOKEN" in answer.json()["error"] for answer in wrong)
    assert (late.status_code, late.json()["error"]) == (429, "too many wrong tokens from this address; wait a minute")


def test_a_form_that_trickles_in_holds_no_connection(usual: Figures, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_module, "LOGIN_WITHIN_S", 0.05)

    async def trickle() -> AsyncIterator[bytes]:
        yield b"token="
        await asyncio.Event().wait()

    answer = asked(lambda client: client.post("/login", content=trickle()), usual)
    assert answer.status_code == 401


def test_no_answer_leads_to_an_address_that_the_request_named(usual: Figures) -> None:
    for path in ("/use-case/", "/login/", "/answer/"):
        answer = get(path, usual, host="evil.example.org")
        assert (answer.status_code, "location" in answer.headers) == (404, False)


@pytest.mark.parametrize("body", [b"", b"token=" + b"x" * 100_000, b"&" * 4000, b"\xff\xfe", b"token=%ff"])
def test_no_form_is_an_error(usual: Figures, body: bytes) -> None:
    answer = asked(lambda client: client.post("/login", content=body), usual)
    assert answer.status_code == 401


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/", "/use-case", "/answer", "/age", "/healthz"])
def test_nothing_can_be_changed(usual: Figures, method: str, path: str) -> None:
    answer = asked(lambda client: client.request(method, path, headers=BEARER), usual)
    assert answer.status_code == 405


@pytest.mark.parametrize("path", [*PAGES, "/login", "/healthz", "/nowhere", "/favicon.ico"])
def test_every_answer_is_kept_from_caches_frames_and_scripts(usual: Figures, path: str) -> None:
    answer = get(path, usual)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["server-timing"].startswith("page;dur=")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


def test_without_a_token_only_this_machine_by_its_own_names_is_answered(usual: Figures) -> None:
    for host in ("localhost:8484", "127.0.0.1:8484", "[::1]:8484"):
        assert get("/", usual, token=None, headers={}, host=host).status_code == 200
    rebound = get("/", usual, token=None, headers={}, host="evil.example.org")
    assert rebound.status_code == 421
    assert "contracts" not in rebound.text


def test_the_first_page_tells_every_part_with_n_interval_and_revision(usual: Figures) -> None:
    text = get("/", usual).text
    for words in (
        "expected share of answers with a problem ·",
        *("19.9% (17.3%–22.7%, n=375)", "evaluator 904b364ef0f5", "31.2% of answers have a problem", "From seen to"),
        *("Objectives over 7d", "What answers cost", "support-v1", "drift", "reading took 1.4 s", "Riskiest answers"),
    ):
        assert words in text
    assert SENTENCE not in text


def test_texts_are_read_only_where_they_are_asked_for(usual: Figures) -> None:
    answers = KeptAnswers()
    asked_for = httpx.QueryParams(dict(worst_of(usual, "support")))
    for path in ("/", "/use-case?name=support"):
        assert get(path, usual, answers=answers).status_code == 200
    assert answers.asked == []
    page = get(f"/answer?{asked_for}", usual, answers=answers)
    assert f'<mark class="contradicted">{SENTENCE}</mark>' in page.text
    assert len(answers.asked) == 1
    other = get("/answer?trace_id=any-other", usual, answers=answers)
    assert other.status_code == 404


def test_hostile_words_are_escaped_everywhere() -> None:
    hostile = figures(hostile=True)
    for path in ("/", f"/use-case?{httpx.QueryParams({'name': NAME})}", f"/answer?{_query(hostile)}"):
        text = get(path, hostile, answers=KeptAnswers(NAME)).text
        assert text.count("<script>") == 1, path
        assert "<img" not in text
        assert 'href="javascript:' not in text


def _query(these: Figures) -> httpx.QueryParams:
    return httpx.QueryParams(dict(worst_of(these, NAME)))


def test_what_is_not_there_is_said(usual: Figures) -> None:
    assert get("/use-case?name=nobody", usual).status_code == 404
    assert get("/nowhere", usual).status_code == 404


@pytest.mark.parametrize("failure", [HistoryUnavailable("no route to the database"), KeyError("secret")])
def test_figures_that_cannot_be_read_are_a_page_and_no_trace(failure: Exception) -> None:
    answer = get("/", None, failure=failure)
    assert answer.status_code == 503
    assert "Traceback" not in answer.text
    assert "secret" not in answer.text
    assert int(answer.headers["refresh"]) > 0


@pytest.mark.parametrize(
    ("failure", "status", "words"),
    [
        (HistoryUnavailable("no route to the database"), 503, "no route to the database"),
        (TimeoutError(), 504, "took too long"),
        (KeyError("secret"), 500, "in the log of assay serve"),
    ],
)
def test_an_answer_that_cannot_be_read_is_a_page_and_no_trace(
    usual: Figures, failure: Exception, status: int, words: str
) -> None:
    answers = KeptAnswers()
    answers.failure = failure
    query = httpx.QueryParams(dict(worst_of(usual, "support")))
    answer = get(f"/answer?{query}", usual, answers=answers)
    assert answer.status_code == status
    assert words in answer.text
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text


def test_what_is_still_read_is_said_and_not_taken_for_nothing(usual: Figures) -> None:
    some = replace(usual, report=None, cost=None, objectives=None, awaited=("rates", "spend", "objectives"))
    page = get("/", some)
    assert page.status_code == 200
    assert "Still being read: rates, spend, objectives." in page.text
    assert "support-v1" in page.text
    assert "no judged trace" not in page.text
    assert 'data-every="3"' in page.text
    assert get("/age", some).json()["awaited"] == ["rates", "spend", "objectives"]
    for path in ("/use-case?name=support", f"/answer?{httpx.QueryParams(dict(worst_of(usual, 'support')))}"):
        later = get(path, some)
        assert (later.status_code, later.headers["refresh"]) == (503, "2")
    assert "Still being read" not in get("/", usual).text


def test_rates_that_could_not_be_read_are_not_taken_for_none(usual: Figures) -> None:
    without = replace(
        usual,
        report=None,
        objectives=None,
        cost=None,
        use_cases=("support",),
        missing=("rates could not be read: the record is away",),
        read_before={"spend": datetime(2026, 11, 30, 9, 41, tzinfo=UTC)},
    )
    assert "spend: shown as of 2026-11-30 09:41 UTC" in get("/", without).text
    for path in ("/", "/use-case?name=support"):
        page = get(path, without)
        assert page.status_code == 200
        assert "the record is away" in page.text
        assert "could not be read." in page.text
        assert "The record has no" not in page.text
    answer = get("/answer?use_case=support", without)
    assert (answer.status_code, "refresh" in answer.headers) == (503, False)
    assert "the record is away" in answer.text


def test_health_needs_no_token(usual: Figures) -> None:
    assert get("/healthz", usual, headers={}).json() == {"ok": True, "role": "serve"}
