"""Edits of assay.yaml, rubrics and calibrations, taken up by a running process: whole or not at all."""

from __future__ import annotations

from dataclasses import dataclass

from assay.judges.errors import ConfigurationError
from assay.worker.config.judge_files import check_still_there, watched_by_judges
from assay.worker.config.watched_files import Signature, signature
from assay.worker.wiring.config_version import changes, check_fixed, config_version
from assay.worker.wiring.judges import check_deployment
from assay.worker.wiring.runtime import Runtime


@dataclass(frozen=True)
class Edit:
    """What an edit of the files came to.

    Attributes:
        was: the version in force before it.
        successor: the runtime to go on with. None where the files cannot be used, or say again what is in force.
        changes: what differs from before, a short phrase each.
        problem: why the files cannot be used; names file, key and remedy.
    """

    was: str
    successor: Runtime | None = None
    changes: tuple[str, ...] = ()
    problem: str = ""


class ConfigWatch:
    """Looks at the files again and again, and builds a successor of the runtime once an edit is finished.

    An edit counts as finished when two looks in a row see the same files. So an edit of several files is taken up
    as one, and never the half of it. Files that cannot be used are told once, and what is in force stays in force.
    They are read again at every look: what was missing may lie where nobody watches.
    """

    def __init__(self, runtime: Runtime) -> None:
        # Empty, so that the first looks compare contents: somebody may have written while the runtime was read.
        self._in_force: Signature = ()
        self._last_look = self._look(runtime)
        self._problem = ""

    def look(self, runtime: Runtime) -> Edit | None:
        """What there is to take up or to tell; None where there is nothing. Blocks on the disk."""
        files = self._look(runtime)
        is_finished, self._last_look = files == self._last_look, files
        if not is_finished or (files == self._in_force and not self._problem):
            return None
        edit = _read(runtime)
        if self._look(runtime) != files:
            return None  # somebody wrote while they were read: the next looks see it
        self._in_force = files
        before, self._problem = self._problem, edit.problem
        is_news = edit.successor is not None or edit.problem != before
        return edit if is_news else None

    def _look(self, runtime: Runtime) -> Signature:
        beside = watched_by_judges(runtime.root, runtime.settings.prices_file, runtime.deployment)
        return signature(runtime.root, runtime.rubrics.values(), beside)


def _read(runtime: Runtime) -> Edit:
    was = config_version(runtime)
    try:
        successor = runtime.successor()
        check_fixed(runtime.deployment, successor.deployment)
        check_still_there(runtime.judge_files, successor.judge_files)
        if config_version(successor) == was:
            return Edit(was, changes=("back to what is in force",))
        check_deployment(successor.root, successor.settings)
    except ConfigurationError as exc:
        return Edit(was, problem=str(exc))
    return Edit(was, successor, tuple(changes(runtime, successor)))
