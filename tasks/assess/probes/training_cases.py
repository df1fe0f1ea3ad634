"""Small trainings to ask for, and why one did not come back."""

from typing import Any

import numpy as np

from tasks.assess.jobs import Job, JobResult
from tasks.assess.probes.cases import dense_spec, numbers, weights_for
from tasks.assess.references.network import descend

MOST_DRAWS = 100


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
