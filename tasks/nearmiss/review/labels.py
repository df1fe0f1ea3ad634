"""A person's answers on candidates, and what they say about precision and recall."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from scipy.stats import binomtest

from tasks.errors import BadInput

FORMAT = "nearmiss-labels/1"
LONGEST_NOTE = 2000
LONGEST_QUOTE = 60

REPEATS = 4000
NO_LEVEL, NO_FILTER = "not rated", "no filter named"

MISSED_BEFORE = (
    "Recall is among candidates: a near-miss that never became a candidate is not counted."
)
NOT_RANDOM = (
    "Where only some candidates of a level or filter are answered, they stand for the others of "
    "it; the review page shows the riskiest first, not a random draw, so the figures may be off."
)


class Answer(BaseModel):
    """One candidate's answer.

    `right`: a kept one is a near-miss, a rejected one is none. `wrong`: the opposite.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(min_length=1, max_length=64)]
    table: Literal["kept", "rejected"]
    answer: Literal["right", "wrong", "unsure"]
    note: Annotated[str, Field(max_length=LONGEST_NOTE)] = ""


class Labels(BaseModel):
    """The file that the review page downloads."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal["nearmiss-labels/1"]
    video_sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    answers: list[Answer]


def read_labels(
    path: Path, kept: pd.DataFrame, rejected: pd.DataFrame, video_sha256: str
) -> Labels:
    """Read a labels file and check it against the tables that it is about.

    Args:
        path: of the JSON file.
        kept: interactions; only interaction_id is used.
        rejected: candidates; only interaction_id is used.
        video_sha256: of the video (or the tracks file) that the tables come from.

    Raises:
        BadInput: no such file, no labels, labels of another video, ids that are not in the
            tables, or an id twice.
    """
    labels = _parsed(path)
    if labels.video_sha256 != video_sha256:
        raise BadInput(
            f"{path}: the answers are about another video (sha256 {labels.video_sha256[:12]}… "
            f"instead of {video_sha256[:12]}…); give the labels that belong to this one."
        )
    repeated = [name for name, count in Counter(a.id for a in labels.answers).items() if count > 1]
    if repeated:
        raise BadInput(f"{path}: there is more than one answer for {_some(repeated)}; keep one.")
    ids = {"kept": set(kept["interaction_id"]), "rejected": set(rejected["interaction_id"])}
    unknown = [answer.id for answer in labels.answers if answer.id not in ids[answer.table]]
    if unknown:
        raise BadInput(
            f"{path}: {_some(unknown)} {'is' if len(unknown) == 1 else 'are'} not in the table "
            "that the file names; give the labels of a run with the same settings."
        )
    return labels


def precision_recall(
    labels: Labels,
    kept: pd.DataFrame,
    rejected: pd.DataFrame,
    *,
    repeats: int = REPEATS,
    seed: int = 0,
) -> dict[str, Any]:
    """What the answers say about the tables. `unsure` counts as not answered.

    precision: right / (right + wrong) among the answered kept ones, with the Wilson interval.

    The other figures speak about all candidates: each answered one is weighted by how many of
    its stratum (a level of the kept, a filter of the rejected) stand behind it (Horvitz and
    Thompson 1952); a stratum without an answer is given the mean of the answered ones. With T
    near-misses among K kept and M among the rejected: precision_weighted = T / K,
    recall = T / (T + M), f1 = 2 T / (K + T + M).

    Their intervals are a Bayesian bootstrap (Rubin 1981) within the strata, with half an answer
    on each side (Jeffreys's prior) shared out over the strata: an ordinary bootstrap of answers
    that all agree would have no width. Each is widened to hold its own value.

    Args:
        labels: checked by `read_labels`.
        kept: interaction_id, risk_level.
        rejected: interaction_id, filter.
        repeats: of the bootstrap.
        seed: of the bootstrap.

    Returns:
        JSON-able: precision, precision_weighted, recall, f1 (each with `value` and `interval_95`,
        None where nothing can be said, and its n), sampling, notes.
    """
    answers = {answer.id: answer.answer for answer in labels.answers}
    of_kept = _strata(kept, kept["risk_level"].fillna(NO_LEVEL), answers, near_miss="right")
    of_rejected = _strata(
        rejected, rejected["filter"].fillna(NO_FILTER), answers, near_miss="wrong"
    )
    right = sum(stratum.near_misses for stratum in of_kept)
    n_kept = sum(stratum.answered for stratum in of_kept)
    n_rejected = sum(stratum.answered for stratum in of_rejected)
    rng = np.random.default_rng(seed)
    true, true_draws = _total(of_kept, rng, repeats)
    missed, missed_draws = _total(of_rejected, rng, repeats)
    can_recall = n_kept > 0 and (n_rejected > 0 or rejected.empty)
    n_both = n_kept + n_rejected if can_recall else 0
    found = true + missed
    return {
        "precision": {
            "value": right / n_kept if n_kept else None,
            "interval_95": _wilson(right, n_kept),
            "n": n_kept,
            "right": right,
            "wrong": n_kept - right,
            "unsure": _unsure(kept, answers),
        },
        "precision_weighted": _figure(n_kept, true, len(kept), true_draws, len(kept)),
        "recall": {
            **_figure(n_both, true, found, true_draws, true_draws + missed_draws),
            "n_kept": n_kept,
            "n_rejected": n_rejected,
            "wrongly_rejected": sum(stratum.near_misses for stratum in of_rejected),
            "unsure": _unsure(rejected, answers),
            "near_misses_kept": true if n_kept else None,
            "near_misses_rejected": missed if can_recall else None,
        },
        "f1": _figure(
            n_both,
            2 * true,
            len(kept) + found,
            2 * true_draws,
            len(kept) + true_draws + missed_draws,
        ),
        "sampling": {"kept": _sampling(of_kept), "rejected": _sampling(of_rejected)},
        "notes": _notes(of_kept, of_rejected),
    }


def _parsed(path: Path) -> Labels:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise BadInput(f"{path}: there is no such labels file.") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: is not a text file, so not a labels file.") from error
    except OSError as error:
        raise BadInput(f"{path}: the labels file cannot be read ({error.strerror}).") from error
    try:
        return Labels.model_validate_json(text)
    except ValidationError as error:
        raise BadInput(f"{path}: {_first(error)}; download it again from review.html.") from error


def _first(error: ValidationError) -> str:
    """The first thing that is wrong with the file."""
    problem = error.errors(include_url=False, include_context=False)[0]
    place = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "json_invalid":
        return "is not JSON"
    if problem["type"] == "model_type" and not place:
        return f"is not of the format {FORMAT}"
    if place == "format":
        said = "no format" if problem["type"] == "missing" else _quoted(problem["input"])
        return f"the format has to be {FORMAT}, the file says {said}"
    message = problem["msg"][0].lower() + problem["msg"][1:]
    return f"{_quoted(place)}: {message}"


def _quoted(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST_QUOTE else text[:LONGEST_QUOTE] + "…"


def _some(names: list[str]) -> str:
    shown = ", ".join(_quoted(name) for name in names[:5])
    return f"{shown} and {len(names) - 5} more" if len(names) > 5 else shown


@dataclass(frozen=True)
class _Stratum:
    """Candidates of one level or filter: how many, how many answered, near-misses among those."""

    name: str
    size: int
    answered: int
    near_misses: int


def _strata(
    table: pd.DataFrame, names: pd.Series, answers: dict[str, str], near_miss: str
) -> list[_Stratum]:
    given = table["interaction_id"].map(answers)
    return [
        _Stratum(
            name=str(name),
            size=len(group),
            answered=int(group.isin(("right", "wrong")).sum()),
            near_misses=int((group == near_miss).sum()),
        )
        for name, group in given.groupby(names)
    ]


def _total(
    strata: Iterable[_Stratum], rng: np.random.Generator, repeats: int
) -> tuple[float, np.ndarray]:
    """Near-misses in all strata: the estimate and `repeats` bootstrap draws of it."""
    strata = list(strata)
    covered = [stratum for stratum in strata if stratum.answered]
    total, draws = 0.0, np.zeros(repeats)
    if not covered:
        return total, draws
    answered = sum(stratum.answered for stratum in covered)
    for stratum in covered:
        yes, no = stratum.near_misses, stratum.answered - stratum.near_misses
        # A half in every stratum would add up to a bias larger than the interval.
        prior = 0.5 * stratum.answered / answered
        total += stratum.size * yes / stratum.answered
        draws += stratum.size * rng.beta(yes + prior, no + prior, repeats)
    scale = sum(stratum.size for stratum in strata) / sum(stratum.size for stratum in covered)
    return total * scale, draws * scale


def _figure(
    n: int, above: float, below: float, above_draws: np.ndarray, below_draws: Any
) -> dict[str, Any]:
    """A ratio from n answers with its bootstrap interval, or None of both."""
    if n == 0 or below <= 0:
        return {"value": None, "interval_95": None, "n": n}
    value = above / below
    below_draws = np.broadcast_to(below_draws, above_draws.shape)
    defined = below_draws > 0
    low, high = np.quantile(above_draws[defined] / below_draws[defined], (0.025, 0.975))
    interval = [min(float(low), value), max(float(high), value)]
    return {"value": value, "interval_95": interval, "n": n}


def _wilson(count: int, n: int) -> list[float] | None:
    if n == 0:
        return None
    interval = binomtest(count, n).proportion_ci(method="wilson")
    return [float(interval.low), float(interval.high)]


def _unsure(table: pd.DataFrame, answers: dict[str, str]) -> int:
    return sum(answers.get(name) == "unsure" for name in table["interaction_id"])


def _sampling(strata: list[_Stratum]) -> dict[str, dict[str, int]]:
    return {
        stratum.name: {
            "candidates": stratum.size,
            "answered": stratum.answered,
            "near_misses": stratum.near_misses,
        }
        for stratum in strata
    }


def _notes(of_kept: list[_Stratum], of_rejected: list[_Stratum]) -> list[str]:
    """What a reader of the figures has to know."""
    notes = [MISSED_BEFORE]
    strata = of_kept + of_rejected
    if any(stratum.answered < stratum.size for stratum in strata):
        notes.append(NOT_RANDOM)
    for kind, group in (("kept", of_kept), ("rejected", of_rejected)):
        answered, size = sum(s.answered for s in group), sum(s.size for s in group)
        notes.append(f"{answered} of {size} {kind} candidates are answered.")
        bare = [stratum for stratum in group if not stratum.answered]
        if answered and bare:
            names = ", ".join(f"{stratum.name} ({stratum.size})" for stratum in bare)
            notes.append(f"No {kind} candidate is answered of {names}: given the others' mean.")
    return notes
