"""Changes of the training rows that failures ask for. No text of a held-out row enters training.

Failures are rows of validation. Their texts decide which training rows count double; were those
of test to decide it, test would no longer measure how the model does on questions never seen.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tasks.errors import BadInput
from tasks.finetune.contamination import SHARED_RUN, HeldOut
from tasks.finetune.curation.words import count_words
from tasks.finetune.writing import KEYS

NEIGHBOURS = 3
LONG_SHARE = 1 / 3
# What a copy's row_id ends with, so that row_ids stay unique.
COPY = "#2"
# Two signs or more, so that commands with their dots, slashes and hyphens stay whole.
_WORDS = r"\b\w[\w./-]+\b"

SplitRow = dict[str, str]


@dataclass(frozen=True)
class Material:
    """What a change of the data may look at.

    Attributes:
        train: rows of training, in order.
        failures: rows of validation whose answers scored low.
        held_out: all rows of validation and test, for new rows to be compared with.
        clusters: row_id to cluster of related rows.
        more: further rows that somebody gave.
    """

    train: Sequence[SplitRow]
    failures: Sequence[SplitRow]
    held_out: Sequence[SplitRow]
    clusters: Mapping[str, str] = field(default_factory=dict)
    more: Sequence[SplitRow] = ()


@dataclass(frozen=True)
class Repaired:
    """The rows after the change, and what was done.

    Attributes:
        rows: to train on.
        figures: JSON-able: before, after, added, removed, and what the change counts besides.
    """

    rows: list[SplitRow]
    figures: dict[str, Any]


def repair(name: str, material: Material) -> Repaired:
    """Make the change of this name.

    Raises:
        BadInput: it is unknown, or changes nothing of these rows, so that to train again is idle.
        RuntimeError: a row of the result is held out, which is a fault of this module's caller.
    """
    if name not in REPAIRS:
        raise BadInput(f"there is no change of the data called {name!r}: use {', '.join(REPAIRS)}")
    rows, further = REPAIRS[name](material)
    held_out = {row["row_id"] for row in material.held_out}
    if any(row["row_id"].removesuffix(COPY) in held_out for row in rows):
        raise RuntimeError("a held-out row is among the rows to train on")
    before = {row["row_id"] for row in material.train}
    after = {row["row_id"] for row in rows}
    if before == after:
        raise BadInput(f"the change {name} leaves the training rows as they are: choose another")
    figures = {
        "before": len(material.train),
        "after": len(rows),
        "added": len(after - before),
        "removed": len(before - after),
    }
    return Repaired(rows, figures | further)


def near_failures(material: Material) -> tuple[list[SplitRow], dict[str, Any]]:
    """The training rows nearest to failed validation rows come twice.

    Nearest is by the cosine of TF-IDF vectors of words in question and reference answer, of
    which a row without a shared word has none.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    if not material.failures:
        raise BadInput("no validation answer scored low: there is nothing to be near to")
    vectors = TfidfVectorizer(sublinear_tf=True, token_pattern=_WORDS)
    of_train = vectors.fit_transform([_text(row) for row in material.train])
    similarity = (vectors.transform([_text(row) for row in material.failures]) @ of_train.T).tocsr()
    chosen: set[int] = set()
    for number in range(similarity.shape[0]):
        row = similarity[number]
        nearest = sorted(zip(-row.data, row.indices, strict=True))[:NEIGHBOURS]
        chosen.update(int(index) for _, index in nearest)
    return _doubled(material.train, chosen), {
        "failures": len(material.failures),
        "neighbours": NEIGHBOURS,
    }


def long_answers(material: Material) -> tuple[list[SplitRow], dict[str, Any]]:
    """The third of the training rows with the longest answers comes twice."""
    words = [count_words(row["output"]) for row in material.train]
    longest = sorted(range(len(words)), key=lambda number: (-words[number], number))
    chosen = longest[: round(LONG_SHARE * len(words))]
    shortest = min((words[number] for number in chosen), default=0)
    return _doubled(material.train, set(chosen)), {"from_words": shortest}


def one_of_a_cluster(material: Material) -> tuple[list[SplitRow], dict[str, Any]]:
    """Of each cluster of related training rows the one with the longest answer is kept."""
    best: dict[str, SplitRow] = {}
    for row in material.train:
        cluster = material.clusters.get(row["row_id"], row["row_id"])
        if cluster not in best or len(row["output"]) > len(best[cluster]["output"]):
            best[cluster] = row
    kept = {row["row_id"] for row in best.values()}
    return [row for row in material.train if row["row_id"] in kept], {"clusters": len(best)}


def add_rows(material: Material) -> tuple[list[SplitRow], dict[str, Any]]:
    """Further rows come in, but for those that give a held-out row away or are there already.

    A row gives one away where both have a run of 13 words in common or are near-duplicates
    (`contamination`); its refusal names the held-out row.
    """
    held_out = HeldOut([list(material.held_out)])
    ids = {row["row_id"] for row in (*material.train, *material.held_out)}
    asked = {_question(row) for row in material.train}
    added: list[SplitRow] = []
    refused: list[dict[str, str]] = []
    for place, row in enumerate(material.more, start=1):
        reason = _refusal(row, place, held_out, ids, asked)
        if reason:
            refused.append({"row_id": str(row.get("row_id", f"row {place}")), "reason": reason})
        else:
            ids.add(row["row_id"])
            asked.add(_question(row))
            added.append({key: row[key] for key in KEYS})
    if not added and refused:
        first = refused[0]["reason"]
        raise BadInput(f"all {len(refused)} further rows were refused, the first because {first}")
    return [*material.train, *added], {"given": len(material.more), "refused": refused}


REPAIRS: dict[str, Callable[[Material], tuple[list[SplitRow], dict[str, Any]]]] = {
    repair.__name__: repair for repair in (near_failures, long_answers, one_of_a_cluster, add_rows)
}


def _refusal(
    row: Mapping[str, Any], place: int, held_out: HeldOut, ids: set[str], asked: set[tuple]
) -> str:
    missing = [key for key in KEYS if not isinstance(row.get(key), str)]
    if missing:
        return f"row {place} lacks {', '.join(missing)}"
    if not row["instruction"].strip() or not row["output"].strip():
        return "it has no question or no answer"
    if row["row_id"] in ids:
        return "its row_id is taken"
    if _question(row) in asked:
        return "its question is in training already"
    leaks = held_out.leaks_of(dict(row))
    if leaks:
        kind = "shares 13 words on end with" if leaks[0].kind == SHARED_RUN else "is nearly"
        return f"it {kind} the held-out row {leaks[0].row_id}"
    return ""


def _doubled(rows: Sequence[SplitRow], chosen: set[int]) -> list[SplitRow]:
    copies = [rows[number] | {"row_id": rows[number]["row_id"] + COPY} for number in sorted(chosen)]
    return [*rows, *copies]


def _text(row: Mapping[str, str]) -> str:
    return "\n".join((row["instruction"], row["input"], row["output"]))


def _question(row: Mapping[str, str]) -> tuple[str, str]:
    return (
        " ".join(row["instruction"].casefold().split()),
        " ".join(row["input"].casefold().split()),
    )
