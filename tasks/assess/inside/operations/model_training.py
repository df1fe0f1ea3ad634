"""A short training of a whole model by the student's own code."""

import inspect
import time
from pathlib import Path
from typing import Any

import numpy as np

from ..discovery import NotFound, framework
from ..fitting import Fitting, fit
from ..models import Model, NotBuilt, Predictor, built, functions, set_mode

Arrays = dict[str, np.ndarray]
clock = time.perf_counter
CLASSES = 10


def model_training(submission: Path, params: dict[str, Any], arrays: Arrays) -> dict[str, Any]:
    """Train a fresh model and predict.

    The submission's own train_cifar(images, labels, seconds) does it where there is one, else its
    loss, optimizer and gradients, step by step.

    Args:
        params: `model`, `batch`, `steps`, `seconds`, `seed`.
        arrays: `images` and `labels` to train on, `unseen` images.

    Returns:
        `scores` of the unseen images (n, 10), `losses`, `seconds`, `how`.
    """
    student = framework(submission)
    images, labels, unseen = arrays["images"], arrays["labels"].astype(np.int64), arrays["unseen"]
    name, start = params["model"], clock()
    try:
        own = next(functions(student, (f"train_{name.split('_')[0]}", f"train_{name}")), None)
        if own is not None and len(inspect.signature(own[1]).parameters) >= 3:
            network = own[1](images, labels, params["seconds"])
            model = Model(network, name, own[0].file.path, "", None, [], [])
            how, losses = own[0].name, []
        else:
            model = built(student, submission, name, with_weights=False)
            predictor = Predictor(student, model, images)
            set_mode(model.network, training=True)
            fitting = Fitting(student, model.network, model.parameters, predictor.output, CLASSES)
            batch = 1 if predictor.one_by_one else params["batch"]
            rng = np.random.default_rng(params["seed"])
            losses = fit(fitting, images, labels, batch, params["steps"], params["seconds"], rng)
            how = "step by step"
        seconds = clock() - start
        set_mode(model.network, training=False)
        predictor = Predictor(student, model, unseen)
        scores = predictor.scores(unseen, params["batch"], params["seconds"])
    except NotBuilt as reason:
        return reason.values
    except NotFound as missing:
        return missing.values
    return {
        "found": True,
        "trains": True,
        "how": how,
        "scores": scores,
        "losses": np.array(losses, float),
        "seconds": seconds,
    }


OPERATIONS = {"model_training": model_training}
