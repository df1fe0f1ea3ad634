"""How often losses are logged, evaluated and saved, scaled down where data are few."""

import math
from dataclasses import dataclass

from tasks.finetune.training.settings import TrainingSettings

LEAST_EVALUATIONS = 4


@dataclass(frozen=True)
class Steps:
    """Optimizer steps in all, and between two of each kind."""

    total: int
    logging: int
    eval: int
    save: int


def scaled_steps(rows: int, settings: TrainingSettings) -> Steps:
    """The steps of a training of so many rows.

    Evaluations come at least `LEAST_EVALUATIONS` times (as often as there are steps, where there
    are fewer). The distance between checkpoints stays a multiple of that between evaluations, so
    that each has its loss, and logging keeps its share of it.
    """
    batches = math.ceil(rows / settings.batch_size)
    each_epoch = math.ceil(batches / settings.accumulation)
    total = max(1, math.ceil(settings.epochs * each_epoch))
    evaluate = max(1, min(settings.eval_steps, total // LEAST_EVALUATIONS))
    save = evaluate * max(1, round(settings.save_steps / settings.eval_steps))
    shrunk = settings.logging_steps * evaluate / settings.eval_steps
    logging = max(1, min(settings.logging_steps, round(shrunk)))
    return Steps(total, logging, evaluate, save)
