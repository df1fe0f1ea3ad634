"""What was forgotten: 15 questions scored 0 or 1, and general English, base against tuned."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tasks.finetune.evaluation import bootstrap
from tasks.finetune.understanding.forgetting.paired_rates import paired_interval
from tasks.finetune.understanding.forgetting.questions import KINDS, Question
from tasks.finetune.understanding.forgetting.sentences import Sentences

MAX_NEW_TOKENS = 100
ALL_QUESTIONS = "all questions"
PERPLEXITY = "perplexity of general English"
# What the task's answers look like and general ones do not: code, numbered steps, bold menu names.
_TASK_FORM = re.compile(r"`[^`\n]+`|^```|^\s*\d+\. |\*\*[^*\n]+\*\*", re.MULTILINE)


def compare(
    questions: Sequence[Question],
    base_answers: Sequence[str],
    tuned_answers: Sequence[str],
    sentences: Sentences,
    base_nll: Sequence[tuple[float, int]],
    tuned_nll: Sequence[tuple[float, int]],
    training: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The `forgetting` facts, JSON-able.

    Args:
        questions: of `read_questions`.
        base_answers: of the model before, one a question, greedy.
        tuned_answers: of the model after, from the same prompts.
        sentences: of `find_sentences`.
        base_nll: of `sentence_nll`, one a sentence.
        tuned_nll: the same after.
        training: the shared facts of the training, for the hypotheses and the mitigations.

    Returns:
        "rows": {"test", "base", "tuned", "degradation_percent" (positive is worse; None where the
        base scored 0), "low", "high" (95 % interval of tuned minus base), "n", "lost", "gained"
        (questions; None for the perplexity), "higher_is_better", "verdict"}; "questions": both
        answers with their scores; "sentences"; "hypotheses"; "mitigations".

    Raises:
        ValueError: not one answer a question or one sum a sentence.
    """
    judged = [
        {
            "id": question.id,
            "kind": question.kind,
            "prompt": question.prompt,
            "expected": question.right[0],
            "base_answer": base,
            "tuned_answer": tuned,
            "base": int(question.is_right(base)),
            "tuned": int(question.is_right(tuned)),
        }
        for question, base, tuned in zip(questions, base_answers, tuned_answers, strict=True)
    ]
    rows = [
        _rate_row(name, [each for each in judged if each["kind"] == kind])
        for kind, name in KINDS.items()
        if any(each["kind"] == kind for each in judged)
    ]
    rows += [_rate_row(ALL_QUESTIONS, judged), _perplexity_row(sentences, base_nll, tuned_nll)]
    facts = {"rows": rows, "questions": judged}
    return facts | {
        "sentences": {
            "source": sentences.source,
            "license": sentences.license,
            "sha256": sentences.sha256,
            "n": len(sentences.texts),
        },
        "hypotheses": hypotheses(rows, judged, training or {}),
        "mitigations": mitigations(rows, training or {}),
    }


def hypotheses(
    rows: Sequence[Mapping[str, Any]],
    judged: Sequence[Mapping[str, Any]],
    training: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """What may explain the losses, each with its figure and whether the figure shows it."""
    by_test = {row["test"]: row for row in rows}
    found = [_of_language(by_test[PERPLEXITY]), _of_form(judged), _of_length(judged)]
    kinds = [by_test[name] for name in KINDS.values() if name in by_test]
    if kinds:
        found.append(_of_kind(kinds))
    if training.get("total"):
        found.append(_of_capacity(training))
    return found


def mitigations(
    rows: Sequence[Mapping[str, Any]], training: Mapping[str, Any]
) -> list[dict[str, str]]:
    """What would help: replay, which the flow offers, a lower rate, fewer epochs."""
    settings = training.get("settings", {})
    share = float(settings.get("replay", 0))
    is_worse = any(row["verdict"] == "worse" for row in rows)
    need = "a loss is shown" if is_worse else "no loss is shown, so none of this is urgent"
    rate = settings.get("learning_rate")
    best, steps = training.get("best_step"), training.get("steps")
    stopped = f"; the best of {steps} steps was {best}" if best and steps else ""
    return [
        {
            "mitigation": "replay",
            "how": "mix general rows into training (data/forgetting/replay.jsonl)",
            "figure": f"{100 * share:.0f} % of this run's rows of training were general; {need}",
        },
        {
            "mitigation": "a lower learning rate",
            "how": "half the rate moves the weights less far from the base model in as many steps",
            "figure": f"this run's rate: {rate:g}" if rate else "this run's rate is not known",
        },
        {
            "mitigation": "fewer epochs",
            "how": "stop where the loss on validation no longer falls",
            "figure": f"this run's epochs: {training.get('epochs_done', 'not known')}{stopped}",
        },
    ]


def _rate_row(name: str, judged: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    n = len(judged)
    base, tuned = (sum(each[system] for each in judged) for system in ("base", "tuned"))
    both = sum(each["base"] and each["tuned"] for each in judged)
    lost, gained = base - both, tuned - both
    low, high = paired_interval(both, lost, gained, n - both - lost - gained)
    return {
        "test": name,
        "base": base / n,
        "tuned": tuned / n,
        "degradation_percent": 100 * (base - tuned) / base if base else None,
        "low": low,
        "high": high,
        "n": n,
        "lost": lost,
        "gained": gained,
        "higher_is_better": True,
        "verdict": _verdict(low, high, higher_is_better=True),
    }


def _perplexity_row(
    sentences: Sentences,
    base_nll: Sequence[tuple[float, int]],
    tuned_nll: Sequence[tuple[float, int]],
) -> dict[str, Any]:
    of_sentence = [str(number) for number in range(len(sentences.texts))]
    change = bootstrap.difference(
        _perplexity(base_nll), _perplexity(tuned_nll), clusters=of_sentence
    )
    shown = change.is_shown
    return {
        "test": PERPLEXITY,
        "base": change.before.value,
        "tuned": change.after.value,
        "degradation_percent": 100 * (change.after.value / change.before.value - 1),
        "low": change.low,
        "high": change.high,
        "n": change.n,
        "lost": None,
        "gained": None,
        "higher_is_better": False,
        "verdict": _verdict(change.low, change.high, higher_is_better=False)
        if shown
        else "no difference shown",
    }


def _perplexity(nll: Sequence[tuple[float, int]]) -> bootstrap.Statistic:
    """exp(sum of -log p / tokens)."""
    terms = np.array(nll, float)
    return bootstrap.Statistic(terms, lambda sums: np.exp(sums[:, 0] / sums[:, 1]))


def _verdict(low: float, high: float, *, higher_is_better: bool) -> str:
    if low > 0 or high < 0:
        return "improved" if (low > 0) == higher_is_better else "worse"
    return "no difference shown"


def _of_language(row: Mapping[str, Any]) -> dict[str, Any]:
    moved = row["verdict"] == "worse"
    claim = "The model moved away from general English towards the language of the task."
    return _hypothesis(
        claim,
        f"perplexity {row['degradation_percent']:+.1f} %",
        f"From {row['base']:.2f} to {row['tuned']:.2f} on {row['n']} sentences (95 % interval of "
        f"the difference {row['low']:+.2f} to {row['high']:+.2f}).",
        moved,
    )


def _of_form(judged: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Code, numbered steps and bold names in answers to questions that ask for none."""
    base = [bool(_TASK_FORM.search(each["base_answer"])) for each in judged]
    tuned = [bool(_TASK_FORM.search(each["tuned_answer"])) for each in judged]
    both = sum(one and two for one, two in zip(base, tuned, strict=True))
    low, high = paired_interval(
        both,
        sum(base) - both,
        sum(tuned) - both,
        len(judged) - sum(base) - sum(tuned) + both,
    )
    return _hypothesis(
        "The form of the task's answers (code, numbered steps, bold names) spills over to "
        "questions that do not ask for it.",
        f"{sum(tuned)} of {len(judged)} answers against {sum(base)} before",
        f"95 % interval of the difference of the rates {low:+.2f} to {high:+.2f}.",
        low > 0,
    )


def _of_length(judged: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Answers grew longer, whereas most of these questions want few words."""
    before, after = (
        [len(each[f"{system}_answer"].split()) for each in judged] for system in ("base", "tuned")
    )
    change = bootstrap.paired_difference(before, after, [each["id"] for each in judged])
    wrong = [
        grown - short
        for each, short, grown in zip(judged, before, after, strict=True)
        if each["base"] > each["tuned"]
    ]
    of_lost = f"{np.mean(wrong):+.0f} words on the {len(wrong)} lost" if wrong else "none was lost"
    return _hypothesis(
        "The length of the task's answers is kept where a short answer was asked for.",
        f"{change.value:+.1f} words an answer ({change.before.value:.0f} to "
        f"{change.after.value:.0f})",
        f"95 % interval {change.low:+.1f} to {change.high:+.1f}, n = {change.n}; {of_lost}.",
        change.is_shown and change.low > 0,
    )


def _of_kind(kinds: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    worst = max(kinds, key=lambda row: row["lost"] - row["gained"])
    each = "; ".join(f"{row['test']}: {row['lost']} lost, {row['gained']} gained" for row in kinds)
    return _hypothesis(
        f"The loss is largest in {worst['test']}."
        if worst["lost"] > worst["gained"]
        else "One kind of question suffers more than the others.",
        f"{worst['lost']} lost and {worst['gained']} gained of {worst['n']}",
        f"{each}. Five questions of a kind show only losses of nearly all of them.",
        worst["verdict"] == "worse",
    )


def _of_capacity(training: Mapping[str, Any]) -> dict[str, Any]:
    share = 100 * training["trainable"] / training["total"]
    return _hypothesis(
        "The adapter is small beside the frozen model, which bounds what can be forgotten.",
        f"{share:.2f} % of the parameters were trained",
        f"{training['trainable']:,} of {training['total']:,}; a fact of the set-up, which no "
        "comparison in this run tests.",
        False,
    )


def _hypothesis(claim: str, figure: str, evidence: str, shown: bool) -> dict[str, Any]:
    return {"claim": claim, "figure": figure, "evidence": evidence, "shown": shown}
