"""The commands as they are typed: exit codes, and sentences that a teacher can act on."""

import tasks.environment  # noqa: F401  isort: skip — before Prefect

import shutil
import zipfile
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from grading_data import grade, probe

from flows.assess import COMMANDS, main
from tasks.assess.classroom import Classroom
from tasks.assess.config import ClassCommand
from tasks.assess.course.submission_hash import submission_hash
from tasks.assess.datasets import DATASETS
from tasks.assess.sandbox import bubblewrap
from tasks.locate import PROJECT_ROOT

OLDER = PROJECT_ROOT / "tests" / "assess" / "students" / "older"
ONE_PROBE = """\
id: milestone1
title: First steps
milestone: 1
levels: [{name: Done, at_least: 50}, {name: Open, at_least: 0, below: 50}]
pass_mark: 50
criteria:
  - {id: layers, title: Layers, points: 100, asks: Layers are exact., probes: {dense_forward: 100}}
"""
NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)


class CommandLine:
    """Runs commands about one course and class."""

    def __init__(self, folder, capsys):
        self.folder, self._capsys = folder, capsys
        self.students = folder / "class"
        self.places = ["--course", str(folder / "course"), "--output-dir", str(folder / "out")]

    def __call__(self, *words, places=True, students=True):
        """(exit code, what was printed, what was said of errors) of a command."""
        wanted = [*words]
        if places:
            wanted += self.places
        if places and students:
            wanted += ["--class", str(self.students)]
        code = main(wanted)
        said = self._capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        return SimpleNamespace(code=code, out=said.out, err=said.err)

    def refused(self, *words, **options):
        """The one sentence that a command is refused with."""
        ended = self(*words, **options)
        assert ended.code == 2, ended.out + ended.err
        assert ended.out == ""
        assert ended.err.count("\n") == 1
        return ended.err


@pytest.fixture
def line(tmp_path, capsys):
    """A course of milestones 1 and 2 whose class, ada and bob, is graded in the first."""
    typed = CommandLine(tmp_path, capsys)
    assert typed("init", "--course-name", "ML Systems", students=False).code == 0
    assert typed("configure", "--milestones", "1,2", students=False).code == 0
    typed.students.mkdir()
    for name, share in (("ada", 1.0), ("bob", 0.2)):
        shutil.copytree(OLDER, typed.students / name)
        (typed.students / name / "name.py").write_text(f"NAME = {name!r}\n")
        room = Classroom.enter(ClassCommand(course=tmp_path / "course", class_=typed.students))
        rubric = room.course.rubric("1")
        room.gradebook.add_grade(
            grade(
                [probe(one, share) for one in rubric.probes()],
                student=name,
                work=submission_hash(typed.students / name),
                of=rubric,
            ),
            NOON,
        )
    return typed


def test_help_names_every_command_and_each_has_a_line_of_its_own(capsys):
    assert main([]) == 0
    text = capsys.readouterr().out
    said = [row.split(maxsplit=1) for row in text.splitlines() if row.startswith("  ")]
    assert {name for name, _ in said} == set(COMMANDS)
    assert len({what for _, what in said}) == len(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name, capsys):
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    assert "--course" in capsys.readouterr().out


def test_what_is_asked_for_in_the_wrong_way_is_said_in_one_sentence(line):
    assert "no command 'grade'" in line.refused("grade", places=False)
    assert "unrecognized arguments: --threshhold" in line.refused(
        "batch", "--milestone", "1", "--threshhold", "3"
    )
    assert "there is a course already" in line.refused(
        "init", "--course-name", "Again", students=False
    )
    assert "milestone9" in line.refused("configure", "--milestones", "1,9", students=False)
    assert "no active milestone '5'" in line.refused("batch", "--milestone", "5")
    assert "no student '../ada'" in line.refused("run", "--student", "../ada", "--milestone", "1")
    assert "no student '-x'" in line.refused("run", "--student=-x", "--milestone", "1")
    assert "--student" in line.refused("run", "--student", "-x", "--milestone", "1")
    assert "no data set 'imagenet'" in line.refused(
        "prepare-data", "--datasets", "imagenet", students=False
    )
    assert "Name one --milestone" in line.refused("report", "--student", "ada")


@pytest.mark.parametrize("name", ["batch", "analyze", "progress", "similarity", "export"])
def test_a_class_or_course_that_is_not_there(line, name, tmp_path):
    words = [name, "csv"] if name == "export" else [name]
    there = ["--class", str(tmp_path / "nobody")]
    assert "no such class" in line.refused(*words, *there, students=False)
    nowhere = ["--course", str(tmp_path / "nowhere"), "--class", str(line.students)]
    assert "there is no course here" in line.refused(*words, *nowhere, places=False)


def test_a_roster_names_the_class(line):
    roster = line.folder / "roster.csv"
    roster.write_text("student,name,folder\nada,Ada L.,class/ada\nbob,,class/bob\nzoe,,\n")
    shown = line("progress", "--class", str(roster), students=False)
    assert shown.code == 0
    assert "zoe" in shown.out
    roster.write_text("student,folder\nada,../../etc\n")
    told = line.refused("progress", "--class", str(roster), students=False)
    assert "leads out of" in told


@pytest.fixture
def no_bubblewrap(monkeypatch, tmp_path):
    """A machine whose PATH leads to no bwrap."""
    monkeypatch.setenv("PATH", str(tmp_path))
    bubblewrap.missing.cache_clear()
    yield
    bubblewrap.missing.cache_clear()


@pytest.mark.parametrize("name", ["run", "batch", "regrade", "test"])
def test_nothing_runs_without_a_sandbox(line, name, no_bubblewrap):
    words = {
        "run": ["--student", "ada", "--milestone", "1"],
        "test": ["1", "--submission", str(line.students / "ada")],
    }
    told = line.refused(name, *words.get(name, []), students=name != "test")
    assert "bubblewrap" in told
    assert "--unsafe-local" in told


def test_a_score_that_is_not_possible_and_one_that_is(line):
    asked = ["override", "--student", "ada", "--by", "T", "--reason", "Clear."]
    assert "no criterion 'style'" in line.refused(*asked, "--criterion", "style", "--score", "5")
    quality = ["--criterion", "code_quality", "--milestone", "1"]
    assert "10" in line.refused(*asked, *quality, "--score", "11")
    assert "no grade in milestone2" in line.refused(
        *asked, "--criterion", "convolution", "--milestone", "2", "--score", "5"
    )
    done = line(*asked, *quality, "--score", "9")
    assert done.code == 0
    assert "Code quality has 9 of 10 points, by T." in done.out
    final = line("report", "--student", "ada", "--milestone", "1")
    assert "99.0" in final.out
    assert (line.folder / "out" / "class" / "reports" / "ada.html").is_file()


def test_without_its_data_sets_nothing_is_graded(line, monkeypatch):
    monkeypatch.setattr(DATASETS["mnist"], "find", lambda: None)
    monkeypatch.setattr(bubblewrap, "missing", lambda: "")
    told = line.refused("batch", "--milestone", "1")
    assert "data set mnist is not on this machine" in told


def test_gradescope_gets_the_grade_of_exactly_the_files_that_lie_there(line):
    (line.students / "ada" / "name.py").write_text("NAME = 'changed since'\n")
    shown = line("export", "gradescope")
    assert "1 grades, without ada" in shown.out
    with zipfile.ZipFile(line.folder / "out" / "class" / "gradescope-milestone1.zip") as archive:
        assert len([name for name in archive.namelist() if name.startswith("grades/")]) == 1


def test_what_breaks_before_the_flow_is_one_sentence(line):
    roster = line.folder / "roster.csv"
    roster.write_text("student,folder\nada,~nobody-here/ada\n")
    told = line.refused("batch", "--milestone", "1", "--class", str(roster), students=False)
    assert "begins with nobody's home" in told


def test_who_struggles(line):
    shown = line("struggling", "--threshold", "70")
    assert shown.code == 0
    assert "bob" in shown.out
    assert "fundamentals" in shown.out


def test_exports_and_rubrics_are_written(line):
    for platform, name in (
        ("csv", "class/grades.csv"),
        ("canvas", "class/canvas.csv"),
        ("gradescope", "class/gradescope-milestone1.zip"),
    ):
        assert line("export", platform).code == 0
        assert (line.folder / "out" / name).stat().st_size > 0
    gradebook = line.folder / "from_canvas.csv"
    gradebook.write_text(
        "Student,ID,SIS User ID,SIS Login ID,Section,Milestone 1: First steps (17)\n"
        '"Lovelace, Ada",5,,ada,,\n'
    )
    shown = line("export", "canvas", "--canvas-export", str(gradebook))
    assert "from_canvas.csv: bob" in shown.out
    written = (line.folder / "out" / "class" / "canvas.csv").read_text()
    assert '"Lovelace, Ada",5,,ada,' in written
    assert "cannot be read" in line.refused("export", "canvas", "--canvas-export", "nowhere.csv")
    assert line("upload-rubrics", "--platform", "gradescope", students=False).code == 0
    assert (line.folder / "out" / "rubrics" / "milestone1.csv").is_file()
    assert "platform" in line.refused("export", "moodle")
    assert "--platform" in line.refused("upload-rubrics", "--platform", "moodle", students=False)


def test_canvas_needs_a_token(line, monkeypatch):
    monkeypatch.delenv("CANVAS_API_TOKEN", raising=False)
    monkeypatch.setenv("CANVAS_API_URL", "https://canvas.example.edu")
    asked = ["--course-id", "1", "--dry-run"]
    assert "CANVAS_API_TOKEN" in line.refused("sync-canvas", *asked)
    told = line.refused("upload-rubrics", "--platform", "canvas", *asked, students=False)
    assert "CANVAS_API_TOKEN" in told


def test_similarity_shows_both_sides(line):
    shown = line("similarity", "--milestone", "1")
    assert shown.code == 0
    assert "ada and bob" in shown.out or "bob and ada" in shown.out
    assert (line.folder / "out" / "class" / "similarity.html").is_file()


def test_a_student_s_own_check_keeps_nothing(line, tmp_path):
    if bubblewrap.missing():
        pytest.skip(f"no sandbox here: {bubblewrap.missing()}")
    before = (line.folder / "course" / "gradebook.sqlite").read_bytes()
    assert "no folder" in line.refused("test", "1", "--submission", "nowhere", students=False)
    (line.folder / "course" / "rubrics").mkdir()
    (line.folder / "course" / "rubrics" / "milestone1.yaml").write_text(ONE_PROBE)
    shown = line("test", "1", "--submission", str(line.students / "ada"), students=False)
    assert shown.code == 0
    assert "1 of 1 public checks passed" in shown.out
    assert (line.folder / "course" / "gradebook.sqlite").read_bytes() == before
