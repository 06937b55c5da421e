"""Several stores in assay.yaml: every mistake is one line that names key and remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.judges.errors import ConfigurationError
from assay.worker.config.deployment import Deployment, parse_deployment
from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings
from assay.worker.ports.parts import WithParts
from assay.worker.wiring.stores import open_deployment_store, open_stores

TWO = """
stores:
  - {name: chat, kind: sqlite}
  - {name: rag, kind: langfuse, variables: RAG_, plan: pro}
use_cases: [{name: bot}, {name: docs, store: rag}]
"""


def parsed(tmp_path: Path, text: str) -> Deployment:
    (tmp_path / "assay.yaml").write_text(text)
    return parse_deployment(tmp_path / "assay.yaml")


def test_use_cases_have_the_first_store_unless_they_name_another(tmp_path: Path) -> None:
    deployment = parsed(tmp_path, TWO)
    assert [deployment.store_of(case) for case in deployment.use_cases] == ["chat", "rag"]
    assert deployment.store.kind == "sqlite"
    assert [place.name for place in deployment.trace_places] == ["chat", "rag"]
    assert [case.name for case in deployment.of_store("rag").use_cases] == ["docs"]
    assert (deployment.read_lag_s, deployment.trace_places[1].read_lag_s) == (1.0, 10.0)


def test_store_alone_means_one_store_without_a_name(tmp_path: Path) -> None:
    deployment = parsed(tmp_path, "store: {kind: sqlite}\nuse_cases: [{name: bot}]")
    assert [(place.name, place.key) for place in deployment.places] == [("", "store")]
    assert deployment.of_store("") == deployment


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("store: {kind: sqlite}\nstores: [{name: a, kind: sqlite}]", r"store: stands beside `stores`"),
        ("stores: []", r"stores: is empty; list a store, or remove the key"),
        ("stores: [{name: a, kind: sqlite}, {name: a, kind: sqlite}]", r"'a' stands there twice; rename one"),
        (
            "stores: [{name: a, kind: sqlite}, {name: b, kind: sqlite}]",
            r"stores.b: is the same store as a; give it a file of its own with `path: b.db`, or remove it",
        ),
        ("stores: [{name: a, kind: sqlite}, {name: b, kind: langfuse, plan: huge}]", r"plan"),
        ("stores: [{name: A, kind: sqlite}]", r"name"),
        ("stores: [{name: a, kind: sqlite, variables: rag}]", r"variables"),
        (
            "stores: [{name: a, kind: sqlite}, {name: rag, kind: langfuse}]",
            r"stores.rag: no use case names it; add `store: rag` to one, or remove it",
        ),
    ],
)
def test_mistakes_name_key_and_remedy(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as error:
        parsed(tmp_path, f"{text}\nuse_cases: [{{name: bot}}]")
    assert str(tmp_path / "assay.yaml") in str(error.value)


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("store: rat", r"use_cases.docs.store: 'rat' is unknown; did you mean 'rag'"),
        ("copies_to: [audit], store: rag", r"use_cases.docs.copies_to: 'audit' is unknown"),
        ("store: rag, copies_to: [rag]", r"use_cases.docs.copies_to: rag is its own store; remove it"),
        ("store: rag, copies_to: [chat, chat]", r"use_cases.docs.copies_to: a name stands there twice"),
        ("review_queue: q", r"use_cases.docs.review_queue: only a store of kind langfuse.* has queues; remove it"),
        ("feedback: {scores: [thumb]}", r"use_cases.docs.feedback: only a store of kind langfuse.* has what users say"),
    ],
)
def test_use_case_that_asks_for_what_is_not_there_is_refused(tmp_path: Path, case: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        parsed(tmp_path, TWO.replace("store: rag}", f"{case}}}"))


def test_name_of_a_store_where_there_is_no_list_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"use_cases.bot.store: 'rag' is unknown; list it under `stores`"):
        parsed(tmp_path, "use_cases: [{name: bot, store: rag}]")


def test_each_store_reads_variables_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deployment, root, settings = parsed(tmp_path, TWO), ConfigRoot(path=tmp_path), Settings()
    monkeypatch.setenv("LANGFUSE_PUBLIC_KEY", "pk-of-another")
    monkeypatch.setenv("LANGFUSE_SECRET_KEY", "sk-of-another")
    monkeypatch.setenv("RAG_LANGFUSE_PUBLIC_KEY", "pk")
    missing = r"stores.rag: environment: RAG_LANGFUSE_SECRET_KEY: not set"
    with pytest.raises(ConfigurationError, match=missing) as error:
        open_stores(root, deployment, settings)
    assert "store: {kind" not in str(error.value), "it is refused beside `stores`"
    assert "stores.rag.kind: langfuse" in str(error.value)
    monkeypatch.setenv("RAG_LANGFUSE_SECRET_KEY", "sk")
    stores = open_stores(root, deployment, settings)
    assert isinstance(stores.store, WithParts)
    assert [(part.mark, part.origin) for part in stores.parts] == [("", "sqlite"), ("rag", "langfuse/rag")]
    assert stores.meant_by("x") == ["x", "rag~x"]
    assert stores.meant_by("rag~x") == ["rag~x"]
    assert open_deployment_store(root, deployment, settings) is not None


LANGFUSES = """
stores:
  - {name: chat, kind: langfuse, plan: pro}
  - {name: rag, kind: langfuse, variables: RAG_, plan: self-hosted}
use_cases: [{name: bot}, {name: docs, store: rag}]
"""


def test_one_place_under_two_names_is_refused_by_what_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for prefix in ("", "RAG_"):
        monkeypatch.setenv(
            f"{prefix}LANGFUSE_BASE_URL", "https://langfuse.example/" if prefix else "https://LANGFUSE.example"
        )
        monkeypatch.setenv(f"{prefix}LANGFUSE_PUBLIC_KEY", "pk")
        monkeypatch.setenv(f"{prefix}LANGFUSE_SECRET_KEY", "sk")
    message = r"stores.rag: is the same store as chat; give it variables of its own with `variables: RAG_` whose values"
    root, settings = ConfigRoot(path=tmp_path), Settings()
    with pytest.raises(ConfigurationError, match=message):
        open_stores(root, parsed(tmp_path, LANGFUSES), settings)
    monkeypatch.setenv("RAG_LANGFUSE_PUBLIC_KEY", "pk-of-another")
    assert len(open_stores(root, parsed(tmp_path, LANGFUSES), settings).parts) == 2


@pytest.mark.parametrize("path", [".assay/traces.db", "x/../.assay/traces.db"])
def test_one_file_under_two_names_is_refused(tmp_path: Path, path: str) -> None:
    text = TWO.replace("kind: langfuse, variables: RAG_, plan: pro", f"kind: sqlite, path: {path}")
    settings = Settings(data_dir=tmp_path / ".assay")
    with pytest.raises(ConfigurationError, match=r"same store as chat; give it a file of its own with `path: rag.db`"):
        open_stores(ConfigRoot(path=tmp_path), parsed(tmp_path, text), settings)


@pytest.mark.parametrize("other", ["plan: self-hosted", "plan: pro, requests_per_minute: 60"])
def test_same_variables_with_another_plan_are_the_same_store(tmp_path: Path, other: str) -> None:
    text = LANGFUSES.replace("variables: RAG_, plan: self-hosted", other)
    with pytest.raises(ConfigurationError, match=r"stores.rag: is the same store as chat"):
        parsed(tmp_path, text)


def test_variables_of_a_kind_that_reads_none_make_no_other_store(tmp_path: Path) -> None:
    text = TWO.replace("kind: langfuse, variables: RAG_, plan: pro", "kind: sqlite, variables: RAG_")
    with pytest.raises(ConfigurationError, match=r"`path: rag.db`"):
        parsed(tmp_path, text)


def test_place_that_only_takes_copies_is_not_the_first_store(tmp_path: Path) -> None:
    text = """
stores: [{name: audit, kind: langfuse, plan: pro}, {name: chat, kind: sqlite}]
use_cases: [{name: u, store: chat, copies_to: [audit]}]
"""
    deployment = parsed(tmp_path, text)
    assert deployment.first_store == "chat"
    assert [place.name for place in deployment.trace_places] == ["chat"]
    assert parsed(tmp_path, TWO).of_store("rag").first_store == "chat"
