"""The study in words and tables, every figure from the measurement."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from tasks.nearmiss.benchmark.configurations import BASELINE
from tasks.nearmiss.benchmark.recommend import Recommendation
from tasks.nearmiss.benchmark.stage_times import BOUND
from tasks.nearmiss.benchmark.table import FEW
from tasks.nearmiss.evaluation.presentation import markdown_table
from tasks.text import plain


def main_rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The table for a reader: values with range or interval and n in one cell."""
    return [
        {
            "optimization": row["optimization"],
            "fps": f"{row['fps']:.1f} ({row['fps_lowest']:.1f} to {row['fps_highest']:.1f})",
            "missed_events_%": _percent(row, "missed_events_%", "missed", "events_n"),
            "extra_events_%": _percent(row, "extra_events_%", None, "extra_n"),
            "missed interactions": _percent(row, "missed_interactions_%", None, "interactions_n"),
            "objects_found_%": _percent(row, "objects_found_%", "objects", "objects_n"),
            "speedup": f"{row['speedup']:.2f} ({row['speedup_lowest']:.2f} to "
            f"{row['speedup_highest']:.2f})",
            "CPU ms a frame": f"{row['cpu_ms_a_frame']:.1f}",
        }
        for _, row in table.iterrows()
    ]


def step_rows(steps: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Steps with their milliseconds a source frame, and the sum."""
    rows = [
        {
            "step": row["step"],
            "ms a frame": f"{row['ms_a_frame']:.2f} ({row['lowest']:.2f} to {row['highest']:.2f})",
            "CPU ms a frame": f"{row['cpu_ms_a_frame']:.2f}",
        }
        for row in steps
    ]
    wall, cpu = (sum(row[name] for row in steps) for name in ("ms_a_frame", "cpu_ms_a_frame"))
    return [*rows, {"step": "all", "ms a frame": f"{wall:.2f}", "CPU ms a frame": f"{cpu:.2f}"}]


def trade_offs(table: pd.DataFrame) -> list[str]:
    """A sentence for everything that differs from the baseline in one thing, then what the
    strides cost with threads."""
    rows = {row["optimization"]: row for _, row in table.iterrows()}
    base = rows[BASELINE.name]
    found = [f"The baseline ({BASELINE.name}) does {base['fps']:.1f} frames/s."]
    for name, row in rows.items():
        changed = [
            field
            for field in ("engine", "imgsz", "stride", "threads")
            if row[field] != getattr(BASELINE, field)
        ]
        if len(changed) == 1:
            found.append(_against_baseline(row, changed[0]))
        elif row["threads"] and row["stride"] > 1:
            first = rows.get(name.replace(f"stride {row['stride']}", "stride 1"))
            if first is not None:
                found.append(
                    f"{row['engine']} at {row['imgsz']} with threads, stride {row['stride']} "
                    f"instead of 1: {row['fps']:.1f} instead of {first['fps']:.1f} frames/s, "
                    f"{_missed(row)} instead of {_missed(first)}."
                )
    return found


def uncertainty(table: pd.DataFrame) -> list[str]:
    """What n allows to say."""
    n, interactions = int(table["events_n"].iloc[0]), int(table["interactions_n"].iloc[0])
    found = [
        f"The reference has {n} events, {interactions} of them interactions on trajectories and "
        f"{n - interactions} near-misses by the pixel criteria."
    ]
    if n == 0:
        found.append("So nothing can be said about missed events; name clips with near-misses.")
    elif n < FEW:
        found.append(f"Fewer than {FEW} events: shares of them are only counts, not rates.")
    else:
        low = table.loc[table["missed_events_%"] == 0, "missed_high_%"]
        if len(low):
            found.append(
                f"A configuration that misses none of {n} may still miss up to "
                f"{low.iloc[0]:.1f} % (95 % interval)."
            )
    if 0 < interactions < FEW:
        found.append(f"Interactions are fewer than {FEW}: see them as counts.")
    if table["repetitions"].iloc[0] < 3:
        found.append("With fewer than three rounds a range of speeds says little.")
    return found


def bound_sentences(
    bound: dict[str, float], configuration: str, measured_fps: float | None
) -> list[str]:
    """What decoding, inference and encoding alone allow."""
    found = [
        f"With nothing but {', '.join(BOUND[:-1])} and {BOUND[-1]}, {configuration} could do "
        f"{bound['in_a_row']:.1f} frames/s one after the other, and {bound['side_by_side']:.1f} "
        "if every core were busy with these three all the time (from their CPU time)."
    ]
    if measured_fps is not None:
        share = 100 * measured_fps / bound["side_by_side"]
        found.append(
            f"Measured with the annotated video: {measured_fps:.1f} frames/s, {share:.0f} % of "
            "the latter."
        )
    return found


def rival_sentence(rival: dict[str, Any], configuration: str) -> str:
    """The recommendation beside ultralytics' own."""
    ratio, ours, theirs = rival["ratio"], rival["ours"], rival["ultralytics"]
    return (
        f"From file to annotated video, {configuration} does {_range(ours, 1)} frames/s, near-"
        f"misses and report included, and `YOLO.track(save=True)`, which uses every frame, "
        f"{_range(theirs, 1)}: {_range(ratio, 2)} times as fast (medians with lowest and highest "
        f"of {rival['rounds']} rounds in turn, {rival['frames']} frames each)."
    )


def memory_sentence(memory: dict[str, Any]) -> str:
    """Peak memory on a short and on a long clip."""
    short, long = memory["rows"]
    return (
        f"Peak memory of the stages: {short['peak_mb']:.0f} MB on "
        f"{short['minutes']:g} min ({short['frames']} frames), {long['peak_mb']:.0f} MB on "
        f"{long['minutes']:g} min ({long['frames']} frames), {memory['growth_percent']:+.1f} % "
        "(one process each)."
    )


def memory_rows(memory: dict[str, Any]) -> list[dict[str, Any]]:
    """The most memory during each stage, a column a length."""
    return [
        {"stage": stage}
        | {f"{row['minutes']:g} min, MB": row["stages"][stage] for row in memory["rows"]}
        for stage in memory["rows"][0]["stages"]
    ]


def markdown(
    table: pd.DataFrame,
    chosen: Recommendation,
    *,
    rule: str,
    clips: Sequence[dict[str, Any]],
    machine: str,
    steps: Sequence[dict[str, Any]],
    bound: dict[str, float],
    rival: dict[str, Any] | None,
    memory: dict[str, Any] | None,
    warnings: Sequence[str],
) -> str:
    """`benchmark.md`, the same as on the run page."""
    name = str(chosen.row["optimization"])
    with_video = rival["ours"]["median"] if rival else None
    rounds = int(table["repetitions"].iloc[0])
    parts = [
        "# Speed, and what is missed for it",
        f"**Recommended: {chosen.reason}**",
        f"Rule: {rule}",
        f"Machine: {plain(machine)}. Timed rounds, in turn, after an untimed one: {rounds}; "
        "fps are frames of the source a second through detection, tracking, "
        "scoring and interactions, without the annotated video: median (lowest to highest). "
        "Shares with n, and 95 % Wilson intervals that take the events as independent. "
        "The speed-up is against the baseline of the same round.",
        markdown_table([{key: plain(str(value)) for key, value in row.items()} for row in clips]),
        "## Configurations",
        markdown_table(main_rows(table)),
        "The same by strides is drawn in `benchmark.png`.",
        "## Trade-offs",
        _list(trade_offs(table)),
        "## How sure this is",
        _list([*uncertainty(table), *(plain(each) for each in warnings)]),
        f"## Where the time goes: {name}",
        "Each step by itself, milliseconds a frame of the source: median (range of the rounds). "
        "The second decoding and conversion are for the annotated video.",
        markdown_table(step_rows(steps)),
        _list(bound_sentences(bound, name, with_video)),
    ]
    if rival:
        parts += ["## Beside ultralytics", rival_sentence(rival, name)]
    if memory:
        parts += ["## Memory", memory_sentence(memory), markdown_table(memory_rows(memory))]
    return "\n\n".join(parts) + "\n"


def _against_baseline(row: pd.Series, changed: str) -> str:
    what = {
        "engine": f"{row['engine']} instead of {BASELINE.engine}",
        "imgsz": f"Input {row['imgsz']} instead of {BASELINE.imgsz}",
        "stride": f"Stride {row['stride']} instead of 1",
        "threads": "Threads instead of none",
    }[changed]
    sentence = (
        f"{what}: {row['speedup']:.2f} times as fast ({row['speedup_lowest']:.2f} to "
        f"{row['speedup_highest']:.2f}), {_missed(row)}"
    )
    if row["extra_n"]:
        sentence += f", {row['extra_events_%']:.1f} % of its {row['extra_n']} extra"
    if row["objects_n"]:
        sentence += f", {row['objects_found_%']:.1f} % of {row['objects_n']} objects found"
    return sentence + "."


def _missed(row: pd.Series) -> str:
    if not row["events_n"]:
        return "no events to miss"
    return f"{row['missed_events_%']:.1f} % of {row['events_n']} events missed"


def _percent(row: pd.Series, name: str, interval: str | None, n: str) -> str:
    if not row[n]:
        return "- (n = 0)"
    text = f"{row[name]:.1f}"
    if interval and row[n] >= FEW:
        text += f" ({row[f'{interval}_low_%']:.1f} to {row[f'{interval}_high_%']:.1f})"
    few = ", few" if row[n] < FEW else ""
    return f"{text}, n = {row[n]}{few}"


def _range(spread: dict[str, float], digits: int) -> str:
    median, lowest, highest = (
        f"{spread[name]:.{digits}f}" for name in ("median", "lowest", "highest")
    )
    return f"{median} ({lowest} to {highest})"


def _list(sentences: Sequence[str]) -> str:
    return "\n".join(f"- {sentence}" for sentence in sentences)
