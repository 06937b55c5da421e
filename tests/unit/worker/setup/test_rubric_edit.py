"""Selectors added to a rubric's text: nothing else in the file changes, or the file is not touched."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from assay.judges.errors import ConfigurationError
from assay.judges.rubric import SamplePaths, parse_rubric
from assay.worker.setup.rubric_edit import with_chains

SOURCE = Path("rubrics/mine.yaml")
NEW = "span[name=kb lookup].output['a key'][*].text"
QUESTION = ("root.input", "root.input.kwargs.frage", "answer.input")
CONTEXTS = ("retriever.documents", NEW, "prompt")

LAYOUTS = {
    "none": "name: mine\n",
    "no line end": "name: mine",
    "comment at the end": "name: mine\n# the end\n",
    "document marks": "---\nname: mine\n...\n",
    "json": '{"name": "mine", "closed_book": "skip"}',
    "json over lines": '{\n  "name": "mine"\n}\n',
    "flow": (
        "name: mine\nsample: {question: [root.input, answer.input], contexts: [retriever.documents, prompt]}  # ours\n"
    ),
    "flow over lines": (
        "name: mine\nsample: {\n  question: [root.input,  # first\n    answer.input],\n"
        "  contexts: [retriever.documents, prompt],\n}\nclosed_book: skip\n"
    ),
    "block": (
        "name: mine\nsample:\n  # where they ask\n  question:\n    - root.input  # the body\n    - answer.input\n"
        "\n  contexts:\n  - retriever.documents\n  # last resort\n  - prompt\nclosed_book: skip  # after\n"
    ),
    "mixed": (
        "name: mine\nsample:\n  question: [root.input, answer.input]\n  contexts:\n"
        "    - 'retriever.documents'\n    - \"prompt\"\n"
    ),
    "other part only": (
        "name: mine\nsample:\n  history: root.input  # turns\n\n# rules come next\nrules: {values: [number]}\n"
    ),
    "empty sample": "name: mine\nsample: {}\n",
    "windows": "name: mine\r\nsample:\r\n  history: root.input\r\nclosed_book: skip\r\n",
    "byte order mark": "\ufeffname: mine\n",
    "merged": "name: mine\nsample:\n  <<: {history: root.input}\n",
    "indented": "  name: mine\n  closed_book: skip\n",
}


def sample_of(text: str) -> SamplePaths:
    return parse_rubric(text, source="x").sample


@pytest.mark.parametrize("layout", LAYOUTS)
def test_only_the_selectors_are_new(layout: str) -> None:
    text = LAYOUTS[layout]
    edited = with_chains(text, {"question": QUESTION, "contexts": CONTEXTS}, source=SOURCE, variables={})
    before, after = parse_rubric(text, source="x"), parse_rubric(edited, source="x")
    assert (after.sample.question, after.sample.contexts) == (QUESTION, CONTEXTS)
    sample = before.sample.model_copy(update={"question": QUESTION, "contexts": CONTEXTS})
    assert after == before.model_copy(update={"sample": sample})
    for line in text.replace("\r", "").split("\n"):
        comment = line.partition("#")[2]
        assert comment in edited
    assert ("\r\n" in edited) == ("\r\n" in text)
    assert not ("\r\n" in text and "\n" in edited.replace("\r\n", ""))
    again = with_chains(edited, {"question": QUESTION, "contexts": CONTEXTS}, source=SOURCE, variables={})
    assert again == edited


def test_a_lone_selector_becomes_a_list() -> None:
    text = "name: mine\nsample:\n  question: root.input.q  # theirs\n"
    edited = with_chains(text, {"question": ("root.input.q", "root.input.frage")}, source=SOURCE, variables={})
    assert edited == "name: mine\nsample:\n  question: [root.input.q, root.input.frage]  # theirs\n"


def test_lines_that_were_there_stay_where_they_are() -> None:
    edited = with_chains(LAYOUTS["block"], {"contexts": CONTEXTS}, source=SOURCE, variables={})
    assert [line for line in edited.splitlines() if line not in LAYOUTS["block"].splitlines()] == [f'  - "{NEW}"']
    assert [line for line in LAYOUTS["block"].splitlines() if line not in edited.splitlines()] == []


def test_variables_stay_variables() -> None:
    text = 'name: mine\njudge: {tiers: [llm], llm: {model: "${ASSAY_JUDGE_MODEL}"}}\n'
    variables = {"ASSAY_JUDGE_MODEL": "gpt-x"}
    edited = with_chains(text, {"question": QUESTION}, source=SOURCE, variables=variables)
    assert "${ASSAY_JUDGE_MODEL}" in edited
    assert "gpt-x" not in edited


@pytest.mark.parametrize(
    "text",
    [
        "name: mine\nsample: &s\n  question: &q [root.input]\n  history: *q\n",
        "name: mine\nsample:\n  question: >-\n    root.input\n",
    ],
)
def test_a_layout_without_a_place_for_them_is_refused_with_the_lines_to_add(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"mine\.yaml: sample: .* yourself: .*root\.input\.kwargs\.frage"):
        with_chains(text, {"question": QUESTION}, source=SOURCE, variables={})


selectors = st.one_of(
    st.sampled_from(["root.input", "answer.input", "prompt", "tool.output", "root.metadata.kb"]),
    st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=6).map(
        lambda key: "root.input['" + key.replace("\\", "\\\\").replace("'", "\\'") + "']"
    ),
)


@given(st.lists(selectors, min_size=1, max_size=4, unique=True), st.sampled_from(sorted(LAYOUTS)))
def test_any_selector_is_written_so_that_it_is_read_again(chain: list[str], layout: str) -> None:
    assume(all("${" not in selector for selector in chain))
    old = sample_of(LAYOUTS[layout]).question
    wanted = (*old, *(selector for selector in chain if selector not in old))
    try:
        SamplePaths(question=wanted)
    except ValueError:
        return
    edited = with_chains(LAYOUTS[layout], {"question": wanted}, source=SOURCE, variables={})
    assert sample_of(edited).question == wanted
