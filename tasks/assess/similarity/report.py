"""The ranking as one HTML file, with both sides of each pair."""

from pathlib import Path

import jinja2

from tasks.assess.similarity.ranking import COMMON_SHARE, Ranking
from tasks.files import write_text

TEMPLATES = Path(__file__).parent / "templates"


def write_report(path: Path, ranking: Ranking, *, title: str) -> None:
    """Write the ranking; all that students wrote, names too, is escaped."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined
    )
    text = environment.get_template("similarity.html.j2").render(
        ranking=ranking, title=title, common_percent=round(100 * COMMON_SHARE)
    )
    write_text(path, text)
