"""Several videos side by side: what became of each, and which sites have the most near-misses.

Sites are compared by near-misses an hour and by near-misses a thousand road users, never by raw
counts: a camera that ran twice as long, or sees twice the traffic, is not twice as dangerous.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd

from tasks.nearmiss.rates import poisson_rate
from tasks.nearmiss.scoring import LEVELS
from tasks.nearmiss.sources import is_url
from tasks.text import plain

USERS = 1000
HOUR = 3600.0
COMPLETED, FAILED = "completed", "failed"
VIDEO_COLUMNS = [
    "video", "site", "state", "message", "hours", "road_users", "interactions", "events",
    *LEVELS, "frames_per_sec", "folder",
]  # fmt: skip
_SHOWN = ["video", "state", "events", *LEVELS, "interactions", "frames_per_sec"]
SITE_COLUMNS = [
    "rank", "site", "videos", "hours", "road_users", "near_misses",
    "per_hour", "per_hour_low", "per_hour_high",
    "per_1000_users", "per_1000_users_low", "per_1000_users_high", "rank_by_users",
]  # fmt: skip


def site_names(videos: list[str], by: str) -> dict[str, str]:
    """The site that each video shows: "video", itself; "folder", the folder that it lies in.

    A site is called by the last part of its path; where the paths of several end alike, by as
    many parts as tell it from the others.
    """
    endings = {video: _endings(video, by) for video in videos}
    shared = Counter(name for names in set(endings.values()) for name in names)
    return {
        video: next((name for name in names if shared[name] == 1), names[-1])
        for video, names in endings.items()
    }


def _endings(video: str, by: str) -> tuple[str, ...]:
    """What the place of a site may be called, from the last part of its path to all of it."""
    path = Path(video.split("?")[0] if is_url(video) else os.path.abspath(video))
    parts = (path.parent if by == "folder" else path).parts
    names = [str(Path(*parts[-n:])) for n in range(1, len(parts) + 1)]
    # One address may give several videos, by what follows the question mark.
    return (*names, video) if by == "video" and is_url(video) else tuple(names)


def folder_name(videos: list[str]) -> str:
    """A folder for the comparison of these videos: the same for the same ones."""
    return "batch-" + hashlib.sha256("\0".join(sorted(videos)).encode()).hexdigest()[:8]


def video_row(video: str, site: str, folder: Path) -> dict[str, Any]:
    """VIDEO_COLUMNS of a finished run, from its record."""
    record = _record(folder)
    (data, *_) = record["data"]
    # Work that an earlier run did keeps the seconds that it took then.
    work = sum(stage["seconds"] for stage in record["timings"].values())
    frames = data["counts"]["frames"]
    return {
        "video": video,
        "site": site,
        "state": COMPLETED,
        "message": "",
        "hours": data["metadata"]["duration_sec"] / HOUR,
        **_counts(record),
        "frames_per_sec": frames / work if work else None,
        "folder": str(folder),
    }


def counts_of(folder: Path) -> dict[str, int]:
    """What a finished run found: road_users, interactions, events, and events by level."""
    return _counts(_record(folder))


def _record(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "record.json").read_text(encoding="utf-8"))


def _counts(record: dict[str, Any]) -> dict[str, int]:
    metrics = record["metrics"]
    return {
        "road_users": metrics["tracks"]["unique_ids"],
        "interactions": metrics["interactions"]["total"],
        "events": metrics["events"]["total"],
        **metrics["events"]["levels"],
    }


def failed_row(video: str, site: str, message: str) -> dict[str, Any]:
    """VIDEO_COLUMNS of a run that did not end well."""
    return {
        "video": video,
        "site": site,
        "state": FAILED,
        "message": message.removeprefix(f"{video}: "),
    }


def videos_table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """VIDEO_COLUMNS, in the order of the rows; what a failed video lacks is empty."""
    table = pd.DataFrame(rows, columns=VIDEO_COLUMNS)
    counts = ["road_users", "interactions", "events", *LEVELS]
    return table.astype(dict.fromkeys(counts, "Int64")).round({"hours": 5, "frames_per_sec": 1})


def rank_sites(videos: pd.DataFrame) -> pd.DataFrame:
    """Sites, the most near-misses an hour first.

    A near-miss is an interaction: it is judged on trajectories and counts once however long it
    lasts.

    Args:
        videos: VIDEO_COLUMNS; failed ones do not count.

    Returns:
        SITE_COLUMNS. Rates come with exact Poisson intervals; sites whose intervals overlap are
        in no proven order. `rank_by_users` orders by near-misses a thousand road users.
    """
    done = videos[videos["state"] == COMPLETED]
    rows = [_site(str(site), group) for site, group in done.groupby("site", sort=True)]
    table = pd.DataFrame(rows, columns=SITE_COLUMNS)
    for rank, by in (("rank", "per_hour"), ("rank_by_users", "per_1000_users")):
        table[rank] = table[by].astype(float).rank(ascending=False, method="min").astype("Int64")
    table = table.sort_values(["rank", "site"], ignore_index=True)
    return table.round({name: 2 for name in SITE_COLUMNS if name.startswith("per_")})


def _site(site: str, videos: pd.DataFrame) -> dict[str, Any]:
    hours, users = float(videos["hours"].sum()), int(videos["road_users"].sum())
    count = int(videos["interactions"].sum())
    hourly = poisson_rate(count, hours)
    by_users = poisson_rate(count, users / USERS) if users else (None, None, None)
    return {
        "site": site,
        "videos": len(videos),
        "hours": round(hours, 5),
        "road_users": users,
        "near_misses": count,
        **_interval("per_hour", hourly),
        **_interval("per_1000_users", by_users),
    }


def _interval(name: str, values: tuple[float | None, ...]) -> dict[str, float | None]:
    return dict(zip((name, f"{name}_low", f"{name}_high"), values, strict=True))


def verdict(videos: pd.DataFrame, sites: pd.DataFrame) -> str:
    """One line: how many videos, and which site leads."""
    done = int((videos["state"] == COMPLETED).sum())
    text = f"{done} of {len(videos)} videos completed."
    if len(sites) < 2:
        return text
    first = sites.iloc[0]
    if not first["near_misses"]:
        return f"{text} No near-miss was found at any site."
    return (
        f"{text} Most near-misses an hour: {first['site']} ({first['per_hour']:.1f}, 95 % interval "
        f"{first['per_hour_low']:.1f} to {first['per_hour_high']:.1f}, n = {first['near_misses']})."
    )


def as_lines(videos: pd.DataFrame, sites: pd.DataFrame) -> list[str]:
    """Both tables for the terminal."""
    shown = videos[_SHOWN].to_string(index=False, na_rep="-")
    ranked = _readable(sites).to_string(index=False) if len(sites) else ""
    return [line for table in (shown, ranked) for line in [*table.splitlines(), ""]]


def as_markdown(videos: pd.DataFrame, sites: pd.DataFrame) -> str:
    """Both tables for the run page and `summary.md`."""
    parts = [f"# Near-misses in {len(videos)} videos", f"**{plain(verdict(videos, sites))}**"]
    parts.append("## Videos\n\n" + _table(videos[_SHOWN]))
    failed = videos[videos["state"] == FAILED]
    parts += [f"- {plain(row.video)}: {plain(row.message)}" for row in failed.itertuples()]
    if len(sites):
        parts.append(
            "## Sites\n\nNear-misses are interactions. Rates have exact 95 % Poisson intervals; "
            "where these overlap, the order is not proven.\n\n" + _table(_readable(sites))
        )
    return "\n\n".join(parts) + "\n"


def _readable(sites: pd.DataFrame) -> pd.DataFrame:
    def rate(row: Any, name: str) -> str:
        value, low, high = (getattr(row, f"{name}{end}") for end in ("", "_low", "_high"))
        return "" if pd.isna(value) else f"{value:.1f} ({low:.1f} to {high:.1f})"

    return pd.DataFrame(
        {
            "rank": sites["rank"],
            "site": sites["site"],
            "near-misses": sites["near_misses"],
            "hours": sites["hours"].map("{:.2f}".format),
            "road users": sites["road_users"],
            "an hour": [rate(row, "per_hour") for row in sites.itertuples()],
            "per 1,000 road users": [rate(row, "per_1000_users") for row in sites.itertuples()],
            "rank by road users": sites["rank_by_users"],
        }
    )


def _table(table: pd.DataFrame) -> str:
    lines = ["| " + " | ".join(table.columns) + " |", "|" + "---|" * len(table.columns)]
    for row in table.itertuples(index=False):
        lines.append("| " + " | ".join("" if pd.isna(v) else plain(str(v)) for v in row) + " |")
    return "\n".join(lines)
