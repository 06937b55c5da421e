"""Which calibration is used: found in the config root, named in messages, and never another judge's."""

from __future__ import annotations

import asyncio
import logging
import re
from pathlib import Path

import pytest

from assay.judges.calibration import Calibration, CalibrationError, risk_hash
from assay.judges.local.judge import LocalJudge
from assay.worker.config.calibration_sets import CalibrationSet, calibrations_for, parse_calibration_set
from assay.worker.config.root import ConfigRoot, calibration_path
from assay.worker.config.settings import Settings
from assay.worker.config.use_cases import UseCase
from assay.worker.flow.batching import group_messages
from assay.worker.flow.candidates import Chooser
from assay.worker.records.ledger import Promise
from assay.worker.records.messages import AssessMessage
from assay.worker.state.memory.state import memory_state
from assay.worker.wiring.judges import build_evaluator, check_deployment, load_calibrations
from assay.worker.wiring.runtime import Runtime
from tests.builders import NOW, make_deployment
from tests.unit.judges.calibrations import make_calibration


@pytest.fixture
def root(tmp_path: Path) -> ConfigRoot:
    (tmp_path / "assay.yaml").write_text("use_cases: [{name: bot}]\n")
    return ConfigRoot(path=tmp_path)


def own_calibration(root: ConfigRoot, **over: object) -> Calibration:
    rubric = root.rubric("grounding", {})
    fields = {
        "judge": "local",
        "judge_fingerprint": LocalJudge().fingerprint,
        "rubric_hash": risk_hash(rubric, "local"),
    }
    return make_calibration(**{**fields, **over})


def only(calibration: Calibration) -> CalibrationSet:
    """What messages name where one judge of the rubric is calibrated."""
    return CalibrationSet(calibrations=(calibration,))


def write(root: ConfigRoot, calibration: Calibration) -> Path:
    path = calibration_path(root.path, "grounding", "local")
    path.parent.mkdir(exist_ok=True)
    path.write_text(calibration.model_dump_json())
    return path


def test_matching_file_is_used_everywhere_an_evaluator_is_built(root: ConfigRoot) -> None:
    rubric = root.rubric("grounding", {})
    plain = build_evaluator(rubric, root, Settings())
    calibration = own_calibration(root)
    write(root, calibration)
    evaluator = build_evaluator(rubric, root, Settings())
    assert evaluator.calibration == calibration
    assert evaluator.revision != plain.revision
    assert load_calibrations(root, [rubric], Settings()) == {"grounding": only(calibration)}


@pytest.mark.parametrize("over", [{"judge_fingerprint": "old"}, {"rubric_hash": "old"}])
def test_file_that_no_longer_holds_is_left_out_with_a_warning(
    root: ConfigRoot, over: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    path = write(root, own_calibration(root, **over))
    with caplog.at_level(logging.WARNING):
        evaluator = build_evaluator(root.rubric("grounding", {}), root, Settings())
    assert evaluator.calibration is None
    (record,) = caplog.records
    assert record.getMessage().startswith(f"{path}: not used: ")
    assert "fit it again with `assay calibrate`" in record.getMessage()


def test_use_case_with_labels_of_its_own_is_judged_by_its_own_curve(root: ConfigRoot) -> None:
    """A curve does not transfer to other answers, so that of one use case holds for no other."""
    rubric = root.rubric("grounding", {})
    general, own = own_calibration(root), own_calibration(root, n=101, use_case="bot")
    write(root, general)
    calibration_path(root.path, "grounding", "local", "bot").write_text(own.model_dump_json())
    in_force = load_calibrations(root, [rubric], Settings(), None, ["bot", "faq"])
    assert in_force == {"grounding": only(general), "grounding@bot": only(own)}
    assert calibrations_for("grounding", "bot", in_force) == only(own)
    assert calibrations_for("grounding", "faq", in_force) == only(general)
    chooser = Chooser(
        deployment=make_deployment(UseCase(name="bot"), UseCase(name="faq")),
        rubrics={"grounding": rubric},
        calibrations=in_force,
    )
    assert chooser.version_of("grounding", "bot") == (rubric.content_hash(), only(own).content_hash())
    assert chooser.version_of("grounding", "faq") == (rubric.content_hash(), only(general).content_hash())
    assert parse_calibration_set(only(own).content(), source="a message") == only(own)
    assert build_evaluator(rubric, root, Settings()).calibration == general


@pytest.mark.parametrize(("fitted_for", "name"), [("bot", "faq"), ("bot", None), (None, "bot")])
def test_curve_under_another_name_than_its_own_is_refused(
    root: ConfigRoot, fitted_for: str | None, name: str | None
) -> None:
    """A copy would silently judge answers that nobody labelled."""
    path = calibration_path(root.path, "grounding", "local", name)
    path.parent.mkdir(exist_ok=True)
    path.write_text(own_calibration(root, use_case=fitted_for).model_dump_json())
    with pytest.raises(CalibrationError, match="use_case: was fitted for"):
        load_calibrations(root, [root.rubric("grounding", {})], Settings(), None, ["bot", "faq"])


def test_curve_of_a_use_case_that_no_longer_holds_leaves_the_general_one(
    root: ConfigRoot, caplog: pytest.LogCaptureFixture
) -> None:
    general = own_calibration(root)
    write(root, general)
    stale = own_calibration(root, use_case="bot", judge_fingerprint="old")
    calibration_path(root.path, "grounding", "local", "bot").write_text(stale.model_dump_json())
    assert root.calibration(root.rubric("grounding", {}), LocalJudge(), "bot") == general
    assert "grounding-local@bot.json: not used" in caplog.text


def test_broken_curve_of_a_use_case_is_told_before_anything_starts(root: ConfigRoot) -> None:
    path = calibration_path(root.path, "grounding", "local", "bot")
    path.parent.mkdir(exist_ok=True)
    path.write_text("{")
    with pytest.raises(CalibrationError, match=re.escape(str(path))):
        check_deployment(root, Settings())


def test_files_of_use_cases_that_are_no_more_are_named(root: ConfigRoot) -> None:
    path = calibration_path(root.path, "grounding", "local", "gone")
    path.parent.mkdir(exist_ok=True)
    path.write_text("{}")
    assert root.foreign_calibrations(["bot"]) == [path]


def test_calibration_of_no_use_case_is_written_as_it_always_was(root: ConfigRoot) -> None:
    assert "use_case" not in own_calibration(root).content() + only(own_calibration(root)).content()
    assert '"use_case":"bot"' in own_calibration(root, use_case="bot").content()


def test_promises_and_messages_name_the_calibration() -> None:
    promise = Promise(
        trace_id="t", rubric="grounding", rubric_hash="h", use_case="bot", window="w", start=NOW, pi=1.0,
        stratum="base", selected_at=NOW,
    )  # fmt: skip
    other = promise.model_copy(update={"trace_id": "u", "calibration_hash": "c"})
    plain, calibrated = group_messages([promise, other])
    assert (plain.calibration_hash, calibrated.calibration_hash) == (None, "c")


def test_message_from_before_calibrations_is_still_understood() -> None:
    message = AssessMessage.model_validate(
        {
            "v": 1,
            "use_case": "bot",
            "rubric": "grounding",
            "rubric_hash": "h",
            "window": "w",
            "items": [{"trace_id": "t", "start": NOW, "pi": 1.0, "stratum": "base"}],
        }
    )
    assert message.calibration_hash is None


def test_worker_judges_with_the_calibration_the_message_names(
    root: ConfigRoot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not with its own disk's, and with none where the message names none."""
    rubric = root.rubric("grounding", {})
    mine, theirs = own_calibration(root), own_calibration(root, n=101)
    foreign = own_calibration(root, judge_fingerprint="newer")
    write(root, mine)

    async def ask() -> None:
        runtime = Runtime(Settings(), root, redis_url="redis://127.0.0.1:1/0")
        monkeypatch.setattr(runtime, "state", memory_state())
        for published in (only(theirs), only(foreign)):
            await runtime.state.documents.put(published.content_hash(), published.content())
        named = await runtime.evaluator(rubric.content_hash(), only(theirs).content_hash())
        unnamed = await runtime.evaluator(rubric.content_hash())
        newer = await runtime.evaluator(rubric.content_hash(), only(foreign).content_hash())
        assert named is not None
        assert unnamed is not None
        assert newer is not None
        assert (named.calibration, unnamed.calibration, newer.calibration) == (theirs, None, None)
        assert await runtime.evaluator(rubric.content_hash(), "nobody published this") is None
        assert runtime.sweeps.calibrations == {"grounding": only(mine)}
        await runtime.store.close()

    asyncio.run(ask())
