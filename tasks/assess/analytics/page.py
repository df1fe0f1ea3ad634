"""The analysis as class.html, one file that opens without the internet, and as Markdown."""

from collections.abc import Mapping
from pathlib import Path

import jinja2

from tasks.assess.analytics import plots
from tasks.assess.analytics.analysis import Analysis
from tasks.assess.analytics.class_results import State
from tasks.assess.analytics.wording import counted, verdict, with_interval
from tasks.assess.reports.wording import check_name, percent, points
from tasks.files import write_text
from tasks.pages import html_environment, markdown_environment
from tasks.pictures import data_uri
from tasks.text import printable

TEMPLATES = Path(__file__).parent / "templates"
ASSESS_TEMPLATES = Path(__file__).parents[1] / "templates"
MAX_PICTURE_BYTES = 1_000_000
SHOWN_CRITERIA = 15


def draw(folder: Path, analysis: Analysis) -> dict[str, Path]:
    """Draw the pictures into a folder. Returns caption to file."""
    pictures = {
        "Where students stand in each milestone": folder / "states.png",
        "Scores of each milestone": folder / "scores.png",
        "Criteria of which the smallest share was earned, 95 % intervals": folder / "hardest.png",
        "When students first reached the pass mark": folder / "progress.png",
    }
    states, scores, hardest, over_time = pictures.values()
    plots.states(states, analysis.milestones)
    plots.scores(scores, analysis.milestones)
    plots.hardest(hardest, analysis.criteria)
    plots.completed_over_time(over_time, analysis.progress)
    return pictures


def write_html(
    path: Path, analysis: Analysis, pictures: Mapping[str, Path], course: str = ""
) -> None:
    """Write class.html.

    Args:
        path: of the file.
        analysis: of the class.
        pictures: of `draw`; put into the page.
        course: its name.
    """
    environment = _with_filters(html_environment(TEMPLATES, ASSESS_TEMPLATES))
    shown = [
        {"caption": caption, "uri": data_uri(file, MAX_PICTURE_BYTES)}
        for caption, file in pictures.items()
    ]
    text = environment.get_template("class.html.j2").render(
        analysis=analysis,
        course=course,
        pictures=shown,
        verdict=verdict(analysis),
        State=State,
        shown_criteria=SHOWN_CRITERIA,
    )
    write_text(path, text)


def markdown(analysis: Analysis) -> str:
    """The same for the run page, without pictures."""
    environment = _with_filters(markdown_environment(TEMPLATES))
    return environment.get_template("class.md.j2").render(
        analysis=analysis, verdict=verdict(analysis), State=State, shown_criteria=SHOWN_CRITERIA
    )


def _with_filters(environment: jinja2.Environment) -> jinja2.Environment:
    environment.filters |= {
        "printable": printable,
        "of_100": percent,
        "points": points,
        "counted": counted,
        "check_name": check_name,
        "with_interval": with_interval,
    }
    return environment
