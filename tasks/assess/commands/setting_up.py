"""init, configure: make a course and choose its milestones."""

from tasks.assess.config import Configure, Init
from tasks.assess.course.setting_up import configure_milestones, init_course
from tasks.assess.course.settings import COURSE_FILE
from tasks.runs import Outcome


def init(config: Init) -> Outcome:
    """Make a course."""
    folder = config.course_folder()
    course = init_course(folder, config.course_name)
    lines = [
        f"{course.name}: {folder / COURSE_FILE} holds milestones, due dates and rules to change.",
        f"Put a submission folder a student into {folder / 'submissions'}, or name it by --class.",
    ]
    return Outcome(lines=lines, folder=folder)


def configure(config: Configure) -> Outcome:
    """Choose the milestones."""
    folder = config.course_folder()
    course = configure_milestones(folder, config.milestones.split(","))
    lines = [
        f"{rubric.milestone or rubric.id}: {rubric.title} ({course.weights()[rubric.id]:g} %)"
        for rubric in course.rubrics()
    ]
    return Outcome(lines=lines, folder=folder)
