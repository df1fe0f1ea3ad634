"""Training: every parameter learns, the loss falls, rates matter, and seeds repeat a run."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from tasks.assess.jobs import Job, JobResult
from tasks.assess.probes.base import CaseProbe, Finding
from tasks.assess.probes.cases import convolution_spec, dense_spec, numbers, weights_for
from tasks.assess.probes.channels import offered_channels
from tasks.assess.probes.compare import close, shown
from tasks.assess.probes.networks import without_missing_biases
from tasks.assess.references.network import descend, squared_error_gradients

ENOUGH = 0.5
RELATIVE = 1e-3
# Ten times the rate: in 200 draws the loss fell 3.5 to 10 times as far.
RATES = (0.002, 0.02)
FASTER = 3.0
MOST_DRAWS = 100
SAME, OTHER = "same seed, same run", "another seed, another run"


def clouds(rng: np.random.Generator, rows: int, features: int, classes: int) -> tuple:
    """Points around one centre a class, and their classes: x (rows, features), y (rows,)."""
    y = np.arange(rows) % classes
    centres = numbers(rng, classes, features)
    return centres[y] + numbers(rng, rows, features, scale=0.2), y.astype(np.int64)


def learnable(rng: np.random.Generator, specs: list[dict[str, Any]]) -> tuple:
    """Clouds and first weights from which plain gradient descent learns: x, y, weights.

    Not every draw is: some first weights leave a class to ReLUs that never fire.
    """
    for _ in range(MOST_DRAWS):
        x, y = clouds(rng, 24, 4, 3)
        weights = weights_for(rng, specs)
        with np.errstate(all="ignore"):
            errors = descend(specs, weights, x, np.eye(3)[y], 0.1, 60)
        if errors[-1] <= 0.02 and errors[-1] <= 0.1 * errors[0]:
            return x, y, weights
    raise RuntimeError(f"no learnable clouds in {MOST_DRAWS} draws")


def perceptron(features: int, hidden: int, outputs: int) -> list[dict]:
    """Two dense layers with a ReLU between them."""
    return [
        dense_spec(features, hidden, "0"),
        {"role": "relu"},
        dense_spec(hidden, outputs, "1"),
    ]


def own_weights(specs: list[dict[str, Any]], seed: int) -> list[dict[str, Any]]:
    """The same layers with the student's own first weights, seeded where layers take a seed."""
    return [
        {**{k: v for k, v in spec.items() if k not in ("weight", "bias")}, "seed": seed + number}
        for number, spec in enumerate(specs)
    ]


def train_job(
    specs: list[dict[str, Any]],
    arrays: dict[str, np.ndarray],
    *,
    loss: str,
    classes: int,
    optimizer: str = "sgd",
    rate: float,
    steps: int,
    **more: Any,
) -> Job:
    """Ask for some steps on one batch; `more` goes into the params."""
    params = {
        **{"layers": specs, "loss": loss, "classes": classes, "optimizer": optimizer},
        **{"settings": {"rate": rate}, "steps": steps, **more},
    }
    return Job("train", params, arrays)


def why_not(result: JobResult) -> str:
    """Why no training came back; empty where it did."""
    if result.values.get("found") is False:
        return f"{result.values.get('looked_for')} was not found"
    if result.status == "raised":
        return f"raised {result.error}"
    if result.values.get("offered") is False:
        return f"not offered ({result.values.get('reason')})"
    if not result.values.get("ran") or "losses" not in result.arrays:
        problems = "; ".join(str(line) for line in result.values.get("problems") or [])
        return f"no training step ran ({problems})"
    return ""


class EveryParameterLearns(CaseProbe):
    """A few steps of SGD: every parameter has a gradient and moves."""

    name: ClassVar[str] = "every_parameter_learns"
    milestones: ClassVar[tuple[int, ...]] = (2, 3)
    public: ClassVar[bool] = True
    advice: ClassVar[str] = (
        "Print the gradient of each parameter after backward; where it is None, the operation "
        "before it does not pass gradients on, or the parameter is no tensor with gradients."
    )
    weights: ClassVar[dict[str, float]] = {"dense parameters": 0.5, "convolution parameters": 0.5}

    def jobs(self, rng: np.random.Generator) -> list[Job]:
        jobs = []
        for channels, filters in ((1, 1), (2, 3)):
            specs = [
                convolution_spec(channels, filters, 2, "0"),
                {"role": "relu"},
                {"role": "flatten"},
                dense_spec(filters * 9, 2, "1"),
            ]
            rows = 1 if channels == 1 else 3
            jobs.append(self._job(rng, specs, (rows, channels, 4, 4)))
        return [*jobs, self._job(rng, perceptron(4, 6, 2), (5, 4))]

    def _job(
        self, rng: np.random.Generator, specs: list[dict[str, Any]], shape: tuple[int, ...]
    ) -> Job:
        """A draw in which every array has a gradient: a ReLU that never fires would stop it."""
        rows = shape[0]
        for _ in range(MOST_DRAWS):
            weights, x, targets = (
                weights_for(rng, specs),
                numbers(rng, *shape),
                numbers(rng, rows, 2),
            )
            _, gradients = squared_error_gradients(specs, weights, x, targets)
            if all(np.max(np.abs(gradient)) > 0.01 for gradient in gradients.values()):
                break
        return train_job(
            specs,
            {**weights, "input": x, "targets": targets},
            **{"loss": "mse", "classes": 2, "rate": 0.05, "steps": 3, "output_shape": [rows, 2]},
        )

    def relevant(
        self, jobs: Sequence[Job], results: Sequence[JobResult]
    ) -> list[tuple[Job, JobResult]]:
        images = offered_channels(jobs[:2], results[:2])
        return [*images, (jobs[2], results[2])]

    def findings(self, job: Job, result: JobResult) -> list[Finding]:
        convolutional = job.params["layers"][0]["role"] == "conv2d"
        aspect = f"{'convolution' if convolutional else 'dense'} parameters"
        says = why_not(result)
        if says:
            return [Finding(aspect, 0.0, says)]
        names, changes = result.values.get("names") or [], result.arrays["changes"].tolist()
        received = result.values.get("received") or []
        expected = len([spec for spec in job.params["layers"] if "weight" in spec])
        if len(names) < expected:
            return [Finding(aspect, 0.0, f"only {len(names)} learnt arrays were found")]
        at_once = result.values.get("stepped_by") == "the layers"
        found = []
        for name, change, has in zip(names, changes, received, strict=True):
            wrong = "" if has or at_once else f"{name} receives no gradient"
            if not wrong and not change > 0:
                wrong = f"{name} does not move"
            if convolutional and not self._is_of_convolution(str(name), names, job):
                continue
            found.append(Finding(aspect, 0.0 if wrong else 1.0, wrong))
        return found

    def _is_of_convolution(self, name: str, names: list, job: Job) -> bool:
        """The first layer's arrays: the dense ones are judged by the network of dense layers."""
        last = 2 if len(names) > 2 else 1
        return name not in [str(one) for one in names[-last:]]


class TrainingLowersLoss(CaseProbe):
    """Separable clouds of points: the loss halves, by SGD and by Adam."""

    name: ClassVar[str] = "training_lowers_loss"
    milestones: ClassVar[tuple[int, ...]] = (3,)
    public: ClassVar[bool] = True
    advice: ClassVar[str] = (
        "Overfit one small batch first; if its loss stays, look at the gradients."
    )
    weights: ClassVar[dict[str, float]] = {"loss by SGD": 0.6, "loss by Adam": 0.4}

    def jobs(self, rng: np.random.Generator) -> list[Job]:
        jobs = []
        specs = perceptron(4, 8, 3)
        x, y, weights = learnable(rng, specs)
        for loss in ("cross_entropy", "mse"):
            for optimizer, rate in (("sgd", 0.1), ("adam", 0.05)):
                targets = y if loss == "cross_entropy" else np.eye(3)[y]
                arrays = {**weights, "input": x, "targets": targets}
                jobs.append(
                    train_job(
                        specs,
                        arrays,
                        loss=loss,
                        classes=3,
                        optimizer=optimizer,
                        rate=rate,
                        steps=60,
                    )
                )
        return jobs

    def findings(self, job: Job, result: JobResult) -> list[Finding]:
        optimizer = {"sgd": "SGD", "adam": "Adam"}[job.params["optimizer"]]
        aspect, of = f"loss by {optimizer}", job.params["loss"].replace("_", "-")
        says = why_not(result)
        if says:
            return [Finding(aspect, 0.0, f"{of}: {says}")]
        losses = result.arrays["losses"]
        if losses.size != job.params["steps"] + 1 or not np.all(np.isfinite(losses)):
            return [Finding(aspect, 0.0, f"{of}: the loss is not finite", shown(losses))]
        if self._fits_outputs(job, result) and losses[-1] <= ENOUGH * losses[0]:
            return [Finding(aspect, 1.0)]
        says = f"{of}: the loss goes from {losses[0]:.4g} to {losses[-1]:.4g} in 60 steps"
        share = 0.5 if self._fits_outputs(job, result) and losses[-1] < 0.9 * losses[0] else 0.0
        return [Finding(aspect, share, says)]

    def _fits_outputs(self, job: Job, result: JobResult) -> bool:
        """Whether the outputs themselves came nearer: the student's loss alone is only a claim."""
        before, after = (result.arrays.get(f"output_{when}") for when in ("before", "after"))
        rows = len(job.arrays["input"])
        if before is None or after is None or before.shape != (rows, 3) != after.shape:
            return False
        y = job.arrays["targets"]
        classes = y if y.ndim == 1 else y.argmax(axis=1)
        right = [float(np.mean(out.argmax(axis=1) == classes)) for out in (before, after)]
        return right[1] >= max(0.8, right[0])


class TrainingDynamics(CaseProbe):
    """The course of training is that of gradient descent, at two rates, and stays finite."""

    name: ClassVar[str] = "training_dynamics"
    milestones: ClassVar[tuple[int, ...]] = (3,)
    public: ClassVar[bool] = False
    advice: ClassVar[str] = (
        "Clear the gradients before each backward, and pass the learning rate to the step."
    )
    weights: ClassVar[dict[str, float]] = {
        "losses of gradient descent": 0.4,
        "learning rate": 0.3,
        "no NaN": 0.3,
    }

    def jobs(self, rng: np.random.Generator) -> list[Job]:
        specs = perceptron(3, 5, 2)
        arrays = {
            **weights_for(rng, specs),
            "input": numbers(rng, 6, 3),
            "targets": numbers(rng, 6, 2),
        }
        jobs = [
            train_job(specs, arrays, loss="mse", classes=2, rate=rate, steps=8) for rate in RATES
        ]
        x, y = clouds(rng, 12, 3, 3)
        large = {**weights_for(rng, perceptron(3, 5, 3)), "input": 1000 * x, "targets": y}
        return [
            *jobs,
            train_job(
                perceptron(3, 5, 3),
                large,
                loss="cross_entropy",
                classes=3,
                rate=1e-6,
                steps=5,
            ),
        ]

    def all_findings(self, pairs: Sequence[tuple[Job, JobResult]]) -> list[Finding]:
        slow, fast, large = pairs
        return [
            self._course(*slow),
            self._course(*fast),
            self._rates(slow[1], fast[1]),
            self._finite(large[1]),
        ]

    def _course(self, job: Job, result: JobResult) -> Finding:
        aspect, says = "losses of gradient descent", why_not(result)
        if says:
            return Finding(aspect, 0.0, says)
        losses, steps = result.arrays["losses"], job.params["steps"]
        arrays = without_missing_biases(job, result.values.get("biases") or [])
        case = job.params["layers"], arrays, job.arrays["input"], job.arrays["targets"]
        rate = job.params["settings"]["rate"]
        first = descend(*case, rate, 0)[0]
        # A loss that is a factor off is judged elsewhere; here it only scales the rate.
        factor = float(losses[0]) / first
        expected = factor * np.asarray(descend(*case, rate * factor, steps))
        if close(losses, expected, RELATIVE):
            return Finding(aspect, 1.0)
        example = f"losses {shown(losses)}, of gradient descent {shown(expected)}"
        says = "the losses are not those of gradient descent"
        if close(losses[:2], expected[:2], RELATIVE):
            says = "the first step is right, the later ones are not: are gradients cleared?"
        return Finding(aspect, 0.0, says, example, losses.size)

    def _rates(self, slow: JobResult, fast: JobResult) -> Finding:
        aspect, says = "learning rate", why_not(slow) or why_not(fast)
        if says:
            return Finding(aspect, 0.0, says)
        fallen = [float(one.arrays["losses"][0] - one.arrays["losses"][-1]) for one in (slow, fast)]
        if fallen[0] > 0 and fallen[1] > FASTER * fallen[0]:
            return Finding(aspect, 1.0)
        says = f"at ten times the rate the loss falls by {fallen[1]:.3g}, before by {fallen[0]:.3g}"
        return Finding(aspect, 0.0, says)

    def _finite(self, result: JobResult) -> Finding:
        says = why_not(result)
        if not says and not np.all(np.isfinite(result.arrays["losses"])):
            says = "large inputs make the loss NaN or infinite"
        return Finding("no NaN", 0.0 if says else 1.0, says)


class TrainingRepeatable(CaseProbe):
    """The same seed gives the same run, another seed another."""

    name: ClassVar[str] = "training_repeatable"
    milestones: ClassVar[tuple[int, ...]] = (3,)
    public: ClassVar[bool] = True
    advice: ClassVar[str] = (
        "Draw all first weights from np.random (or a generator that the seed reaches)."
    )

    weights: ClassVar[dict[str, float]] = {SAME: 0.7, OTHER: 0.3}

    def jobs(self, rng: np.random.Generator) -> list[Job]:
        x, y = clouds(rng, 12, 4, 3)
        arrays = {"input": x, "targets": np.eye(3)[y]}
        first, second = (int(seed) for seed in rng.integers(1, 10_000, size=2))
        return [
            train_job(
                own_weights(perceptron(4, 6, 3), seed),
                arrays,
                **{"loss": "mse", "classes": 3, "rate": 0.05, "steps": 5, "seed": seed},
            )
            for seed in (first, first, second + 10_000)
        ]

    def all_findings(self, pairs: Sequence[tuple[Job, JobResult]]) -> list[Finding]:
        says = next((why for _, result in pairs if (why := why_not(result))), "")
        if says:
            return [Finding(SAME, 0.0, says)]
        first, again, other = (result.arrays["losses"] for _, result in pairs)
        found = []
        if np.array_equal(first, again):
            found.append(Finding(SAME, 1.0))
        else:
            example = f"losses {shown(first)}, again {shown(again)}"
            found.append(Finding(SAME, 0.0, "two runs of one seed differ", example, first.size))
        if np.array_equal(first, other):
            found.append(Finding(OTHER, 0.0, "another seed changes nothing"))
        else:
            found.append(Finding(OTHER, 1.0))
        return found
