import csv
import json
import os
import subprocess
import zipfile
from pathlib import Path

import pytest
from made_results import HIDDEN, criterion, result

from tasks.assess.exports.gradescope.autograder_zip import write_autograder
from tasks.assess.exports.gradescope.lookup import submission_key
from tasks.assess.exports.gradescope.results_json import autograder_points, results_json
from tasks.assess.exports.gradescope.rubric_csv import write_rubric
from tasks.assess.results import Outcome
from tasks.assess.rubrics.reading import find_rubric, read_rubric
from tasks.errors import BadInput

STATUSES = {"passed", "failed"}
VISIBILITIES = {"hidden", "after_due_date", "after_published", "visible"}


def submission(folder: Path, content: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "layers.py").write_text(content, encoding="utf-8")
    return folder


def unpacked(archive: Path, root: Path) -> Path:
    """What Gradescope makes of an autograder: its files in `source`, the scripts executable."""
    with zipfile.ZipFile(archive) as opened:
        for entry in opened.infolist():
            path = Path(opened.extract(entry, root / "source"))
            path.chmod(entry.external_attr >> 16 & 0o777)
    return root


def run(root: Path) -> subprocess.CompletedProcess:
    return subprocess.run(
        [str(root / "source" / "run_autograder")],
        env={"AUTOGRADER_ROOT": str(root), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_zip_hands_each_submission_its_own_grade(tmp_path):
    folders = {
        "ada": submission(tmp_path / "class" / "ada", "x = 1"),
        "zoe": submission(tmp_path / "class" / "zoe", "x = 2"),
    }
    results = [result("ada", criterion("math", 50.0)), result("zoe", criterion("math", 20.0))]
    packed = write_autograder(tmp_path / "autograder.zip", results, folders)
    assert packed.graded == ["ada", "zoe"]

    root = unpacked(tmp_path / "autograder.zip", tmp_path / "container")
    submission(root / "submission" / "wrapped", "x = 2")
    done = run(root)

    assert done.returncode == 0, done.stderr
    given = json.loads((root / "results" / "results.json").read_text(encoding="utf-8"))
    assert given["score"] == 20.0
    assert given["tests"][0]["score"] == 20.0
    assert given["tests"][0]["status"] == "failed"
    with zipfile.ZipFile(tmp_path / "autograder.zip") as archive:
        content = b"".join(archive.read(name) for name in archive.namelist())
        assert {"setup.sh", "run_autograder"} <= set(archive.namelist())
    assert b"zoe" not in content
    assert HIDDEN.encode() not in content


def test_files_that_were_not_graded_get_no_score(tmp_path):
    folder = submission(tmp_path / "ada", "x = 1")
    write_autograder(
        tmp_path / "autograder.zip", [result("ada", criterion("math", 50.0))], {"ada": folder}
    )
    root = unpacked(tmp_path / "autograder.zip", tmp_path / "container")
    submission(root / "submission", "x = 1  # changed since")

    done = run(root)

    assert done.returncode == 1
    assert "not graded yet" in done.stdout
    assert not (root / "results" / "results.json").exists()


def test_results_follow_the_published_format():
    content = results_json(
        result(
            "ada",
            criterion("math", 30.0, 60.0, next_steps=["Look at the bias."]),
            criterion("accuracy", None, 30.0, outcome=Outcome.NOT_GRADABLE, lowest=10.0),
            criterion("style", None, 10.0, outcome=Outcome.PENDING, human=True),
        )
    )

    assert content["score"] == 40.0
    assert "PROVISIONAL" in content["output"]
    assert "Accuracy (not gradable)" in content["output"]
    assert content["visibility"] in VISIBILITIES
    assert [test["name"] for test in content["tests"]] == ["Math", "Accuracy"]
    for test in content["tests"]:
        assert test["max_score"] > 0
        assert test.get("status", "passed") in STATUSES
        assert test["visibility"] in VISIBILITIES
        assert test["output_format"] == "text"
    assert "score" not in content["tests"][1]
    assert "Next: Look at the bias." in content["tests"][0]["output"]
    assert HIDDEN not in json.dumps(content)


def test_where_nothing_could_be_graded_there_is_no_score(tmp_path):
    open_result = result("ada", criterion("math", None, outcome=Outcome.NOT_GRADABLE))
    assert results_json(open_result) is None
    folder = submission(tmp_path / "ada", "x = 1")
    packed = write_autograder(tmp_path / "autograder.zip", [open_result], {"ada": folder})
    assert packed.left_out == ["ada"]


def test_who_handed_in_the_same_files_gets_no_other_students_grade(tmp_path):
    folders = {
        name: submission(tmp_path / "class" / name, text)
        for name, text in (("ada", "x = 1"), ("bo", "x = 1"), ("kim", "x = 2"), ("zoe", "x = 2"))
    }
    results = [
        result(name, criterion("math", score))
        for name, score in (("ada", 50.0), ("bo", 20.0), ("kim", 30.0), ("zoe", 30.0))
    ]
    packed = write_autograder(tmp_path / "autograder.zip", results, folders)
    assert packed.alike == [["ada", "bo"]], "50 or 20: the files do not say which"
    assert packed.graded == ["kim", "zoe"]
    with zipfile.ZipFile(tmp_path / "autograder.zip") as opened:
        grades = [name for name in opened.namelist() if name.startswith("grades/")]
    assert grades == [f"grades/{submission_key(folders['kim'])}.json"]


def test_points_of_people_are_not_the_autograders():
    graded = result("ada", criterion("math", 90.0, 90.0), criterion("style", 5.0, 10.0, human=True))
    assert results_json(graded)["score"] == 90.0
    assert autograder_points(read_rubric(find_rubric("milestone1"))) == 90.0, (
        "of 100, ten of which a person gives"
    )


def test_a_zip_is_for_one_milestone(tmp_path):
    results = [
        result("ada", criterion("math", 1.0)),
        result("ada", criterion("math", 1.0), milestone="milestone2"),
    ]
    with pytest.raises(BadInput, match="milestone1, milestone2"):
        write_autograder(tmp_path / "autograder.zip", results, {})


def test_a_submission_is_known_by_its_files_alone(tmp_path):
    first = submission(tmp_path / "a", "x = 1")
    second = submission(tmp_path / "b" / "inner", "x = 1").parent
    (first / "__pycache__").mkdir()
    (first / "__pycache__" / "layers.pyc").write_bytes(b"1")
    (first / "link").symlink_to("/etc/hostname")
    assert submission_key(first) == submission_key(second)
    (second / "inner" / "more.py").write_text("", encoding="utf-8")
    assert submission_key(first) != submission_key(second)


def test_the_rubric_is_a_row_a_level(tmp_path):
    rubric = read_rubric(find_rubric("milestone1"))

    rows = write_rubric(tmp_path / "rubric.csv", rubric)

    with open(tmp_path / "rubric.csv", encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    assert rows == len(found) == len(rubric.criteria) * len(rubric.levels)
    best = [float(row["points"]) for row in found if row["level"] == rubric.levels[0].name]
    assert sum(best) == 100
