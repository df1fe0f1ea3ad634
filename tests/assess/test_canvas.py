import pytest
from canvas_server import TOKEN, CanvasState, canvas_server
from made_results import HIDDEN, criterion, result

from tasks.assess.canvas.connection import (
    ADDRESS_VARIABLE,
    MOST_TRIES,
    TOKEN_VARIABLE,
    connect,
)
from tasks.assess.canvas.plan import Plan
from tasks.assess.canvas.rubrics import payload
from tasks.assess.canvas.sync import apply_plan, open_course, plan_rubrics, plan_sync
from tasks.assess.results import MilestoneResult, Outcome
from tasks.assess.rubrics.reading import find_rubric, read_rubric
from tasks.assess.rubrics.rubric import Rubric
from tasks.errors import BadInput, StageFailed

USERS = [
    {"id": 11, "name": "Ada", "login_id": "ada", "sis_user_id": "s-11"},
    {"id": 12, "name": "Zoe", "login_id": "zoe@example.edu"},
    {"id": 13, "name": "Kim", "login_id": "kim"},
]


@pytest.fixture
def rubric() -> Rubric:
    return read_rubric(find_rubric("milestone1"))


@pytest.fixture
def canvas(monkeypatch):
    """A course on a Canvas of its own, what that holds, and the pauses that were made."""
    with canvas_server() as (address, state):
        monkeypatch.setenv(ADDRESS_VARIABLE, address)
        monkeypatch.setenv(TOKEN_VARIABLE, TOKEN)
        state.users = [dict(user) for user in USERS]
        pauses: list[float] = []
        yield open_course(connect(pauses.append), 7), state, pauses


def graded(rubric: Rubric, student: str, share: float, **more) -> MilestoneResult:
    criteria = [
        criterion(one.id, one.points * share, one.points).model_copy(update={"title": one.title})
        for one in rubric.criteria
    ]
    return result(student, *criteria, milestone=rubric.id, **more)


def only_grade(state: CanvasState, user: int) -> dict:
    (held,) = [one for (_, of), one in state.submissions.items() if of == user]
    return held


def test_criteria_and_ratings_are_index_keyed_hashes(rubric):
    sent = payload(rubric)
    assert list(sent["criteria"]) == [str(n) for n in range(len(rubric.criteria))]
    assert list(sent["criteria"]["0"]["ratings"]) == [str(n) for n in range(len(rubric.levels))]
    assert sum(one["points"] for one in sent["criteria"].values()) == 100


def test_a_dry_run_shows_everything_and_changes_nothing(canvas, rubric):
    course, state, _ = canvas
    plan = plan_sync(course, [rubric], [graded(rubric, "ada", 0.8)])

    told = "\n".join(plan.lines())

    assert f"Rubric '{rubric.title}'" in told
    assert "Assignment 'Milestone 1" in told
    assert "Grade of ada" in told
    assert "+ grade: 80" in told
    assert state.writes() == []
    assert not state.rubrics


def test_what_is_planned_is_made_and_the_second_time_nothing_is(canvas, rubric):
    course, state, _ = canvas
    results = [graded(rubric, "ada", 0.8), graded(rubric, "zoe@example.edu", 0.5)]

    assert apply_plan(plan_sync(course, [rubric], results)) == 4

    (made,) = state.rubrics.values()
    (assignment,) = state.assignments.values()
    assert [one["description"] for one in made["data"]] == [c.title for c in rubric.criteria]
    assert assignment["points_possible"] == 100
    assert not assignment["published"]
    assert assignment["rubric_settings"] == {"id": made["id"]}
    held = only_grade(state, 11)
    assert held["score"] == 80
    assert {key: one["points"] for key, one in held["rubric_assessment"].items()} == {
        one["id"]: round(c.points * 0.8, 2)
        for one, c in zip(made["data"], rubric.criteria, strict=True)
    }
    assert HIDDEN not in str(state.submissions)

    writes = state.writes()
    again = plan_sync(course, [rubric], results)
    assert again.changes == []
    assert again.unchanged == 4
    assert apply_plan(again) == 0
    assert state.writes() == writes


def test_only_what_differs_is_changed_and_shown_as_a_diff(canvas, rubric):
    course, state, _ = canvas
    apply_plan(plan_sync(course, [rubric], [graded(rubric, "ada", 0.8)]))
    criteria_ids = [one["id"] for one in next(iter(state.rubrics.values()))["data"]]
    first = rubric.criteria[0].model_copy(update={"asks": "Forward passes & losses are exact."})
    changed = rubric.model_copy(update={"criteria": [first, *rubric.criteria[1:]]})

    plan = plan_sync(course, [changed], [graded(rubric, "ada", 0.9)])

    told = plan.lines()
    assert len(plan.changes) == 2
    assert "  - grade: 80" in told
    assert "  + grade: 90" in told
    assert any(line.startswith("  + 1. ") and "losses are exact" in line for line in told)
    apply_plan(plan)
    assert only_grade(state, 11)["score"] == 90
    assert [one["id"] for one in next(iter(state.rubrics.values()))["data"]] == criteria_ids
    assert plan_sync(course, [changed], [graded(rubric, "ada", 0.9)]).changes == []


def test_lateness_holds_where_the_rubric_would_have_graded(canvas, rubric):
    course, state, _ = canvas
    results, late = [graded(rubric, "ada", 0.9)], {("ada", rubric.id): 70.0}
    apply_plan(plan_sync(course, [rubric], results))
    (assignment,) = state.assignments.values()
    assignment["use_rubric_for_grading"] = True  # as an instructor may have set it
    plan = plan_sync(course, [rubric], results, final_scores=late)
    assert "  + rubric gives the grade: False" in plan.lines()
    apply_plan(plan)
    assert only_grade(state, 11)["score"] == 70
    assert plan_sync(course, [rubric], results, final_scores=late).changes == []


def test_what_must_not_be_sent_is_left_out_and_named(canvas, rubric):
    course, state, _ = canvas
    criteria = [
        criterion("math", 40.0, 40.0),
        criterion("style", None, 60.0, human=True, outcome=Outcome.PENDING),
    ]
    results = [
        result("ada", *criteria, milestone=rubric.id),
        result("kim", criterion("x", None, outcome=Outcome.NOT_GRADABLE), milestone=rubric.id),
        graded(rubric, "nobody", 0.5),
    ]

    plan = plan_sync(course, [rubric], results)
    apply_plan(plan)

    assert len(plan.left_out) == 3
    assert any("ada" in line and "provisional" in line for line in plan.left_out)
    assert any("kim" in line and "no score" in line for line in plan.left_out)
    assert any("nobody" in line and "no student" in line for line in plan.left_out)
    assert not any(held["score"] is not None for held in state.submissions.values())


def test_a_name_of_two_students_is_nobodys(canvas, rubric):
    course, state, _ = canvas
    state.users.append({"id": 14, "login_id": "ADA"})
    plan = plan_sync(course, [rubric], [graded(rubric, "ada", 0.5)])
    assert len(plan.left_out) == 1
    plan = plan_sync(course, [rubric], [graded(rubric, "ada", 0.5)], identities={"ada": "s-11"})
    assert plan.left_out == []


def test_the_grade_after_lateness_is_sent_and_said(canvas, rubric):
    course, state, _ = canvas
    late = {("ada", rubric.id): 72.0}
    apply_plan(plan_sync(course, [rubric], [graded(rubric, "ada", 0.8)], final_scores=late))
    held = only_grade(state, 11)
    assert held["score"] == 72
    assert "Before lateness it was 80" in held["submission_comments"][0]


@pytest.mark.parametrize(
    "trouble", [(403, "403 Forbidden (Rate Limit Exceeded)"), (429, "slow down"), (503, "")]
)
def test_throttling_is_waited_out_with_growing_pauses(canvas, rubric, trouble):
    course, state, pauses = canvas
    state.troubles = [trouble] * 3
    plan_rubrics(course, [rubric])
    assert len(pauses) == 3
    assert all(0.5 * 2**n <= pause <= 1.5 * 2**n for n, pause in enumerate(pauses))


def test_a_throttled_change_is_made_once(canvas, rubric):
    course, state, pauses = canvas
    plan = plan_rubrics(course, [rubric])
    state.troubles = [(403, "403 Forbidden (Rate Limit Exceeded)")] * 2
    apply_plan(plan)
    assert len(pauses) == 2
    assert len(state.rubrics) == 1


def test_a_change_is_not_sent_again_after_a_servers_error(canvas, rubric):
    course, state, pauses = canvas
    plan = plan_rubrics(course, [rubric])
    state.troubles = [(502, "")]
    with pytest.raises(StageFailed, match="502"):
        apply_plan(plan)
    assert pauses == []
    assert state.writes() == []


def test_endless_throttling_ends_with_a_sentence(canvas, rubric):
    course, state, pauses = canvas
    state.troubles = [(403, "Rate Limit Exceeded")] * MOST_TRIES
    with pytest.raises(StageFailed, match="still throttling"):
        plan_rubrics(course, [rubric])
    assert len(pauses) == MOST_TRIES - 1


def test_lacking_rights_are_not_tried_again(canvas, rubric):
    course, state, pauses = canvas
    state.troubles = [(403, '{"status": "unauthorized"}')]
    with pytest.raises(BadInput, match="rights of a teacher"):
        plan_rubrics(course, [rubric])
    assert pauses == []


def test_wrong_token_wrong_course_and_no_answer_are_told_apart(canvas, monkeypatch):
    monkeypatch.setenv(TOKEN_VARIABLE, "wrong")
    with pytest.raises(BadInput, match=TOKEN_VARIABLE):
        open_course(connect(), 7)
    monkeypatch.setenv(TOKEN_VARIABLE, TOKEN)
    with pytest.raises(BadInput, match="--course-id"):
        open_course(connect(), 8)
    monkeypatch.setenv(ADDRESS_VARIABLE, "http://127.0.0.1:9")
    with pytest.raises(StageFailed, match="cannot be reached"):
        open_course(connect(lambda _: None), 7)


@pytest.mark.parametrize("address", ["http://canvas.example.edu", "canvas.example.edu", "ftp://x"])
def test_the_token_does_not_travel_unencrypted(monkeypatch, address):
    monkeypatch.setenv(TOKEN_VARIABLE, TOKEN)
    monkeypatch.setenv(ADDRESS_VARIABLE, address)
    with pytest.raises(BadInput, match="https://"):
        connect()


def test_a_missing_token_is_named(monkeypatch):
    monkeypatch.setenv(ADDRESS_VARIABLE, "https://canvas.example.edu")
    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)
    with pytest.raises(BadInput, match=TOKEN_VARIABLE):
        connect()


def test_an_empty_plan_says_so():
    assert Plan().lines() == ["0 to change, 0 as they should be, 0 left out."]
