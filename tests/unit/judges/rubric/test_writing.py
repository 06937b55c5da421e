"""Which scores a rubric writes and under which names: what may be chosen, and what of it makes another version."""

from __future__ import annotations

import pytest

from assay.judges.errors import RubricError
from assay.judges.rubric import Rubric, parse_rubric
from assay.judges.rubric.writing import LONGEST_NAME, may_be_written

CHECKS = "name: manners\nmethod: checks\nchecks: [{score: polite, direction: maximize, any_match: [please]}]\n"


def test_a_rubric_that_chooses_nothing_keeps_the_version_it_had() -> None:
    plain = Rubric(name="grounding")
    assert '"write"' not in plain.content()
    assert plain.content_hash() == plain.judging_hash()
    assert Rubric.model_validate({"name": "grounding", "write": {}}).content_hash() == plain.content_hash()


def test_other_names_make_another_version_and_not_another_way_of_judging() -> None:
    plain = Rubric(name="grounding")
    named = parse_rubric("name: grounding\nwrite: {prefix: assay_, scores: [answer_check]}", source="r")
    assert named.content_hash() != plain.content_hash()
    assert named.judging_hash() == plain.judging_hash()
    assert parse_rubric(named.content(), source="redis") == named


def test_the_verdict_stands_first_where_stores_list_scores_by_name() -> None:
    names = Rubric(name="grounding").writes_by_default
    assert sorted(names) == ["answer_check", "faithfulness", "groundedness", "hallucination_risk"]


@pytest.mark.parametrize(
    ("write", "told"),
    [
        ("{scores: [grounding]}", "write.scores: grounding is no score of this rubric; it has answer_check"),
        ("{scores: []}", "write.scores"),
        ("{scores: [answer_check, answer_check]}", "stands twice"),
        ("{prefix: 9x}", "write.prefix"),
        ("{prefix: 'a b'}", "write.prefix"),
        ("{prefix: abcdefghijklmnopq}", "write.prefix"),
        ("{prefix: abcdefghijklmnop, scores: [hallucination_risk_level]}", "has more than 35 characters; shorten"),
        ("{session: true}", "write.session"),
        (
            "{prefix: abcdefghijklmnop, scores: [answer_check], sessions: true}",
            "abcdefghijklmnopsession_flagged_share has more than 35 characters; shorten the prefix, or leave "
            "write.sessions out",
        ),
    ],
)
def test_a_mistake_is_refused_with_its_key_and_a_remedy(write: str, told: str) -> None:
    with pytest.raises(RubricError, match=told.replace("(", r"\(")):
        parse_rubric(f"name: grounding\nwrite: {write}", source="r.yaml")


def test_sessions_need_a_risk() -> None:
    with pytest.raises(RubricError, match=r"write\.sessions: needs the score hallucination_risk"):
        parse_rubric("name: g\nscores: {groundedness: maximize}\nwrite: {sessions: true}", source="r.yaml")
    with pytest.raises(RubricError, match=r"write\.sessions"):
        parse_rubric(f"{CHECKS}write: {{sessions: true}}", source="r.yaml")


def test_rubrics_of_other_methods_choose_from_their_own_scores() -> None:
    rubric = parse_rubric(f"{CHECKS}write: {{scores: [manners_state]}}", source="r.yaml")
    assert rubric.writable == ("polite", "manners_state")
    with pytest.raises(RubricError, match="answer_check is no score of this rubric"):
        parse_rubric(f"{CHECKS}write: {{scores: [answer_check]}}", source="r.yaml")
    with pytest.raises(RubricError, match="answer_check is taken"):
        parse_rubric(CHECKS.replace("polite", "answer_check"), source="r.yaml")


def test_what_stands_in_for_a_choice_has_room_for_its_prefix_as_well() -> None:
    named = CHECKS.replace("manners", "manners-of-the-desk")
    with pytest.raises(RubricError, match=r"manners_of_the_desk_state has more than 35 .* a shorter name"):
        parse_rubric(f"{named}write: {{prefix: abcdefghijklmnop, scores: [polite]}}", source="r.yaml")


@pytest.mark.parametrize(
    "write",
    [
        "{prefix: abcdefghijklmnop}",
        "{prefix: abcdefghijklmn, scores: [answer_check], sessions: true}",
        "{prefix: abcdefghijklmnop, scores: [faithfulness]}",
    ],
)
def test_a_prefix_with_which_every_name_fits_is_taken(write: str) -> None:
    rubric = parse_rubric(f"name: grounding\nwrite: {write}", source="r.yaml")
    names = may_be_written(rubric.write, rubric.writable, rubric.writes_by_default)
    assert max(len(rubric.write.named(name)) for name in names) <= LONGEST_NAME


def test_long_names_without_a_prefix_are_a_rubrics_own_matter() -> None:
    """They were taken before there were prefixes."""
    long = CHECKS.replace("polite", "p" * 40)
    assert parse_rubric(long, source="r.yaml").writable[0] == "p" * 40
