"""What the documents show of assay.yaml is taken by the loader, and makes rules and routes."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from assay.judges.team_files.reading import FileProblem, parse_document
from assay.worker.alerts.rendering.alertmanager import alertmanager_file
from assay.worker.config.deployment import CONFIG_FILE, Deployment, parse_deployment
from tests.unit.test_docs import PAGES, name_of

SECTIONS = frozenset(Deployment.model_fields)


def examples(page: Path) -> Iterator[str]:
    """The blocks of a page that hold sections of assay.yaml."""
    blocks = re.findall(r"^ *```ya?ml\n(.*?)^ *```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    for text in map(textwrap.dedent, blocks):
        try:
            value = parse_document(text).value
        except FileProblem:
            continue
        if isinstance(value, dict) and value.keys() <= SECTIONS:
            yield text


EXAMPLES = [
    pytest.param(text, id=f"{name_of(page)}-{at}") for page in PAGES for at, text in enumerate(examples(page), 1)
]


def whole(text: str) -> str:
    """An example with what it speaks of and leaves out: use cases, profiles, and a store that has what others lack."""
    value = parse_document(text).value
    slos: dict[str, Any] = value.get("slos") or {}
    added: dict[str, Any] = {} if "stores" in value else {"store": {"kind": "langfuse"}}
    added["profiles"] = {section["profile"]: {} for section in value.get("use_cases_from", ())}
    names = [pattern.replace("*", "x") for pattern in slos.get("use_cases", {})] or ["bot"]
    owners = [route["owner"] for route in (value.get("alerts") or {}).get("routes", ())]
    cases = [{"name": name} for name in names] + [{"name": f"of-{at}", "owner": of} for at, of in enumerate(owners)]
    if "use_cases_from" not in value:
        added["use_cases"] = cases
    missing = {key: inner for key, inner in added.items() if inner and key not in value}
    return f"{text}\n{yaml.safe_dump(missing)}" if missing else text


@pytest.mark.parametrize("text", EXAMPLES)
def test_an_example_of_assay_yaml_is_taken(text: str, tmp_path: Path) -> None:
    path = tmp_path / CONFIG_FILE
    path.write_text(whole(text), encoding="utf-8")
    alertmanager_file(parse_deployment(path))


def test_examples_are_looked_at() -> None:
    """Those of alerts and objectives among them, whose key `off` YAML reads as false."""
    pages = {str(each.id).rpartition("-")[0] for each in EXAMPLES}
    assert len(EXAMPLES) >= 15
    assert {"docs/reference/alerts.md", "docs/how-to/set-slos.md", "docs/reference/configuration.md"} <= pages
