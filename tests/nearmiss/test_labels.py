"""Answers: reading them, and what they say."""

import json

import numpy as np
import pytest
from review_data import SHA, candidate, interaction, table

from tasks.errors import BadInput
from tasks.nearmiss.review.labels import Labels, precision_recall, read_labels

KEPT = table(*(interaction(f"k{n}", risk_level=("High", "Low")[n % 2]) for n in range(20)))
REJECTED = table(*(candidate(f"r{n}", ("duration", "stationary")[n >= 30]) for n in range(40)))


def answer(name, said, note=""):
    place = "kept" if name.startswith("k") else "rejected"
    return {"id": name, "table": place, "answer": said, "note": note}


def labels(*answers, **values):
    return {"format": "nearmiss-labels/1", "video_sha256": SHA, "answers": list(answers), **values}


def written(tmp_path, content):
    path = tmp_path / "labels.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return path


def read(tmp_path, content):
    return read_labels(written(tmp_path, content), KEPT, REJECTED, SHA)


def figures(*answers, kept=KEPT, rejected=REJECTED):
    return precision_recall(Labels(**labels(*answers)), kept, rejected)


def test_labels_are_read(tmp_path):
    found = read(tmp_path, labels(answer("k1", "right", "è <b>"), answer("r1", "unsure")))
    assert [a.id for a in found.answers] == ["k1", "r1"]
    assert found.answers[0].note == "è <b>"


def test_a_byte_order_mark_is_no_obstacle(tmp_path):
    assert read(tmp_path, "\ufeff" + json.dumps(labels())).answers == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "is not JSON"),
        ("", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "is not of the format nearmiss-labels/1"),
        ({}, "the file says no format"),
        (labels(format="nearmiss-labels/2"), "the file says 'nearmiss-labels/2'"),
        (labels(author="x"), "'author': extra inputs are not permitted"),
        (labels({**answer("k1", "right"), "x": 1}), "'answers.0.x'"),
        (labels(answer("k1", "maybe")), "'answers.0.answer': input should be"),
        (labels(answer("k1", "right"), answer("k1", "wrong")), "more than one answer for 'k1'"),
        (labels(answer("k77", "right")), "'k77' is not in the table"),
        (labels({**answer("k1", "right"), "table": "rejected"}), "'k1' is not in the table"),
        (labels(*(answer(f"k{n}", "right") for n in range(90, 99))), "and 4 more are not in"),
        (labels(video_sha256="cd" * 32), "about another video (sha256 cdcdcdcdcdcd… instead"),
        (labels(video_sha256="x"), "'video_sha256': string should match"),
        (labels(answer("k1", "right", "n" * 2001)), "'answers.0.note'"),
    ],
)
def test_what_is_wrong_with_a_file_is_one_sentence(tmp_path, content, said):
    with pytest.raises(BadInput) as raised:
        read(tmp_path, content)
    message = str(raised.value)
    assert said in message
    assert str(tmp_path / "labels.json") in message
    assert message.endswith(".")
    assert "\n" not in message


def test_a_missing_file_a_folder_and_a_picture_are_no_labels(tmp_path):
    (tmp_path / "x.png").write_bytes(b"\x89PNG\xff\xfe")
    for path, said in [
        (tmp_path / "none.json", "no such"),
        (tmp_path, "cannot be read"),
        (tmp_path / "x.png", "not a text file"),
    ]:
        with pytest.raises(BadInput, match=said):
            read_labels(path, KEPT, REJECTED, SHA)


def test_precision_with_wilsons_interval():
    found = figures(
        *(answer(f"k{n}", "right") for n in range(8)),
        answer("k8", "wrong"),
        answer("k9", "wrong"),
        answer("k10", "unsure"),
    )["precision"]
    assert found["value"] == 0.8
    assert (found["n"], found["right"], found["wrong"], found["unsure"]) == (10, 8, 2, 1)
    assert found["interval_95"] == pytest.approx([0.4902, 0.9433], abs=1e-4)  # Newcombe 1998


def test_rejected_ones_count_as_many_as_they_stand_for():
    found = figures(
        *(answer(f"k{n}", "right") for n in range(20)),
        answer("r0", "wrong"),
        answer("r1", "right"),
        answer("r2", "right"),  # 1 in 3 of 30
        answer("r30", "right"),
        answer("r31", "unsure"),  # 0 in 1 of 10
    )
    recall = found["recall"]
    assert recall["near_misses_rejected"] == pytest.approx(10)
    assert recall["value"] == pytest.approx(20 / 30)
    assert (recall["n_kept"], recall["n_rejected"], recall["wrongly_rejected"]) == (20, 4, 1)
    assert found["f1"]["value"] == pytest.approx(2 * 20 / (20 + 30))
    assert found["f1"]["n"] == 24
    assert recall["interval_95"][0] < 20 / 30 < recall["interval_95"][1]
    assert found["sampling"]["rejected"]["duration"] == {
        "candidates": 30, "answered": 3, "near_misses": 1,
    }  # fmt: skip


def test_kept_ones_are_weighted_by_their_level():
    found = figures(answer("k0", "right"), answer("k2", "right"), answer("k1", "wrong"))
    assert found["precision"]["value"] == pytest.approx(2 / 3)
    assert found["precision_weighted"]["value"] == pytest.approx(0.5)
    assert found["recall"]["value"] is None


def test_a_filter_without_an_answer_is_given_the_mean_and_named():
    found = figures(answer("k0", "right"), answer("r0", "wrong"), answer("r1", "right"))
    assert found["recall"]["near_misses_rejected"] == pytest.approx(20)
    assert any("stationary (10)" in note for note in found["notes"])
    assert any("Low (10)" in note for note in found["notes"])


def test_answers_that_all_agree_are_no_certainty():
    found = figures(*(answer(f"k{n}", "right") for n in range(5)), answer("r0", "right"))
    low, high = found["recall"]["interval_95"]
    assert found["recall"]["value"] == high == 1
    assert low < 0.7


def test_no_answers_no_figures():
    found = figures()
    for name in ("precision", "precision_weighted", "recall", "f1"):
        assert found[name]["value"] is None
        assert found[name]["interval_95"] is None
    json.dumps(found, allow_nan=False)


def test_nothing_rejected_and_nothing_right():
    nothing = figures(answer("k0", "right"), rejected=table())
    assert nothing["recall"]["value"] == 1
    wrong = figures(answer("k0", "wrong"), answer("r0", "right"))
    assert wrong["precision"]["value"] == 0
    assert wrong["recall"]["value"] is None
    assert wrong["f1"]["value"] == 0
    json.dumps([nothing, wrong], allow_nan=False)


def test_a_seed_gives_the_same_figures():
    given = [answer("k0", "right"), answer("r0", "wrong"), answer("r1", "right")]
    assert figures(*given) == figures(*given)


def test_the_interval_of_recall_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(5)
    held = 0
    for _ in range(120):
        given = [answer(f"k{n}", rng.choice(["right", "wrong"], p=[0.9, 0.1])) for n in range(20)]
        given += [
            answer(f"r{n}", rng.choice(["right", "wrong"], p=[0.9, 0.1]))
            for n in [*range(15), *range(30, 35)]
        ]
        found = precision_recall(Labels(**labels(*given)), KEPT, REJECTED, repeats=400)
        low, high = found["recall"]["interval_95"]
        held += low <= 18 / (18 + 4) <= high
    assert held / 120 > 0.9
