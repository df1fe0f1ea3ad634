"""What the filters took away: candidates before and after, by level."""

from collections.abc import Sequence

import pandas as pd
from scipy.stats import binomtest

from tasks.nearmiss.scoring import LEVELS
from tasks.text import plain

ALL, UNRATED = "All", "not rated"
# Columns that are no filter's; a filter of such a name would hide one.
FIXED = ("level", "before", "kept", "removed", "removed_share", "share_low", "share_high")


def before_after(
    kept: pd.DataFrame, rejected: pd.DataFrame, filters: Sequence[str] = ()
) -> pd.DataFrame:
    """Count the candidates before, taken by each filter, and kept after, by risk level.

    Args:
        kept: interactions; only risk_level is used.
        rejected: candidates; only risk_level and filter are used.
        filters: those that ran, in their order, so that one that took nothing is shown too; any
            other that is in `rejected` follows by name.

    Returns:
        One row a level and a last one for all: level, before, one column a filter, kept, removed,
        removed_share and its 95 % Wilson interval share_low and share_high (NaN of nothing).
        before = the filters' columns + kept in each row.

    Raises:
        ValueError: a filter has no name, or one of the other columns' names.
    """
    names = list(dict.fromkeys(filters))
    names += sorted(set(rejected["filter"].dropna()) - set(names))
    if rejected["filter"].isna().any() or set(names) & set(FIXED):
        raise ValueError(f"Every filter needs a name that is none of {', '.join(FIXED)}.")
    kept_levels = _levels(kept)
    rejected_levels = _levels(rejected)
    rows = []
    for level in (*LEVELS, UNRATED, ALL):
        of_level = rejected["filter"][(rejected_levels == level) | (level == ALL)]
        counts = {name: int((of_level == name).sum()) for name in names}
        kept_count = len(kept) if level == ALL else int((kept_levels == level).sum())
        removed = sum(counts.values())
        before = kept_count + removed
        if level == UNRATED and before == 0:
            continue
        low, high = _interval(removed, before)
        rows.append(
            {
                "level": level,
                "before": before,
                **counts,
                "kept": kept_count,
                "removed": removed,
                "removed_share": removed / before if before else float("nan"),
                "share_low": low,
                "share_high": high,
            }
        )
    return pd.DataFrame(rows)


def as_markdown(table: pd.DataFrame) -> str:
    """The table of `before_after` as Markdown: counts, each with its share of those before."""
    names = [name for name in table.columns if name not in FIXED]
    header = [
        "Level",
        "Before",
        *(plain(name) for name in names),
        "Kept",
        "Removed (95 % interval)",
    ]
    lines = [_line(header), _line(["---", *["---:"] * (len(header) - 1)])]
    for row in table.to_dict("records"):
        before = row["before"]
        removed = _with_share(row["removed"], before)
        if before:
            removed += f" ({100 * row['share_low']:.0f} to {100 * row['share_high']:.0f} %)"
        counts = [_with_share(row[name], before) for name in (*names, "kept")]
        lines.append(_line([row["level"], str(before), *counts, removed]))
    return "\n".join(lines) + "\n"


def _levels(table: pd.DataFrame) -> pd.Series:
    return table["risk_level"].where(table["risk_level"].isin(LEVELS), UNRATED)


def _interval(count: int, n: int) -> tuple[float, float]:
    if n == 0:
        return float("nan"), float("nan")
    interval = binomtest(count, n).proportion_ci(method="wilson")
    return float(interval.low), float(interval.high)


def _with_share(count: int, of: int) -> str:
    return f"{count}, {100 * count / of:.0f} %" if of else "0"


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
