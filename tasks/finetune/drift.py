"""How far the data of this run has moved from that of the run before.

Distributions are compared by the population stability index, the sum over classes of
(new - old) * ln(new / old) of their shares (Siddiqi, "Credit risk scorecards", 2006). Above 0.2 it
is by custom called a shift. Small data reach that by chance: between two samples of the same
population the index is expected at (classes - 1) * (1 / n_old + 1 / n_new) (Yurdakul and Naranjo,
"Statistical properties of the population stability index", 2020), so three times that must be
passed too.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

SHIFT = 0.2
TIMES_CHANCE = 3
# A smaller change of these is no news.
KEPT_SHARE_CHANGE = 0.1
ROWS_LOST = 0.1
# Stands for a class that one of the two runs does not have.
HALF_A_ROW = 0.5


def warnings(now: dict[str, Any], before: dict[str, Any]) -> list[str]:
    """One sentence for each way in which the data drifted.

    Args:
        now: figures of `audit.figures.measure`.
        before: the same of an earlier run.
    """
    found = []
    for what, new, old in (
        ("lengths of the outputs", now["length_classes"], before["length_classes"]),
        ("sources", _kept(now["sources"], "source"), _kept(before["sources"], "source")),
        ("domains", _kept(now["domains"], "name"), _kept(before["domains"], "name")),
        ("reasons for blocking", _rows(now["reasons"]), _rows(before["reasons"])),
    ):
        index, threshold = stability_index(new, old), shift_from(new, old)
        if index > threshold:
            found.append(
                f"The {what} have shifted since the run before: stability index {index:.2f}, "
                f"above {threshold:.2f}; most: {_largest_change(new, old)}."
            )
    kept, kept_before = _kept_share(now), _kept_share(before)
    if abs(kept - kept_before) > KEPT_SHARE_CHANGE:
        found.append(
            f"{100 * kept:.1f} % of the incoming rows are kept, {100 * kept_before:.1f} % were in "
            "the run before."
        )
    rows, rows_before = now["rows"]["kept"], before["rows"]["kept"]
    if rows < (1 - ROWS_LOST) * rows_before:
        found.append(f"{rows} rows are kept, {rows_before} were in the run before.")
    return found


def stability_index(new: Mapping[str, int], old: Mapping[str, int]) -> float:
    """The population stability index of two counts by class; 0 where one of them is empty."""
    if not sum(new.values()) or not sum(old.values()):
        return 0.0
    classes = _classes(new, old)
    shares = [
        np.maximum([counts.get(name, 0) for name in classes], HALF_A_ROW) / sum(counts.values())
        for counts in (new, old)
    ]
    return float(((shares[0] - shares[1]) * np.log(shares[0] / shares[1])).sum())


def shift_from(new: Mapping[str, int], old: Mapping[str, int]) -> float:
    """The index above which two counts by class are called shifted."""
    if not sum(new.values()) or not sum(old.values()):
        return SHIFT
    chance = (len(_classes(new, old)) - 1) * (1 / sum(new.values()) + 1 / sum(old.values()))
    return max(SHIFT, TIMES_CHANCE * chance)


def _classes(new: Mapping[str, int], old: Mapping[str, int]) -> list[str]:
    return sorted(name for name in {*new, *old} if new.get(name) or old.get(name))


def _largest_change(new: Mapping[str, int], old: Mapping[str, int]) -> str:
    """The class whose share changed most, and both shares."""
    shares = {
        name: (new.get(name, 0) / sum(new.values()), old.get(name, 0) / sum(old.values()))
        for name in _classes(new, old)
    }
    name, (now, before) = max(shares.items(), key=lambda pair: abs(pair[1][0] - pair[1][1]))
    return f"{name}, {100 * before:.1f} % before and {100 * now:.1f} % now"


def _kept(values: list[dict[str, Any]], key: str) -> dict[str, int]:
    return {value[key]: value["kept"] for value in values}


def _rows(reasons: list[dict[str, Any]]) -> dict[str, int]:
    return {reason["reason"]: reason["rows"] for reason in reasons}


def _kept_share(figures: dict[str, Any]) -> float:
    return figures["rows"]["kept"] / max(1, figures["rows"]["incoming"])
