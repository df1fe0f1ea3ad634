"""The pictures of the class page."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import numpy as np
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

from tasks.assess.analytics.class_results import State
from tasks.assess.analytics.hardest import CriterionFigures
from tasks.assess.analytics.milestones import MilestoneFigures
from tasks.assess.analytics.progress import MilestoneProgress
from tasks.assess.rubrics.levels import FULL
from tasks.plotting import label, one_plot, say_if_empty

STATE_COLORS = {
    State.COMPLETED: "#2f7d4f",
    State.OPEN: "#f2a541",
    State.FAILED: "#b5382c",
    State.MISSING: "#8d96a3",
    State.NOT_DUE: "#dfe3e8",
}
INK, ACCENT = "#1d2430", "#4c78a8"
LINES = ("#4c78a8", "#d6722c", "#2f7d4f", "#8a5bb0", "#b5382c", "#4d5866", "#b08a00", "#1f8a94")
MOST_CRITERIA = 10


def states(path: Path, figures: Sequence[MilestoneFigures]) -> None:
    """How many students stand where, one bar a milestone."""
    with one_plot(path, (7.2, 1.5 + 0.45 * len(figures))) as axes:
        names = _titles(figures)
        places, start = np.arange(len(figures)), np.zeros(len(figures))
        for state, color in STATE_COLORS.items():
            counts = np.array([one.states[state] for one in figures])
            if not counts.any():
                continue
            bars = axes.barh(places, counts, left=start, color=color, label=state.value)
            dark = state in (State.COMPLETED, State.FAILED)
            axes.bar_label(
                bars,
                [str(count) if count else "" for count in counts],
                label_type="center",
                color="white" if dark else INK,
            )
            start += counts
        axes.set_yticks(places, names)
        axes.invert_yaxis()
        axes.set(xlabel="students", title="Where students stand")
        axes.xaxis.get_major_locator().set_params(integer=True)
        if start.any():
            axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
        say_if_empty(axes, int(start.sum()), "no students")


def scores(path: Path, figures: Sequence[MilestoneFigures]) -> None:
    """Every score, one dot a student; the median and the pass mark of each milestone."""
    with one_plot(path, (7.2, 3.6)) as axes:
        for place, one in enumerate(figures):
            ordered = np.sort(np.array(one.scores))
            axes.scatter(place + _spread(ordered), ordered, s=22, color=ACCENT, alpha=0.75)
            if one.median is not None:
                axes.hlines(one.median, place - 0.32, place + 0.32, color=INK, linewidth=2)
            axes.hlines(
                one.milestone.pass_mark,
                place - 0.42,
                place + 0.42,
                color=STATE_COLORS[State.FAILED],
                linestyle="--",
                linewidth=1,
            )
        axes.set_xticks(
            range(len(figures)),
            [f"{label(one.milestone.title, 18)}\nn = {len(one.scores)}" for one in figures],
        )
        axes.set(
            xlim=(-0.6, max(1, len(figures)) - 0.4),
            ylim=(-3, FULL + 3),
            ylabel="score of 100",
            title="Scores: line = median, dashes = pass mark",
        )
        say_if_empty(axes, sum(len(one.scores) for one in figures), "no scores")


def hardest(path: Path, criteria: Sequence[CriterionFigures]) -> None:
    """The criteria of which the smallest share was earned, with 95 % intervals."""
    shown = criteria[:MOST_CRITERIA]
    with one_plot(path, (7.2, 1.3 + 0.36 * max(1, len(shown)))) as axes:
        places = np.arange(len(shown))
        share = np.array([100 * one.share for one in shown])
        ends = [one.interval or (one.share, one.share) for one in shown]
        below = share - [100 * low for low, _ in ends]
        above = np.array([100 * high for _, high in ends]) - share
        axes.barh(places, share, color=ACCENT, height=0.6)
        axes.errorbar(
            share, places, xerr=np.maximum([below, above], 0), fmt="none", ecolor=INK, capsize=3
        )
        axes.set_yticks(
            places,
            [f"{label(_short(one), 44)} (n = {one.n})" for one in shown],
        )
        axes.invert_yaxis()
        axes.set(
            xlim=(0, 100), xlabel="mean share of the points earned (%)", title="Hardest criteria"
        )
        say_if_empty(axes, len(shown), "no settled criteria")


def completed_over_time(path: Path, progress: Sequence[MilestoneProgress]) -> None:
    """How many students had reached each milestone's pass mark by when."""
    with one_plot(path, (7.2, 3.2)) as axes:
        times = [time for one in progress for time in one.reached]
        for place, one in enumerate(progress):
            if one.reached:
                # Up to the last day of the class, so that a line does not end too early.
                moments = [one.reached[0], *one.reached, max(times) + timedelta(hours=12)]
                counts = [0, *range(1, len(one.reached) + 1), len(one.reached)]
                axes.step(
                    moments,
                    counts,
                    where="post",
                    label=label(one.milestone.title, 24),
                    color=LINES[place % len(LINES)],
                    linewidth=1.8,
                )
        axes.set(ylim=(0, None), ylabel="students", title="Reached the pass mark")
        axes.yaxis.get_major_locator().set_params(integer=True)
        if times:
            locator = AutoDateLocator()
            axes.xaxis.set_major_locator(locator)
            axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
            axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
        else:
            axes.set_xticks([])
        say_if_empty(axes, len(times), "nobody yet")


def _titles(figures: Sequence[MilestoneFigures]) -> list[str]:
    return [label(one.milestone.title, 24) for one in figures]


def _short(one: CriterionFigures) -> str:
    number = one.milestone.number
    return f"{one.milestone.title if number is None else f'M{number}'}: {one.title}"


def _spread(ordered: np.ndarray) -> np.ndarray:
    """Sideways offsets that keep dots of near scores apart; the same for the same scores."""
    offsets = np.zeros(len(ordered))
    steps = np.array([0.0, 0.08, -0.08, 0.16, -0.16, 0.24, -0.24, 0.32, -0.32])
    group = 0
    for place in range(1, len(ordered)):
        group = group + 1 if ordered[place] - ordered[place - 1] < 1.5 else 0
        offsets[place] = steps[group % len(steps)]
    return offsets
