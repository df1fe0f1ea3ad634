"""override: a person's score for a criterion."""

import getpass
from datetime import UTC, datetime

from tasks.assess.classroom import Classroom
from tasks.assess.config import Override
from tasks.assess.rubrics.reading import find_criterion
from tasks.assess.scoring.judgements import Judgement, check_judgement
from tasks.errors import BadInput
from tasks.runs import Outcome


def override(config: Override) -> Outcome:
    """Keep a judgement on the work that counts for the student.

    Raises:
        BadInput: there is no such student, criterion or graded work, or the score is not possible.
    """
    room = Classroom.enter(config)
    student = room.roster.find(config.student)
    rubrics = room.course.rubrics()
    if config.milestone is not None:
        rubrics = [room.course.rubric(config.milestone)]
    rubric, criterion = find_criterion(config.criterion, rubrics)
    by = config.by or getpass.getuser()
    check_judgement(criterion, config.score, by, config.reason)
    standings = room.standings()[student.student]
    counting = next(one.result for one in standings if one.milestone == rubric.id)
    if counting is None:
        raise BadInput(f"{student.student} has no grade in {rubric.id} yet: grade the work first.")
    room.gradebook.add_judgement(
        Judgement(
            student=student.student,
            milestone=rubric.id,
            criterion=criterion.id,
            submission_hash=counting.submission_hash,
            score=config.score,
            by=by,
            reason=config.reason,
            time=datetime.now(UTC),
        )
    )
    line = (
        f"{student.student}, {rubric.id}: {criterion.title} has {config.score:g} of "
        f"{criterion.points:g} points, by {by}."
    )
    return Outcome(lines=[line], folder=config.course_folder())
