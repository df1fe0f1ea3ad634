"""Changes of the training rows: what they do, and that nothing held out gets in."""

import pytest

from tasks.errors import BadInput
from tasks.finetune.iteration.repair import COPY, NEIGHBOURS, Material, repair

LONG = (
    "Stop the service first, copy the configuration folder to the new host, start it there and "
    "compare both lists of printers before the old one is switched off for good."
)


def row(row_id: str, instruction: str, output: str) -> dict[str, str]:
    return {
        "row_id": row_id,
        "instruction": instruction,
        "input": "",
        "output": output,
        "source": "manual",
        "domain": "linux",
        "license": "CC0-1.0",
    }


SUBJECTS = ("printer", "password", "network", "backup", "mail", "kernel")
TRAIN = [
    row(f"t{number}", f"How do I mend the {subject} {number}?", f"{subject} " * (5 + number))
    for number, subject in enumerate(SUBJECTS * 3)
]
VAL = [row("v1", "My printer is silent, why?", "Look at the printer cable.")]
TEST = [row("x1", "How do I move a print server?", LONG)]


def material(**changes) -> Material:
    return Material(**({"train": TRAIN, "failures": VAL, "held_out": [*VAL, *TEST]} | changes))


def test_the_rows_nearest_to_failures_come_twice():
    repaired = repair("near_failures", material())
    added = repaired.rows[len(TRAIN) :]
    assert repaired.rows[: len(TRAIN)] == TRAIN
    assert len(added) == NEIGHBOURS == repaired.figures["added"]
    assert all("printer" in each["instruction"] for each in added)
    assert all(each["row_id"].endswith(COPY) for each in added)
    assert len({each["row_id"] for each in repaired.rows}) == len(repaired.rows)


def test_a_failure_without_a_shared_word_has_no_neighbours():
    alone = [row("v2", "Zyxw?", "Qqq.")]
    with pytest.raises(BadInput, match="leaves the training rows as they are"):
        repair("near_failures", material(failures=alone))
    with pytest.raises(BadInput, match="nothing to be near to"):
        repair("near_failures", material(failures=[]))


def test_the_longest_answers_come_twice():
    repaired = repair("long_answers", material())
    added = repaired.rows[len(TRAIN) :]
    assert [each["row_id"] for each in added] == [f"t{number}{COPY}" for number in range(12, 18)]
    assert repaired.figures["from_words"] == 17


def test_one_row_of_a_cluster_is_kept():
    repaired = repair("one_of_a_cluster", material(clusters={"t0": "a", "t6": "a", "t12": "a"}))
    kept = [each["row_id"] for each in repaired.rows]
    assert "t12" in kept
    assert {"t0", "t6"}.isdisjoint(kept)
    assert repaired.figures == {
        "before": 18,
        "after": 16,
        "added": 0,
        "removed": 2,
        "clusters": 16,
    }


def test_new_rows_come_in_but_for_those_that_give_the_test_away():
    more = [
        row("n1", "How do I list the open ports?", "Run ss with the options for sockets."),
        row("n2", "Which steps move printers to another host?", f"In short: {LONG}"),
        row("n3", TRAIN[0]["instruction"].upper(), "Another answer."),
        row("t1", "A question of its own?", "With the row_id of another."),
        row("n4", "Is there an answer?", " "),
        {"row_id": "n5", "instruction": "Where is the rest?"},
    ]
    repaired = repair("add_rows", material(more=more))
    assert [each["row_id"] for each in repaired.rows[len(TRAIN) :]] == ["n1"]
    reasons = {each["row_id"]: each["reason"] for each in repaired.figures["refused"]}
    assert reasons["n2"] == "it shares 13 words on end with the held-out row x1"
    assert "in training already" in reasons["n3"]
    assert "row_id is taken" in reasons["t1"]
    assert "no answer" in reasons["n4"]
    assert "lacks input, output" in reasons["n5"]


def test_a_change_that_changes_nothing_is_refused():
    with pytest.raises(BadInput, match="leaves the training rows as they are"):
        repair("one_of_a_cluster", material())
    with pytest.raises(BadInput, match="all 1 further rows were refused, the first because"):
        repair("add_rows", material(more=TEST))
    with pytest.raises(BadInput, match="no change of the data called"):
        repair("erase", material())


def test_a_held_out_row_among_the_training_rows_stops_it():
    with pytest.raises(RuntimeError, match="held-out row"):
        repair("long_answers", material(train=[*TRAIN, *TEST]))
