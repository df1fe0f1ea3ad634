"""Steps shrink with the data, and the order is of like lengths and of the seed alone."""

import pytest
from pydantic import ValidationError

from tasks.finetune.training.order import LikeLengths
from tasks.finetune.training.settings import TrainingSettings
from tasks.finetune.training.steps import LEAST_EVALUATIONS, scaled_steps


def test_many_rows_keep_the_steps_of_the_settings():
    steps = scaled_steps(1212, TrainingSettings())
    assert (steps.total, steps.logging, steps.eval, steps.save) == (228, 10, 50, 100)


@pytest.mark.parametrize("rows", [1, 3, 16, 40, 100, 333, 5000])
def test_there_are_always_enough_evaluations(rows):
    steps = scaled_steps(rows, TrainingSettings())
    assert steps.total // steps.eval >= min(LEAST_EVALUATIONS, steps.total)
    assert steps.save % steps.eval == 0
    assert 1 <= steps.logging <= max(1, steps.eval)


def test_every_index_comes_once_in_batches_of_like_length():
    lengths = [(7 * place) % 100 + 1 for place in range(402)]
    order = list(LikeLengths(lengths, 4, seed=1))
    assert sorted(order) == list(range(402))
    batches = [order[start : start + 4] for start in range(0, 400, 4)]
    padded = sum(4 * max(lengths[place] for place in batch) for batch in batches)
    assert padded < 1.1 * sum(lengths)


def test_the_order_depends_on_seed_and_epoch():
    lengths = list(range(1, 65))
    one, same, other = (LikeLengths(lengths, 4, seed) for seed in (1, 1, 2))
    assert list(one) == list(same)
    assert list(one) != list(other)
    first = list(one)
    one.set_epoch(1)
    assert list(one) != first


def test_settings_refuse_what_is_unknown_or_contradicts():
    with pytest.raises(ValidationError):
        TrainingSettings(learning_rat=1)
    with pytest.raises(ValidationError, match="below eval_steps"):
        TrainingSettings(save_steps=10)
