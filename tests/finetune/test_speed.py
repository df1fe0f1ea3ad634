"""A run's training and generation are measured beside plain ones, with the losses of both."""

import json

import pytest

from tasks.errors import BadInput
from tasks.finetune import speed
from tasks.finetune.training.settings import TrainingSettings
from tasks.finetune.training.train import ADAPTER, train

SETTINGS = TrainingSettings(batch_size=2, accumulation=4, max_length=64, compile="off")


def rows(count):
    return [
        {
            "row_id": str(number),
            "instruction": f"Why is disk {number} full ?",
            "input": "",
            "output": f"Delete the logs of disk {number} .",
        }
        for number in range(count)
    ]


def test_a_step_has_no_more_rows_than_there_are():
    assert speed._small_enough(SETTINGS, 100).accumulation == 4
    assert speed._small_enough(SETTINGS, 8 + 3 * 2 * 2).accumulation == 2
    with pytest.raises(BadInput, match="give at least 14 rows"):
        speed.refuse_too_few(SETTINGS, 13)
    speed.refuse_too_few(SETTINGS, 14)


@pytest.mark.slow
def test_both_ways_train_alike_and_generate_alike(tiny_model, tmp_path):
    train(tiny_model, rows(16), rows(4), SETTINGS.model_copy(update={"epochs": 1}), tmp_path)
    found = speed.measure(tiny_model, tmp_path / ADAPTER, rows(40), rows(6), SETTINGS, "pytorch", 8)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    trained = found["training"]["variants"]
    assert trained["lean"]["loss_before"] == pytest.approx(
        trained["tutorial"]["loss_before"], abs=0.02
    )
    assert trained["lean"]["loss_after"] == pytest.approx(
        trained["tutorial"]["loss_after"], abs=0.02
    )
    told = speed.rows(found)
    assert [row["what"] for row in told] == ["training", "generation (pytorch)"]
    assert all(0 < row["lowest"] <= row["times"] <= row["highest"] for row in told)
    assert told[1]["agreement"] == "within the tolerances"
    assert "2 rounds each" in speed.verdict(found)
