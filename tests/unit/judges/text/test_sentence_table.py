"""Where sentences end, in many scripts and layouts: text, then the sentences it holds."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.judges.text.sentences import split_sentences
from tests.examples import examples

TABLE: dict[str, list[list[str]]] = {
    "titles and initials": [
        ["Dr. Ann Lee met Prof. J. R. R. Tolkien.", "They talked."],
        ["Mr. and Mrs. Gray vs. the St. Mary school.", "It went on."],
        ["George W. Bush spoke.", "He left."],
    ],
    "abbreviations": [
        ["Bring fruit, e.g. apples, i.e. red ones, etc. to school."],
        ["See fig. 3 and sec. 4.2 on pp. 10 to 12.", "Then stop."],
        ["It is approx. 5 km from Acme Inc. headquarters."],
        ["She left at 5 p.m. yesterday.", "He stayed."],
        ["Das kostet ca. 5 Mio. Euro, z.B. in Bonn.", "Gut."],
        ["Am 3. Mai kam er.", "Am 4. ging er."],
        ["Le 1. juillet il pleut.", "Voilà."],
    ],
    "numbers": [
        ["Pi is 3.14159.", "It is less than 3.2."],
        ["It costs $1,234.56 or 1.234,56 euros.", "Fine."],
        ["p < .05 holds.", "So does .5 mm."],
        ["Version v1.2.3 is out.", "Upgrade from 2.0.1-rc.1 soon."],
        ["The section 4.1.2. is short.", "Read it."],
    ],
    "addresses": [
        ["Visit https://a.example/b.html?x=1.2&y=3.", "Then write to a.b@c.example."],
        ["Use node.js or asp.net at www.example.com today."],
        ["Open /etc/hosts.conf and 10.0.0.1:80 now.", "Done."],
    ],
    "marks": [
        ["Really?!", "Yes!!", "No..."],
        ["Wait... what?", "So it is… over."],
        ["He said “stop.”", "Then he left."],
        ['"Why?" she asked.', '"Because!"'],
        ["(It rains.)", "It snows."],
        ["It is so.[1]", "It is not.[2][3]", "Who knows"],
        ["**Bold.**", "_Thin._", "`Code.`", "End"],
        ["It works 😀.", "Great 👍!", "😀 Yes."],
        ["A; b; c: d, e — f."],
    ],
    "no punctuation": [
        ["refunds take 45 days and shipping is free and nobody reads this"],
        ["WORD " * 30 + "END"],
    ],
    "lists": [
        ["- one", "- two.", "* four", "• five"],
        ["1. First thing", "2. Second thing.", "3) Third thing"],
        ["a) one", "b) two", "(c) three", "iv. four"],
        ["Steps:", "- Do this.", "- Do that."],
        ["> quoted", "> again"],
        ["- [ ] open", "- [x] done"],
    ],
    "tables": [
        ["| name | price |\n|---|---|", "| tea. hot | 3.50 |", "| coffee | 4.20 |"],
        ["a\tb\tc", "d. e\tf\tg"],
        ["| total | 7. |", "All in all."],
    ],
    "code": [
        ["Run this:", "```python", "x = a.b. C", "print('Hi. You.')\n```", "It prints."],
        ["~~~\nls -l. X\n~~~", "Done."],
        ["```\nnever closed. Still code", "and more. Code"],
    ],
    "headings and rules": [
        ["# Title", "## Sub-title 1.2", "Text."],
        ["Above.\n---", "Below."],
        ["Title\n=====", "Text."],
    ],
    "wrapped lines": [
        ["This sentence is wrapped\nat a column.", "This one\ntoo."],
        ["It was made by the\nFrench.", "Next."],
        ["One.", "Two."],
    ],
    "Chinese and Japanese": [
        ["你好。", "今天是3.5度！", "真的吗？", "是"],
        ["他说：“走。”", "然后走了。"],
        ["これは文です。", "次の文です！", "本当？"],
        ["半角です｡", "次"],
    ],
    "Korean": [["이것은 문장입니다.", "다음 문장입니다."]],
    "Arabic, Urdu, Persian": [
        ["مرحبا.", "كيف حالك؟", "أنا بخير."],
        ["یہ پہلا جملہ ہے۔", "یہ دوسرا ہے۔"],
        ["این جمله است.", "آیا درست است؟", "بله."],
    ],
    "Hindi, Bengali, Sanskrit": [
        ["यह पहला है।", "यह दूसरा है।"],
        ["এটি প্রথম।", "এটি দ্বিতীয়।"],
        ["धर्मः॥", "ततः।"],
    ],
    "Thai and Lao without full stops": [
        ["ยินดีต้อนรับ สินค้ามีประกัน 2 ปี ไม่มีค่าจัดส่ง"],
        ["ສະບາຍດີ ຂອບໃຈ"],
    ],
    "Khmer, Burmese, Tibetan, Ethiopic, Armenian": [
        ["ប្រទេស។", "ពីរ។"],
        ["မြန်မာ။", "နှစ်။"],
        ["བོད།", "གཉིས།"],
        ["ሰላም።", "ሁለት።"],
        ["Բարեւ։", "Երկու։"],
    ],
    "European languages": [
        ["¿Qué?", "¡Hola!", "Sí."],
        ["« Oui.\u00a0»", "Non !", "Peut-être ?"],
        ["Это правда.", "Это нет."],
        ["Αυτό είναι.", "Όχι."],
    ],
    "line ends": [["One\r\n", "Two\r", "Three\x0b", "Four\x0c", "Five\x85", "Six\u2028", "Seven\u2029", "Eight"]],
    "one sentence as far as code can tell": [
        ["No space.After the stop"],
        ["Hidden<br>in a<br/>break"],
        ["A bracket (with one sentence in it) goes on."],
    ],
}


CASES = [(kind, sentences) for kind, rows in TABLE.items() for sentences in rows]

_BY_LINE = {"lists", "tables", "code", "headings and rules"}


@pytest.mark.parametrize(("kind", "sentences"), CASES, ids=[f"{kind}-{n}" for n, (kind, _) in enumerate(CASES)])
def test_split_sentences_ends_sentences_where_the_table_says(kind: str, sentences: list[str]) -> None:
    text = ("\n" if kind in _BY_LINE else "" if kind == "line ends" else " ").join(sentences)
    assert [text[span.start : span.end] for span in split_sentences(text)] == [one.strip() for one in sentences]


@pytest.mark.parametrize("sentences", [sentences for kind, sentences in CASES if kind != "code"])
def test_split_sentences_gives_the_same_for_paragraphs(sentences: list[str]) -> None:
    """A blank line ends a sentence whatever stands before it; inside of code it ends none."""
    text = "\n\n".join(one.strip() for one in sentences)
    assert [text[span.start : span.end] for span in split_sentences(text)] == [one.strip() for one in sentences]


_FRAGMENTS = st.sampled_from(
    (
        *(
            "Dr. ",
            "e.g. ",
            "3.14 ",
            "It is so. ",
            "no stop ",
            "。",
            "۔ ",
            "। ",
            "། ",
            "...",
            "… ",
            "\n",
            "\r\n",
            "\n\n",
        ),
        *(
            "- ",
            "1. ",
            "| a | b |",
            "\t",
            "```\n",
            "http://a.b/c.d ",
            "x@y.z ",
            "😀 ",
            "\u200b",
            "\u2028",
            "[1] ",
            '." ',
        ),
        *("(", ").", "# ", "é", "ไทย"),
    )
)


@settings(max_examples=examples(400))
@given(st.lists(_FRAGMENTS, max_size=40).map("".join))
def test_split_sentences_gives_ordered_disjoint_spans_over_all_that_is_seen(text: str) -> None:
    spans = split_sentences(text)
    assert all(one.end <= other.start for one, other in itertools.pairwise(spans))
    assert "".join("".join(text[span.start : span.end] for span in spans).split()) == "".join(text.split())
    assert all(text[span.start : span.end].strip() == text[span.start : span.end] != "" for span in spans)


@settings(max_examples=examples(200))
@given(st.lists(_FRAGMENTS, max_size=20).map("".join))
def test_split_sentences_of_a_sentence_is_that_sentence_or_finer_never_more_text(text: str) -> None:
    for span in split_sentences(text):
        again = split_sentences(text[span.start : span.end])
        assert again
        assert (again[0].start, again[-1].end) == (0, span.end - span.start)
