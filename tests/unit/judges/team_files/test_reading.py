"""Files of keys: read strictly, bounded, and every fault told by its line and a remedy."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from assay.judges.team_files.reading import FileProblem, parse_document, read_document
from assay.judges.team_files.strict_yaml import MAX_BYTES

NINES = "x,x,x,x,x,x,x,x,x"
BOMB = f"a0: &a0 [{NINES}]\n" + "".join(
    f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9)
)  # fmt: skip
MERGES = "m0: &m0 {k: 1}\n" + "".join(
    f"m{n}: &m{n} {{<<: [{','.join([f'*m{n - 1}'] * 10)}]}}\n" for n in range(1, 8)
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a:\n\tb: 1", "line 2: not YAML: a tab stands where YAML wants spaces; indent with spaces"),
        ("a: 1\nb: x: y", "line 2: not YAML: a second `:` that makes no key here; put the value in quotes"),
        ("a:\n  - b\nc: [x, y\n", "line 3: not YAML: a [ is not closed; close it with ]"),
        ("a: {x: 1\n", "line 1: not YAML: a { is not closed; close it with }"),
        ('a: 1\nb: "x\nc: 2\n', "line 2: not YAML: a quote is not closed; close it"),
        ("a: *-bot", "line 1: not YAML: *-bot names no anchor; put a value that begins with * in quotes"),
        ("a: [*]", "line 1: not YAML: a value that begins with * or & needs quotes; write '*'"),
        ("a: @x", "line 1: not YAML: a value cannot begin with @; put it in quotes"),
        ("a: {{ name }}", "line 1: not YAML: a key is itself a list or keys; put the braces in quotes"),
        ('a: "\\d+"', "line 1: not YAML: \\d is no escape in double quotes; use single quotes"),
        ("a: 1\n---\nb: 1", "line 2: not YAML: a second `---`; keep one document in a file"),
        ("a: !python/object:os.system x", "is not allowed; remove it"),
        ("a:\n  - b: 1\n   c: 2", "line 3: not YAML: does not line up with the lines above it; mend the indentation"),
        ("a: - b", "line 1: not YAML: `- ` makes no list item here; begin the item on a line of its own"),
        ("a: 1\na: 2", "line 2: key 'a' stands twice; mend the YAML"),
        ("a: 1\nb: x\x00y", "line 2: holds the character number U+0000, which is no text; remove it"),
        ("a: " + "[" * 3_000, "line 1: nested too deeply; mend the YAML"),
        ("\n".join(" " * n + "a:" for n in range(300)), "line 100: nested too deeply; mend the YAML"),
        (BOMB, "its anchors (`&` and `*`) unfold to too much; write the values out"),
        (MERGES, "its anchors (`&` and `*`) unfold to too much; write the values out"),
        ("a: &a " + "x" * 400_000 + "\nb: [*a, *a]", "its anchors (`&` and `*`) unfold to too much"),
        ("a: &a [*a]", "line 1: an anchor stands inside what it names; mend the YAML"),
        ("a: [" + "1," * 60_000 + "1]", "line 1: holds more than 50,000 values; shorten it"),
        ("a" * 1_000_001, "file: has more than 1,000,000 characters, which is too large; shorten it"),
        ("a: 2026-02-31", "line 1: a value cannot be read (day is out of range for month); mend the YAML"),
    ],
)  # fmt: skip
def test_a_fault_is_one_line_with_its_place_and_a_remedy(text: str, words: str) -> None:
    with pytest.raises(FileProblem) as caught:
        parse_document(text)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("levels", range(4, 12))
def test_a_bomb_is_refused_before_it_is_unfolded(levels: int) -> None:
    """Ten aliases a level: the fourth was slow, and the eighth took minutes. CPU time, as others may be busy."""
    text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    text += "".join(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, levels + 1))
    begin = time.process_time()
    with pytest.raises(FileProblem, match="line 5: its anchors"):
        parse_document(text)
    assert time.process_time() - begin < 0.1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a: 1\nb: k\xfcche\n", "line 2: holds the byte 0xFC, which is no UTF-8; save it as UTF-8"),
        ("a: 1".encode("utf-16"), "file: is UTF-16; save it as UTF-8"),
        (b"# " + b"x" * MAX_BYTES, "file: has more than 1,000,000 bytes, which is too large; shorten it"),
    ],
)
def test_a_file_that_is_no_text_says_so(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "f.yaml"
    path.write_bytes(content)
    with pytest.raises(FileProblem) as caught:
        read_document(path)
    assert str(caught.value) == words


def test_a_directory_and_a_missing_file_say_so(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match=r"file: cannot be read .Is a directory.; name a readable file"):
        read_document(tmp_path)
    with pytest.raises(FileProblem, match=r"file: cannot be read .No such file or directory."):
        read_document(tmp_path / "absent.yaml")


def test_what_may_never_end_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (Path("/dev/zero"), tmp_path / "pipe"):
        with pytest.raises(FileProblem, match="pipe or a device"):
            read_document(path)


def test_a_byte_order_mark_and_windows_line_ends_change_nothing(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\nb:\r\n  c: 2\r\n")
    document = read_document(path)
    assert document.value == {"a": 1, "b": {"c": 2}}
    assert document.line(("b", "c")) == 3


def test_a_place_has_its_line_by_number_or_by_name() -> None:
    document = parse_document("cases:\n  - name: a\n    rate: 1\n  - {id: b,\n     rate: 2}\nlast: x\n")
    assert document.line(("cases", 0, "rate")) == document.line(("cases", "a", "rate")) == 3
    assert document.line(("cases", 1, "rate")) == document.line(("cases", "b", "rate")) == 5
    assert document.line(("cases", 0, "absent", "deeper")) == 2
    assert document.line(("last",)) == 6


def test_an_anchor_within_bounds_is_what_it_names() -> None:
    assert parse_document("a: &x [1, 2]\nb: [*x, *x]").value == {"a": [1, 2], "b": [[1, 2], [1, 2]]}


KEYS = st.text("abcde ", min_size=1, max_size=6).map(str.strip).filter(bool)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab:#'\" é\n", max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


@given(VALUES)
def test_what_yaml_writes_is_read_as_it_was(value: object) -> None:
    assert parse_document(yaml.safe_dump(value, allow_unicode=True)).value == value


@given(st.text("a: -[]{}&*!|>'\"%@`#\n\t,?1\\\x00é", max_size=60))
def test_no_text_does_more_than_fail_in_one_line(text: str) -> None:
    problem, line = _outcome(text)
    assert line is None or 1 <= line <= text.count("\n") + 2
    assert problem is None or ("; " in problem and "\n" not in problem)


def _outcome(text: str) -> tuple[str | None, int | None]:
    try:
        return None, parse_document(text).line(())
    except FileProblem as exc:
        return str(exc), exc.line
