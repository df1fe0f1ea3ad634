"""What a run found, in words and figures for people and for the record."""

from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd

from tasks.nearmiss.detection import spread_of
from tasks.nearmiss.rates import poisson_rate
from tasks.nearmiss.report import clock
from tasks.nearmiss.scoring import LEVELS
from tasks.nearmiss.stride import FEW_A_SECOND
from tasks.pointers import StageResult
from tasks.text import plain

TOP = 3


def rate(events: int, duration_sec: float) -> dict[str, Any]:
    """Events an hour with the exact 95 % interval of a Poisson count (Garwood 1936).

    Args:
        events: how many.
        duration_sec: observed time.
    """
    per_hour, low, high = poisson_rate(events, duration_sec / 3600)
    return {
        "per_hour": round(per_hour, 1),
        "interval_95": [round(low, 1), round(high, 1)],
        "n": events,
    }


def event_figures(events: pd.DataFrame) -> dict[str, Any]:
    """Total, count by level, and the riskiest events."""
    top = events.sort_values("risk_score", ascending=False, kind="stable").head(TOP)
    columns = ["timestamp_sec", "risk_level", "risk_score", "class_1", "object_id_1"]
    columns += ["class_2", "object_id_2"]
    return {
        "total": len(events),
        "levels": {level: int((events["risk_level"] == level).sum()) for level in LEVELS},
        "top": top[columns].astype(object).to_dict("records"),
    }


def event_verdict(figures: dict[str, Any]) -> str:
    """One line: how many near-misses, of which levels."""
    if not figures["total"]:
        return "No near-miss was found."
    levels = ", ".join(f"{count} {level}" for level, count in figures["levels"].items())
    return f"{figures['total']} near-miss event{_s(figures['total'])}: {levels}."


def watched_verdict(found: dict[str, int], watched_sec: float) -> str:
    """One line: what was found in the watched time of a stream, and how much that is an hour.

    Args:
        found: interactions, events, and events by level.
        watched_sec: more than 0.
    """
    levels = {level: found[level] for level in LEVELS}
    hourly = rate(found["interactions"], watched_sec)
    low, high = hourly["interval_95"]
    return (
        f"{event_verdict({'total': found['events'], 'levels': levels})} {found['interactions']} "
        f"interaction{_s(found['interactions'])}: {hourly['per_hour']} an hour "
        f"(95 % interval {low} to {high})."
    )


def interaction_verdict(figures: dict[str, Any]) -> str:
    """One line: how many near-misses by trajectories, and on which scale."""
    return (
        f"{figures['total']} interaction{_s(figures['total'])}, {figures['rejected']} "
        f"candidate{_s(figures['rejected'])} rejected. {figures['scale']}"
    )


def track_verdict(figures: dict[str, Any]) -> str:
    """One line: how many road users, for how long, how many at once."""
    if not figures["unique_ids"]:
        return "No road user was tracked."
    return (
        f"{figures['unique_ids']} unique road users, followed over "
        f"{figures['track_length']['mean']} processed frames on average, "
        f"{figures['objects_at_peak']} at once at the peak (frame {figures['peak_frame']})."
    )


def detection_verdict(figures: dict[str, Any]) -> str:
    """One line: what was found, how fast."""
    found = ", ".join(f"{n} {name}" for name, n in figures["detections_per_class"].items())
    time = figures["frame_ms"]
    by = " on ".join(filter(None, (figures["detector"], figures["engine"])))
    return (
        f"{found or 'nothing'} in {figures['processed_frames']} frames by {by}; "
        f"{time['mean']} ms a frame (sd {time['sd']}, n = {time['n']})."
    )


def engine_verdict(figures: dict[str, Any]) -> str:
    """One line: which engine, how fast beside the reference."""
    times = {row["engine"]: row["ms_lowest"] for row in figures["measured"]}
    reference = figures["measured"][0]["engine"]
    ms = times[figures["engine"]]
    return (
        f"{figures['engine']}: {ms} ms a frame at best, where {reference} takes {times[reference]}."
    )


def engine_rows(figures: dict[str, Any]) -> list[dict[str, Any]]:
    """One row a measured engine, for a table."""
    return [
        {
            "engine": row["engine"],
            "ms a frame, median": row["ms"],
            "lowest to highest pass": f"{row['ms_lowest']} to {row['ms_highest']}",
            "ms of all cores": row["cpu_ms"],
            "passes x pictures": f"{row['passes']} x {row['pictures_a_pass']}",
            "reference's boxes found": _share(row["agreement"]["found"]),
            "own boxes in the reference": _share(row["agreement"]["real"]),
            "verdict": "chosen" if row["chosen"] else row["verdict"],
        }
        for row in figures["measured"]
    ]


def engine_warnings(figures: dict[str, Any]) -> list[str]:
    """What is to be said of an engine that was asked for by name."""
    return [
        f"--engine {row['engine']} was used all the same: {row['verdict']}."
        for row in figures["measured"]
        if row["chosen"] and row["verdict"] != "agrees"
    ]


def _share(share: dict[str, Any]) -> str:
    if not share["n"]:
        return "no box"
    percent = [f"{100 * share[name]:.1f}" for name in ("share", "low", "high")]
    return f"{percent[0]} % ({percent[1]} to {percent[2]}, n = {share['n']})"


def added_up(chunks: list[dict[str, Any]]) -> dict[str, Any]:
    """The figures of a video's detections from those of its chunks."""
    per_class: Counter[str] = Counter()
    for chunk in chunks:
        per_class.update(chunk["detections_per_class"])
    counts = ("frames", "processed_frames", "damaged_packets", "guessed_times")
    return {name: sum(chunk[name] for chunk in chunks) for name in counts} | {
        "detections_per_class": dict(sorted(per_class.items())),
        "frame_ms": spread_of([ms for chunk in chunks for ms in chunk["frame_ms"]]),
    }


def detection_rows(figures: dict[str, Any]) -> list[dict[str, Any]]:
    """One row a class, for a table."""
    return [
        {"class": name, "detections": count, "in frames": figures["processed_frames"]}
        for name, count in figures["detections_per_class"].items()
    ]


def detection_warnings(metadata: dict[str, Any], figures: dict[str, Any]) -> list[str]:
    """What the pass over the video showed that a reader has to know first."""
    found = []
    missing = metadata["frames"] - figures["frames"]
    if missing > 0:
        found.append(
            f"{missing} of {metadata['frames']} frames could not be decoded and are left out."
        )
    frames, looked_at = figures["frames"], figures["processed_frames"]
    if looked_at < min(frames, FEW_A_SECOND * metadata["duration_sec"]):
        a_second = metadata["fps"] * looked_at / frames
        found.append(
            f"Only {a_second:.1f} of {metadata['fps']:.1f} frames a second were looked at, so that "
            "near-misses may be overlooked: use a smaller --stride."
        )
    if figures["camera"]["moving"]:
        found.append("The camera moves, which is out of scope: do not use these events.")
    return found


def data_entry(source: StageResult, results: dict[str, StageResult]) -> dict[str, Any]:
    """The record's entry on the video: where from, licence, content, counts."""
    return {
        "source": source.figures["location"],
        "licence": source.figures["licence"],
        "sha256": source.files["video"].sha256,
        "bytes": source.files["video"].bytes,
        "splits": None,
        "counts": {
            "frames": results["detect"].figures["frames"],
            "processed_frames": results["detect"].figures["processed_frames"],
        },
        "metadata": results["ingest"].figures,
    }


def metrics(results: dict[str, StageResult]) -> dict[str, Any]:
    """The record's metrics, each with its n."""
    ingest, detect, score = (results[name].figures for name in ("ingest", "detect", "score"))
    return {
        "events": {"total": score["total"], "levels": score["levels"]},
        "rate": rate(score["total"], ingest["duration_sec"]),
        "interactions": results["interactions"].figures,
        "tracks": results["track"].figures,
        "detections_per_class": detect["detections_per_class"],
        "frame_ms": detect["frame_ms"],
        "engine": results["choose engine"].figures,
        "camera": detect["camera"],
    }


def lines(results: dict[str, StageResult], folder: Path) -> list[str]:
    """What the terminal shows last."""
    score = results["score"].figures
    shown = [
        detection_verdict(results["detect"].figures),
        track_verdict(results["track"].figures),
        event_verdict(score),
        *(f"  {_describe(event)}" for event in score["top"]),
        interaction_verdict(results["interactions"].figures),
        f"Report: {folder / 'report.html'}",
    ]
    return shown


def markdown(
    results: dict[str, StageResult], cached: dict[str, bool], warnings: list[str], folder: Path
) -> str:
    """The summary for the run page and `summary.md`."""
    ingest, score = results["ingest"].figures, results["score"].figures
    hourly = rate(score["total"], ingest["duration_sec"])
    parts = [f"# Near-misses: {plain(ingest['name'])}", f"**{event_verdict(score)}**"]
    parts += [f"> **Warning:** {plain(warning)}" for warning in warnings]
    if score["total"]:
        parts.append(
            f"{hourly['per_hour']} an hour (95 % interval {hourly['interval_95'][0]} to "
            f"{hourly['interval_95'][1]}, n = {hourly['n']})."
        )
        header = "| time | level | score | who |\n|---|---|---|---|\n"
        parts.append("## Riskiest\n\n" + header + "\n".join(map(_row, score["top"])))
    parts.append(
        "## Interactions\n\n" + plain(interaction_verdict(results["interactions"].figures))
    )
    parts.append(
        "## What was seen\n\n"
        f"- {ingest['frames']} frames, {ingest['width']}x{ingest['height']}, "
        f"{clock(ingest['duration_sec'])} long\n"
        f"- {detection_verdict(results['detect'].figures)}\n"
        f"- {track_verdict(results['track'].figures)}"
    )
    gates = [result for result in results.values() if "gate" in result.figures]
    parts.append("## Gates\n\n" + "\n".join(map(_gate_row, gates)))
    header = "| stage | seconds of work | |\n|---|---:|---|\n"
    stages = "\n".join(
        f"| {name} | {results[name].seconds:.2f} | {'cached' if cached.get(name) else 'ran'} |"
        for name in results
    )
    parts.append("## Stages\n\n" + header + stages)
    parts.append(f"Report: `{folder / 'report.html'}`")
    return "\n\n".join(parts) + "\n"


def flat(figures: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested figures as one row of a table."""
    row: dict[str, Any] = {}
    for name, value in figures.items():
        if isinstance(value, dict):
            row |= flat(value, f"{prefix}{name} ")
        else:
            row[f"{prefix}{name}"] = value
    return row


def _describe(event: dict[str, Any]) -> str:
    return (
        f"{clock(event['timestamp_sec'])}  {event['risk_level']} {event['risk_score']:.2f}  "
        f"{event['class_1']} #{event['object_id_1']} and {event['class_2']} #{event['object_id_2']}"
    )


def _row(event: dict[str, Any]) -> str:
    return (
        f"| {clock(event['timestamp_sec'])} | {event['risk_level']} | {event['risk_score']:.2f} "
        f"| {event['class_1']} #{event['object_id_1']} and "
        f"{event['class_2']} #{event['object_id_2']} |"
    )


def _gate_row(gate: StageResult) -> str:
    findings = gate.figures["findings"]
    passed = sum(finding["passed"] for finding in findings)
    return f"- {gate.figures['gate']}: {passed} of {len(findings)} expectations hold"


def _s(count: int) -> str:
    return "" if count == 1 else "s"
