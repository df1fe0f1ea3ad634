"""What makes a language model: shapes, no look into the future, places, a loss that falls."""

from abc import abstractmethod
from collections.abc import Sequence

import numpy as np

from tasks.assess.jobs import Job, JobResult
from tasks.assess.probes.model_probe import Malformed, ModelProbe, array, listed, number
from tasks.assess.results import ProbeResult

ROWS, LONGEST = 3, 12
# Differences below this share of the largest logit are rounding.
ROUNDING = 1e-4
# Below this share a change has not arrived.
UNMOVED = 1e-6


class _OnLogits(ModelProbe):
    """Reads the logits of random tokens and of the same tokens with some changed."""

    milestones = (5,)

    def jobs(self, rng: np.random.Generator) -> list[Job]:
        params = {"seed": int(rng.integers(2**31)), "rows": ROWS, "longest": LONGEST}
        return [Job("gpt_logits", params)]

    def verdict(self, jobs: Sequence[Job], results: Sequence[JobResult]) -> ProbeResult:
        logits = array(results[0], "logits", ROWS, None, None)
        if logits.shape[1] < 2 or logits.shape[2] < 2:
            raise Malformed(f"the logits have the shape {list(logits.shape)}")
        scale = float(np.abs(logits).max())
        if not np.isfinite(scale) or scale == 0:
            return self.graded(0.0, "The logits are not finite numbers, or all are zero.")
        return self.of_logits(results[0], logits, scale)

    @abstractmethod
    def of_logits(self, result: JobResult, logits: np.ndarray, scale: float) -> ProbeResult:
        """The verdict on finite logits (rows, time, vocabulary), the largest being `scale`."""


class GptShapes(_OnLogits):
    """(n, time, vocabulary), and rows that do not know of each other."""

    name = "gpt_shapes"
    public = True
    advice = "Return one row of logits a token, and keep the rows of a batch apart."

    def of_logits(self, result: JobResult, logits: np.ndarray, scale: float) -> ProbeResult:
        alone = array(result, "alone", 1, *logits.shape[1:])
        error = float(np.abs(alone[0] - logits[0]).max()) / scale
        told = f"Tokens of shape {list(logits.shape[:2])} give logits {list(logits.shape)}"
        if error <= ROUNDING:
            return self.graded(1.0, f"{told}, finite, and the same for a row alone.")
        return self.graded(
            0.5,
            f"{told}, but a row alone has other logits than in a batch.",
            example=f"Row 0 alone differs by {100 * error:.2g} % of the largest logit.",
        )


class GptCausalMask(_OnLogits):
    """Other tokens from a place on change no logits before that place."""

    name = "gpt_causal_mask"
    public = False
    advice = (
        "Put minus infinity on the scores of later positions before the softmax: the upper "
        "triangle without the diagonal."
    )

    def of_logits(self, result: JobResult, logits: np.ndarray, scale: float) -> ProbeResult:
        places = [int(place) for place in listed(result.values, "changed_at")]
        changed = array(result, "changed", len(places), *logits.shape)
        if not all(0 < place < logits.shape[1] for place in places):
            raise Malformed("a place lies outside the rows")
        leaks = []
        for place, other in zip(places, changed, strict=True):
            moved = np.abs(other - logits).max(axis=(0, 2)) / scale
            if moved[place] <= UNMOVED:
                return self.graded(0.0, "The logits do not depend on the token at their own place.")
            leaks += [(place - p, p, place) for p in np.flatnonzero(moved[:place] > ROUNDING)]
        figures = {"n": sum(places), "leaks": len(leaks)}
        if not leaks:
            return self.graded(
                1.0, f"No position sees a later token ({sum(places)} pairs).", figures=figures
            )
        _, seen_by, place = min(leaks)
        return self.graded(
            0.0,
            f"{len(leaks)} of {sum(places)} positions see tokens after themselves.",
            example=f"With another token at place {place}, the logits at place {seen_by} change.",
            figures=figures,
        )


class GptUsesContext(_OnLogits):
    """The last logits depend on the first token, and on the order of the first two."""

    name = "gpt_uses_context"
    public = True
    advice = "Add attention over what came before, and an embedding or encoding of the position."

    def of_logits(self, result: JobResult, logits: np.ndarray, scale: float) -> ProbeResult:
        moved = {}
        for name in ("first_changed", "swapped"):
            other = array(result, name, *logits.shape)
            moved[name] = float(np.abs(other - logits)[:, -1].max()) / scale
        sees, knows_order = (moved[name] > UNMOVED for name in ("first_changed", "swapped"))
        figures = {name: float(f"{share:.3g}") for name, share in moved.items()}
        if not sees:
            return self.graded(
                0.0, "The last logits do not depend on the first token.", figures=figures
            )
        if not knows_order:
            return self.graded(
                0.5,
                "The last logits depend on the first tokens, but not on their order.",
                figures=figures,
            )
        return self.graded(
            1.0, "The last logits depend on the first tokens and on their order.", figures=figures
        )


class GptLossFalls(ModelProbe):
    """A short training of a fresh model on tokens that count upwards; the loss is taken here."""

    name = "gpt_loss_falls"
    milestones = (5,)
    public = False
    seconds = 60.0
    steps = 60
    enough = 0.5  # of the loss before
    advice = (
        "Train on one batch until its loss is near zero; if it stays, look for parameters without "
        "a gradient and for targets that are not the next token."
    )

    def jobs(self, rng: np.random.Generator) -> list[Job]:
        params = {
            "seed": int(rng.integers(2**31)),
            "rows": 8,
            "longest": LONGEST,
            "steps": self.steps,
            "seconds": self.working_seconds,
        }
        return [Job("gpt_training", params)]

    def verdict(self, jobs: Sequence[Job], results: Sequence[JobResult]) -> ProbeResult:
        unseen = array(results[0], "unseen", 8, None)
        vocabulary = int(number(results[0].values, "vocabulary"))
        shape = (*unseen.shape, vocabulary)
        before, after = (array(results[0], name, *shape) for name in ("before", "after"))
        if unseen.dtype.kind not in "iu" or not ((unseen >= 0) & (unseen < vocabulary)).all():
            raise Malformed("the tokens lie outside the vocabulary")
        one, two = (next_token_loss(logits, unseen) for logits in (before, after))
        steps = len(array(results[0], "losses", None))
        figures = {
            "before": round(one, 4),
            "after": round(two, 4),
            "steps": steps,
            "n": unseen.size,
        }
        if not np.isfinite([one, two]).all():
            return self.graded(0.0, "The logits after training are not finite.", figures=figures)
        return self.graded(
            (one - two) / (self.enough * one),
            f"In {steps} steps of your own training the loss on unseen rows goes from {one:.2f} to "
            f"{two:.2f} (half or less is asked for).",
            figures=figures,
        )


def next_token_loss(logits: np.ndarray, ids: np.ndarray) -> float:
    """The mean negative log share of the next token, in nats.

    Args:
        logits: (rows, time, vocabulary).
        ids: (rows, time).
    """
    shares = log_softmax(logits[:, :-1])
    return float(-np.take_along_axis(shares, ids[:, 1:, None].astype(int), axis=-1).mean())


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Along the last axis."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
