"""The largest class of failures chooses the change; what was tried or makes no sense is skipped."""

import pytest
from run_facts import facts

from tasks.errors import BadInput
from tasks.finetune.iteration.changes import CHANGES, Evidence
from tasks.finetune.iteration.choose import choose
from tasks.finetune.iteration.repair import REPAIRS
from tasks.finetune.training.settings import TrainingSettings

CLASSES = (
    "hallucination",
    "incomplete",
    "off_topic",
    "formatting_failure",
    "overfitting_artefact",
    "other",
)


def evidence(classes: dict, history: tuple = (50, 100), best: int = 50, **settings) -> Evidence:
    training = facts()["training"] | {
        "settings": TrainingSettings(**settings).model_dump(),
        "history": [{"step": step, "eval_loss": 2.0} for step in history],
        "best_step": best,
    }
    return Evidence(classes, training)


def test_the_largest_class_chooses():
    choice = choose(evidence({"Hallucination": 12, "incomplete": 20, "other": 5}), tried=())
    assert (choice.name, choice.failure_class) == ("near-failures", "incomplete")
    assert (choice.count, choice.of) == (20, 37)
    assert choice.skipped == [{"change": "more-rows", "reason": "no further rows were given"}]


@pytest.mark.parametrize("failure_class", CLASSES)
def test_every_class_has_a_change_for_a_common_run(failure_class):
    choice = choose(evidence({failure_class: 3}), tried=())
    assert choice.failure_class == failure_class
    assert choice.settings or choice.data


def test_what_was_tried_is_not_tried_again():
    given = evidence({"off-topic": 9})
    seen: list[str] = []
    for _ in range(3):
        seen.append(choose(given, tried=seen).name)
    assert seen == ["loss-on-all", "replay", "half-rate"]
    with pytest.raises(BadInput, match="loss-on-all: tried before; replay: tried before"):
        choose(given, tried=seen)


def test_the_next_class_comes_where_nothing_is_left():
    done = {change.name for change in CHANGES if "off_topic" in change.classes}
    choice = choose(evidence({"off_topic": 9, "overfitting_artefact": 2}), tried=done)
    assert (choice.name, choice.failure_class) == ("fewer-epochs", "overfitting_artefact")


def test_longer_training_only_where_the_loss_was_still_falling():
    tried = {"more-rows", "near-failures", "long-answers", "whole-answers"}
    choice = choose(evidence({"incomplete": 4}, best=100), tried)
    assert (choice.name, choice.settings) == ("longer-training", {"epochs": 5})
    with pytest.raises(BadInput, match="stopped falling before the end"):
        choose(evidence({"incomplete": 4}, best=50), tried)


@pytest.mark.parametrize(
    ("name", "settings", "changed"),
    [
        ("rank-doubled", {}, {"lora_rank": 32, "lora_alpha": 64}),
        ("half-rate", {}, {"learning_rate": 1e-4}),
        ("all-linear", {}, {"targets": "all-linear"}),
        ("loss-on-response", {"loss_on": "all"}, {"loss_on": "response"}),
        ("replay", {}, {"replay": 0.2}),
        ("fewer-epochs", {}, {"epochs": 2}),
    ],
)
def test_settings_that_change(name, settings, changed):
    assert choose(evidence({"other": 1}, **settings), (), wanted=name).settings == changed


@pytest.mark.parametrize(
    ("name", "settings", "reason"),
    [
        ("rank-doubled", {"lora_rank": 64}, "rank 64 is large"),
        ("all-linear", {"targets": "all-linear"}, "already"),
        ("replay", {"replay": 0.1}, "replayed already"),
        ("fewer-epochs", {"epochs": 1}, "one epoch"),
        ("more-dropout", {"lora_dropout": 0.1}, "already"),
        ("one-of-a-cluster", {}, "no training rows are related"),
        ("more-rows", {}, "no further rows"),
        ("double-everything", {}, "there is no change called"),
    ],
)
def test_a_wanted_change_that_makes_no_sense_is_refused(name, settings, reason):
    with pytest.raises(BadInput, match=reason):
        choose(evidence({"other": 1}, **settings), (), wanted=name)


def test_a_wanted_change_says_what_it_answers_or_that_it_answers_nothing():
    given = evidence({"formatting failure": 11, "hallucination": 2, "incomplete": 5})
    choice = choose(given, (), wanted="all-linear")
    assert (choice.wanted, choice.failure_class, choice.count) == (True, "hallucination", 2)
    choice = choose(given, (), wanted="more-dropout")
    assert (choice.wanted, choice.failure_class, choice.count, choice.of) == (True, "", 0, 18)
    assert not choose(given, ()).wanted


def test_whole_answers_only_where_the_window_cut_some():
    given = evidence({"incomplete": 4})
    assert choose(given, (), wanted="whole-answers").settings == {"too_long": "drop"}
    given.training["examples"]["train"]["truncated"] = 0
    with pytest.raises(BadInput, match="the window cut no training row"):
        choose(given, (), wanted="whole-answers")
    given.training["examples"]["train"] |= {"rows": 40, "truncated": 16}
    assert choose(given, (), wanted="whole-answers").name == "whole-answers"
    given.training["examples"]["train"]["truncated"] = 17
    with pytest.raises(BadInput, match="17 of 40 training rows, too many to leave out"):
        choose(given, (), wanted="whole-answers")


def test_without_failures_there_is_nothing_to_choose():
    with pytest.raises(BadInput, match="no low-scoring answers"):
        choose(evidence({"hallucination": 0}), ())


def test_the_table_is_whole():
    names = [change.name for change in CHANGES]
    assert len(set(names)) == len(names)
    assert {each for change in CHANGES for each in change.classes} == set(CLASSES)
    assert {change.data for change in CHANGES if change.data} == set(REPAIRS)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.name)
def test_every_change_gives_settings_that_training_takes(change):
    before = TrainingSettings(loss_on="all").model_dump()
    changed = before | change.settings(before)
    assert TrainingSettings(**changed).model_dump() == changed
    assert changed != before or change.data or change.name == "loss-on-all"
