"""Who is let in: the token, a cookie that only its owner can make, and a limit on guesses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from assay.worker.serving.entrance import MOST_OF_ALL, MOST_OF_PEER, SESSION_S, WITHIN_S, Entrance

TOKEN = "a-token-that-nobody-guesses"


class Time:
    """A time that tests set."""

    def __init__(self) -> None:
        self.at = 1_000_000.0

    def __call__(self) -> float:
        return self.at


def entrance(time: Time | None = None, token: str | None = TOKEN) -> Entrance:
    clock = time or Time()
    return Entrance(None if token is None else SecretStr(token), now=clock, monotonic=clock)


def test_the_token_lets_in_and_nothing_else_does() -> None:
    door = entrance()
    assert door.log_in("peer", TOKEN) == "in"
    assert [door.log_in(f"peer-{n}", wrong) for n, wrong in enumerate(("", TOKEN[:-1], TOKEN + "x", "Ω"))] == [
        "wrong"
    ] * 4


def test_who_guesses_has_to_wait_even_with_the_right_token() -> None:
    time = Time()
    door = entrance(time)
    for _ in range(MOST_OF_PEER):
        assert door.log_in("peer", "guess") == "wrong"
    assert door.log_in("peer", TOKEN) == "wait"
    assert door.log_in("another", TOKEN) == "in"
    time.at += WITHIN_S
    assert door.log_in("peer", TOKEN) == "in"


def test_guesses_from_many_addresses_are_limited_together() -> None:
    door = entrance()
    outcomes = [door.log_in(f"peer-{n}", "guess") for n in range(MOST_OF_ALL + 3)]
    assert outcomes.count("wrong") == MOST_OF_ALL
    assert outcomes[-1] == "wait"


def test_a_cookie_holds_until_its_time_is_up() -> None:
    time = Time()
    door = entrance(time)
    cookie = door.pass_for_browser()
    assert TOKEN not in cookie
    assert door.knows(cookie)
    time.at += SESSION_S - 1
    assert door.knows(cookie)
    time.at += 1
    assert not door.knows(cookie)


def test_a_cookie_of_another_token_or_with_another_time_is_none() -> None:
    cookie = entrance().pass_for_browser()
    until, _, proof = cookie.partition(".")
    assert not entrance(token="another-token-of-theirs").knows(cookie)
    assert not entrance().knows(f"{int(until) + 1}.{proof}")


@given(st.text())
def test_no_text_is_a_cookie_and_none_is_an_error(text: str) -> None:
    assert not entrance().knows(text)
    assert entrance().log_in("peer", text) == "wrong"


@pytest.mark.parametrize("cookie", ["", ".", "9999999999."])
def test_without_a_token_there_are_no_cookies(cookie: str) -> None:
    door = entrance(token=None)
    assert door.is_open
    assert not door.knows(cookie)
    assert not door.knows(door.pass_for_browser())
