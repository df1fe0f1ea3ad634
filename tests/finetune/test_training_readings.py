"""What is said about a training follows from its figures."""

import numpy as np
from PIL import Image

from tasks.finetune.training.checklist import checklist
from tasks.finetune.training.history import loss_facts
from tasks.finetune.training.interpretation import interpret
from tasks.finetune.training.memorised import memorised
from tasks.finetune.training.plots import loss_curves
from tasks.finetune.training.settings import TrainingSettings


def facts_of(train, validation, planned=None):
    """Facts of a training with these losses, each ten steps apart."""
    logged = [{"step": 10 * n, "loss": loss} for n, loss in enumerate(train, 1)]
    logged += [{"step": 10 * n, "eval_loss": loss} for n, loss in enumerate(validation, 1)]
    logged.append({"step": 10 * len(train), "train_runtime": 3.0})
    last = 10 * len(train)
    return loss_facts(logged, planned or last) | {
        "settings": TrainingSettings().model_dump(),
        "steps": last,
    }


FALLING = facts_of([2.0, 1.6, 1.4, 1.3], [1.9, 1.7, 1.6, 1.5])
FLAT = facts_of([2.0, 1.5, 1.49, 1.48], [1.9, 1.6, 1.502, 1.5])
OVERFITTED = facts_of([2.0, 1.5, 1.0, 0.6], [1.9, 1.7, 1.8, 2.0], planned=90)


def test_losses_are_read_from_what_was_logged():
    assert OVERFITTED["best_step"] == 20
    assert OVERFITTED["best_eval_loss"] == 1.7
    assert OVERFITTED["train_loss_at_best"] == 1.5
    assert OVERFITTED["train_loss"] == 0.6
    assert (OVERFITTED["stopped_early"], FALLING["stopped_early"]) == (True, False)
    assert len(FALLING["history"]) == 8


def test_the_interpretation_tells_courses_apart():
    assert "still falling" in interpret(FALLING)
    assert "converged" in interpret(FLAT)
    assert "overfits beyond step 20" in interpret(OVERFITTED)
    assert "stopped early at step 40" in interpret(OVERFITTED)
    assert "stopped early" not in interpret(FLAT)
    assert "diverged" in interpret(facts_of([2.0, 2.5], [1.9, 2.5]))
    assert "too few evaluations" in interpret(facts_of([2.0], [1.9]))


def answers(facts, share=0.0, val=0.4, test=0.4):
    found = {"share": share, "count": 1, "n": 10, "least_words": 12, "examples": []}
    return [each["sign"] for each in checklist(facts, found, {"rougeL": val}, {"rougeL": test})]


def test_each_question_of_the_checklist_has_its_sign():
    assert answers(FLAT) == [False, False, False, False]
    assert answers(OVERFITTED)[1]
    assert answers(facts_of([1.0, 0.5], [1.6, 1.5]))[0]
    assert answers(FLAT, share=0.1)[2]
    assert answers(FLAT, val=0.6)[3]


def test_a_training_loss_that_was_not_logged_is_not_known():
    found = {"share": 0.0, "count": 0, "n": 10, "least_words": 12, "examples": []}
    [said] = [
        each
        for each in checklist(facts_of([2.0, 1.5], [1.9, 1.7, 1.8]), found, {}, {})
        if "stop falling" in each["question"]
    ]
    assert said["answer"] == "Not known: no training loss was logged after step 20."
    assert (said["figure"], said["sign"]) == (None, False)
    [last] = [
        each
        for each in checklist(facts_of([2.0, 1.5], [1.9, 1.7]), found, {}, {})
        if "stop falling" in each["question"]
    ]
    assert last["answer"] == "No: the best validation loss is the last one, at step 20."


def test_every_answer_carries_its_figure():
    found = {"share": 0.1, "count": 1, "n": 10, "least_words": 12, "examples": []}
    for each in checklist(OVERFITTED, found, {"rougeL": 0.5}, {"rougeL": 0.4}):
        assert each["answer"].startswith(("Yes", "No"))
        assert isinstance(each["figure"], float)


TEXT = (
    "The disk is full because the old logs of the web server were never rotated, so delete them "
    "and set up logrotate for the folder"
)


def test_copies_of_training_text_are_found():
    tuned = {"1": f"Well! {TEXT.upper()}.", "2": "Restart the router and wait for a minute."}
    found = memorised(tuned, {"1": "I do not know.", "2": ""}, {"t": TEXT, "u": "Another text"})
    assert (found["count"], found["n"], found["share"]) == (1, 2, 0.5)
    assert found["examples"][0]["words"] == len(TEXT.split())
    assert found["examples"][0]["train_row_id"] == "t"


def test_what_the_base_model_repeats_too_is_not_learned_by_heart():
    assert memorised({"1": TEXT}, {"1": TEXT}, {"t": TEXT})["count"] == 0


def test_runs_of_two_texts_do_not_add_up():
    words = TEXT.split()
    halves = {"t": " ".join(words[:10]), "u": " ".join(words[10:20])}
    found = memorised({"1": " ".join(words[:20])}, {}, halves)
    assert found["count"] == 0
    assert found["mean_run_tuned"] == 10


def test_the_best_step_is_a_dashed_line(tmp_path):
    loss_curves(tmp_path / "with.png", OVERFITTED)
    loss_curves(tmp_path / "without.png", OVERFITTED | {"best_step": None})
    assert _dashes(tmp_path / "with.png") > 10
    assert _dashes(tmp_path / "without.png") < 3


def _dashes(path):
    """Changes between the best step's green and other colors, in the column with most."""
    with Image.open(path) as opened:
        red, green, blue = np.moveaxis(np.asarray(opened.convert("RGB"), dtype=int), 2, 0)
    of_best = green > np.maximum(red, blue) + 20
    return int(np.abs(np.diff(of_best.astype(int), axis=0)).sum(axis=0).max())
