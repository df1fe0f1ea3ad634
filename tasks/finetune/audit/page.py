"""The audit as pages: audit.html, one file that opens without the internet, and audit.md."""

from pathlib import Path
from typing import Any

from tasks.files import write_text
from tasks.finetune.audit import plots
from tasks.finetune.audit.figures import Measured
from tasks.pages import html_environment, markdown_environment
from tasks.pictures import data_uri

TEMPLATES = Path(__file__).parent / "templates"
MAX_PICTURE_BYTES = 1_000_000


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
    template = html_environment(TEMPLATES).get_template("audit.html.j2")
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
    template = markdown_environment(TEMPLATES).get_template("audit.md.j2")
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
