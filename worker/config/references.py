"""Names in assay.yaml that stand for something elsewhere: each is refused with its line and key where it does not."""

from __future__ import annotations

from assay.judges.errors import ConfigurationError, place_words
from assay.judges.rubric import Rubric
from assay.judges.team_files.near_names import did_you_mean, nearest
from assay.judges.team_files.reading import FileProblem, Place, named_place, read_document
from assay.worker.config.deployment import CONFIG_FILE, Deployment
from assay.worker.config.egress import forbidden
from assay.worker.config.endpoint_addresses import named_by_variables
from assay.worker.config.judge_files import described_names
from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import child_environment
from assay.worker.config.use_cases import UseCase


def check_rubric_names(root: ConfigRoot, deployment: Deployment) -> None:
    """Refuse a rubric that a use case is to be judged by and that is not there.

    Raises:
        ConfigurationError: names file, line, key and the rubric that was meant.
    """
    known = root.rubric_names()
    for at, use_case in enumerate(deployment.use_cases):
        place: Place = ("defaults", "rubrics") if use_case.rubrics is None else ("use_cases", at, "rubrics")
        for position, name in enumerate(deployment.rubrics_of(use_case)):
            if name not in known:
                remedy = f"rubric {name!r}: unknown; {did_you_mean(name, known, 'known rubrics')}"
                raise _refused(root, place, position, remedy)


def check_judges_allowed(root: ConfigRoot, deployment: Deployment, use_case: UseCase, rubric: Rubric) -> None:
    """Refuse a rubric whose judges the use case does not allow.

    Raises:
        ConfigurationError: names file, line, key and the judge that was meant.
    """
    outside = forbidden(use_case, rubric)
    if not outside:
        return
    place = ("use_cases", deployment.use_cases.index(use_case), "judges_allowed")
    position, hint = None, ""
    described = {*described_names(root, deployment), *named_by_variables(child_environment())}
    for at, name in enumerate(use_case.judges_allowed or ()):
        # A name that the rubric asks for is meant as it stands. Another one may be a misspelling, e.g. `lokal`.
        meant = None if name in rubric.judge.destinations() else nearest(name, outside)
        if meant is not None and name in described and meant not in described:
            hint = f"did you mean {name!r} by {meant!r} in the rubric? "
        elif meant is not None:
            position, hint = at, f"did you mean {meant!r} by {name!r}? "
    judges = ", ".join(map(repr, outside))
    problem = f"rubric {rubric.name!r} is judged by {judges}, which is not allowed here"
    raise _refused(root, place, position, f"{problem}; {hint}allow it or choose another rubric")


def _refused(root: ConfigRoot, place: Place, position: int | None, remedy: str) -> ConfigurationError:
    """The error at a place of assay.yaml. The file is read once more: its lines are not kept."""
    path = root.path / CONFIG_FILE
    key, line = ".".join(map(str, place)), None
    try:
        document = read_document(path)
        key = named_place(place, document.value)
        line = document.line(place if position is None else (*place, position))
    except FileProblem:
        pass  # it was readable a moment ago: somebody is writing it
    return ConfigurationError(f"{path}: {place_words(key, line)}: {remedy}")
