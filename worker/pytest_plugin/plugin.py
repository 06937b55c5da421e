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
CHECKS = "assay_checks"
"""The attribute of a test's last report in which a process of pytest-xdist hands over what the test checked."""
SHOWS = ("collectonly", "setuponly", "showfixtures", "show_fixtures_per_test", "cacheshow")
"""Options of pytest's, by their name inside, with which no test runs, e.g. `collectonly` for `--collect-only`."""
_SESSION: pytest.StashKey[AssaySession] = pytest.StashKey()
"""Where a config keeps its session."""

_REPORTS: pytest.StashKey[Reports] = pytest.StashKey()
"""Where a config keeps what its reports say."""


class Reports:
    """Reads reports in the process that reports: what was checked elsewhere, and failures that nothing is known of.

    Args:
        session: takes over what other processes checked.
    """

    def __init__(self, session: AssaySession) -> None:
        self._session = session
        self.undecided = 0

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take over checks as they come, so that a process that dies loses none. Count as `Session.testsfailed`."""
        told = getattr(report, CHECKS, None)
        node = getattr(report, "node", None)
        if told is not None and node is not None:
            self._session.take_over(node.gateway.id, report.nodeid, told)
        is_failure = report.failed and not hasattr(report, "wasxfail")
        if is_failure and (UNDECIDED, True) in map(tuple, report.user_properties):
            self.undecided += 1


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
    config.stash[_REPORTS] = Reports(config.stash[_SESSION])
    config.pluginmanager.register(config.stash[_REPORTS], "assay-reports")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Refuse options that cannot work, before anything is collected or another process begins."""
    if not _is_xdist_worker(session.config) and not _only_shows(session.config):
        session.config.stash[_SESSION].check_options()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrise tests that are marked with a golden set."""
    mark = metafunc.definition.get_closest_marker("assay_set")
    if mark is None:
        return
    name = _set_name(mark)
    if name is None or "item" not in metafunc.fixturenames:
        raise pytest.Collector.CollectError(
            f'{metafunc.definition.nodeid}: write @pytest.mark.assay_set("NAME"), and an argument `item`'
        )
    items = metafunc.config.stash[_SESSION].items_of(name)
    metafunc.parametrize("item", items, ids=[item.id for item in items])


@pytest.fixture
def assay(request: pytest.FixtureRequest) -> Checker:
    """Checks answers: `assay.check(question=…, contexts=[…], response=…)`, or `assay.check(item, response=…)`."""
    mark = request.node.get_closest_marker("assay_set")
    return request.config.stash[_SESSION].checker(request.node.nodeid, _set_name(mark) if mark else None)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """A test begins. Where a plugin runs it again, its last attempt counts."""
    item.config.stash[_SESSION].begin(item.nodeid)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Mark the report of a test that failed only because nothing is known, and hand over what a test checked."""
    report = yield
    if call.excinfo is not None and call.excinfo.errisinstance(AnswerIsUndecided):
        report.user_properties.append((UNDECIDED, True))
    if call.when == "teardown" and _is_xdist_worker(item.config):
        setattr(report, CHECKS, item.config.stash[_SESSION].handed_over(item.nodeid))
    return report  # what a wrapper returns is the hook's result


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Run the gates and decide about the exit code, in the process that reports."""
    own = session.config.stash[_SESSION]
    try:
        if _is_xdist_worker(session.config) or _only_shows(session.config):
            return
        if session.exitstatus in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}:
            own.run_gates()
            undecided = session.config.stash[_REPORTS].undecided
            session.exitstatus = own.exit_code(session.exitstatus, session.testsfailed, undecided)
        elif session.exitstatus == pytest.ExitCode.INTERNAL_ERROR and own.is_used:
            # pytest's own code for it is 3, which in this run would say that nothing is known to be wrong.
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
    finally:
        own.close()


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Tell how many answers passed, and what the gates say."""
    lines = config.stash[_SESSION].summary()
    if lines:
        terminalreporter.section("assay")
        for line in lines:
            terminalreporter.write_line(line)


def _set_name(mark: pytest.Mark) -> str | None:
    """The golden set that a mark names. None where it is written wrongly."""
    names = [*mark.args, *mark.kwargs.values()]
    is_written_well = len(names) == 1 and isinstance(names[0], str) and mark.kwargs.keys() <= {"name"}
    return names[0] if is_written_well else None


def _is_xdist_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


def _only_shows(config: pytest.Config) -> bool:
    """Whether pytest was asked to show something, and runs no test: nothing is to be decided then."""
    return any(config.getoption(option, False) for option in SHOWS)
