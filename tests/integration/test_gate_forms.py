"""The gate on the same answers in another form: citation marks and lists of sources are no regression."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.golden_home import Home

SHIPPED = Path(__file__).parents[2] / "golden_sets" / "mtrag-v1"
ITEMS = 60
"""Items of the shipped set that are asked: enough to see a form that is judged, few enough to run in seconds."""

_STOP = re.compile(r"(?<=\w{4})\.(?=\s+[A-Z]|$)")


def marks_before(text: str) -> str:
    counted = iter(range(1, 1000))
    return _STOP.sub(lambda _: f" [{next(counted) % 3 + 1}].", text)


def marks_after(text: str) -> str:
    return _STOP.sub(".[1]", text)


def with_sources(text: str) -> str:
    return f"{text}\n\nSources:\n[1] handbook-2024.pdf, p. 12\n[2] https://example.com/faq"


FORMS: list[Callable[[str], str]] = [marks_before, marks_after, with_sources]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """The shipped set, cut to its first items, with a release of the same answers in other forms in turn."""
    (tmp_path / "home").mkdir()
    home = Home(tmp_path / "home")
    home.set = home.path / "golden_sets" / SHIPPED.name
    shutil.copytree(SHIPPED, home.set)
    items = _lines(home.set / "items.jsonl")[:ITEMS]
    ids = {item["id"] for item in items}
    _write(home.set / "items.jsonl", items)
    anchors = [row for row in _lines(home.set / "anchors.jsonl") if row.get("item", items[0]["id"]) in ids]
    _write(home.set / "anchors.jsonl", anchors)
    for release in (home.set / "releases").iterdir():
        _write(release, [answer for answer in _lines(release) if answer["id"] in ids])
    plain = _lines(home.set / "releases" / "gpt-4o.jsonl")
    formed = [{**row, "response": FORMS[n % 3](row["response"])} for n, row in enumerate(plain)]
    assert sum(row != other for row, other in zip(plain, formed, strict=True)) > ITEMS * 0.8
    _write(home.set / "releases" / "formed.jsonl", formed)
    assert home.assay("golden", "freeze", SHIPPED.name, "--yes") == 0
    return home


def test_marks_and_sources_are_no_regression(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert home.assay("gate", SHIPPED.name, "--baseline", "gpt-4o", "--candidate", "formed", "--json") == 0
    result = json.loads(capsys.readouterr().out)
    assert result["verdict"] == "pass"
    rates = result["primary"]
    assert rates["metric"] == "pass_rate"
    assert abs(rates["candidate"] - rates["baseline"]) * result["n"] < 1.5
    assert 0.3 < rates["baseline"] < 1


def _lines(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _write(path: Path, rows: list[dict[str, str]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
