"""Pages for people: HTML that opens without the internet, and Markdown; outside text is inert.

`templates/_style.html.j2` is the look that the HTML pages of all domains share.
"""

import re
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from tasks.text import plain

TEMPLATES = Path(__file__).parent / "templates"

# Words with marks between them that mean nothing inside a line, and no address.
_HARMLESS = re.compile(r"[^\W_](?:[^\W_]|[ ,.;()%/'?\x22+=-]|:(?! ?[/\w]*:)(?!//))*")
_LIST_NUMBER = re.compile(r"\d+[.)](?:\s|$)")


def html_environment(*templates: Path) -> jinja2.Environment:
    """Templates of HTML in these folders, in which every value is escaped."""
    return _environment(templates, autoescape=True)


def markdown_environment(*templates: Path) -> jinja2.Environment:
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


def _environment(templates: tuple[Path, ...], **options: Any) -> jinja2.Environment:
    environment = jinja2.Environment(  # noqa: S701 — both ways of escaping are chosen above
        loader=jinja2.FileSystemLoader([*templates, TEMPLATES]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        **options,
    )
    environment.filters |= {"percent": percent, "number": number, "code": code}
    return environment
