import csv
from pathlib import Path

import pytest
from made_results import criterion, result

from tasks.assess.exports.canvas_gradebook import (
    IDENTITY,
    CanvasStudent,
    heading,
    read_canvas_export,
    recognised,
    write_gradebook,
)
from tasks.assess.exports.cells import harmless
from tasks.assess.exports.grades_csv import write_grades
from tasks.assess.results import Outcome
from tasks.errors import BadInput


def read(path: Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_row_a_criterion_and_a_total_row_a_milestone(tmp_path):
    results = [
        result("zoe", criterion("math", 50.0), criterion("style", 30.0)),
        result("ada", criterion("math", 45.5), criterion("style", 50.0)),
    ]

    rows = write_grades(tmp_path / "grades.csv", results)

    found = read(tmp_path / "grades.csv")
    assert rows == len(found) == 6
    assert list(found[0]) == [
        "student",
        "milestone",
        "criterion",
        "score",
        "max_score",
        "outcome",
        "evidence",
    ]
    assert [(row["student"], row["criterion"]) for row in found] == [
        ("ada", "math"),
        ("ada", "style"),
        ("ada", "total"),
        ("zoe", "math"),
        ("zoe", "style"),
        ("zoe", "total"),
    ]
    assert found[0]["score"] == "45.5"
    assert found[5]["score"] == "80.0"
    assert found[5]["max_score"] == "100.0"
    assert "final" in found[5]["evidence"]


def test_what_is_open_is_empty_and_said(tmp_path):
    pending = criterion("style", None, 10.0, outcome=Outcome.PENDING, human=True)
    write_grades(tmp_path / "grades.csv", [result("ada", criterion("math", 90.0, 90.0), pending)])

    _, style, total = read(tmp_path / "grades.csv")
    assert style["score"] == ""
    assert style["outcome"] == "pending"
    assert "provisional" in total["evidence"]
    assert "from 90 to 100" in total["evidence"]


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r\n=1", "  =1", "\u200b=1", "＝1", "＠x"],  # noqa: RUF001
)
def test_no_cell_begins_a_formula(text):
    assert harmless(text).startswith("'")


def test_plain_text_stays_as_it_is():
    assert harmless("Conv2d exact (24 of 24), 3 - 1 = 2") == "Conv2d exact (24 of 24), 3 - 1 = 2"


def test_a_hostile_student_stays_one_row_and_no_formula(tmp_path):
    name = '=HYPERLINK("http://x")\nada,"milestone1"'
    write_grades(tmp_path / "grades.csv", [result(name, criterion("math", 1.0))])

    found = read(tmp_path / "grades.csv")
    assert len(found) == 2
    assert found[0]["student"].startswith("'=HYPERLINK")
    assert "\n" not in found[0]["student"]


def test_the_gradebook_leaves_provisional_grades_empty(tmp_path):
    open_style = criterion("style", None, outcome=Outcome.PENDING, human=True)
    results = [
        result("ada", criterion("math", 40.0)),
        result("ada", criterion("math", 25.0), milestone="milestone2"),
        result("zoe", criterion("math", 50.0), open_style),
    ]
    titles = {"milestone1": "M1 (17)", "milestone2": "M2", "milestone3": "M3"}
    students = {"ada": CanvasStudent(name="Lovelace, Ada", canvas_id="5")}

    written = write_gradebook(tmp_path / "canvas.csv", results, titles=titles, students=students)

    with open(tmp_path / "canvas.csv", encoding="utf-8", newline="") as file:
        header, points, ada, zoe = csv.reader(file)
    assert written == 2
    assert header == [*IDENTITY, "M1 (17)", "M2"]
    assert points[0].strip() == "Points Possible"
    assert points[5:] == ["100.0", "100.0"]
    assert ada == ["Lovelace, Ada", "5", "", "", "", "80.0", "50.0"]
    assert zoe == ["zoe", "", "", "zoe", "", "", ""]
    assert write_gradebook(tmp_path / "all.csv", results, titles=titles, with_provisional=True) == 3


def test_canvas_own_export_names_the_students(tmp_path):
    path = tmp_path / "export.csv"
    path.write_text(
        "\ufeffStudent,ID,SIS User ID,SIS Login ID,Section,M1 (17)\n"
        "    Points Possible,,,,,100\n"
        '"Lovelace, Ada",5,s-5,ada,Sec 1,\n',
        encoding="utf-8",
    )

    students, columns = read_canvas_export(path)

    assert students == [
        CanvasStudent(
            name="Lovelace, Ada", canvas_id="5", sis_user_id="s-5", login_id="ada", section="Sec 1"
        )
    ]
    assert columns == ["M1 (17)"]
    assert heading("m1", columns) == "M1 (17)"
    assert heading("M2", columns) == "M2"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(BadInput, match="no column 'Student'"):
        read_canvas_export(path)


def test_a_student_is_recognised_by_whatever_canvas_knows_unless_two_have_it():
    ada = CanvasStudent(canvas_id="5", sis_user_id="s-5", login_id="Ada@Example.edu")
    bob, eve = CanvasStudent(canvas_id="6", login_id="7"), CanvasStudent(canvas_id="7")
    names = {"lovelace": ["ada@example.edu"], "S-5": [""], "7": [], "6": [], "zoe": [""]}
    assert recognised([ada, bob, eve], names) == {"lovelace": ada, "S-5": ada, "6": bob}
