"""Tables of a rubric: read from CSV into the rubric, or refused with file, row, column and remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.judges.errors import RubricError
from assay.judges.rubric import Rubric, load_rubric, parse_rubric
from assay.judges.rubric.tables import MAX_ROWS
from assay.judges.rules import RuleSet

WIDE = "attributes: {price: money EUR, seats: number}, key: product, aliases: also"
LONG = "key: product"


def rubric_with(tmp_path: Path, table: str, csv: str | bytes) -> Path:
    (tmp_path / "prices.csv").write_bytes(csv if isinstance(csv, bytes) else csv.encode())
    path = tmp_path / "r.yaml"
    path.write_text(f"name: r\nrules: {{tables: [{{id: plans, file: prices.csv, {table}}}]}}\n")
    return path


def loaded(tmp_path: Path, table: str, csv: str | bytes) -> Rubric:
    return load_rubric(rubric_with(tmp_path, table, csv))


@pytest.mark.parametrize(
    ("table", "csv"),
    [
        (WIDE, "product,also,price,seats,note\nStarter,S|Small,19,5,x\nPro,,49,\n".replace("49,\n", "49,,\n")),
        (WIDE, "\ufeffproduct;also;price;seats\r\nStarter;S | Small;19;5\r\n;;;\r\nPro;;49;\r\n"),
        (
            f"{LONG}, aliases: also",
            "product,also,attribute,value\nStarter,S|Small,price,19 EUR\nstarter,,seats,5\nPro,,price,49 EUR\n",
        ),
    ],
)
def test_a_csv_is_read_into_the_rubric(tmp_path: Path, table: str, csv: str) -> None:
    rubric = loaded(tmp_path, table, csv)
    (rows,) = (found.rows for found in rubric.rules.tables)
    assert [(row.key, row.aliases) for row in rows] == [("Starter", ("S", "Small")), ("Pro", ())]
    assert [set(row.values) for row in rows] == [{"price", "seats"}, {"price"}]
    RuleSet(rubric.rules, "r")


def test_a_rubric_travels_with_its_tables_and_changes_its_version_with_them(tmp_path: Path) -> None:
    rubric = loaded(tmp_path, LONG, "product,attribute,value\nStarter,price,19 EUR\n")
    again = parse_rubric(rubric.content(), source="redis")
    assert again.content_hash() == rubric.content_hash()
    dearer = loaded(tmp_path, LONG, "product,attribute,value\nStarter,price,20 EUR\n")
    assert dearer.content_hash() != rubric.content_hash()


@pytest.mark.parametrize(
    ("table", "csv", "expected"),
    [
        (WIDE, "product,also,price\nStarter,,19\n", "prices.csv: column seats: missing"),
        (LONG, "name,attribute,value\nStarter,price,19 EUR\n", "prices.csv: column product: missing"),
        (LONG, "product,price\nStarter,19 EUR\n", "prices.csv: column attribute: missing"),
        (LONG, "product,product,attribute,value\na,b,c,1\n", "prices.csv: column product: stands twice"),
        (LONG, "", "prices.csv: column"),
        (LONG, "product,attribute,value\n", "prices.csv: file: has no rows"),
        (LONG, "product,attribute,value\n,price,19 EUR\n", "prices.csv: row 2, column product: is empty"),
        (LONG, "product,attribute,value\nStarter,,19 EUR\n", "prices.csv: row 2, column attribute: is empty"),
        (LONG, "product,attribute,value\nStarter,price\n", "prices.csv: row 2: has 2 cells where the header has 3"),
        (LONG, 'product,attribute,value\nStarter,price,"19\n', "prices.csv: row"),
        (
            LONG,
            "product,attribute,value\nA,p,1 EUR\nB,p,2 EUR\na,p,3 EUR\n",
            "row 4, column value: says '3 EUR' of 'A' where row 2",
        ),
        (WIDE, "product,also,price,seats\nA,X,1,2\nB,x,1,2\n", "alias 'x' names both 'A' and 'B'"),
        (LONG, "product,attribute,value\nA,p," + "9" * 400 + "\n", "prices.csv: row 2, column value: is longer"),
        (LONG, "product,attribute,value\n" + "A,p,1\n" * (MAX_ROWS + 1), "prices.csv: file: has 5,001 rows"),
        (LONG, b"product,attribute,value\nSt\xe4rter,p,1\n", "prices.csv: file: is no UTF-8"),
        (LONG, "x" * 1_000_001, "prices.csv: file: is larger"),
        (f"{LONG}, rows: [{{key: a}}]", "product,attribute,value\nA,p,1\n", "rules.tables.plans.rows"),
    ],
)
def test_a_wrong_csv_names_file_row_column_and_remedy(
    tmp_path: Path, table: str, csv: str | bytes, expected: str
) -> None:
    with pytest.raises(RubricError) as caught:
        loaded(tmp_path, table, csv)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_cell_of_another_kind_names_file_row_and_column(tmp_path: Path) -> None:
    rubric = loaded(tmp_path, WIDE, "product,also,price,seats\nStarter,,cheap,5\n")
    with pytest.raises(RubricError, match=r"^prices\.csv: row 'Starter', column price: 'cheap' is not one money"):
        RuleSet(rubric.rules, "r.yaml")


def test_a_table_without_its_file_is_an_error(tmp_path: Path) -> None:
    path = rubric_with(tmp_path, LONG, "")
    (tmp_path / "prices.csv").unlink()
    with pytest.raises(RubricError, match=r"rules\.tables\.plans\.file: .*prices\.csv cannot be read"):
        load_rubric(path)
    with pytest.raises(RubricError, match=r"redis: rules\.tables\.plans\.file: names no CSV"):
        parse_rubric(path.read_text(), source="redis")
    path.write_text("name: r\nrules: {tables: [{id: t, file: /etc/passwd}]}\n")
    with pytest.raises(RubricError, match="is absolute"):
        load_rubric(path)
