"""The near-miss flow's pictures and report of a clip, without the tasks around them."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from tasks.nearmiss import limitations, plots, report, summary, tracking
from tasks.nearmiss.benchmark.clips import Clip
from tasks.nearmiss.benchmark.passes import Found
from tasks.nearmiss.frames import sample_frames


def report_of(clip: Clip, found: Found, folder: Path) -> None:
    """All that the flow draws and tells of what was found in a clip."""
    plots.trajectories(folder / "trajectories.png", found.tracks, sample_frames(clip.path, 1)[0])
    write_report(
        clip,
        events=found.events,
        interactions=found.interactions,
        tracks=[found.tracks],
        track_figures=tracking.track_figures(found.sights),
        detect=found.summary.figures(),
        scale=found.scale,
        rejected=found.rejected,
        folder=folder,
    )


def write_report(
    clip: Clip,
    *,
    events: pd.DataFrame,
    interactions: pd.DataFrame,
    tracks: Iterable[pd.DataFrame],
    track_figures: dict[str, Any],
    detect: dict[str, Any],
    scale: str,
    rejected: int,
    folder: Path,
) -> None:
    """The pictures and the page of the near-miss flow's report."""
    duration = clip.metadata.duration_sec
    pictures = {
        name: folder / f"{name}.png" for name in ("timeline", "risk", "heatmap", "frequency")
    }
    plots.timeline(pictures["timeline"], events, duration)
    plots.risk_distribution(pictures["risk"], events)
    plots.heatmap(pictures["heatmap"], tracks, sample_frames(clip.path, 1)[0])
    plots.frequency(pictures["frequency"], events, duration)
    detect = detect | {"detector": "yolo", "engine": None, "classes_are_guesses": False}
    figures = summary.event_figures(events)
    report.write_report(
        folder / "report.html",
        pictures=pictures,
        events=events,
        interactions=interactions,
        scale=scale,
        rejected=rejected,
        has_review=False,
        title=clip.source,
        video=clip.metadata.as_dict(),
        is_made_scene=False,
        truth=None,
        tracks=track_figures,
        detect=detect,
        levels=figures["levels"],
        rate=summary.rate(figures["total"], duration),
        warnings=[],
        limitations=limitations.of_run(
            is_made_scene=False, detect=detect, pedestrian_pairs_skipped=0
        ),
        assumptions=limitations.ALWAYS,
    )
