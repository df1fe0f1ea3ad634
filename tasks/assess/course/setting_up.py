"""Makes a course's folder, and chooses its milestones."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.representer import RoundTripRepresenter

from tasks.assess.course.keys import KEY_FILE, CourseKey
from tasks.assess.course.settings import COURSE_FILE, GRADEBOOK_FILE, Course, read_course
from tasks.assess.rubrics.reading import shipped_milestones
from tasks.assess.rubrics.rubric import Rubric
from tasks.assess.yaml_file import first_complaint
from tasks.errors import BadInput
from tasks.files import write_text

TEMPLATE = Path(__file__).with_name("course_template.yaml")
IGNORED = ".gitignore"


def init_course(folder: Path, name: str) -> Course:
    """Make a course: course.yaml with every setting explained, and its key.

    Raises:
        BadInput: there is a course already, or the name is empty.
    """
    path = folder / COURSE_FILE
    if path.exists():
        raise BadInput(f"{path}: there is a course already; change the file, or use configure.")
    if not name.strip():
        raise BadInput('The course needs a name: --course-name "…".')
    content = _round_trip().load(TEMPLATE.read_text(encoding="utf-8"))
    content["name"] = name.strip()
    content["milestones"] = [_entry(rubric) for rubric in shipped_milestones()]
    _write(path, content)
    CourseKey.make(folder)
    if not (folder / IGNORED).exists():
        write_text(folder / IGNORED, f"# Nothing to publish.\n{KEY_FILE}\n{GRADEBOOK_FILE}*\n")
    return read_course(folder)


def configure_milestones(folder: Path, milestones: Sequence[str]) -> Course:
    """Make these milestones the active ones; due dates and weights of the others are kept.

    Args:
        folder: the course's.
        milestones: numbers or ids of rubrics.

    Raises:
        BadInput: one is unknown, named twice, or none is given.
    """
    course = read_course(folder)
    wanted = [name.strip() for name in milestones if name.strip()]
    if not wanted:
        raise BadInput("Name at least one milestone: --milestones 1,2,3.")
    chosen = {_shipped_name(name) for name in wanted}
    if len(chosen) < len(wanted):
        raise BadInput(f"--milestones {','.join(wanted)} names a milestone twice.")
    path = folder / COURSE_FILE
    content = _round_trip().load(path.read_text(encoding="utf-8-sig"))
    listed = {str(entry["rubric"]) for entry in content["milestones"]}
    unknown = sorted(chosen - listed)
    if unknown:
        known = ", ".join(one.rubric for one in course.milestones)
        raise BadInput(
            f"{path}: has no milestone '{unknown[0]}' ({known}); add it there with its weight."
        )
    for entry in content["milestones"]:
        entry["active"] = str(entry["rubric"]) in chosen
    _write(path, content)
    return read_course(folder)


def _shipped_name(name: str) -> str:
    """The rubric's name that a number stands for; any other name as it is."""
    return f"milestone{int(name)}" if name.isdecimal() else name


def _entry(rubric: Rubric) -> dict[str, Any]:
    weight = rubric.course_weight or 0.0
    whole = int(weight) if weight == int(weight) else weight
    return {"rubric": rubric.id, "weight": whole, "due": None, "active": True}


def _write(path: Path, content: Any) -> None:
    """Write YAML that is a course; what would not be one is not written."""
    try:
        Course.model_validate(content)
    except ValidationError as error:
        raise BadInput(f"{path}: {first_complaint(error)}.") from error
    text = io.StringIO()
    _round_trip().dump(content, text)
    write_text(path, text.getvalue())


class _Representer(RoundTripRepresenter):
    """Writes an empty value as a word, so that a reader sees that it is meant."""

    def represent_none(self, _: None) -> ScalarNode:
        return self.represent_scalar("tag:yaml.org,2002:null", "null")


_Representer.add_representer(type(None), _Representer.represent_none)


def _round_trip() -> YAML:
    yaml = YAML()
    yaml.Representer = _Representer
    yaml.preserve_quotes = True
    yaml.width = 100
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml
