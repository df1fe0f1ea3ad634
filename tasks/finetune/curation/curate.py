"""From the rows as they were read to those that are good enough, and why the others are not."""

import json
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tasks.files import whole_or_nothing
from tasks.finetune.curation.cleaning import FIELDS, clean
from tasks.finetune.curation.fault import Fault, Filter
from tasks.finetune.curation.filters import make_filters
from tasks.finetune.curation.near_duplicates import Alike, NearDuplicates
from tasks.finetune.curation.pii import PersonalData, find, masked
from tasks.finetune.curation.settings import CurationSettings
from tasks.finetune.rows import Row, read_batches, write_rows

NEAR_DUPLICATES = "near_duplicates"
QUARANTINE_KEYS = ("row_id", "source", "filter", "reason", "value", *FIELDS)

Block = Callable[[Row, str, Fault], None]


def curate(
    rows: Path,
    kept: Path,
    quarantine: Path,
    settings: CurationSettings | None = None,
    clusters: Path | None = None,
) -> dict[str, Any]:
    """Clean the rows, block the faulty ones and all but one of those that are nearly the same.

    Args:
        rows: Parquet file of `tasks.finetune.rows`. Where rows are alike the first is kept.
        kept: Parquet file to write, of the same form, cleaned, in the same order.
        quarantine: JSON Lines to write, one object with `QUARANTINE_KEYS` a blocked row; personal
            data and secrets are masked in all of it.
        settings: bounds and thresholds; the defaults when None.
        clusters: JSON object to write, if given: the cluster of each kept row by row_id. Rows of
            one cluster belong in one split.

    Returns:
        Figures that JSON can hold:
        rows, kept, quarantined: numbers of rows;
        reasons: {filter: {reason: rows}};
        sources: {source: {"rows", "kept", "reasons": {filter: {reason: rows}}}};
        repairs: {name: rows};
        pii: {kind: findings} in the rows blocked for them;
        clusters: {"count", "of_several", "rows_in_several", "largest"} among the kept rows;
        settings: as given;
        seconds: {"filters", "near_duplicates", "writing"}.

    Raises:
        BadInput: `rows` cannot be read.
        RuntimeError: rows in are not rows kept and blocked, which is a fault of this module.
    """
    settings = settings or CurationSettings()
    tally = _Tally()
    with ExitStack() as stack:
        block = stack.enter_context(_blocking(quarantine, tally))
        near = stack.enter_context(NearDuplicates(settings))
        passed = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "passed.parquet"
        with _timed("filters", tally), write_rows(passed) as write:
            filters = make_filters(settings)
            for batch in read_batches(rows):
                good = [row for row in _cleaned(batch, tally) if _passes(row, filters, block)]
                for row in good:
                    near.add(row)
                write(good)
        with _timed("near_duplicates", tally):
            alike = near.result()
        with _timed("writing", tally):
            write = stack.enter_context(write_rows(kept))
            for batch in read_batches(passed):
                write(_without_copies(batch, alike, tally, block))
            if clusters:
                path = stack.enter_context(whole_or_nothing(clusters))
                path.write_text(json.dumps(alike.clusters), encoding="utf-8")
        tally.check_sum()
    return tally.figures() | {"clusters": _sizes(alike), "settings": settings.model_dump()}


def read_clusters(path: Path) -> dict[str, str]:
    """The cluster of each kept row by row_id, as `curate` wrote it."""
    return json.loads(path.read_text(encoding="utf-8"))


@dataclass
class _Tally:
    """Counts of one run; everything that figures are made of."""

    rows: Counter[str] = field(default_factory=Counter)  # by source
    kept: Counter[str] = field(default_factory=Counter)  # by source
    blocked: Counter[tuple[str, str, str]] = field(
        default_factory=Counter
    )  # source, filter, reason
    repairs: Counter[str] = field(default_factory=Counter)
    pii: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=dict)

    def check_sum(self) -> None:
        """Raise if a row is neither kept nor blocked, or both."""
        read, kept, blocked = self.rows.total(), self.kept.total(), self.blocked.total()
        if read != kept + blocked:
            raise RuntimeError(f"{read} rows were read, but {kept} kept and {blocked} blocked")

    def figures(self) -> dict[str, Any]:
        """What `curate` returns of the counts."""
        by_source = {
            source: {
                "rows": rows,
                "kept": self.kept[source],
                "reasons": _nested(
                    {key[1:]: n for key, n in self.blocked.items() if key[0] == source}
                ),
            }
            for source, rows in self.rows.items()
        }
        in_all: Counter[tuple[str, str]] = Counter()
        for (_, name, reason), count in self.blocked.items():
            in_all[name, reason] += count
        return {
            "rows": self.rows.total(),
            "kept": self.kept.total(),
            "quarantined": self.blocked.total(),
            "reasons": _nested(in_all),
            "sources": by_source,
            "repairs": dict(self.repairs.most_common()),
            "pii": dict(self.pii.most_common()),
            "seconds": {name: round(seconds, 3) for name, seconds in self.seconds.items()},
        }


def _cleaned(batch: Sequence[Row], tally: _Tally) -> Iterator[Row]:
    """The rows of a batch with what can be repaired repaired."""
    for row in batch:
        cleaned, repairs = clean(row)
        tally.rows[row["source"]] += 1
        tally.repairs.update(repairs)
        yield cleaned


def _passes(row: Row, filters: Sequence[Filter], block: Block) -> bool:
    """Whether no filter blocks the row; the first that does is the one recorded."""
    for each in filters:
        fault = each.check(row)
        if fault:
            block(row, each.name, fault)
            return False
    return True


def _without_copies(batch: Sequence[Row], alike: Alike, tally: _Tally, block: Block) -> list[Row]:
    good = []
    for row in batch:
        copy = alike.copies.get(row["row_id"])
        if copy:
            value = f"Jaccard similarity {copy.similarity:.2f} to {copy.of}, which is kept"
            block(row, NEAR_DUPLICATES, Fault("near duplicate", value))
        else:
            tally.kept[row["source"]] += 1
            good.append(row)
    return good


@contextmanager
def _blocking(path: Path, tally: _Tally) -> Iterator[Block]:
    """A function that writes one blocked row with its reason, masked, and counts it."""
    with whole_or_nothing(path) as temporary, open(temporary, "w", encoding="utf-8") as file:

        def block(row: Row, name: str, fault: Fault) -> None:
            tally.blocked[row["source"], name, fault.reason] += 1
            if name == PersonalData.name:
                tally.pii.update(each.kind for field in FIELDS for each in find(row[field]))
            told = {"filter": name, "reason": fault.reason, "value": masked(fault.value)}
            texts = {field: masked(row[field]) for field in FIELDS}
            entry = {"row_id": row["row_id"], "source": row["source"], **told, **texts}
            file.write(json.dumps(entry, ensure_ascii=False) + "\n")

        yield block


@contextmanager
def _timed(name: str, tally: _Tally) -> Iterator[None]:
    started = time.perf_counter()
    yield
    tally.seconds[name] = time.perf_counter() - started


def _nested(counts: dict[tuple[str, str], int]) -> dict[str, dict[str, int]]:
    nested: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for (name, reason), count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        nested[name][reason] = count
    return dict(nested)


def _sizes(alike: Alike) -> dict[str, int]:
    sizes = Counter(alike.clusters.values())
    several = [size for size in sizes.values() if size > 1]
    return {
        "count": len(sizes),
        "of_several": len(several),
        "rows_in_several": sum(several),
        "largest": max(sizes.values(), default=0),
    }
