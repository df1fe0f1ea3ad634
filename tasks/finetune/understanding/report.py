"""analysis.html: errors, forgetting and prompting as one page that opens without the internet."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tasks.files import write_text
from tasks.finetune.audit import page
from tasks.finetune.understanding.forgetting.questions import KINDS
from tasks.finetune.understanding.prompting.compare import NAMES
from tasks.pages import html_environment
from tasks.pictures import data_uri

TEMPLATES = Path(__file__).parent / "templates"


def write_report(
    path: Path,
    title: str,
    errors: Mapping[str, Any],
    forgetting: Mapping[str, Any],
    baselines: Mapping[str, Any],
    pictures: Mapping[str, Path],
) -> None:
    """Write the page.

    Args:
        path: of the file.
        title: which model was tuned on what.
        errors: of `errors.analyse.analyse`.
        forgetting: of `forgetting.compare.compare`.
        baselines: of `prompting.compare.compare`.
        pictures: caption to PNG: "errors" and "baselines".
    """
    environment = html_environment(TEMPLATES)
    environment.filters |= {"figure": figure}
    text = environment.get_template("analysis.html.j2").render(
        title=title,
        errors=errors,
        forgetting=forgetting,
        baselines=baselines,
        kinds=KINDS,
        systems=NAMES,
        pictures={name: data_uri(file, page.MAX_PICTURE_BYTES) for name, file in pictures.items()},
    )
    write_text(path, text)


def figure(value: float | None, digits: int = 3) -> str:
    """A number with fixed decimals, or a dash where there is none."""
    return "-" if value is None else f"{value:.{digits}f}"
