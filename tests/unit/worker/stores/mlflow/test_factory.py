"""What the folder tells of itself: its variables, whether it is chosen, what is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.judges.errors import ConfigurationError
from assay.worker.ports.store import StoreContext
from assay.worker.state.memory.limits import MemoryLimits
from assay.worker.stores.mlflow.factory import FACTORY, MlflowSection, MlflowVariables

CONTEXT = StoreContext(home=Path("/"), data_dir=Path("/"), limits=MemoryLimits(), embedded_kind="embedded")


@pytest.mark.parametrize(
    ("uri", "is_chosen"),
    [
        (None, False),
        ("http://127.0.0.1:5000", True),
        ("https://mlflow.example.org/path", True),
        ("sqlite:///mlflow.db", False),
        ("./mlruns", False),
        ("databricks", False),
    ],
)
def test_only_the_address_of_a_server_chooses_it(uri: str | None, is_chosen: bool) -> None:
    assert FACTORY.is_chosen(MlflowVariables(mlflow_tracking_uri=uri)) is is_chosen


@pytest.mark.parametrize("uri", [None, "sqlite:///mlflow.db", "http://", "databricks", "./mlruns", "/data/mlruns"])
def test_open_names_the_variable_that_is_missing(uri: str | None) -> None:
    with pytest.raises(ConfigurationError, match=r"MLFLOW_TRACKING_URI.*embedded"):
        FACTORY.open(MlflowSection(), MlflowVariables(mlflow_tracking_uri=uri), CONTEXT)


def test_login_in_the_address_is_dropped() -> None:
    assert MlflowVariables(mlflow_tracking_uri="http://me:secret@host:1").mlflow_tracking_uri == "http://host:1"


def test_experiment_may_be_a_number_in_yaml() -> None:
    assert MlflowSection.model_validate({"experiment": 3}).experiment == "3"
    assert MlflowSection.model_validate({"experiment": "support bot"}).experiment == "support bot"


@pytest.mark.parametrize(
    ("section", "variables", "named"),
    [
        (MlflowSection(experiment="a"), {"mlflow_experiment_name": "b", "mlflow_experiment_id": "7"}, "a"),
        (MlflowSection(), {"mlflow_experiment_name": "b", "mlflow_experiment_id": "7"}, "b"),
        (MlflowSection(), {"mlflow_experiment_id": "7"}, "7"),
        (MlflowSection(), {}, "0"),
    ],
)
def test_experiment_is_named_by_the_section_or_by_the_variables_of_mlflow(
    section: MlflowSection, variables: dict[str, str], named: str
) -> None:
    store = FACTORY.open(section, MlflowVariables(mlflow_tracking_uri="http://host:1", **variables), CONTEXT)
    assert store.named == named  # type: ignore[attr-defined]  # the port does not have it


def test_first_lines_name_the_experiment_where_one_is_chosen() -> None:
    assert FACTORY.first_lines(MlflowSection(), "")[-1] == "store: {kind: mlflow}"
    assert FACTORY.first_lines(MlflowSection(experiment="bot"), "")[-1] == "store: {kind: mlflow, experiment: bot}"


def test_host_alone_is_an_address() -> None:
    assert MlflowVariables(mlflow_tracking_uri="mlflow.internal:5000").address == "http://mlflow.internal:5000"
    assert not FACTORY.is_chosen(MlflowVariables(mlflow_tracking_uri="mlflow.internal:5000"))
