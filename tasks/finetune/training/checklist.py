"""Four questions on overfitting, each answered with its figure."""

from typing import Any

# The tuned model sees neither split while it learns, but the best step is chosen on validation.
FAR_ABOVE = 0.05
# Training loss below validation loss by this share is common after three epochs; more is a sign.
WIDE_GAP = 0.15
MANY_MEMORISED = 0.02


def checklist(
    facts: dict[str, Any],
    memorised: dict[str, Any],
    val_scores: dict[str, float],
    test_scores: dict[str, float],
) -> list[dict[str, Any]]:
    """The overfitting checklist.

    Args:
        facts: of `train`.
        memorised: of `memorised.memorised`.
        val_scores, test_scores: a score's name to its mean for the tuned model, higher is better
            and at most 1 (ROUGE-L, key facts), on the two splits.

    Returns:
        [{question, answer, figure, sign}]: answer is a sentence, figure what it rests on, and
        sign whether it points to overfitting.
    """
    return [
        _gap(facts),
        _eval_stopped_first(facts),
        _memorised(memorised),
        _far_above(val_scores, test_scores),
    ]


def _gap(facts: dict[str, Any]) -> dict[str, Any]:
    question = "Is the training loss far below the validation loss?"
    train, best = facts["train_loss_at_best"], facts["best_eval_loss"]
    if train is None or best is None:
        return _answer(question, "Not known: no loss was logged.", None, False)
    gap = (best - train) / best
    sign = gap > WIDE_GAP
    return _answer(
        question,
        f"{'Yes' if sign else 'No'}: at the best step it is {train:.3f} against {best:.3f}, "
        f"{gap:.1%} below (a sign from {WIDE_GAP:.0%} on).",
        gap,
        sign,
    )


def _eval_stopped_first(facts: dict[str, Any]) -> dict[str, Any]:
    """Whether the training loss went on falling after validation's best step."""
    question = "Did the validation loss stop falling before the training loss?"
    after = [
        entry["loss"]
        for entry in facts["history"]
        if "loss" in entry and facts["best_step"] is not None and entry["step"] > facts["best_step"]
    ]
    if facts["train_loss_at_best"] is None:
        return _answer(question, "Not known: no loss was logged.", None, False)
    evaluated = [entry["step"] for entry in facts["history"] if "eval_loss" in entry]
    if not after and max(evaluated) > facts["best_step"]:
        return _answer(
            question,
            f"Not known: no training loss was logged after step {facts['best_step']}.",
            None,
            False,
        )
    if not after:
        return _answer(
            question,
            f"No: the best validation loss is the last one, at step {facts['best_step']}.",
            0.0,
            False,
        )
    fell = facts["train_loss_at_best"] - after[-1]
    sign = fell > 0 and facts["eval_loss"] > facts["best_eval_loss"]
    return _answer(
        question,
        f"{'Yes' if sign else 'No'}: after step {facts['best_step']} the training loss went from "
        f"{facts['train_loss_at_best']:.3f} to {after[-1]:.3f} and the validation loss from "
        f"{facts['best_eval_loss']:.3f} to {facts['eval_loss']:.3f}.",
        fell,
        sign,
    )


def _memorised(found: dict[str, Any]) -> dict[str, Any]:
    sign = found["share"] > MANY_MEMORISED
    longest = max((each["words"] for each in found["examples"]), default=0)
    return _answer(
        "Are answers copied from training text?",
        f"{'Yes' if sign else 'No'}: {found['count']} of {found['n']} answers "
        f"({found['share']:.1%}) repeat {found['least_words']} or more words of one training text "
        f"and more than the base model does; the longest run has {longest} words (a sign above "
        f"{MANY_MEMORISED:.0%}).",
        found["share"],
        sign,
    )


def _far_above(val: dict[str, float], test: dict[str, float]) -> dict[str, Any]:
    question = "Are validation scores far above test scores?"
    shared = [name for name in val if name in test]
    if not shared:
        return _answer(question, "Not known: no score was measured on both.", None, False)
    worst = max(shared, key=lambda name: val[name] - test[name])
    gap = val[worst] - test[worst]
    sign = gap > FAR_ABOVE
    return _answer(
        question,
        f"{'Yes' if sign else 'No'}: the widest gap is {worst}, {val[worst]:.3f} on validation and "
        f"{test[worst]:.3f} on test, {gap:+.3f} (a sign above {FAR_ABOVE:.2f}).",
        gap,
        sign,
    )


def _answer(question: str, answer: str, figure: float | None, sign: bool) -> dict[str, Any]:
    return {"question": question, "answer": answer, "figure": figure, "sign": sign}
