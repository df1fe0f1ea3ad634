"""A class, its course and its gradebook together."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from grading_data import grade, probe

from tasks.assess.analytics.class_results import State as ClassState
from tasks.assess.classroom import Classroom
from tasks.assess.commands.judging import override
from tasks.assess.config import ClassCommand, Override
from tasks.assess.course.setting_up import configure_milestones, init_course
from tasks.assess.course.settings import COURSE_FILE, GRADEBOOK_FILE
from tasks.assess.scoring.standing import State
from tasks.errors import BadInput

DUE = datetime(2027, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path):
    """A course of two milestones, the first of which is due, with a class of three."""
    folder = tmp_path / "course"
    init_course(folder, "Systems")
    configure_milestones(folder, ["2", "3"])
    path = folder / COURSE_FILE
    head, _, rest = path.read_text().partition("rubric: milestone2")
    rest = rest.replace("due: null", f"due: {DUE.isoformat()}", 1)
    rest = rest.replace("cooldown_hours: 0", "cooldown_hours: 24")
    path.write_text(f"{head}rubric: milestone2{rest}")
    (folder / "class.csv").write_text("student,extension\nada,\nbob,5\neve,\n")
    return folder


def _enter(folder) -> Classroom:
    """The class nine days after the work was due."""
    room = Classroom.enter(ClassCommand(class_=folder / "class.csv", course=folder))
    return replace(room, now=DUE + timedelta(days=9))


def _graded(student: str, share: float, course, work: str = "w1", milestone: str = "milestone2"):
    found = course.rubric(milestone)
    return grade([probe(name, share) for name in found.probes()], student, work, of=found)


def test_course_grades_follow_from_files_and_log(folder):
    room = _enter(folder)
    for student in ("ada", "bob"):
        room.gradebook.add_grade(_graded(student, 0.9, room.course), DUE + timedelta(days=4))
    room.gradebook.add_grade(_graded("ada", 1.0, room.course, milestone="milestone3"), DUE)
    ada, bob, eve = (room.course_grade(*found) for found in room.standings().items())

    late, on_time = ada.standings
    assert (late.lateness.days, late.lateness.grace, late.lateness.penalty) == (4, 2, 20)
    assert (late.score, on_time.score) == (70, 100)
    assert ada.score == pytest.approx((20 * 70 + 25 * 100) / 45)
    assert not ada.provisional

    assert bob.standings[0].lateness.penalty == 0, "five more days than the others"
    assert (bob.score, bob.level, bob.provisional) == (90, "Exemplary", True)
    assert bob.highest == pytest.approx((20 * 90 + 25 * 100) / 45)

    assert eve.standings[0].state is State.NOT_HANDED_IN
    assert (eve.score, eve.provisional) == (0, True)

    assert {(one.student, one.milestone): one.score for one in room.results_after_lateness()} == {
        ("ada", "milestone2"): 70,
        ("ada", "milestone3"): 100,
        ("bob", "milestone2"): 90,
    }
    assert {one.score for one in room.results()} == {90, 100}, "before lateness"


def test_what_is_missing_is_missing_by_the_student_s_own_due_date(folder):
    """ada, first in the roster, has nine more days; the others have none."""
    (folder / "class.csv").write_text("student,extension\nada,10\nbob,\n")
    room = _enter(folder)
    found = room.class_results()
    states = {name: found.state(name, found.milestones[0]) for name in ("ada", "bob")}
    assert states == {"ada": ClassState.NOT_DUE, "bob": ClassState.MISSING}


def test_a_judgement_is_on_the_attempt_that_counts(folder):
    room = _enter(folder)
    rubric = room.course.rubric("milestone2")
    for work, share, day in (("better", 0.9, 0), ("worse", 0.4, 3)):
        found = [probe(name, share) for name in rubric.probes()]
        room.gradebook.add_grade(
            grade(found, "ada", work, of=rubric), DUE - timedelta(days=9 - day)
        )
    first = rubric.criteria[0]
    places = {"class_": folder / "class.csv", "course": folder}
    said = {"criterion": first.id, "score": first.points, "reason": "Clear.", "by": "Grace"}
    override(Override(student="ada", **said, **places))
    counting = _enter(folder).standings()["ada"][0].result
    assert counting.submission_hash == "better"
    assert counting.criteria[0].score == first.points


def test_a_gradebook_that_was_changed_from_outside_is_not_used(folder):
    room = _enter(folder)
    room.gradebook.add_grade(_graded("ada", 0.5, room.course), DUE)
    with closing(sqlite3.connect(folder / GRADEBOOK_FILE)) as connection, connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("UPDATE entries SET score = 100")
    with pytest.raises(
        BadInput, match=r"Entry 1 \(grade of ada, milestone2\) is not as it was signed"
    ):
        _enter(folder)


def test_an_extension_for_somebody_who_is_not_there_is_said(folder):
    path = folder / COURSE_FILE
    path.write_text(
        path.read_text().replace("extensions: []", "extensions: [{student: adda, days: 3}]")
    )
    assert any("extends for adda" in line for line in _enter(folder).warnings())


def test_a_new_attempt_waits_and_the_same_work_does_not(folder):
    room = _enter(folder)
    soon = DUE + timedelta(hours=1)

    def asked(work: str, when: datetime, student: str = "ada") -> str:
        return room.attempt_refused(student, "milestone2", work, when)

    assert asked("w1", DUE) == ""
    room.gradebook.add_grade(_graded("ada", 0.5, room.course), DUE)
    assert "24 hours after the last one" in asked("w2", soon)
    assert asked("w1", soon) == ""
    assert asked("w2", DUE + timedelta(days=1)) == ""
    assert asked("w2", soon, "bob") == ""
