"""The `errors` facts: which answers failed, how, and what failing goes together with."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from tasks.errors import BadInput
from tasks.finetune.understanding.cases import Case
from tasks.finetune.understanding.errors.classes import CLASSES, NAMES
from tasks.finetune.understanding.errors.hypotheses import hypotheses
from tasks.finetune.understanding.errors.low_scoring import Bounds, bounds_of, low_scoring
from tasks.finetune.understanding.errors.overrides import Override
from tasks.finetune.understanding.errors.side_by_side import SHOWN, best_and_worst, why_bad
from tasks.finetune.understanding.errors.sorting import Verdict, sort
from tasks.finetune.understanding.errors.training_text import TrainingText


def analyse(
    tuned: Mapping[str, Case],
    base: Mapping[str, Case],
    known: TrainingText,
    overrides: Mapping[str, Override] | None = None,
    clusters: Mapping[str, str] | None = None,
    bounds: Bounds | None = None,
) -> dict[str, Any]:
    """The `errors` facts, JSON-able.

    Args:
        tuned: row id to the tuned model's answer, of the whole test split.
        base: the same of the base model.
        known: the rows of training.
        overrides: a person's verdicts, of `read_overrides`.
        clusters: row id to near-duplicate group.
        bounds: below what an answer scores low; by default those of `bounds_of` for these answers.
            Two runs can be compared by their failures only where both have the same.

    Returns:
        "n", "domains" (name to answers), "n_low", "threshold" and "bounds" (in words and as
        numbers); "classes" and
        "base_classes" (name to count, in order of precedence; the base model's by the same bounds,
        "base_n_low" in all), "meanings"; "best"
        and "worst" (of `best_and_worst`); "low" (one a low-scoring answer: row_id, class, evidence,
        also, overruled, who, rougeL, base_rougeL, key_facts, domain, source, instruction, answer,
        why); "hypotheses"; "overrides_applied", "overrides_not_applied" (row ids whose answer is
        not the one that was judged, or scores well now).

    Raises:
        BadInput: the tuned model answered nothing.
    """
    if not tuned:
        raise BadInput("there is no answer of the tuned model: answer the test split first")
    bounds = bounds or bounds_of(list(tuned.values()))
    low = low_scoring(list(tuned.values()), bounds)
    applied = {
        case.row_id: override
        for case in low
        if (override := (overrides or {}).get(case.row_id)) and override.concerns(case.answer)
    }
    verdicts = {
        case.row_id: sort(
            case,
            known,
            base[case.row_id].answer if case.row_id in base else "",
            applied.get(case.row_id),
        )
        for case in _with_worst(low, tuned)
    }
    best, worst = best_and_worst(list(tuned.values()), base, verdicts)
    low_ids = {case.row_id for case in low}
    base_low = low_scoring(list(base.values()), bounds)
    return {
        "n": len(tuned),
        "domains": dict(Counter(case.domain for case in tuned.values())),
        "n_low": len(low),
        "threshold": str(bounds),
        "bounds": asdict(bounds),
        "classes": _counted(verdicts[case.row_id].name for case in low),
        "base_n_low": len(base_low),
        "base_classes": _counted(sort(case, known).name for case in base_low),
        "meanings": {each.NAME: each.MEANING for each in CLASSES},
        "best": best,
        "worst": worst,
        "low": [_entry(case, base.get(case.row_id), verdicts[case.row_id]) for case in low],
        "hypotheses": hypotheses(
            list(tuned.values()), [row_id in low_ids for row_id in tuned], known, clusters
        ),
        "overrides_applied": sorted(applied),
        "overrides_not_applied": sorted(set(overrides or {}) - set(applied)),
    }


def _with_worst(low: Sequence[Case], tuned: Mapping[str, Case]) -> list[Case]:
    """The low-scoring answers, and the worst ones should they not be among them."""
    worst = sorted(tuned.values(), key=lambda case: (case.rouge_l, case.row_id))[:SHOWN]
    return list({case.row_id: case for case in (*low, *worst)}.values())


def _counted(names: Iterable[str]) -> dict[str, int]:
    counts = Counter(names)
    return {name: counts[name] for name in NAMES}


def _entry(case: Case, base: Case | None, verdict: Verdict) -> dict[str, Any]:
    return {
        "row_id": case.row_id,
        "class": verdict.name,
        "evidence": verdict.evidence,
        "also": verdict.also,
        "overruled": verdict.overruled,
        "who": verdict.who,
        "rougeL": case.rouge_l,
        "base_rougeL": base.rouge_l if base else None,
        "key_facts": case.key_facts,
        "domain": case.domain,
        "source": case.source,
        "instruction": case.instruction,
        "answer": case.answer,
        "why": why_bad(case, base, verdict),
    }
