"""The log keeps everything, and what counts now follows from it."""

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from grading_data import NOON, grade, probe, rubric, three

from tasks.assess.course.keys import CourseKey
from tasks.assess.gradebook.gradebook import AlreadyGraded, Gradebook
from tasks.assess.gradebook.regrade import RegradePlan, apply_regrade, plan_regrade
from tasks.assess.results import Outcome
from tasks.assess.scoring.judgements import Judgement
from tasks.errors import BadInput, StageFailed

KEY = CourseKey(b"k" * 32)
OTHER_KEY = CourseKey(b"o" * 32)
RUBRICS = [rubric()]


@pytest.fixture
def gradebook(tmp_path) -> Gradebook:
    return Gradebook(tmp_path / "gradebook.sqlite", KEY)


def _judgement(score: float | None, criterion: str = "quality", work: str | None = "w1", **more):
    return Judgement(
        student=more.get("student", "ada"),
        milestone="m1",
        criterion=criterion,
        submission_hash=work,
        score=score,
        by="Grace",
        reason="Read it.",
        time=datetime(2027, 3, 2, tzinfo=UTC),
    )


def _scores(gradebook: Gradebook) -> dict[tuple[str, str], list[float]]:
    return {
        key: [one.result.score for one in attempts]
        for key, attempts in gradebook.attempts(RUBRICS).items()
    }


def test_a_grade_comes_back_as_it_was_kept(gradebook):
    result = grade(three(0.5, 0.25, 1.0))
    entry = gradebook.add_grade(result, NOON)
    assert (entry.id, entry.grader_version, entry.data_seed) == (1, "v1", 7)
    assert (entry.submission_hash, entry.score) == ("w1", result.score)
    assert datetime.fromisoformat(entry.submitted) == NOON
    attempt = gradebook.attempts(RUBRICS)["ada", "m1"][0]
    assert (attempt.submitted, attempt.result) == (NOON, result)
    assert stat.S_IMODE(gradebook.log.path.stat().st_mode) == 0o600


def test_asking_again_keeps_the_first_grade_of_the_same_work(gradebook):
    first = gradebook.add_grade(grade(three(0.5)), NOON)
    assert gradebook.add_grade(grade(three(1.0)), NOON + timedelta(1)) == first
    assert len(gradebook.log.entries()) == 1


def test_trouble_may_be_tried_again_and_does_not_make_the_work_later(gradebook):
    trouble = [probe("open_layers", None, Outcome.GRADER_ERROR), *three()[1:]]
    gradebook.add_grade(grade(trouble), NOON)
    gradebook.add_grade(grade(three(), version="v2"), NOON + timedelta(days=2))
    attempts = gradebook.attempts(RUBRICS)["ada", "m1"]
    assert [(one.submitted, one.result.score) for one in attempts] == [(NOON, 100)]


def test_another_version_of_the_grader_replaces_nothing_by_the_way(gradebook):
    gradebook.add_grade(grade(three(0.5)), NOON)
    with pytest.raises(AlreadyGraded, match="regrade"):
        gradebook.add_grade(grade(three(), version="v2"), NOON)
    assert len(gradebook.log.entries()) == 1


def test_other_work_is_another_attempt(gradebook):
    gradebook.add_grade(grade(three(0.5), work="w2"), NOON + timedelta(1))
    gradebook.add_grade(grade(three(1.0), work="w1"), NOON)
    assert [one.submitted for one in gradebook.attempts(RUBRICS)["ada", "m1"]] == [
        NOON,
        NOON + timedelta(1),
    ]


def test_a_time_of_handing_in_needs_its_zone(gradebook):
    with pytest.raises(ValueError, match="offset"):
        gradebook.add_grade(grade(three()), datetime(2027, 3, 1))
    assert gradebook.log.entries() == []


def test_judgements_make_grades_final_and_are_all_kept(gradebook):
    gradebook.add_grade(grade(three()), NOON)
    gradebook.add_judgement(_judgement(4))
    gradebook.add_judgement(_judgement(8))
    attempt = gradebook.attempts(RUBRICS)["ada", "m1"][0]
    assert (attempt.result.score, attempt.result.provisional) == (98, False)
    assert [one.score for one in gradebook.judgements("ada")] == [4, 8]
    assert gradebook.judgements("bob") == []
    gradebook.add_grade(grade(three(), work="w2"), NOON + timedelta(1))
    newer = gradebook.attempts(RUBRICS)["ada", "m1"][1]
    assert newer.result.provisional, "what was judged is other work"


def test_the_history_tells_every_change(gradebook):
    gradebook.add_grade(grade(three(0.5)), NOON)
    gradebook.add_judgement(_judgement(10))
    gradebook.add_grade(grade(three(), student="bob"), NOON)
    told = gradebook.history(RUBRICS)
    assert [(one["student"], one["kind"], one["provisional"]) for one in told] == [
        ("ada", "grade", True),
        ("ada", "judgement", False),
        ("bob", "grade", True),
    ]
    assert told[1]["score"] == 80
    assert told[0]["time"] < told[1]["time"]
    assert set(told[0]) >= {"student", "milestone", "score", "time", "level"}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entries SET score = 100",
        "DELETE FROM entries",
        "DELETE FROM entries WHERE id = 2",
        "REPLACE INTO entries SELECT * FROM entries WHERE id = 1",
        "INSERT OR REPLACE INTO entries SELECT * FROM entries WHERE id = 2",
        "UPDATE OR IGNORE entries SET id = 9",
        "INSERT INTO entries SELECT 9, time, kind, student, milestone, submission_hash, submitted, "
        "grader_version, data_seed, score, content, previous, signature FROM entries WHERE id = 1",
    ],
)
def test_the_file_itself_refuses_changes(gradebook, statement):
    for work in ("w1", "w2"):
        gradebook.add_grade(grade(three(0.5), work=work), NOON)
    before = gradebook.log.entries()
    with closing(sqlite3.connect(gradebook.log.path)) as connection:
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            connection.execute(statement)
        connection.commit()
    assert gradebook.log.entries() == before
    assert gradebook.log.problems() == []


def _tampered(gradebook: Gradebook, *statements: str) -> list[str]:
    """The problems of a log of three grades once somebody got round its triggers."""
    for work in ("w1", "w2", "w3"):
        gradebook.add_grade(grade(three(0.5), work=work), NOON)
    assert gradebook.log.problems() == []
    with closing(sqlite3.connect(gradebook.log.path)) as connection:
        for trigger in ("nothing_is_changed", "nothing_is_deleted", "only_at_the_end"):
            connection.execute(f"DROP TRIGGER {trigger}")
        for statement in statements:
            connection.execute(statement)
        connection.commit()
    return gradebook.log.problems()


def test_a_change_behind_its_back_is_found(gradebook):
    found = _tampered(gradebook, "UPDATE entries SET score = 100 WHERE id = 2")
    assert found == ["Entry 2 (grade of ada, m1) is not as it was signed."]


def test_an_entry_that_was_taken_out_is_found(gradebook):
    assert _tampered(gradebook, "DELETE FROM entries WHERE id = 2") == ["Entry 2 is missing."]


def test_renumbering_does_not_hide_it(gradebook):
    found = _tampered(
        gradebook, "DELETE FROM entries WHERE id = 2", "UPDATE entries SET id = 2 WHERE id = 3"
    )
    assert any("does not follow" in problem for problem in found)


def test_a_cut_off_end_shows_against_a_head_that_was_kept(gradebook):
    gradebook.add_grade(grade(three()), NOON)
    gradebook.add_grade(grade(three(), work="x"), NOON)
    kept = gradebook.log.head()
    gradebook.add_grade(grade(three(), work="y"), NOON)
    assert gradebook.log.problems(kept) == []
    assert _tampered(gradebook, "DELETE FROM entries WHERE id > 1") == []
    assert gradebook.log.problems(kept) == ["The entry whose signature was kept is missing."]


def test_entries_cannot_be_signed_without_the_courses_key(gradebook):
    gradebook.add_grade(grade(three()), NOON)
    Gradebook(gradebook.log.path, OTHER_KEY).add_judgement(_judgement(10))
    assert gradebook.log.problems() == [
        "Entry 2 (judgement of ada, m1) is not as it was signed.",
    ]


def test_grades_do_not_depend_on_the_order_or_number_of_workers(tmp_path):
    results = [
        grade(three(share, 1 - share, 0.5), student=f"s{number}", work=work)
        for number in range(6)
        for work, share in (("w1", 0.2), ("w2", 0.8))
    ]
    found = []
    for workers, seed in ((1, 0), (4, 1), (8, 2)):
        gradebook = Gradebook(tmp_path / f"{workers}.sqlite", KEY)
        shuffled = [results[place] for place in np.random.default_rng(seed).permutation(12)]
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(lambda one, to=gradebook: to.add_grade(one, NOON), shuffled))
        assert gradebook.log.problems() == []
        assert len(gradebook.log.entries()) == len(results)
        found.append(gradebook.attempts(RUBRICS))
    assert found[0] == found[1] == found[2]


WRITER = """
import sys
from pathlib import Path
from grading_data import NOON, grade, three
from tasks.assess.course.keys import CourseKey
from tasks.assess.gradebook.gradebook import Gradebook

gradebook = Gradebook(Path(sys.argv[1]), CourseKey(b"k" * 32))
for number in range(100_000):
    gradebook.add_grade(grade(three(), student=f"s{number}"), NOON)
    print(number, flush=True)
"""


def test_a_killed_writer_loses_no_grade_that_it_reported(gradebook):
    paths = os.pathsep.join(path for path in sys.path if path)
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(gradebook.log.path)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": paths},
    ) as writer:
        reported = [int(writer.stdout.readline()) for _ in range(5)]
        time.sleep(0.03)
        writer.send_signal(signal.SIGKILL)
        reported += [int(line) for line in writer.stdout.read().split("\n")[:-1]]
    held = gradebook.log.entries()
    assert len(held) >= len(reported) >= 5
    assert gradebook.log.problems() == []
    gradebook.add_judgement(_judgement(5))


def test_a_file_that_is_no_gradebook_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "gradebook.sqlite"
    path.write_text("These are my notes, and no database at all. " * 9)
    before = path.read_bytes()
    with pytest.raises(BadInput, match="is no gradebook"):
        Gradebook(path, KEY)
    assert path.read_bytes() == before


def test_a_log_that_cannot_be_written_ends_in_a_sentence(gradebook, monkeypatch):
    monkeypatch.setattr("tasks.assess.gradebook.log.WAIT_SECONDS", 0.05)
    with closing(sqlite3.connect(gradebook.log.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StageFailed, match="cannot be used"):
            gradebook.add_judgement(_judgement(5))
    gradebook.add_judgement(_judgement(5))
    assert len(gradebook.judgements()) == 1


def _class_of_three(gradebook: Gradebook) -> None:
    for student, share in (("ada", 1.0), ("bob", 0.5), ("eve", 0.9)):
        gradebook.add_grade(grade(three(accuracy=share), student=student), NOON)
    gradebook.add_judgement(_judgement(10, student="bob"))


def _regraded(version: str = "v2"):
    shares = {"ada": 1.0, "bob": 1.0, "eve": 0.7}
    return [grade(three(accuracy=s), student=n, version=version) for n, s in shares.items()]


def test_a_regrade_says_who_changes_by_how_much_and_writes_nothing(gradebook):
    _class_of_three(gradebook)
    before = gradebook.log.entries()
    plan = plan_regrade(gradebook, RUBRICS, _regraded())
    assert gradebook.log.entries() == before
    assert plan.unchanged == 1
    bob, eve = plan.changes
    assert (bob.student, bob.before, bob.after, bob.difference) == ("bob", 85, 100, 15)
    assert (bob.level_before, bob.level_after) == ("Proficient", "Exemplary")
    assert (bob.grader_before, bob.grader_after) == ("v1", "v2")
    assert [(one.criterion, one.before, one.after) for one in bob.criteria] == [
        ("accuracy", 15, 30)
    ]
    assert eve.difference == pytest.approx(-100 * 6 / 90)


def test_an_applied_regrade_counts_and_keeps_judgements_and_times(gradebook):
    _class_of_three(gradebook)
    plan = plan_regrade(gradebook, RUBRICS, _regraded())
    assert apply_regrade(gradebook, RegradePlan.model_validate_json(plan.model_dump_json())) == 3
    assert _scores(gradebook)["bob", "m1"] == [100]
    assert gradebook.attempts(RUBRICS)["bob", "m1"][0].submitted == NOON
    assert gradebook.attempts(RUBRICS)["ada", "m1"][0].result.grader_version == "v2"
    assert [entry.kind for entry in gradebook.log.entries()].count("grade") == 3
    assert gradebook.log.problems() == []


def test_a_plan_that_is_no_longer_true_is_not_applied(gradebook):
    _class_of_three(gradebook)
    plan = plan_regrade(gradebook, RUBRICS, _regraded())
    gradebook.add_judgement(_judgement(0, student="bob"))
    before = gradebook.log.entries()
    with pytest.raises(BadInput, match="grades were added since"):
        apply_regrade(gradebook, plan)
    assert gradebook.log.entries() == before


def test_what_becomes_gradable_or_stops_being_so_is_a_change(gradebook):
    gradebook.add_grade(grade(three()), NOON)
    none = [probe(one.probe, None, Outcome.NOT_GRADABLE) for one in three()]
    change = plan_regrade(gradebook, RUBRICS, [grade(none, version="v2")]).changes[0]
    assert (change.before, change.after, change.difference) == (100, None, None)
    assert change.outcome_after is Outcome.NOT_GRADABLE


def _lost(student: str, version: str = "v2"):
    found = [probe(one.probe, None, Outcome.GRADER_ERROR) for one in three()]
    return grade(found, student=student, version=version)


def test_a_grading_that_was_lost_replaces_nothing(gradebook):
    _class_of_three(gradebook)
    plan = plan_regrade(gradebook, RUBRICS, [*_regraded()[1:], _lost("ada")])
    assert plan.lost == ["ada, m1"]
    before = _scores(gradebook)["ada", "m1"]
    apply_regrade(gradebook, plan)
    assert _scores(gradebook)["ada", "m1"] == before

    trouble = [probe("open_layers", None, Outcome.NOT_GRADABLE), *three()[1:]]
    kept = gradebook.add_grade(grade(trouble, student="zoe"), NOON)
    assert gradebook.add_grade(_lost("zoe", "v1"), NOON) == kept


def test_only_what_has_a_grade_is_regraded(gradebook):
    with pytest.raises(BadInput, match="no grade yet"):
        plan_regrade(gradebook, RUBRICS, _regraded())
