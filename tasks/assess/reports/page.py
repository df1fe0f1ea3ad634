"""A student's report as one HTML file that opens without the internet."""

from collections.abc import Sequence
from pathlib import Path

from tasks.assess.reports import wording
from tasks.assess.reports.grade import Grade, Section
from tasks.assess.reports.visible import visible
from tasks.files import write_text
from tasks.pages import html_environment
from tasks.text import printable

TEMPLATES = Path(__file__).parent / "templates"
ASSESS_TEMPLATES = Path(__file__).parents[1] / "templates"


def write_report(
    path: Path,
    *,
    student: str,
    course: str,
    sections: Sequence[Section],
    grade: Grade | None = None,
    notes: Sequence[str] = (),
) -> None:
    """Write the report.

    Hidden probes, the seed of the test data and the probes' figures are not in it. For one
    without a name give results of `pseudonyms.pseudonymous` and the pseudonym as `student`.

    Args:
        path: of the file.
        student: as the report shall call them.
        course: its name.
        sections: one a milestone, in the course's order.
        grade: of the whole course; left out in a report on less.
        notes: what concerns the whole report.
    """
    environment = html_environment(TEMPLATES, ASSESS_TEMPLATES)
    environment.filters |= {
        "printable": printable,
        "of_100": wording.percent,
    }
    text = environment.get_template("student.html.j2").render(
        student=student,
        course=course,
        grade=grade,
        notes=notes,
        sections=[
            {
                "title": section.title,
                "result": section.result,
                "grade": section.counts,
                "notes": section.notes,
                "criteria": [visible(one) for one in section.result.criteria]
                if section.result
                else [],
            }
            for section in sections
        ],
        meaning=wording.MEANING,
    )
    write_text(path, text)
