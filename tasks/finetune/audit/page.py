"""The audit as pages: audit.html, one file that opens without the internet, and audit.md."""

import re
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from tasks.files import write_text
from tasks.finetune.audit import plots
from tasks.finetune.audit.figures import Measured
from tasks.pictures import data_uri
from tasks.text import plain

TEMPLATES = Path(__file__).parent / "templates"
MAX_PICTURE_BYTES = 1_000_000

# Words with marks between them that mean nothing inside a line, and no address.
_HARMLESS = re.compile(r"[^\W_](?:[^\W_]|[ ,.;()%/'?\x22+=-]|:(?! ?[/\w]*:)(?!//))*")
_LIST_NUMBER = re.compile(r"\d+[.)](?:\s|$)")


def draw(folder: Path, measured: Measured) -> dict[str, Path]:
    """Draw the pictures into a folder. Returns caption to file."""
    figures = measured.figures
    pictures = {
        "Words of the outputs, as taken from the sources and as kept": folder / "lengths.png",
        "Rows of each source in each split": folder / "sources.png",
        "Rows that each reason blocked": folder / "reasons.png",
    }
    lengths, sources, reasons = pictures.values()
    plots.output_lengths(lengths, measured.taken_output_words, measured.rows)
    plots.rows_by_source(sources, measured.rows)
    plots.blocked_rows(reasons, figures["reasons"])
    if figures["tokens"] is not None:
        tokens = folder / "tokens.png"
        pictures[f"Tokens of the rows and the limit of {figures['tokens']['limit']}"] = tokens
        plots.token_lengths(tokens, measured.rows, figures["tokens"]["limit"])
    return pictures


def write_html(
    path: Path,
    *,
    title: str,
    figures: dict[str, Any],
    contamination: dict[str, Any],
    moved: dict[str, int],
    warnings: list[str],
    pictures: dict[str, Path],
) -> None:
    """Write audit.html.

    Args:
        path: of the file.
        title: what the data is called.
        figures: of `figures.measure`.
        contamination: of `Contamination.figures`, found before the rows of training that it
            names were blocked.
        moved: "train to test" to the number of rows that went so since the run before.
        warnings: what a person should know first, such as drift.
        pictures: caption to file, of `draw`; put into the page.
    """
    template = html_environment().get_template("audit.html.j2")
    shown = [
        {"caption": caption, "uri": data_uri(file, MAX_PICTURE_BYTES)}
        for caption, file in pictures.items()
    ]
    text = template.render(
        title=title,
        figures=figures,
        contamination=contamination,
        moved=moved,
        warnings=warnings,
        pictures=shown,
    )
    write_text(path, text)


def write_markdown(
    path: Path,
    *,
    title: str,
    figures: dict[str, Any],
    contamination: dict[str, Any],
    moved: dict[str, int],
    warnings: list[str],
    pictures: dict[str, Path],
) -> None:
    """Write audit.md: the same without examples of more than five rows, pictures beside it."""
    template = markdown_environment().get_template("audit.md.j2")
    links = [
        {"caption": caption, "file": file.relative_to(path.parent).as_posix()}
        for caption, file in pictures.items()
    ]
    text = template.render(
        title=title,
        figures=figures,
        contamination=contamination,
        moved=moved,
        warnings=warnings,
        pictures=links,
    )
    write_text(path, text)


def html_environment() -> jinja2.Environment:
    """Templates of HTML, in which every value is escaped."""
    return _environment(TEMPLATES, autoescape=True)


def markdown_environment(templates: Path = TEMPLATES) -> jinja2.Environment:
    """Templates of Markdown, in which every text value is made plain; numbers are left alone."""
    return _environment(
        templates,
        autoescape=False,
        finalize=lambda value: (
            inert(value) if isinstance(value, str) and not isinstance(value, Markup) else value
        ),
    )


def inert(text: str) -> str:
    """Text as inert Markdown; as it is where it has no sign that could mean anything.

    A page that is also read as it is would else have a backslash before every full stop.
    """
    if _HARMLESS.fullmatch(text) and not _LIST_NUMBER.match(text) and "www." not in text.lower():
        return text
    return plain(text)


def percent(share: float | None) -> Markup:
    """A share as a percentage, or a dash where there is none."""
    return Markup("-") if share is None else Markup(f"{100 * float(share):.1f} %")  # noqa: S704


def number(value: float | None) -> Markup:
    """A number with its thousands set apart, or a dash where there is none."""
    return Markup("-") if value is None else Markup(f"{float(value):,.10g}")  # noqa: S704


def code(text: str) -> Markup:
    """Text for between backticks in Markdown, where nothing is markup but a backtick."""
    return Markup(" ".join(text.replace("`", "'").split()))  # noqa: S704


def _environment(templates: Path, **options: Any) -> jinja2.Environment:
    environment = jinja2.Environment(  # noqa: S701 — both ways of escaping are chosen above
        loader=jinja2.FileSystemLoader(templates),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        **options,
    )
    environment.filters |= {"percent": percent, "number": number, "code": code}
    return environment
