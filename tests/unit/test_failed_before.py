"""A second try is for few failures, and is said aloud."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.failed_before import MOST, main


@pytest.mark.parametrize(("count", "code"), [(0, 1), (1, 0), (MOST, 0), (MOST + 1, 1)])
def test_few_failures_are_tried_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], count: int, code: int
) -> None:
    noted = tmp_path / "lastfailed"
    noted.write_text(json.dumps({f"tests/test_x.py::test_{number:02}": True for number in range(count)}))
    assert main(noted) == code
    told = capsys.readouterr().out
    assert f"failed on the busy machine: {count}" in told
    assert told.count("tests/test_x.py") == min(count, MOST)


def test_a_run_that_noted_nothing_is_not_tried_again(tmp_path: Path) -> None:
    assert main(tmp_path / "absent") == 1
