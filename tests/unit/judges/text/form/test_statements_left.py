"""What stays of an answer once its form is gone: all that it states, and nothing else."""

from __future__ import annotations

import json

import pytest

from assay.judges.text.form import as_read, statements, without_form

SAID = "The bridge opened in 1932"
NEXT = "It is red"


def left(text: str) -> list[str]:
    """The statements of a text as a reader would write them."""
    blanked = without_form(text)
    return [as_read(blanked[span.start : span.end]).strip(" -•*_#>.|^`") for span in statements(text)]


MARKS = """[1] | [1][2]
| [1, 2] | [1–3] | 【1†source】 | 【4:0†handbook.pdf】 | 【1†L3-L7】 | [doc1] | [doc_17] | [ref:4]
| ^1^
| ^[1]^ | ¹² | ¹,² | [^1] | [^note] | ［１］ | [source: handbook.pdf, p. 3] | (Source: doc_17, p. 4)
| (Source: Travel Policy) | [handbook.pdf] | (handbook.pdf, p. 12) | (see §4) | (see Section 4) | (cit. 3)
| (Smith et al., 2020) | (Quelle: Handbuch.pdf, S. 3) | (Quelle 2) | [Source](https://x.org/a)
| ([example.org](https://example.org/a)) | [[1]](https://example.org/a) | <a href="https://x.org">[1]</a>
| <a href='#fn1'>1</a> | <sup>1</sup> | <sup>[1]</sup> | {{1}} | {doc1} | [Doc 1, Doc 2] | [S1] | [#1] | [id: 3]
| <cite>1</cite> | <cite id="2"></cite> | <co: 1> | <doc>2</doc> | [citation:1][citation:2] | [cite: 1, 2]
| [citation needed] | [web:1] | [1†source] | \\cite{smith2020} | \\[1\\] | [turn0search1] | [来源1] | （来源：文档1）
| (出典: 資料2) | [Fuente: manual.pdf, p. 3] | [kilde 1] | [kaynak 2] | (Sources: 1, 2) | (p. 3) | (page 12)
| [1: handbook.pdf] | *[1]* | **[1]** | [note 1] | (https://example.org/a) | <https://example.org/a>
| (via example.org) | [Handbook §4.2] | [Employee Handbook, p. 14] | [KB-1234] | (as per document 1)
| [from doc 2] | [1, p. 14] | [see 1]"""


@pytest.mark.parametrize("mark", [mark.strip().replace("\\\\", "\\") for mark in MARKS.split("|")])
@pytest.mark.parametrize("place", ["{} {}. {}.", "{}{}. {}.", "{}.{} {}.", "{}. {} {}."])
def test_a_mark_is_no_statement(mark: str, place: str) -> None:
    assert left(place.format(SAID, mark, NEXT)) == [SAID, NEXT]


LISTS = [
    "Sources:\n1. handbook.pdf\n2. faq.md",
    "References\n[1] Smith J. Bridges of the world. 2019.\n[2] Jones A. Towns. 2020.",
    "References\n\nSmith, J. (2020). Bridges of the world. Oxford Press.\nJones, A. (2019). Towns. https://doi.org/10.1/x",
    "**Sources**\n- Employee Handbook\n- Travel Policy 2024",
    "### 📚 Sources\n1. [Employee Handbook](https://example.org/a)\n2. [FAQ](https://example.org/b)",
    "---\n**Sources:** [Handbook](https://example.org/a), [FAQ](https://example.org/b)",
    "Source: Employee Handbook, Section 4.2",
    "Sources: [1], [2]",
    "(Sources: doc1.pdf, doc2.pdf)",
    "*Source: handbook.pdf, page 12*",
    "Retrieved from https://example.org/a",
    "For more information, see https://example.org/a",
    "Learn more:\n1. example.org\n2. example.com",
    "[1]: https://example.org/a\n[2]: https://example.org/b",
    "[1] Employee Handbook, p. 12\n[2] Travel Policy, p. 3",
    "[^1]: handbook.pdf, page 3",
    "Sources:\n\n| # | Document | Page |\n|---|---|---|\n| 1 | handbook.pdf | 12 |",
    "<details><summary>Sources</summary>\n\n- handbook.pdf\n- faq.md\n</details>",
    "Source documents:\n- handbook.pdf (score: 0.83)\n- faq.md (score: 0.71)",
    "Sources:\n- handbook.pdf\n- faq.md\n\nLet me know if you have any questions!",
    "Sources:\n1. How the bridge was built\n2. What is a bridge?",
    "Quellen:\n- Handbuch.pdf, S. 12",
    "Références :\n1. Manuel de l'employé",
    "Referências:\n- manual.pdf",
    "Zdroje:\n- prirucka.pdf",
    "Kilder:\n- håndbog.pdf",
    "参考资料：\n[1] 员工手册",
    "출처:\n- 핸드북.pdf",
    "المصادر:\n- دليل.pdf",
]


@pytest.mark.parametrize("sources", LISTS)
def test_a_list_of_sources_is_no_statement(sources: str) -> None:
    assert left(f"{SAID}.\n\n{sources}") == [SAID]


NUMBERS = [
    ("1. ", "2. "),
    ("1) ", "2) "),
    ("(1) ", "(2) "),
    ("1.) ", "2.) "),
    ("a) ", "b) "),
    ("A. ", "B. "),
    ("i. ", "ii. "),
    ("(iv) ", "(v) "),
    ("1.1 ", "1.2 "),
    ("1.2.3 ", "1.2.4 "),
    ("① ", "② "),
    ("1️⃣ ", "2️⃣ "),
    ("Step 1: ", "Step 2: "),
    ("Step 1 of 2: ", "Step 2 of 2: "),
    ("Step one: ", "Step two: "),
    ("### Step 1: ", "### Step 2: "),
    ("**1.** ", "**2.** "),
    ("Q1: ", "Q2: "),
    ("Question 1. ", "Question 2. "),
    ("Schritt 1: ", "Schritt 2: "),
    ("第一步：", "第二步："),
    ("步骤1：", "步骤2："),
    ("1단계: ", "2단계: "),
    ("1 - ", "2 - "),
    ("1: ", "2: "),
    ("#1 ", "#2 "),
    ("[1] ", "[2] "),
    ("- [ ] ", "- [x] "),
    ("Answer: ", "Response: "),
]


@pytest.mark.parametrize(("first", "second"), NUMBERS)
def test_numbering_is_no_statement(first: str, second: str) -> None:
    assert left(f"{first}{SAID}.\n{second}{NEXT}.") == [SAID, NEXT]


SHELLS = [
    json.dumps({"a": {"b": [{"text": f"{SAID}."}]}}),
    json.dumps([{"claim": f"{SAID}.", "source": 3}]),
    json.dumps({"answer": f"{SAID}."}) + "\n\nLet me know!",
    "Here is the answer:\n```json\n" + json.dumps({"answer": f"{SAID}."}) + "\n```",
    "Here is the answer:\n" + json.dumps({"answer": f"{SAID}.", "confidence": 0.93}),
    f'{{"answer": "{SAID}.", "confidence": 0.93',
    f'{{"answer": "{SAID}.",}}',
    f'{SAID}.\n```json\n{{"confidence": 0.93, "source": 3}}\n```',
    f"answer: {SAID}.\nconfidence: 0.93\nsources:\n  - doc1.pdf\n",
    f"<answer>{SAID}.</answer>",
    f'<?xml version="1.0"?>\n<answer>{SAID}.</answer><confidence>0.93</confidence>'
    "<sources><source>doc1</source></sources>",
    f"Opening\n=======\n\n{SAID}.",
    f"## Opening\n\n{SAID}.",
    f"```text\n{SAID}.\n```",
    f"Sure! Here is what I found.\n\n{SAID}.\n\nDon't hesitate to ask if you need more details.",
    f"Natürlich!\n\n{SAID}.\n\nIch hoffe, das hilft Ihnen weiter!",
    f"{SAID}.\n\nN'hésitez pas à me contacter.",
]


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_is_no_statement(shell: str) -> None:
    assert left(shell) == [SAID]


def test_each_line_of_json_is_read() -> None:
    assert left(f'{{"text": "{SAID}."}}\n{{"text": "{NEXT}."}}') == [SAID, NEXT]


def test_a_short_value_under_the_key_of_an_answer_is_the_answer() -> None:
    assert left('{"answer": "1987", "confidence": 0.9}') == ["1987"]
    assert left('{"answer": "Yes"}') == ["Yes"]


STATED = {
    "[1987]": "1987",
    "(3)": "3",
    "[3]": "3",
    "1932.": "1932",
    "**Paris**": "Paris",
    "# Paris": "Paris",
    "Sources of income: wages, rent": "wages",
    "References: available since 1987": "1987",
    "## The bridge opened in 1932": "1932",
    "**No refunds**\n\nThe shop is small.": "refunds",
    "The winners were:\n\n**Lions**\n\nThey are good.": "Lions",
    "**Paris**\n**Rome**\n**Berlin**\nAll are large.": "Rome",
    "Sources:\n- The bridge was opened in 1932.": "1932",
    "It has several.\nSources:\n- wages\n- rent": "rent",
    "It has several.\nSources:\n1. Solar\n2. Wind": "Wind",
    "(1) 1987 (2) 1988": "1988",
    "[The bridge opened in 1932](https://x.org)": "1932",
    "It is [1932](https://x.org).": "1932",
    "It is [Paris](https://x.org).": "Paris",
    "In 3, the team won.": "3",
    "In [1987], the team won.": "1987",
    "The answer is (1).": "1",
    "He was born in 1987 [1990].": "1990",
    "1.2 million people live here.": "1.2",
    "42. That is the answer.": "42",
    "A. Einstein was born in 1879.": "A. Einstein",
    "Option 2 costs $5.": "Option 2",
    "Step 2 takes 5 minutes.": "Step 2",
    "| Opened 1932 | Closed 1999 |\n|---|---|\n| yes | no |": "1932",
    "x<sup>2</sup> is 9": "2",
    "10<sup>3</sup> people": "3",
    "E = mc²": "²",
    "There are 10⁶ people and 5 m² of room": "²",
    "He was born there (London, 1987).": "1987",
    "It opened (in May 2020) to all.": "2020",
    "The site is https://example.org/2024": "2024",
    "Source: the river springs in Tibet.": "Tibet",
    "It is far.\n\nSource: Lake Victoria": "Victoria",
    "If you have a visa for 90 days, contact the embassy within 5 days.": "90",
    "Please let me know: the fee is high and is not refundable": "refundable",
    "Feel free to bring your dog; dogs are allowed.": "dogs",
    "I hope this helps: the answer is 1932.": "1932",
    "If a <b and c> d, it is 5.": "b and c",
    '{"winner": "Lions", "score": 3}': "Lions",
    '{"answer": "It is red.", "note": "It was built': "built",
    "<answer>1932</answer>": "1932",
    "The set {1, 2} is small.": "1, 2",
    "The rule is in Article 5 (Section 4).": "Section 4",
}


@pytest.mark.parametrize(("text", "stated"), STATED.items())
def test_what_looks_like_form_and_states_something_stays(text: str, stated: str) -> None:
    assert any(stated in sentence for sentence in left(text))
