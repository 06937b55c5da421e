"""What each factory writes into a new assay.yaml is what the loader takes, alone and as one of several."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from assay.worker.config.deployment import Deployment
from assay.worker.config.settings import Settings
from assay.worker.config.store_section import own_section
from assay.worker.setup.first_stores import SECTION, SETTING, FirstSection
from assay.worker.setup.init import Beginning, first_config
from assay.worker.stores.registry import embedded_factory, factories, sink_factories

HARD_NAMES = ("team: bot, 1", "a {b} [c]", "true", 'it\'s "so"', "émile 東京", "12")
"""Names of projects that mean something else in YAML where they are not quoted."""


def parsed(*beginnings: Beginning, sinks: tuple[FirstSection, ...] = (), named: bool = True) -> Deployment:
    text = first_config(list(beginnings), Settings(), sinks, is_named=named)
    return Deployment.model_validate(yaml.safe_load(text))


def text_fields(kind: str) -> list[str]:
    """The keys of a section that hold any text: names of projects, tenants, data sets."""
    fields = sink_factories()[kind].section.model_fields
    return [name for name, info in fields.items() if info.annotation in (str, str | None)]


@pytest.mark.parametrize("kind", factories())
def test_first_lines_of_a_store_are_a_section_that_the_loader_takes(kind: str) -> None:
    store = parsed(Beginning(kind=kind)).store
    assert store.kind == kind
    own_section(store)


@pytest.mark.parametrize("kind", sink_factories())
def test_lines_are_comments_one_section_and_whole_numbers(kind: str) -> None:
    lines = FirstSection(kind=kind).lines
    assert len([line for line in lines if SECTION.fullmatch(line)]) == 1
    for line in lines:
        setting = SETTING.fullmatch(line)
        assert line.startswith("#") or SECTION.fullmatch(line) or (setting and setting[1] in Deployment.model_fields)
        assert len(line) <= 120


@pytest.mark.parametrize(
    ("kind", "field"), [(kind, field) for kind in factories() for field in text_fields(kind)]
)  # fmt: skip
@pytest.mark.parametrize("name", HARD_NAMES)
def test_names_are_written_as_they_are(kind: str, field: str, name: str) -> None:
    section = factories()[kind].section.model_validate({field: name})
    written = own_section(parsed(Beginning(kind=kind, section=section)).store)
    assert getattr(written, field) in {name, sink_factories()[kind].section.model_fields[field].default}


@pytest.mark.parametrize("kind", [kind for kind in sink_factories() if kind not in factories()])
def test_first_lines_of_a_sink_are_an_entry_of_the_list(kind: str) -> None:
    embedded = embedded_factory().kind
    deployment = parsed(Beginning(kind=embedded), sinks=(FirstSection(kind=kind),))
    assert [place.config.kind for place in deployment.places] == [embedded, kind]
    own_section(deployment.places[1].config, "stores")


def test_all_stores_and_sinks_together_are_one_deployment_with_the_longest_waits() -> None:
    sinks = tuple(FirstSection(kind=kind) for kind in sink_factories() if kind not in factories())
    deployment = parsed(*(Beginning(kind=kind) for kind in factories()), sinks=sinks, named=False)
    assert [place.name for place in deployment.places] == [*factories(), *(sink.kind for sink in sinks)]
    assert {case.store for case in deployment.use_cases} == set(factories())
    usual = Deployment.model_fields["late_seconds"].default
    assert deployment.late_seconds == max(usual, *(late_of(kind) for kind in factories()))


def late_of(kind: str) -> Any:
    settings: dict[str, Any] = yaml.safe_load("\n".join(FirstSection(kind=kind).lines))
    return settings.get("late_seconds", 0)


def test_a_store_that_is_content_with_less_does_not_hurry_the_others() -> None:
    hasty = [kind for kind in factories() if 0 < late_of(kind) < Deployment.model_fields["late_seconds"].default]
    for kind in hasty:
        both = parsed(Beginning(kind=embedded_factory().kind), Beginning(kind=kind))
        assert both.late_seconds == Deployment.model_fields["late_seconds"].default
