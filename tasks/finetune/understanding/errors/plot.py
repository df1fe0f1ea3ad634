"""error_analysis.png: the classes of errors, and what failing goes together with."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from tasks.finetune.audit.plots import READABLE_TICKS
from tasks.finetune.curation.words import count_words
from tasks.finetune.understanding.cases import Case
from tasks.finetune.understanding.picture import (
    BASE_COLOR,
    LOW_COLOR,
    TUNED_COLOR,
    label,
    panels,
)

MOST_DOMAINS = 12


def plot(path: Path, facts: Mapping[str, Any], tuned: Mapping[str, Case]) -> None:
    """Draw the picture.

    Args:
        path: PNG to write.
        facts: of `analyse.analyse`.
        tuned: row id to the tuned model's answer, all of them.
    """
    low = {entry["row_id"] for entry in facts["low"]}
    with panels(path, 2, 2, (10, 7.2)) as axes:
        _classes(axes[0, 0], facts)
        _lengths(axes[0, 1], tuned, low)
        _rates(axes[1, 0], tuned, low, "domain")
        _limit(axes[1, 1], tuned, low)


def _classes(axes: Axes, facts: Mapping[str, Any]) -> None:
    names = list(facts["classes"])[::-1]
    places = np.arange(len(names))
    for shift, key, color, system in (
        (0.2, "classes", TUNED_COLOR, f"fine-tuned ({facts['n_low']})"),
        (-0.2, "base_classes", BASE_COLOR, f"base ({facts['base_n_low']})"),
    ):
        bars = axes.barh(
            places + shift, [facts[key][name] for name in names], 0.38, color=color, label=system
        )
        axes.bar_label(bars, padding=3)
    axes.set_yticks(places, names)
    axes.margins(x=0.12)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set(xlabel="low-scoring answers", title="What is wrong with low-scoring answers")
    axes.legend(frameon=False, loc="lower right")


def _lengths(axes: Axes, tuned: Mapping[str, Case], low: set[str]) -> None:
    for is_low, color, name in ((False, TUNED_COLOR, "others"), (True, LOW_COLOR, "low-scoring")):
        chosen = [case for case in tuned.values() if (case.row_id in low) == is_low]
        words = [max(count_words(case.reference), 1) for case in chosen]
        scores = [case.rouge_l for case in chosen]
        axes.scatter(words, scores, s=16, color=color, alpha=0.7, label=f"{name} ({len(chosen)})")
    axes.set_xscale("log")
    shortest, longest = axes.get_xlim()
    axes.set_xticks([tick for tick in READABLE_TICKS if shortest <= tick <= longest])
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter("")
    axes.set(xlabel="words of the reference", ylabel="ROUGE-L", title="Score and length asked for")
    axes.legend(frameon=False)


def _rates(axes: Axes, tuned: Mapping[str, Case], low: set[str], field: str) -> None:
    counts = Counter(getattr(case, field) for case in tuned.values())
    failed = Counter(getattr(case, field) for case in tuned.values() if case.row_id in low)
    names = [name for name, _ in counts.most_common(MOST_DOMAINS)]
    names.sort(key=lambda name: failed[name] / counts[name])
    rates = [100 * failed[name] / counts[name] for name in names]
    bars = axes.barh([label(name) for name in names], rates, color=LOW_COLOR)
    axes.bar_label(bars, [f"{failed[name]} of {counts[name]}" for name in names], padding=3)
    axes.margins(x=0.16)
    axes.set(xlabel="low-scoring, %", title=f"By {field} (the most frequent {len(names)})")


def _limit(axes: Axes, tuned: Mapping[str, Case], low: set[str]) -> None:
    groups = {
        "ended\nby itself": [case for case in tuned.values() if case.ended],
        "cut off\nby the limit": [case for case in tuned.values() if not case.ended],
    }
    shares = [
        100 * sum(case.row_id in low for case in group) / len(group) if group else 0
        for group in groups.values()
    ]
    bars = axes.bar(list(groups), shares, 0.5, color=LOW_COLOR)
    axes.bar_label(
        bars,
        [
            f"{sum(case.row_id in low for case in group)} of {len(group)}"
            for group in groups.values()
        ],
        padding=3,
    )
    axes.margins(y=0.12)
    axes.set(ylabel="low-scoring, %", title="By how the answer ended")
