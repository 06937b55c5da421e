"""pytest's hooks: options, the fixture `assay`, the mark `assay_set`, the summary and the exit code.

It is loaded by every pytest that runs beside Assay. So it imports nothing of Assay before a test asks for it.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from assay.worker.pytest_plugin.failures import AnswerIsUndecided

if TYPE_CHECKING:
    from assay.worker.pytest_plugin.checker import Checker
    from assay.worker.pytest_plugin.session import AssaySession

UNDECIDED = "assay_undecided"
"""The property of a report whose test failed only because the judge gave no number."""
_SESSION: pytest.StashKey[AssaySession] = pytest.StashKey()
"""Where a config keeps its session."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options, in a group of their own."""
    group = parser.getgroup("assay", "answers of an LLM application")
    group.addoption("--assay-config", metavar="DIR", default=None, help="Directory of assay.yaml.")
    group.addoption(
        "--assay-gate",
        metavar="SET",
        action="append",
        default=[],
        help="Golden set whose answers are not checked one by one, but compared with its baseline at the end.",
    )
    group.addoption("--assay-baseline", metavar="RELEASE", default=None, help="What the gate compares with.")


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known, and begin a session."""
    from assay.worker.pytest_plugin.session import AssaySession

    config.addinivalue_line("markers", "assay_set(name): run the test for each item of a golden set, as `item`")
    folder = config.getoption("--assay-config")
    config.stash[_SESSION] = AssaySession(
        config=Path(folder) if folder else None,
        gated=tuple(config.getoption("--assay-gate")),
        baseline=config.getoption("--assay-baseline"),
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrise tests that are marked with a golden set."""
    mark = metafunc.definition.get_closest_marker("assay_set")
    if mark is None:
        return
    if len(mark.args) != 1 or "item" not in metafunc.fixturenames:
        raise pytest.UsageError(
            f'{metafunc.definition.nodeid}: write @pytest.mark.assay_set("NAME"), and an argument `item`'
        )
    items = metafunc.config.stash[_SESSION].items_of(mark.args[0])
    metafunc.parametrize("item", items, ids=[item.id for item in items])


@pytest.fixture
def assay(request: pytest.FixtureRequest) -> Checker:
    """Checks answers: `assay.check(question=…, contexts=[…], response=…)`, or `assay.check(item, response=…)`."""
    mark = request.node.get_closest_marker("assay_set")
    return request.config.stash[_SESSION].checker(request.node.nodeid, mark.args[0] if mark else None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Mark the report of a test that failed only because nothing is known."""
    report = yield
    if call.excinfo is not None and call.excinfo.errisinstance(AnswerIsUndecided):
        report.user_properties.append((UNDECIDED, True))
    return report  # what a wrapper returns is the hook's result


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over the checks of a process of pytest-xdist."""
    told = getattr(node, "workeroutput", {}).get("assay", ())
    node.config.stash[_SESSION].take_over(told)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand checks over to the process that reports; there, run the gates and decide about the exit code."""
    own = session.config.stash[_SESSION]
    output = getattr(session.config, "workeroutput", None)
    try:
        if output is not None:
            output["assay"] = own.handed_over()
        elif session.exitstatus in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}:
            own.run_gates()
            session.exitstatus = own.exit_code(session.exitstatus, *_failures(session.config))
    finally:
        own.close()


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Tell how many answers passed, and what the gates say."""
    lines = config.stash[_SESSION].summary()
    if lines:
        terminalreporter.section("assay")
        for line in lines:
            terminalreporter.write_line(line)


def _failures(config: pytest.Config) -> tuple[int, int]:
    """Tests that failed, and how many of them only because nothing is known."""
    reporter: Any = config.pluginmanager.get_plugin("terminalreporter")
    stats = reporter.stats if reporter is not None else {}
    failed = [*stats.get("failed", ()), *stats.get("error", ())]
    return len(failed), sum(
        (UNDECIDED, True) in map(tuple, getattr(report, "user_properties", ())) for report in failed
    )
