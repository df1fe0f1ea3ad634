"""A small class through the whole flow, with a real Prefect server and the real sandbox."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from flows.assess_class import analyze, grade_class, prepare_data, regrade_class
from tasks.assess.classroom import Classroom
from tasks.assess.commands.judging import override
from tasks.assess.commands.reporting import report
from tasks.assess.commands.sending import export
from tasks.assess.config import (
    Analyze,
    Export,
    Grade,
    GradeOne,
    Override,
    PrepareData,
    Regrade,
    Report,
)
from tasks.assess.course.setting_up import configure_milestones, init_course
from tasks.assess.datasets import DATASETS
from tasks.assess.results import Outcome
from tasks.assess.sandbox import bubblewrap
from tasks.errors import BadInput
from tasks.locate import PROJECT_ROOT

STUDENTS = PROJECT_ROOT / "tests" / "assess" / "students"
REFERENCE = PROJECT_ROOT / "tests" / "assess" / "reference_framework"
RUBRIC = """\
id: milestone1
title: First steps
milestone: 1
levels:
  - {name: Exemplary, at_least: 90}
  - {name: Proficient, at_least: 80, below: 90}
  - {name: Developing, at_least: 70, below: 80}
  - {name: Beginning, at_least: 60, below: 70}
  - {name: Insufficient, at_least: 0, below: 60}
pass_mark: 60
criteria:
  - id: layers
    title: Layers
    points: 50
    asks: Dense layers give what their formula says.
    probes: {dense_forward: 50}
  - id: activations
    title: Activations
    points: 40
    asks: Activations give what their formulas say, for large values too.
    probes: {activation_stability: 40}
  - id: code_quality
    title: Code quality
    points: 10
    asks: A person finds the code clear.
    human: true
"""
HOSTILE = "import os\n\nos._exit(0)\n"
WRONG_DENSE = "return x @ self.W + self.b", "return x @ self.W - self.b"

pytestmark = pytest.mark.skipif(
    bool(bubblewrap.missing()), reason=f"no sandbox here: {bubblewrap.missing()}"
)


class SmallClass:
    """A course of one cheap milestone, its class, and what the commands about it need."""

    def __init__(self, folder: Path):
        folder.mkdir(exist_ok=True)
        self.course, self.students = folder / "course", folder / "class"
        self.given = {"course": self.course, "class_": self.students, "output_dir": folder / "out"}
        init_course(self.course, "ML Systems")
        configure_milestones(self.course, ["1"])
        (self.course / "rubrics").mkdir()
        self.rubric = self.course / "rubrics" / "milestone1.yaml"
        self.rubric.write_text(RUBRIC)
        self.students.mkdir()

    def hand_in(self, student: str, copy_of: Path | None = None, **files: str) -> Path:
        folder = self.students / student
        if copy_of is None:
            folder.mkdir()
        else:
            shutil.copytree(copy_of, folder)
        for name, text in files.items():
            (folder / f"{name}.py").write_text(text)
        return folder

    def grade(self, **changes):
        return grade_class(Grade(**self.given, milestone="1", **changes), return_state=True)

    def room(self) -> Classroom:
        return Classroom.enter(Analyze(**self.given))

    def results(self):
        return {one.student: one for one in self.room().results()}

    def entries(self):
        return self.room().gradebook.log.entries()


@pytest.fixture(scope="module")
def graded(tmp_path_factory, prefect_server):
    """A class of five that was graded once: the class, and the state of the run."""
    small = SmallClass(tmp_path_factory.mktemp("assess"))
    small.hand_in("ada", REFERENCE)
    small.hand_in("bob", STUDENTS / "explicit")
    wrong = small.hand_in("cy", STUDENTS / "explicit") / "foundation" / "layers.py"
    wrong.write_text(wrong.read_text().replace(*WRONG_DENSE))
    small.hand_in("empty")
    small.hand_in("hostile", build=HOSTILE)
    state = small.grade()
    assert state.is_completed(), state.message
    return SimpleNamespace(small=small, state=state, first=small.results())


def scores(results):
    return {
        student: {one.criterion: (one.score, one.outcome) for one in result.criteria}
        for student, result in results.items()
    }


def test_every_student_has_a_grade_whatever_another_one_s_code_does(graded):
    assert set(graded.first) == {"ada", "bob", "cy", "empty", "hostile"}
    found = scores(graded.first)
    assert found["ada"]["layers"] == (50, Outcome.PASSED)
    assert found["ada"]["activations"] == (40, Outcome.PASSED)
    assert found["bob"]["layers"] == (50, Outcome.PASSED)
    assert found["cy"]["layers"][1] is Outcome.FAILED
    assert found["cy"]["layers"][0] < 50
    assert found["empty"]["layers"] == (0, Outcome.FAILED)
    assert found["ada"]["code_quality"] == (None, Outcome.PENDING)
    # It ended the process that was to answer: neither full marks nor a silent zero.
    assert found["hostile"]["layers"][0] != 50
    assert graded.first["ada"].provisional


def test_the_run_page_tells_of_forecast_grades_and_class(graded, artifacts_of_run):
    found = artifacts_of_run(graded.state.state_details.flow_run_id)
    assert {"forecast", "grades", "class"} <= set(found)
    assert "5 students x 40 s" in found["forecast"].description
    assert {row["student"] for row in json.loads(found["grades"].data)} == set(graded.first)
    assert "5 submissions graded" in found["grades"].description


def test_a_second_run_finds_nothing_new_and_a_changed_submission_is_graded(graded):
    small = graded.small
    before = small.entries()
    again = small.grade()
    assert again.is_completed(), again.message
    assert "0 submissions graded: nothing new. 5 had a grade before." in again.result().lines
    assert small.entries() == before

    layers = small.students / "cy" / "foundation" / "layers.py"
    layers.write_text(layers.read_text().replace(*reversed(WRONG_DENSE)))
    changed = small.grade()
    assert any(line.startswith("1 submission graded") for line in changed.result().lines)
    (new,) = small.entries()[len(before) :]
    assert new.student == "cy"
    assert scores(small.results())["cy"]["layers"] == (50, Outcome.PASSED)


def test_an_override_makes_a_provisional_grade_final(graded):
    small = graded.small
    assert small.results()["bob"].provisional
    override(
        Override(
            **small.given, student="bob", criterion="code_quality", score=8, reason="Clear.", by="T"
        )
    )
    result = small.results()["bob"]
    assert not result.provisional
    assert scores({"bob": result})["bob"]["code_quality"][0] == 8
    assert small.room().gradebook.log.problems() == []


def test_a_report_shows_evidence_and_no_hidden_probe(graded):
    small = graded.small
    found = report(Report(**small.given, student="empty", all_milestones=True))
    (path,) = Path(found.folder).glob("empty.html")
    for text in (path.read_text(), "\n".join(found.lines)):
        assert "Dense" in text
        assert "activation_stability" not in text
    (hidden,) = [
        probe
        for criterion in graded.first["empty"].criteria
        for probe in criterion.probes
        if not probe.public
    ]
    assert hidden.evidence not in path.read_text()


def test_the_csv_has_a_row_a_criterion_and_a_total(graded):
    small = graded.small
    outcome = export(Export(**small.given, platform="csv"))
    with open(outcome.folder / "grades.csv", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == [
        "student", "milestone", "criterion", "score", "max_score", "outcome", "evidence",
    ]  # fmt: skip
    assert len(rows) == 1 + 5 * 4
    assert [row[2] for row in rows[1:5]] == ["layers", "activations", "code_quality", "total"]


def test_a_student_s_grade_is_shown_again_by_run(graded):
    small = graded.small
    before = len(small.entries())
    state = grade_class(GradeOne(**small.given, milestone="1", student="ada"), return_state=True)
    assert state.result().lines[0].startswith("ada, milestone1: 100.0 Exemplary")
    assert len(small.entries()) == before


def test_analysis_without_names(graded, artifacts_of_run):
    state = analyze(Analyze(**graded.small.given, pseudonymous=True), return_state=True)
    text = "\n".join(state.result().lines) + (state.result().folder / "class.html").read_text()
    assert "student-" in text
    assert "hostile" not in text
    assert "class" in artifacts_of_run(state.state_details.flow_run_id)


def test_a_regrade_shows_who_changes_before_it_is_applied(graded):
    """Last of those that share the class: it changes the rubric."""
    small = graded.small
    heavier = RUBRIC.replace("points: 50", "points: 60").replace("points: 40", "points: 30")
    heavier = heavier.replace("forward: 50", "forward: 60").replace(
        "stability: 40", "stability: 30"
    )
    before = small.entries()
    small.rubric.write_text(heavier)
    try:
        state = regrade_class(Regrade(**small.given), return_state=True)
        assert state.is_completed(), state.message
        lines = state.result().lines
        assert "Nothing is changed yet: --apply replaces the grades." in lines
        assert any(line.startswith("ada, milestone1: ") for line in lines)
        assert small.entries() == before

        applied = regrade_class(Regrade(**small.given, apply=True), return_state=True)
        assert any(line.endswith("written.") for line in applied.result().lines)
        assert {one.kind for one in small.entries()[len(before) :]} == {"regrade"}
        assert scores(small.results())["ada"]["layers"] == (60, Outcome.PASSED)
        assert scores(small.results())["bob"]["code_quality"][0] == 8, "a judgement is kept"
    finally:
        small.rubric.write_text(RUBRIC)


def test_grades_are_the_same_for_any_order_and_number_of_workers(tmp_path, prefect_server):
    first, second = SmallClass(tmp_path / "one"), SmallClass(tmp_path / "two")
    shutil.copy(first.course / "course.key", second.course / "course.key")
    for small, names in ((first, ("a", "b")), (second, ("b", "a"))):
        for name in names:
            small.hand_in(name, STUDENTS / {"a": "explicit", "b": "older"}[name])
    (second.students / "order.txt").write_text("a roster's order does not count either")
    (second.students.parent / "roster.csv").write_text("student,folder\nb,class/b\na,class/a\n")
    second.given["class_"] = second.students.parent / "roster.csv"
    assert first.grade(at_once=1).is_completed()
    assert second.grade(at_once=2).is_completed()

    def without_seconds(small):
        return {
            student: one.model_dump(exclude={"seconds", "criteria"}) | {"c": scores({"": one})}
            for student, one in small.results().items()
        }

    assert without_seconds(first) == without_seconds(second)


def test_what_cannot_be_graded_fails_as_bad_input(tmp_path, prefect_server, monkeypatch):
    """Also in a deployment, where nobody looked before the run."""
    small = SmallClass(tmp_path / "one")
    small.hand_in("a", STUDENTS / "older")
    monkeypatch.setattr(bubblewrap, "missing", lambda: "bubblewrap (bwrap) is not installed.")
    state = small.grade()
    assert state.is_failed()
    assert isinstance(state.result(raise_on_failure=False), BadInput)
    assert small.entries() == []


def test_data_sets_are_found_and_checked(tmp_path, prefect_server, artifacts_of_run):
    if DATASETS["mnist"].find() is None:
        pytest.skip("MNIST is not on this machine")
    config = PrepareData(datasets=["mnist"], output_dir=tmp_path)
    for _ in range(2):
        state = prepare_data(config, return_state=True)
        assert state.is_completed(), state.message
        (line,) = state.result().lines
        assert line == f"mnist: {DATASETS['mnist'].find()}"
    assert "data" in artifacts_of_run(state.state_details.flow_run_id)


@pytest.mark.slow
def test_a_batch_that_is_killed_half_way_loses_no_grade(tmp_path):
    small = SmallClass(tmp_path / "one")
    names = [f"student{number}" for number in range(8)]
    for name in names:
        small.hand_in(name, STUDENTS / "explicit", note=f"NAME = {name!r}\n")
    command = [
        sys.executable, "flows/assess.py", "batch", "--milestone", "1", "--at-once", "1",
        "--course", small.course, "--class", small.students,
        "--output-dir", small.given["output_dir"],
    ]  # fmt: skip
    environment = os.environ | {"PREFECT_HOME": str(tmp_path / "home")}
    started = subprocess.Popen(
        command,
        cwd=PROJECT_ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 300
    while len(small.entries()) < 3 and time.monotonic() < deadline:
        assert started.poll() is None, "it ended before it could be killed"
        time.sleep(0.2)
    os.killpg(started.pid, signal.SIGKILL)
    started.wait(30)
    kept = small.entries()
    assert 3 <= len(kept) < 8

    done = subprocess.run(
        command, cwd=PROJECT_ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert f"{len(kept)} had a grade before." in done.stdout
    assert small.entries()[: len(kept)] == kept
    assert sorted(one.student for one in small.entries()) == names
    assert small.room().gradebook.log.problems() == []
