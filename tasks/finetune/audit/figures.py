"""The figures of the audit: what was read, what was blocked and why, what each split holds.

All is measured on the files of a run: the rows as they were read, the quarantine, and the three
split files. Of a row only numbers and names are kept, so that 200,000 rows need no more than a
table of them.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd

from tasks.finetune.audit.tokens import count_tokens
from tasks.finetune.contamination import batches_of, normalised_words
from tasks.finetune.rows import Row, read_batches
from tasks.finetune.splits import SPLITS
from tasks.finetune.writing import read_split

if TYPE_CHECKING:
    from tokenizers import Tokenizer

FIELDS = ("instruction", "input", "output")
TOKEN_LIMIT = 512
EXAMPLES_OF_A_REASON = 5
EXAMPLE_CHARACTERS = 240
OUTLIERS_OF_A_MEASURE = 5
# Words of an output: the edges of the classes in which two runs are compared.
LENGTH_EDGES = (0, 20, 40, 60, 80, 120, 160, 240, 320, 500)
UNKNOWN = "unknown"


class PersonalData(Protocol):
    """A place in a text that holds personal data."""

    kind: str


@dataclass(frozen=True)
class Measured:
    """The audit of one run.

    Attributes:
        figures: JSON-able; see `measure`.
        rows: one line a row in the splits: row_id, source, domain, license, split,
            instruction_words, input_words, output_words, letters_a_word, tokens (NaN where no
            tokenizer was given).
        taken_output_words: words of the output of every row as it was taken from its source.
    """

    figures: dict[str, Any]
    rows: pd.DataFrame
    taken_output_words: np.ndarray


def measure(
    *,
    taken: Path,
    quarantine: Path,
    splits: Path,
    tokenizer: "Tokenizer | None" = None,
    find_pii: Callable[[str], Iterable[PersonalData]] | None = None,
    language_of: Callable[[str], str] | None = None,
    clusters: Mapping[str, str] | None = None,
) -> Measured:
    """Measure the files of a run.

    Args:
        taken: Parquet of the rows that were taken from their sources, as they were read.
        quarantine: JSONL of all rows that were blocked anywhere on the way: row_id, source,
            reason, value and the masked texts. A reason is counted by what stands before its
            first colon.
        splits: folder with train.jsonl, val.jsonl and test.jsonl.
        tokenizer: of the model, for `tokens`.
        find_pii: gives what is personal in a text, each with its `kind`.
        language_of: gives the code of a text's language.
        clusters: row id to cluster, as the split was made with.

    Returns:
        `figures` has the keys rows, lengths, output_words, length_classes, tokens, duplicates,
        vocabulary, sources, domains, licenses, languages, pii, reasons, outliers. What could not
        be measured for want of an argument is None. Lengths are in words, separated by white
        space. Incoming rows are the kept and the quarantined; taken are those that their source
        did not refuse.

    Raises:
        BadInput: a file is missing or damaged.
    """
    before = _Pass(find_pii, language_of)
    for batch in read_batches(taken):
        before.take(batch)
    reasons = _reasons(quarantine)
    after = _Pass(find_pii, language_of)
    tables, vocabularies = [], {}
    for split in SPLITS:
        words: Counter[str] = Counter()
        for batch in batches_of(read_split(splits, split)):
            after.take(batch)
            for row in batch:
                words.update(normalised_words(row))
            tables.append(_table(batch, split, tokenizer))
        vocabularies[split] = words
    rows = pd.concat([table for table in tables if len(table)] or [_table([], "train", None)])
    rows = rows.reset_index(drop=True)
    quarantined = sum(reason["rows"] for reason in reasons)
    figures = {
        "rows": {
            "incoming": quarantined + len(rows),
            "taken": len(before.words["output"]),
            "quarantined": quarantined,
            "kept": len(rows),
        }
        | {split: int((rows["split"] == split).sum()) for split in SPLITS},
        "lengths": {"before": before.lengths(), "after": after.lengths()},
        "output_words": {
            split: summary(rows.loc[rows["split"] == split, "output_words"]) for split in SPLITS
        },
        "length_classes": length_classes(rows["output_words"]),
        "tokens": None if tokenizer is None else _tokens(rows),
        "duplicates": _duplicates(reasons, quarantined + len(rows), rows, clusters),
        "vocabulary": _vocabulary(vocabularies),
        "sources": _sources(reasons, rows),
        "domains": _counts_by_split(rows, "domain"),
        "licenses": _counts_by_split(rows, "license"),
        "languages": None
        if language_of is None
        else {"before": dict(before.languages), "after": dict(after.languages)},
        "pii": None
        if find_pii is None
        else {"before": dict(before.personal), "after": dict(after.personal)},
        "reasons": reasons,
        "outliers": outliers(rows),
    }
    return Measured(figures, rows, np.array(before.words["output"], int))


class _Pass:
    """What is counted once over rows as they were read, and again over those in the splits."""

    def __init__(
        self,
        find_pii: Callable[[str], Iterable[PersonalData]] | None,
        language_of: Callable[[str], str] | None,
    ) -> None:
        self._find_pii = find_pii
        self._language_of = language_of
        self.words: dict[str, list[int]] = {field: [] for field in FIELDS}
        self.languages: Counter[str] = Counter()
        self.personal: Counter[str] = Counter()

    def take(self, batch: list[Row]) -> None:
        for row in batch:
            for field in FIELDS:
                self.words[field].append(len(row[field].split()))
            text = "\n".join(row[field] for field in FIELDS if row[field])
            if self._language_of is not None:
                self.languages[self._language_of(text)] += 1
            if self._find_pii is not None:
                self.personal.update(finding.kind for finding in self._find_pii(text))

    def lengths(self) -> dict[str, Any]:
        return {field: summary(words) for field, words in self.words.items()}


def summary(values: Iterable[float]) -> dict[str, Any] | None:
    """n, mean, sd, min, p5, median, p95 and max; None of no values."""
    array = np.asarray(list(values), float)
    if not len(array):
        return None
    low, middle, high = np.percentile(array, [5, 50, 95])
    return {
        "n": len(array),
        "mean": round(float(array.mean()), 1),
        "sd": round(float(array.std()), 1),
        "min": round(float(array.min()), 1),
        "p5": round(float(low), 1),
        "median": round(float(middle), 1),
        "p95": round(float(high), 1),
        "max": round(float(array.max()), 1),
    }


def length_classes(words: Iterable[int]) -> dict[str, int]:
    """How many values are in each class of `LENGTH_EDGES`, "from-to" with the end left out."""
    edges = [*LENGTH_EDGES, np.inf]
    counts, _ = np.histogram(np.asarray(list(words), float), bins=edges)
    names = [f"{start}-{end}" for start, end in pairwise(LENGTH_EDGES)]
    return dict(zip([*names, f"{LENGTH_EDGES[-1]}-"], counts.tolist(), strict=True))


def outliers(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows far from the others in a length, the furthest first, and how many there are.

    Far is beyond Tukey's fences (1.5 interquartile ranges outside the quartiles) of the logarithm,
    since lengths are skewed.
    """
    found = []
    for measure, name in {
        "instruction_words": "words of the instruction",
        "output_words": "words of the output",
        "letters_a_word": "letters a word of the output",
    }.items():
        logs = np.log(np.maximum(rows[measure].to_numpy(float), 0.5))
        if not len(logs):
            continue
        low, high = np.percentile(logs, [25, 75])
        fences = low - 1.5 * (high - low), high + 1.5 * (high - low)
        distance = np.maximum(fences[0] - logs, logs - fences[1])
        outside = np.flatnonzero(distance > 1e-9)
        furthest = outside[np.argsort(-distance[outside], kind="stable")][:OUTLIERS_OF_A_MEASURE]
        found.append(
            {
                "measure": name,
                "usual_from": round(float(np.exp(fences[0])), 1),
                "usual_to": round(float(np.exp(fences[1])), 1),
                "rows": len(outside),
                "furthest": [
                    {
                        "row_id": str(rows["row_id"].iloc[place]),
                        "value": round(float(rows[measure].iloc[place]), 1),
                    }
                    for place in furthest
                ],
            }
        )
    return found


def _table(batch: list[Row], split: str, tokenizer: "Tokenizer | None") -> pd.DataFrame:
    tokens: list[float] = [np.nan] * len(batch)
    if tokenizer is not None:
        tokens = count_tokens(
            tokenizer,
            ["\n\n".join(row[field] for field in FIELDS if row[field]) for row in batch],
        )
    output_words = [len(row["output"].split()) for row in batch]
    letters = [len("".join(row["output"].split())) for row in batch]
    return pd.DataFrame(
        {
            "row_id": [row["row_id"] for row in batch],
            "source": [row["source"] for row in batch],
            "domain": [row["domain"] or UNKNOWN for row in batch],
            "license": [row["license"] or UNKNOWN for row in batch],
            "split": split,
            "instruction_words": [len(row["instruction"].split()) for row in batch],
            "input_words": [len(row["input"].split()) for row in batch],
            "output_words": output_words,
            "letters_a_word": np.array(letters, float) / np.maximum(output_words, 1),
            "tokens": np.array(tokens, float),
        }
    )


def _tokens(rows: pd.DataFrame) -> dict[str, Any]:
    """Tokens of instruction, input and output, and what a limit leaves of them."""
    tokens = rows["tokens"].to_numpy(float)
    survives = np.minimum(1, TOKEN_LIMIT / np.maximum(tokens, 1))
    longest = np.argsort(-tokens, kind="stable")[:OUTLIERS_OF_A_MEASURE]
    return {
        "limit": TOKEN_LIMIT,
        "summary": summary(tokens),
        "cut_rows": int((tokens > TOKEN_LIMIT).sum()),
        "mean_share_left": round(float(survives.mean()), 4) if len(tokens) else None,
        "tokens_left": round(float(np.minimum(tokens, TOKEN_LIMIT).sum() / tokens.sum()), 4)
        if tokens.sum()
        else None,
        "longest": [
            {
                "row_id": str(rows["row_id"].iloc[place]),
                "tokens": int(tokens[place]),
                "share_left": round(float(survives[place]), 3),
            }
            for place in longest
            if tokens[place] > TOKEN_LIMIT
        ],
    }


def _reasons(quarantine: Path) -> list[dict[str, Any]]:
    """Each reason with its rows, how many of them each source has, and examples; most first."""
    counts: dict[str, Counter[str]] = {}
    examples: dict[str, list[tuple[bytes, dict[str, str]]]] = {}
    for row in _lines(quarantine):
        reason = str(row["reason"]).partition(":")[0].strip()
        counts.setdefault(reason, Counter())[str(row["source"])] += 1
        # By hash, so that the examples are of all sources and the same in every run.
        key = blake2b(str(row["row_id"]).encode(), digest_size=8).digest()
        kept = examples.setdefault(reason, [])
        kept.append((key, _example(row)))
        kept.sort(key=lambda pair: pair[0])
        del kept[EXAMPLES_OF_A_REASON:]
    return [
        {
            "reason": reason,
            "rows": of_sources.total(),
            "sources": dict(sorted(of_sources.items())),
            "examples": [example for _, example in examples[reason]],
        }
        for reason, of_sources in sorted(
            counts.items(), key=lambda pair: (-pair[1].total(), pair[0])
        )
    ]


def _example(row: dict[str, Any]) -> dict[str, str]:
    texts = (str(row.get(field) or "") for field in (*FIELDS, "excerpt"))
    text = " ".join(" ".join(texts).split())
    if len(text) > EXAMPLE_CHARACTERS:
        text = text[:EXAMPLE_CHARACTERS].rstrip() + " …"
    detail = str(row["reason"]).partition(":")[2].strip() or str(row.get("value") or "")
    return {
        "row_id": str(row["row_id"]),
        "source": str(row["source"]),
        "found": " ".join(detail.split())[:EXAMPLE_CHARACTERS],
        "text": text,
    }


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.strip():
                yield json.loads(line)


def _duplicates(
    reasons: list[dict[str, Any]],
    incoming: int,
    rows: pd.DataFrame,
    clusters: Mapping[str, str] | None,
) -> dict[str, Any]:
    """Shares of the incoming rows that were blocked as duplicates, and related rows among the kept.

    A cluster is counted where at least two of its rows are kept.
    """
    blocked = {
        reason["reason"]: {"rows": reason["rows"], "share": round(reason["rows"] / incoming, 4)}
        for reason in reasons
        if "duplicate" in reason["reason"]
    }
    if clusters is None:
        return {"blocked": blocked, "clusters": None}
    sizes = Counter(clusters.get(row_id, row_id) for row_id in rows["row_id"])
    related = [size for size in sizes.values() if size > 1]
    return {
        "blocked": blocked,
        "clusters": {
            "clusters": len(related),
            "rows": sum(related),
            "largest": max(related, default=0),
        },
    }


def _vocabulary(words: dict[str, Counter[str]]) -> dict[str, Any]:
    """Distinct words of each split, and how much of the held-out words training has.

    `words_known` is the share of distinct words, `text_known` that of all running words.
    """
    known = words["train"]
    figures: dict[str, Any] = {"train": {"words": len(known), "running_words": known.total()}}
    for split in ("val", "test"):
        of_split = words[split]
        shared = [word for word in of_split if word in known]
        running = sum(of_split[word] for word in shared)
        figures[split] = {
            "words": len(of_split),
            "running_words": of_split.total(),
            "words_known": round(len(shared) / len(of_split), 4) if of_split else None,
            "text_known": round(running / of_split.total(), 4) if of_split else None,
        }
    return figures


def _sources(reasons: list[dict[str, Any]], rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Each source with its incoming, quarantined and kept rows, those of each split, licences."""
    quarantined: Counter[str] = Counter()
    for reason in reasons:
        quarantined.update(reason["sources"])
    sources = []
    for source in sorted({*quarantined, *rows["source"]}):
        of_source = rows[rows["source"] == source]
        splits = of_source["split"].value_counts()
        sources.append(
            {
                "source": source,
                "incoming": quarantined[source] + len(of_source),
                "quarantined": quarantined[source],
                "kept": len(of_source),
            }
            | {split: int(splits.get(split, 0)) for split in SPLITS}
            | {"licenses": _counts(of_source["license"])}
        )
    return sources


def _counts(values: pd.Series) -> dict[str, int]:
    """How often each value occurs, the most frequent first."""
    pairs = sorted(values.value_counts().items(), key=lambda pair: (-pair[1], str(pair[0])))
    return {str(value): int(count) for value, count in pairs}


def _counts_by_split(rows: pd.DataFrame, column: str) -> list[dict[str, Any]]:
    """Rows of each value of a column in each split, the most frequent value first."""
    table = pd.crosstab(rows[column], rows["split"]).reindex(columns=list(SPLITS), fill_value=0)
    return [
        {"name": name, "kept": count} | {split: int(table.loc[name, split]) for split in SPLITS}
        for name, count in _counts(rows[column]).items()
    ]
