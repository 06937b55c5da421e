"""Runs that are not simple: tests that run again, options that are wrong, listings, and errors inside pytest."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from assay.worker.pytest_plugin.checked import Checked
from assay.worker.pytest_plugin.checks import Checks, answered_twice

pytest_plugins = ["pytester"]

Run = Callable[..., pytest.RunResult]

TWO_ANSWERS = """
    import pytest

    @pytest.mark.assay_set("mtrag-v1")
    @pytest.mark.parametrize("application", ["old", "new"])
    def test_item(item, application, assay):
        assay.check(item, response=f"The {application} answer.")
"""
RUN_AGAIN = """
    from _pytest.runner import runtestprotocol

    def pytest_runtest_protocol(item, nextitem):
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
        if any(report.failed for report in reports):
            item._initrequest()
            reports = runtestprotocol(item, nextitem=nextitem, log=False)
        for report in reports:
            item.ihook.pytest_runtest_logreport(report=report)
        return True
"""
"""A conftest.py that runs a failed test once more, as plugins for that do."""

FLAKY = """
    ANSWERS = ["It was opened in 1987.", "It was opened in 1932."]
    FOUND = ["The bridge was opened in 1932 by the Premier."]

    def test_second_answer_is_right(assay):
        assay.check(question="When?", contexts=FOUND, response=ANSWERS.pop(0))

    def test_both_are_wrong(assay):
        assay.check(question="When?", contexts=FOUND, response="It was opened in 1987.")

    def test_two_answers_of_one_test(assay):
        for _ in range(2):
            assay.check(question="When?", contexts=FOUND, response="It was opened in 1932.")
"""


@pytest.fixture
def run(pytester: pytest.Pytester) -> Run:
    def run_tests(*options: str) -> pytest.RunResult:
        return pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider", *options, timeout=240)

    return run_tests


def of_item(test: str, response: str, contexts: tuple[str, ...] | None = None) -> Checked:
    return Checked(test=test, status="undecided", golden_set="g", item_id="one", response=response, contexts=contexts)


def test_last_attempt_of_a_test_counts(pytester: pytest.Pytester, run: Run) -> None:
    """Each attempt counted as an answer of its own, so that shares and intervals were wrong."""
    pytester.makeconftest(RUN_AGAIN)
    pytester.makepyfile(FLAKY)
    text = run().stdout.str()
    assert "4 answers checked: 3 passed, 1 failed" in text
    assert "tests that ran again count with their last attempt: 2 earlier checks left out" in text


def test_process_of_xdist_that_dies_loses_no_finished_check(pytester: pytest.Pytester, run: Run) -> None:
    """All that it had checked was lost, and with failed answers the rate rose."""
    pytester.makepyfile(
        """
        import os

        def test_wrong(assay):
            assay.check(question="When?", contexts="It was opened in 1932.", response="It was opened in 1987.")

        def test_dies():
            os._exit(1)
        """
    )
    assert "1 answers checked: 1 failed" in run("-n", "1").stdout.str()


def test_ctrl_c_while_the_gate_judges_is_one_line(pytester: pytest.Pytester, run: Run) -> None:
    """It was two tracebacks and the death of the process by its signal."""
    pytester.makeconftest(
        """
        import asyncio, os, signal
        from assay.worker.golden.call import GoldenCall

        async def interrupted(*given):
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.Event().wait()

        GoldenCall.gate = interrupted
        """
    )
    pytester.makepyfile(TWO_ANSWERS)
    ran = run("--assay-gate", "mtrag-v1", "-k", "old")
    text = ran.stdout.str() + ran.stderr.str()
    assert "mtrag-v1: interrupted; nothing is decided" in text
    assert "Traceback" not in text
    assert "Task was destroyed" not in text
    assert ran.ret == pytest.ExitCode.INTERRUPTED


def test_gate_does_not_choose_between_two_answers_to_an_item(pytester: pytest.Pytester, run: Run) -> None:
    """The later test decided, so a bad application hid behind a good one."""
    pytester.makepyfile(TWO_ANSWERS)
    ran = run("--assay-gate", "mtrag-v1")
    assert "mtrag-v1: 88 items have two different answers, e.g. of test_gate_does_not_choose" in ran.stdout.str()
    assert "REGRESSED" not in ran.stdout.str()
    assert ran.ret == 3


def test_answers_to_an_item_that_are_equal_or_of_an_earlier_attempt_are_one_answer() -> None:
    checks = Checks()
    checks.add(of_item("test_a", "no"))
    checks.begin("test_a")
    checks.add(of_item("test_a", "yes"))
    for answer in ("no", "yes"):
        told = {"checks": [of_item("test_b", answer).model_dump(mode="json")], "left_out": 1}
        checks.take_over("gw0", "test_b", told)
    assert answered_twice(checks.of_set("g")) == {}
    assert checks.left_out == 2
    checks.add(of_item("test_b", "yes", contexts=("other evidence",)))
    assert list(answered_twice(checks.of_set("g"))) == ["one"]


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (("--assay-gate", "mtrag-v1", "--assay-baseline", "41"), "releases: release: there is no '41'; choose one of"),
        (("--assay-config", "nowhere"), "nowhere: --assay-config: holds no assay.yaml; name the directory that does"),
    ],
    ids=["baseline", "config"],
)
def test_options_that_cannot_work_are_refused_before_any_test(
    pytester: pytest.Pytester, run: Run, options: tuple[str, ...], line: str
) -> None:
    pytester.makepyfile("def test_asks_the_application(): pass")
    ran = run(*options)
    errors = ran.stderr.str().strip()
    assert errors.startswith("ERROR: assay: ")
    assert line in errors
    assert len(errors.splitlines()) == 1
    assert "passed" not in ran.stdout.str()
    assert ran.ret == pytest.ExitCode.USAGE_ERROR


def test_marks_that_cannot_work_are_one_line(pytester: pytest.Pytester, run: Run) -> None:
    """An unknown set was 60 lines of pytest's inside."""
    pytester.makepyfile(TWO_ANSWERS.replace("mtrag-v1", "nowhere"), test_no_name=TWO_ANSWERS.replace('"mtrag-v1"', ""))
    ran = run()
    text = ran.stdout.str()
    assert "nowhere: unknown golden set; known: mtrag-v1" in text
    assert 'write @pytest.mark.assay_set("NAME"), and an argument `item`' in text
    assert "pluggy" not in text
    assert len(text.splitlines()) < 20
    assert ran.ret == pytest.ExitCode.INTERRUPTED


@pytest.mark.parametrize("option", ["--collect-only", "--setup-plan"])
def test_listing_decides_nothing(pytester: pytest.Pytester, run: Run, option: str) -> None:
    """An editor that lists the tests was told that the gate is undecided."""
    pytester.makepyfile("def test_other(): pass")
    ran = run("--assay-gate", "mtrag-v1", option)
    assert ran.ret == 0
    assert "nothing is decided" not in ran.stdout.str()


def test_errors_inside_pytest_are_not_undecided(pytester: pytest.Pytester, run: Run) -> None:
    """pytest's own code for them is 3, too. A run that checks nothing keeps it."""
    pytester.makeconftest("def pytest_runtest_logfinish(): raise RuntimeError('boom')")
    pytester.makepyfile(test_checks="def test_it(assay): pass", test_other="def test_it(): pass")
    ran = run("test_checks.py")
    assert "RuntimeError: boom" in ran.stdout.str() + ran.stderr.str()
    assert ran.ret == 1
    assert run("test_other.py").ret == pytest.ExitCode.INTERNAL_ERROR


def test_what_another_plugin_counts_as_a_failure_is_no_undecided_answer(pytester: pytest.Pytester, run: Run) -> None:
    """As pytest-cov does for too little coverage. Only the terminal's tests were counted."""
    pytester.makeconftest(
        """
        import pytest

        @pytest.hookimpl(wrapper=True)
        def pytest_runtestloop(session):
            result = yield
            session.testsfailed += 1
            return result
        """
    )
    pytester.makepyfile("def test_it(assay): assay.check(response='It is so.')")
    ran = run()
    assert "1 answers checked: 1 undecided" in ran.stdout.str()
    assert ran.ret == 1
