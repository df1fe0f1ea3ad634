"""The HTML report: one file that opens without the internet."""

import math
from pathlib import Path
from typing import Any

import cv2
import jinja2
import pandas as pd

from tasks.files import write_text
from tasks.pictures import data_uri

TEMPLATES = Path(__file__).parent / "templates"
MAX_PICTURE_BYTES = 2_000_000
TOP = 5
WIDE_ASPECT = 2.5
# The video starts this long before the event.
LEAD_SEC = 1.5


def write_report(
    path: Path,
    *,
    pictures: dict[str, Path],
    events: pd.DataFrame,
    interactions: pd.DataFrame,
    **facts: Any,
) -> None:
    """Write the report.

    Args:
        path: of the HTML file; the annotated video lies beside it.
        pictures: caption to picture, put into the file.
        events: EVENT_COLUMNS.
        interactions: kept ones, the riskiest first; their clips lie in `clips/` beside the file.
        facts: title, video, is_made_scene, truth, tracks, detect, levels, rate, warnings,
            limitations, assumptions, scale, rejected (how many candidates), has_review, for the
            template.
    """
    rows = _riskiest_first(events)
    text = _template("report.html.j2").render(
        pictures=[_picture(caption, file) for caption, file in pictures.items()],
        top=rows[:TOP],
        events=events.to_dict("records"),
        interactions=interactions.to_dict("records"),
        lead_sec=LEAD_SEC,
        has_video=True,
        clip_link="clips/%s.mp4",
        clip_name="clip",
        **facts,
    )
    write_text(path, text)


def write_tracks_report(
    path: Path, *, interactions: pd.DataFrame, events: pd.DataFrame | None, **facts: Any
) -> None:
    """Write the report of trajectories without a video.

    Args:
        path: of the HTML file; pictures of interactions lie in `stills/` beside it.
        interactions: kept ones, the riskiest first.
        events: EVENT_COLUMNS, or None for tracks in metres, which have none.
        facts: title, units, scale, road_users, rejected, quarantined, warnings.
    """
    text = _template("tracks_report.html.j2").render(
        interactions=interactions.to_dict("records"),
        events=None if events is None else _riskiest_first(events),
        has_video=False,
        clip_link="stills/%s.png",
        clip_name="picture",
        **facts,
    )
    write_text(path, text)


def _riskiest_first(events: pd.DataFrame) -> list[dict[str, Any]]:
    return events.sort_values("risk_score", ascending=False, kind="stable").to_dict("records")


def _template(name: str) -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"clock": clock, "seconds": seconds, "speed": speed}
    return environment.get_template(name)


def _picture(caption: str, file: Path) -> dict[str, Any]:
    height, width = cv2.imread(str(file)).shape[:2]
    return {
        "caption": caption,
        "uri": data_uri(file, MAX_PICTURE_BYTES),
        "wide": width > WIDE_ASPECT * height,
    }


def clock(seconds: float) -> str:
    """MM:SS.s of a time in the video."""
    tenths = round(seconds * 10)
    return f"{tenths // 600:02d}:{tenths % 600 // 10:02d}.{tenths % 10}"


def seconds(value: float) -> str:
    """A duration, or a dash where there is none."""
    return f"{value:.2f} s" if math.isfinite(value) else "-"


def speed(value: float, units: str) -> str:
    """A speed a second of these units, in km/h where they are metres."""
    return f"{3.6 * value:.0f} km/h" if units == "m" else f"{value:.0f} px/s"
