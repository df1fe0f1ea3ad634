"""Gradients of whole networks, and training them."""

import random
from pathlib import Path
from typing import Any

import numpy as np

from ..binding import NotOffered
from ..discovery import Framework, NotFound, framework
from ..losing import plain
from ..training import first_that_learns, learner_in
from ..values import to_array

Arrays = dict[str, np.ndarray]


def network_gradients(submission: Path, params: dict[str, Any], arrays: Arrays) -> dict[str, Any]:
    """The gradients of a loss in every parameter of a network.

    Args:
        params: `layers`, `loss`, `classes`, `step`.
        arrays: `input`, `targets`, the layers' weights, and for each weight `w` its
            `direction_w`.

    Returns:
        `value`, `gradient_<weight>` where one was received, and `plus_<weight>` and
        `minus_<weight>`: the loss with that weight moved by the step along its direction.
    """
    student = framework(submission)
    try:
        make, problems = first_that_learns(student, params, arrays)
    except NotFound as missing:
        return missing.values
    except NotOffered as refusal:
        return {"found": True, "offered": False, "reason": str(refusal)[:200]}
    if make is None:
        return {"found": True, "ran": False, "problems": problems}
    learner = make()
    answer: dict[str, Any] = {"found": True, "ran": True, "problems": problems}
    answer["value"] = plain(learner.backward(arrays["input"], arrays["targets"]))
    answer["layout"] = learner.style.layout.name
    answer["biases"] = ["bias" in one.roles for one in learner.built]
    for spec, built in zip(params["layers"], learner.built, strict=False):
        for role, parameter in built.roles.items():
            gradient = built.ours(role, parameter.gradient())
            change = arrays[spec[role]] - built.ours(role, parameter.read())
            if gradient is None and np.max(np.abs(change)) > 1e-6:
                gradient = change / learner.rate  # the layer's backward stepped at once
            if gradient is not None:
                answer[f"gradient_{spec[role]}"] = gradient
    for name in _weights(params):
        for sign, label in ((1.0, "plus"), (-1.0, "minus")):
            moved = arrays[name] + sign * params["step"] * arrays[f"direction_{name}"]
            there = {**arrays, name: moved}
            elsewhere = learner_in(student, params, there, learner.style)
            value = elsewhere.value(arrays["input"], arrays["targets"])
            answer[f"{label}_{name}"] = plain(value)
    return answer


def _weights(params: dict[str, Any]) -> list[str]:
    return [spec[role] for spec in params["layers"] for role in ("weight", "bias") if role in spec]


def _seed(student: Framework, seed: int) -> None:
    """Seed numpy, the standard library, the student's own function, and generators in modules."""
    np.random.seed(seed)
    random.seed(seed)
    own = student.find("seed")
    if own is not None:
        own.target(seed)
    state = np.random.default_rng(seed).bit_generator.state
    for generator in student.sources.generators():
        if generator.bit_generator.state["bit_generator"] == state["bit_generator"]:
            generator.bit_generator.state = state


def train(submission: Path, params: dict[str, Any], arrays: Arrays) -> dict[str, Any]:
    """Some steps of training on one batch.

    Args:
        params: `layers`, `loss`, `classes`, `optimizer`, `settings`, `steps`; `seed` for the
            student's own first weights.
        arrays: `input`, `targets`, and weights where the layers name them.

    Returns:
        `losses`: before each step and after the last. `changes`: by parameter, the largest
        change of a number in it. `received`: by parameter, whether it had a gradient.
    """
    student = framework(submission)
    try:
        make, problems = first_that_learns(student, params, arrays)
    except NotFound as missing:
        return missing.values
    except NotOffered as refusal:
        return {"found": True, "offered": False, "reason": str(refusal)[:200]}
    if make is None:
        return {"found": True, "ran": False, "problems": problems}
    if "seed" in params:
        _seed(student, params["seed"])
    learner = make()
    inputs, targets = arrays["input"], arrays["targets"]
    before = [parameter.read() for parameter in learner.parameters]
    output_before = to_array(learner.output(inputs))
    losses = []
    received: list[bool] = []
    for number in range(params["steps"]):
        losses.append(learner.train_step(inputs, targets))
        if number == 0:
            received = [parameter.gradient() is not None for parameter in learner.parameters]
    losses.append(learner.value(inputs, targets))
    changes = [
        np.max(np.abs(parameter.read() - held))
        for parameter, held in zip(learner.parameters, before, strict=True)
    ]
    paths = [parameter.path for parameter in learner.parameters]
    return {
        "found": True,
        "offered": True,
        "ran": True,
        "container": learner.container,
        "problems": problems,
        "losses": np.asarray(losses, dtype=np.float64),
        "names": paths,
        "biases": ["bias" in one.roles for one in learner.built],
        "changes": np.asarray(changes, dtype=np.float64),
        "received": received,
        "output_before": output_before,
        "output_after": to_array(learner.output(inputs)),
        "stepped_by": learner.optimizer.style if learner.optimizer else "the layers",
    }


OPERATIONS = {"network_gradients": network_gradients, "train": train}
