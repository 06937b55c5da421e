"""The registry: stores are found by their folders, cheaply, and are what their factories say."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from assay.judges.errors import ConfigurationError
from assay.judges.schema import Record
from assay.worker.config.deployment import Deployment, parse_deployment
from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings, read_variables
from assay.worker.config.store_section import own_section
from assay.worker.ports import capabilities
from assay.worker.ports.datasets import WithDatasets
from assay.worker.ports.experiments import WithExperiments
from assay.worker.ports.reviews import WithReviewQueues
from assay.worker.ports.store import StoreFactory
from assay.worker.ports.trace_links import WithTraceLinks
from assay.worker.stores import registry
from assay.worker.stores.langfuse.factory import LangfuseSection
from assay.worker.stores.sqlite.factory import SqliteSection
from assay.worker.wiring.stores import open_deployment_store

ROOT = Path(__file__).parents[4]
CAPABILITIES = {
    *(value for name, value in vars(capabilities).items() if name.startswith("With")),
    *(WithDatasets, WithExperiments, WithReviewQueues, WithTraceLinks),
}


def deployment(kind: str, **section: Any) -> Deployment:
    return Deployment.model_validate({"store": {"kind": kind, **section}, "use_cases": [{"name": "bot"}]})


def test_every_folder_is_a_store_called_as_its_folder() -> None:
    folders = {path.parent.name for path in (ROOT / "worker" / "stores").glob("*/factory.py")}
    assert folders == set(registry.sink_factories())
    assert folders == {path.parent.name for path in (ROOT / "worker" / "stores").glob("*/__init__.py")}


def test_one_store_is_embedded_and_meant_where_none_is_named() -> None:
    (embedded,) = (factory for factory in registry.factories().values() if factory.is_embedded)
    assert embedded is registry.embedded_factory()
    assert Deployment.model_validate({"use_cases": [{"name": "bot"}]}).store.kind == embedded.kind


@pytest.mark.parametrize("kind", registry.sink_factories())
def test_readme_says_how_stable_the_store_is(kind: str) -> None:
    text = (ROOT / "worker" / "stores" / kind / "README.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| stability |")]
    assert len(rows) == 1
    assert rows[0].split("|")[2].strip() in {"alpha", "beta", "stable"}


@pytest.mark.parametrize("kind", registry.factories())
def test_opened_store_can_do_what_its_factory_says_and_nothing_else(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    factory = registry.factory_of(kind)
    for name in factory.keys:
        monkeypatch.setenv(name, "key")
    store = open_deployment_store(ConfigRoot(path=tmp_path), deployment(kind), Settings(data_dir=tmp_path))
    try:
        assert {capability for capability in CAPABILITIES if isinstance(store, capability)} == set(factory.capabilities)
    finally:
        asyncio.run(store.close())
    assert list(tmp_path.iterdir()) == []


def test_unknown_kind_is_refused_with_those_there_are() -> None:
    with pytest.raises(ConfigurationError, match=r"store\.kind: 'mongo' is unknown; use sqlite or .*langfuse"):
        registry.factory_of("mongo")


def test_factories_load_no_sdk_and_no_http_client() -> None:
    code = (
        "import sys; from assay.worker.stores import registry; registry.factories();"
        "import assay.worker.config.deployment;"
        "print([m for m in ('httpx', 'langfuse', 'aiosqlite', 'sqlite3', 'openai') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ("{kind: mongo}", "store.kind: 'mongo' is unknown; possible: 'sqlite'"),
        ("{kind: langfuse, plan: gold}", "store.plan: 'gold' is unknown; possible: 'hobby', 'core'"),
        (
            "{kind: langfuse, requests_per_minute: 1}",
            "store.requests_per_minute: 1 is too little; the least is 2",
        ),
        ("{read_lag_seconds: -1}", "store.read_lag_seconds: -1 is too little; the least is 0"),
        ("{pth: a.db}", "store.pth: unknown key"),
    ],
)
def test_wrong_section_names_the_key_and_what_it_should_be(tmp_path: Path, section: str, expected: str) -> None:
    path = tmp_path / "assay.yaml"
    path.write_text(f"store: {section}\nuse_cases: [{{name: a}}]\n")
    with pytest.raises(ConfigurationError) as caught:
        parse_deployment(path)
    assert f"{path}: line 1: {expected}" in str(caught.value)


def test_section_of_a_store_holds_its_own_keys_alone() -> None:
    both = {"path": "a.db", "plan": "pro"}
    assert own_section(deployment("langfuse", **both).store) == LangfuseSection(plan="pro")
    assert own_section(deployment("sqlite", **both).store) == SqliteSection(path=Path("a.db"))


def test_read_lag_is_the_stores_unless_the_deployment_says_otherwise() -> None:
    assert deployment("sqlite").read_lag_s == 1.0
    assert deployment("langfuse").read_lag_s == 10.0
    assert deployment("langfuse", read_lag_seconds=3).read_lag_s == 3


class _Section(Record):
    plan: int = 1
    bucket: str = "b"


class _Other(StoreFactory[_Section, Record]):
    kind, title, section, variables = "zebra", "Zebra", _Section, Record
    section_note = "`bucket` is for Zebra"
    read_lag_s = 4.0
    open = first_lines = None  # type: ignore[assignment]


def test_key_that_two_stores_share_takes_what_suits_either(monkeypatch: pytest.MonkeyPatch) -> None:
    from assay.worker.config import store_section

    both = {**registry.factories(), "zebra": _Other()}
    monkeypatch.setattr(store_section, "factories", lambda: both)
    model = store_section._section_model()
    assert model(kind="zebra", plan=7).plan == 7
    assert model(kind="langfuse", plan="pro").plan == "pro"
    assert "Zebra 4" in model.model_fields["read_lag_seconds"].description
    assert model.__doc__.endswith("; `bucket` is for Zebra.")


def test_variables_of_a_store_are_read_by_their_names_and_secrets_stay_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    model = registry.factory_of("langfuse").variables
    assert all(value is None for _, value in read_variables(model))
    monkeypatch.setenv("LANGFUSE_PUBLIC_KEY", "")
    monkeypatch.setenv("LANGFUSE_SECRET_KEY", "hush-hush")
    monkeypatch.setenv("LANGFUSE_HOST", "https://user:pw@h.example")
    read = dict(read_variables(model))
    assert read["langfuse_public_key"] is None
    assert read["langfuse_secret_key"] == SecretStr("hush-hush")
    assert read["langfuse_base_url"] == "https://h.example"
    assert "hush-hush" not in repr(read)
    monkeypatch.setenv("LANGFUSE_BASE_URL", "https://first.example")
    assert dict(read_variables(model))["langfuse_base_url"] == "https://first.example"
