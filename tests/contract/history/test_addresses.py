"""Addresses of PostgreSQL: what can be read in two ways is refused, and nothing of a password is ever shown."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import SecretStr

from assay.judges.errors import ConfigurationError
from assay.worker.history.postgres_address import PostgresAddress
from assay.worker.ports.history import History
from tests.contract.history.making import row, run_on

MARK = "MARK"

AS_WRITTEN = [
    ("u:p%40w@h:5/d", "h:5/d", "p@w"),
    ("u:a:b/c?d#e@h/d", "h/d", "a:b/c?d#e"),
    ("u:pw@h1:5432,h2:5433/d?target_session_attrs=read-write", "h1:5432,h2:5433/d", "pw"),
    ("u:pw@h1,h2/d", "h1,h2/d", "pw"),
    ("u:pw@[::1]:5432/d", "[::1]:5432/d", "pw"),
    ("u:pw@/d?host=/tmp/a-b", "/tmp/a-b/d", "pw"),
    ("u:pw@/d?host=h1:1&host=h2:2", "h1:1,h2:2/d", "pw"),
    ("u:pw@elsewhere/d?host=h1,h2&port=1,2", "h1:1,h2:2/d", "pw"),
    ("/d", "localhost/d", None),
    ("h?dbname=x", "h/x", None),
]

REFUSED = [
    (f"u:{MARK}@{MARK}@127.0.0.1:1/db", "percent-encode the password"),
    (f"us/er:{MARK}@h/db", "percent-encode the password"),
    (f"us/er:{MARK}%40h/db", "percent-encode the password"),
    (f"h/d:{MARK}", "percent-encode the password"),
    (f"u:pw@h/d@{MARK}", "percent-encode the password"),
    (f"u:pw@h/d#{MARK}", "percent-encode the password"),
    (f"u:pw@h/d?host={MARK}@h", "percent-encode the password"),
    (f"u:pw@h/d?dbname={MARK}:x", "percent-encode the password"),
    (f"u@h/d?password=a&{MARK}", "percent-encode the password"),
    (f"u@h/d?password=a&{MARK.lower()}=b", "an option is not known"),
    (f"u@h/d?{MARK}=b", "an option is not known"),
    (f"u:{MARK}/db", "percent-encode the password"),
    ("u:pw@h:99999/d", "percent-encode the password"),
    ("u:pw@/d?host=h1,h2&port=1,2,3", "percent-encode the password"),
    ("u:pw@h/d\x00", "percent-encode the password"),
    (f"u:pw@h/d?foo={MARK}", "option foo is not known to the driver"),
    (f"u:pw@h/d?connect_timeout={MARK}", "option connect_timeout is no whole number"),
    (f"u:pw@h/d?sslmode=require&sslmode={MARK}", "option sslmode is there twice"),
]


def opened(address: str) -> PostgresAddress:
    return PostgresAddress(SecretStr(f"postgresql://{address}"), connect_timeout_s=5)


@pytest.mark.parametrize(("address", "shown", "password"), AS_WRITTEN)
def test_an_address_is_shown_as_it_is_used(address: str, shown: str, password: str | None) -> None:
    there = opened(address)
    assert (there.shown, there.for_driver.password) == (f"PostgreSQL {shown}", password)


@pytest.mark.parametrize(("address", "words"), REFUSED)
def test_what_may_hold_the_end_of_a_password_is_refused(address: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words) as refused:
        opened(address)
    assert MARK not in str(refused.value).upper()


@given(
    st.text("aZ9@:/?#&=%[],. é", max_size=8),
    st.text("@:/?#&=%[],. ", max_size=3),
    st.sampled_from(["u", "u/v", "u@v", "u:v", ""]),
    st.sampled_from(["@h/d", "@h:1/d?sslmode=require", "@h", "@h,i/d", "/d", ""]),
)
@example("", "@", "u", "@h/d")
def test_no_password_that_nobody_encoded_is_shown(before: str, between: str, user: str, behind: str) -> None:
    """Whatever stands in it. Without an `@` there is no password: `u:1/d` is a host with its port."""
    if "@" not in behind:
        return
    try:
        there = opened(f"{user}:{before}{between}{MARK}{behind}")
    except ConfigurationError as exc:
        shown = str(exc)
    else:
        shown = f"{there.shown} {there!r}"
    assert MARK not in shown


@pytest.mark.parametrize("option", ["sslmode", "target_session_attrs", "ssl_min_protocol_version", "require_auth"])
def test_a_value_that_the_driver_refuses_is_told_by_its_option(option: str) -> None:
    async def check(record: History) -> None:
        with pytest.raises(
            ConfigurationError, match=f"127.0.0.1:1/d: the driver refuses the value of {option}"
        ) as told:
            await record.writer.write([row()])
        assert MARK not in str(told.value)

    run_on(f"postgresql://u:pw@127.0.0.1:1/d?{option}={MARK}", check)
