"""What the losses of a training say, in sentences made of its figures."""

from typing import Any

# The loss of a hundred validation rows moves by about this share between two evaluations alone.
FLAT = 0.005


def interpret(facts: dict[str, Any]) -> str:
    """Whether the training converged, overfitted or stopped early.

    Args:
        facts: of `train`: history, best_step, best_eval_loss, eval_loss, train_loss, steps,
            stopped_early.
    """
    evaluated = [
        (entry["step"], entry["eval_loss"]) for entry in facts["history"] if "eval_loss" in entry
    ]
    if len(evaluated) < 2:
        return "There are too few evaluations to say how the training went."
    sentences = [_fall(evaluated, facts), _end(evaluated, facts), _gap(facts)]
    if facts["stopped_early"]:
        settings = facts["settings"]
        sentences.append(
            f"It stopped early at step {facts['steps']}, after {settings['patience']} evaluations "
            f"without a better loss than that of step {facts['best_step']}, whose weights are kept."
        )
    return " ".join(sentences)


def _fall(evaluated: list[tuple[int, float]], facts: dict[str, Any]) -> str:
    (first_step, first), best = evaluated[0], facts["best_eval_loss"]
    share = (first - best) / first
    if facts["best_step"] == first_step:
        return (
            f"The validation loss was best at the first evaluation (step {first_step}, "
            f"{first:.3f}) and never fell below: the training diverged or had nothing to learn."
        )
    return (
        f"The validation loss fell from {first:.3f} at step {first_step} to {best:.3f} at step "
        f"{facts['best_step']} ({share:.1%})."
    )


def _end(evaluated: list[tuple[int, float]], facts: dict[str, Any]) -> str:
    """Whether it was still falling, flat, or rising at the end."""
    last, best = evaluated[-1][1], facts["best_eval_loss"]
    if last > best * (1 + FLAT):
        return (
            f"It rose to {last:.3f} afterwards ({last / best - 1:+.1%}) while the training loss "
            f"ended at {facts['train_loss']:.3f}: the adapter overfits beyond step "
            f"{facts['best_step']}."
        )
    change = 1 - last / evaluated[-2][1]
    if change > FLAT:
        return (
            f"It was still falling at the end (by {change:.1%} at the last evaluation): more "
            "epochs may help."
        )
    return (
        f"It changed by {-change:+.1%} at the last evaluation, within {FLAT:.1%}: the training has "
        f"converged{_by_its_rate(facts)}."
    )


def _by_its_rate(facts: dict[str, Any]) -> str:
    """A rate that falls to zero flattens any loss, which is to be said."""
    falls = facts.get("settings", {}).get("scheduler") in ("cosine", "linear")
    return " as far as its rate, which falls to zero, lets that be told" if falls else ""


def _gap(facts: dict[str, Any]) -> str:
    train, best = facts["train_loss_at_best"], facts["best_eval_loss"]
    if train is None:
        return "No training loss was logged up to the best step."
    side = "below" if train < best else "above"
    return (
        f"There the training loss was {train:.3f}, {abs(best - train):.3f} {side} the validation "
        "loss."
    )
