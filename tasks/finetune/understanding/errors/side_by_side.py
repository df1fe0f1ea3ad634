"""The best and the worst answers beside the base model's, each with a few sentences on why."""

from collections.abc import Mapping, Sequence
from typing import Any

from tasks.finetune.curation.words import count_words
from tasks.finetune.evaluation.key_facts import key_facts, missing
from tasks.finetune.understanding.cases import Case
from tasks.finetune.understanding.errors.classes import other
from tasks.finetune.understanding.errors.sorting import Verdict

SHOWN = 5
# A smaller difference of ROUGE-L is not worth a word.
NOTABLE = 0.02


def best_and_worst(
    tuned: Sequence[Case],
    base: Mapping[str, Case],
    verdicts: Mapping[str, Verdict],
    count: int = SHOWN,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The best and the worst `count` answers by ROUGE-L; of fewer rows, none is in both.

    Args:
        tuned: all answers of the tuned model.
        base: row id to the base model's answer.
        verdicts: row id to what is wrong, of every low answer; one of the worst may be none.

    Returns:
        Best first and worst first: {"row_id", "instruction", "input", "truth", "base", "tuned",
        "base_rougeL", "rougeL", "why"}.
    """
    in_order = sorted(tuned, key=lambda case: (-case.rouge_l, case.row_id))
    best = in_order[: min(count, (len(in_order) + 1) // 2)]
    worst = in_order[len(best) :][::-1][:count]
    good = [(case, base.get(case.row_id)) for case in best]
    bad = [(case, base.get(case.row_id)) for case in worst]
    return (
        [_shown(case, before, _how_good(case, before)) for case, before in good],
        [
            _shown(case, before, why_bad(case, before, verdicts[case.row_id]))
            if case.row_id in verdicts
            else _shown(case, before, _how_good(case, before))
            for case, before in bad
        ],
    )


def why_bad(case: Case, base: Case | None, verdict: Verdict) -> str:
    """Two or three sentences: the class with its evidence, and how the base model fares."""
    said_by = f", as {verdict.who} decided" if verdict.who else ""
    first = f"{verdict.name.capitalize()}{said_by}: {verdict.evidence[0].lower()}"
    sentences = [first + verdict.evidence[1:].rstrip(".") + "."]
    also = {
        name: evidence
        for name, evidence in verdict.also.items()
        if name not in (verdict.overruled, other.NAME)
    }
    if also:
        name, evidence = next(iter(also.items()))
        sentences.append(f"It is {_article(name)} as well: {evidence[0].lower()}{evidence[1:]}")
    sentences.append(_against_base(case, base) or _facts(case))
    return " ".join(sentences)


def _how_good(case: Case, base: Case | None) -> str:
    words, expected = count_words(case.answer), count_words(case.reference)
    end = "ended by itself" if case.ended else "was ended by the limit of new tokens"
    length = f"The answer {end} after {words} words; the reference has {expected}."
    return " ".join(each for each in (_facts(case), length, _against_base(case, base)) if each)


def _facts(case: Case) -> str:
    facts = key_facts(case.reference, case.question)
    if not facts:
        return "The reference has no key facts, so only its wording is compared."
    lost = missing(facts, case.answer)
    found = [fact.text for fact in facts if fact not in lost]
    named = f" ({', '.join(found[:4])})" if found else ""
    return f"It states {len(found)} of {len(facts)} key facts of the reference{named}."


def _against_base(case: Case, base: Case | None) -> str:
    if base is None:
        return ""
    change = case.rouge_l - base.rouge_l
    if abs(change) < NOTABLE:
        return f"The base model scores about the same ({base.rouge_l:.2f})."
    better = "higher" if change > 0 else "lower"
    return (
        f"Its ROUGE-L of {case.rouge_l:.2f} is {better} than the base model's {base.rouge_l:.2f}."
    )


def _article(name: str) -> str:
    """A class as part of a sentence: "a hallucination", but "incomplete" and "off-topic"."""
    return name if name in ("incomplete", "off-topic") else f"a{'n' * (name[0] in 'aeio')} {name}"


def _shown(case: Case, base: Case | None, why: str) -> dict[str, Any]:
    return {
        "row_id": case.row_id,
        "instruction": case.instruction,
        "input": case.input,
        "truth": case.reference,
        "base": base.answer if base else "",
        "tuned": case.answer,
        "base_rougeL": base.rouge_l if base else None,
        "rougeL": case.rouge_l,
        "why": why,
    }
