"""Addresses of Langfuse's pages: whatever an id holds, they lead to it and nowhere else."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.worker.ports.store_errors import StoreError
from assay.worker.ports.trace_links import trace_url
from assay.worker.stores.langfuse.links import trace_page
from tests.servers.langfuse import LangfuseServer
from tests.unit.worker.stores.langfuse.making import store_on, using

BASE = "https://cloud.langfuse.com"


@pytest.mark.parametrize(
    ("trace_id", "observation_id", "expected"),
    [
        ("4bf92f35", None, f"{BASE}/project/p1/traces/4bf92f35"),
        ("4bf92f35", "00f067aa", f"{BASE}/project/p1/traces/4bf92f35?observation=00f067aa"),
        ("a/b?c#d", None, f"{BASE}/project/p1/traces/a%2Fb%3Fc%23d"),
    ],
)
def test_the_page_of_a_trace(trace_id: str, observation_id: str | None, expected: str) -> None:
    assert trace_page(BASE, "p1", trace_id, observation_id) == expected


@given(st.text(min_size=1))
def test_an_id_stays_one_segment_of_plain_characters(trace_id: str) -> None:
    page = trace_page(BASE, "p1", trace_id)
    parts = urlsplit(page)
    assert (parts.netloc, parts.query, parts.fragment) == ("cloud.langfuse.com", "", "")
    assert parts.path.count("/") == 4
    assert page.isascii()
    assert not set(page) & set(" <>()[]\"'`|\\\n\t")
    assert unquote(parts.path.rpartition("/")[2]) == trace_id.encode("utf-8", "replace").decode()


def test_an_open_store_links_into_the_project_of_its_key() -> None:
    with LangfuseServer() as server:
        page = using(store_on(server), lambda store: trace_url(store, "4bf92f35"))
    assert page == f"{server.url}/project/{server.project.settings.project_id}/traces/4bf92f35"


def test_without_its_project_there_is_no_link_and_an_error_of_ours() -> None:
    with LangfuseServer() as server:
        store = store_on(server)
    with pytest.raises(StoreError):
        using(store, lambda store: trace_url(store, "4bf92f35"))
