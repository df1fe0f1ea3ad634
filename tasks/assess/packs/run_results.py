"""Whether a run's results are there, with their uncertainty."""

import math
import re
from collections.abc import Iterator
from typing import Any

from tasks.assess.packs.base import EvidenceProbe, Looked, no_record
from tasks.assess.packs.files_present import presence
from tasks.assess.packs.work import Work

# Keys whose value is a rate or a mean.
RATE = re.compile(
    r"^(?:.*_)?(?:precision|recall|f1|accuracy|mota|idf1|hota|map|auc|rate|mean|average|perplexity"
    r"|bleu|rouge\w*|exact_match|win_rate|share)$",
    re.IGNORECASE,
)
# Keys that say how sure a rate is.
UNCERTAINTY = re.compile(
    r"(?:^|_)(?:n|count|samples|support|interval|ci|ci95|low|high|lower|upper|std|stderr|spread)$",
    re.IGNORECASE,
)
MOST_NAMED = 5


class RunResults(EvidenceProbe):
    """Metrics, the result files that are asked for, and n or an interval beside every rate."""

    name = "run_results"
    found = "Every run has its metrics, with n or an interval beside rates, and its result files."
    advice = "Put n and an interval beside every rate and mean, and hand in all result files."

    def look(self, work: Work) -> Looked:
        files = presence(work)
        missing = no_record(work)
        if missing:
            return Looked(files.right, files.asked + 1, [*missing.missing, *files.missing])
        metrics = work.record.get("metrics")
        if not isinstance(metrics, dict) or not metrics:
            return Looked(
                files.right, files.asked + 2, ["`metrics` in record.json", *files.missing]
            )
        rates = list(_rates(metrics, "", False))
        bare = [path for path, sure in rates if not sure]
        told = [f"n or an interval beside {path}" for path in bare[:MOST_NAMED]]
        if len(bare) > MOST_NAMED:
            told.append(f"n or an interval beside {len(bare) - MOST_NAMED} more rates")
        return Looked(
            files.right + 1 + (not bare),
            files.asked + 2,
            [*told, *files.missing],
            {"rates": len(rates), "without n or interval": len(bare)},
        )


def _rates(value: Any, path: str, sure_above: bool) -> Iterator[tuple[str, bool]]:
    """(path, whether n or an interval is beside it) of every rate in nested metrics.

    Beside it is: in the same group, or in the group around that.
    """
    if isinstance(value, list):
        for held in value:
            yield from _rates(held, path, sure_above)
    if not isinstance(value, dict):
        return
    sure_here = any(UNCERTAINTY.search(str(key)) for key in value)
    for key, held in value.items():
        inner = f"{path}.{key}" if path else str(key)
        is_rate = isinstance(held, float) and math.isfinite(held) and RATE.match(str(key))
        if is_rate:
            yield inner, sure_here or sure_above
        else:
            yield from _rates(held, inner, sure_here)
