"""test: a student's own check, with public probes only; nothing is kept."""

from tasks.assess import grading
from tasks.assess.config import SelfCheck
from tasks.assess.reports.terminal import self_check_lines
from tasks.assess.rubrics.reading import find_rubric, read_rubric
from tasks.errors import BadInput
from tasks.runs import Outcome

# Anybody's check asks the same; what counts is asked with others.
SEED = 0


def self_check(config: SelfCheck) -> Outcome:
    """Check a submission.

    Raises:
        BadInput: there is no such milestone or folder, or no sandbox.
    """
    name = f"milestone{config.milestone}" if config.milestone.isdecimal() else config.milestone
    rubric = read_rubric(find_rubric(name, config.course_folder()), grading.KNOWN_PROBES)
    folder = config.submission.expanduser().resolve()
    if not folder.is_dir():
        raise BadInput(f"--submission {folder}: is no folder; name the one with your code.")
    result = grading.grade_submission(
        folder.name,
        folder,
        rubric,
        data_seed=SEED,
        public_only=True,
        unsafe_local=config.unsafe_local,
    )
    return Outcome(lines=self_check_lines(result, rubric.title), folder=folder)
