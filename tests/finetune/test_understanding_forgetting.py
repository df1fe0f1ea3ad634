"""Forgetting is scored by checkable rules, and replay gives away none of its questions."""

import tasks.environment  # noqa: F401  isort: skip — before Prefect

import json
import math
from collections import Counter

import pytest
from scipy.stats import binom

from flows.finetune_model import general_rows
from tasks.errors import BadInput
from tasks.finetune import contamination, model_stages
from tasks.finetune.config import FinetuneConfig
from tasks.finetune.curation.shingles import jaccard, shingles
from tasks.finetune.language_model.load import load_model, load_tokenizer
from tasks.finetune.understanding.forgetting import replay
from tasks.finetune.understanding.forgetting import sentences as sentences_module
from tasks.finetune.understanding.forgetting.checks import number
from tasks.finetune.understanding.forgetting.compare import ALL_QUESTIONS, PERPLEXITY, compare
from tasks.finetune.understanding.forgetting.paired_rates import paired_interval
from tasks.finetune.understanding.forgetting.perplexity import sentence_nll
from tasks.finetune.understanding.forgetting.questions import FILE, KINDS, read_questions
from tasks.finetune.understanding.forgetting.replay import read_replay, with_replay
from tasks.finetune.understanding.forgetting.sentences import (
    OWN_FILE,
    Sentences,
    WikiTextUnreachable,
    find_sentences,
    wikitext_sentences,
)

QUESTIONS = read_questions()


def test_there_are_five_questions_of_each_kind():
    assert Counter(question.kind for question in QUESTIONS) == dict.fromkeys(KINDS, 5)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.id)
def test_each_rule_tells_right_answers_from_wrong_ones(question):
    assert [question.is_right(answer) for answer in question.right] == [True] * len(question.right)
    assert [question.is_right(answer) for answer in question.wrong] == [False] * len(question.wrong)


@pytest.mark.parametrize(
    ("answer", "value", "is_right"),
    [
        ("The result is 1,250.", 1250, True),
        ("It is 12.50 in all.", 12.5, True),
        ("-3", -3, True),
        ("It is v12 of the file", 12, False),
        ("No one knows.", 1, False),
    ],
)
def test_numbers_are_read_whole(answer, value, is_right):
    assert number(answer, value) is is_right


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("rule: verbatim", "rule: by_heart", "'by_heart' is none of"),
        ("kind: reasoning", "kind: riddle", "'riddle' is none of"),
        ("id: sum", "id: product", "used twice"),
        ('right: ["12"', 'right: ["11"', "judges the example '11' otherwise"),
        ("with: {value: 12}", "with: {amount: 12}", "does not fit rule number"),
        ("- id: sum", "- name: sum", "no list of questions"),
    ],
)
def test_a_question_that_contradicts_itself_is_bad_input(tmp_path, old, new, says):
    text = FILE.read_text(encoding="utf-8")
    path = tmp_path / "questions.yaml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    assert old in text
    with pytest.raises(BadInput, match=says):
        read_questions(path)


def test_replay_is_large_enough_and_none_of_it_is_near_a_question():
    rows = read_replay()
    assert len(rows) >= 60
    assert len({row["instruction"].casefold() for row in rows}) == len(rows)
    assert len({row["row_id"] for row in rows}) == len(rows)
    asked = [
        {
            "row_id": question.id,
            "instruction": question.prompt,
            "input": "",
            "output": question.right[0],
        }
        for question in QUESTIONS
    ]
    assert contamination.find([asked], [rows]).leaks == []
    for question in QUESTIONS:
        of_question = shingles(question.prompt)
        nearest = max(jaccard(of_question, shingles(row["instruction"])) for row in rows)
        assert nearest < 0.2, question.id


def test_replay_has_its_share_and_keeps_every_row_of_training():
    train = [row | {"row_id": f"t:{i}"} for i, row in enumerate(read_replay()[:40])]
    mixed = with_replay(train, share=0.2, seed=1)
    general = [row for row in mixed if row["source"] == "replay" and "replay:" in row["row_id"]]
    assert len(mixed) == 50
    assert len(general) == 10
    assert {row["row_id"] for row in train} <= {row["row_id"] for row in mixed}
    assert mixed == with_replay(train, share=0.2, seed=1)
    assert mixed != with_replay(train, share=0.2, seed=2)
    assert with_replay(train, share=0, seed=1) == train


def test_replay_repeats_rows_evenly_where_it_has_too_few():
    rows = read_replay()
    train = [row | {"row_id": f"t:{i}"} for i, row in enumerate(rows * 2)]
    mixed = with_replay(train, share=0.5, seed=1, general=rows[:50])
    general = [row["row_id"] for row in mixed if row["row_id"].startswith("replay:")]
    assert len(general) == len(train) == len(set(general))
    times = Counter(row_id.split("#")[0] for row_id in general)
    assert max(times.values()) - min(times.values()) <= 1


@pytest.mark.parametrize("share", [-0.1, 0.6])
def test_a_replay_share_out_of_bounds_is_bad_input(share):
    with pytest.raises(BadInput, match=r"between 0 and 0\.5"):
        with_replay(read_replay(), share, seed=1)


def test_the_general_rows_count_by_their_content_and_are_read_before_training(
    tmp_path, monkeypatch
):
    path = tmp_path / "replay.jsonl"
    path.write_text(replay.FILE.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(replay, "FILE", path)
    assert general_rows(FinetuneConfig()) is None
    before = general_rows(FinetuneConfig(replay=0.2))
    path.write_text("".join(path.read_text(encoding="utf-8").splitlines(keepends=True)[1:]))
    after = general_rows(FinetuneConfig(replay=0.2))
    assert model_stages.train.key(general=before) != model_stages.train.key(general=after)
    path.unlink()
    with pytest.raises(BadInput, match="missing"):
        general_rows(FinetuneConfig(replay=0.2))


@pytest.mark.parametrize("text", ["", "{", '{"row_id": "x"}'])
def test_a_broken_replay_file_is_bad_input(tmp_path, text):
    path = tmp_path / "replay.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match=r"empty|no JSON|lacks one of"):
        read_replay(path)
    with pytest.raises(BadInput, match="missing"):
        read_replay(tmp_path / "none.jsonl")


@pytest.fixture
def nothing_at_hand(monkeypatch, tmp_path):
    """No data folder but an empty one, and a cache of the hub without anything."""
    monkeypatch.setattr(sentences_module, "data_folders", lambda: [tmp_path])
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    return tmp_path


def test_sentences_come_from_the_best_source_at_hand(nothing_at_hand):
    own = find_sentences()
    assert own.texts == OWN_FILE.read_text(encoding="utf-8").splitlines()
    assert (len(own.texts), len(set(own.texts)), own.license) == (100, 100, "CC0-1.0")
    folder = nothing_at_hand / "general"
    folder.mkdir()
    lines = [f"The sentence with the number {i} is one of many." for i in range(150)]
    (folder / "wikipedia_sentences.txt").write_text("\n".join(lines), encoding="utf-8")
    drawn = find_sentences()
    assert "Wikipedia" in drawn.source
    assert len(set(drawn.texts) & set(lines)) == 100
    assert find_sentences() == drawn
    (folder / "wikipedia_sentences.txt").write_text("\n".join(lines[:99]), encoding="utf-8")
    with pytest.raises(BadInput, match="99 sentences"):
        find_sentences()


def test_wikitext_is_read_without_headings_and_with_its_marks_put_back(nothing_at_hand):
    import pyarrow as pa
    import pyarrow.parquet as pq

    paragraph = (
        " The bridge , a well @-@ known one , was built in four years ( and a half ) by the town . "
        "It cost 1 @,@ 200 pounds , which was a great sum of money at that time . Short one . \n"
    )
    path = nothing_at_hand / "wikitext.parquet"
    pq.write_table(pa.table({"text": [" = Bridge = \n", "", paragraph]}), path)
    assert wikitext_sentences(path) == [
        "The bridge, a well-known one, was built in four years (and a half) by the town.",
        "It cost 1,200 pounds, which was a great sum of money at that time.",
    ]


def test_wikitext_that_was_asked_for_and_cannot_be_had_says_so(nothing_at_hand):
    with pytest.raises(WikiTextUnreachable, match="cannot be fetched"):
        find_sentences(download=True)


def test_the_likelihood_of_sentences_is_that_of_each_alone(tiny_model):
    import torch

    tokenizer = load_tokenizer(tiny_model, "right")
    model = load_model(tiny_model, torch.float32, device="cpu")
    texts = ["The mill stands where two streams meet.", "No.", "The judge asked to see the goat."]
    together = sentence_nll(model, tokenizer, texts)
    for text, (total, tokens) in zip(texts, together, strict=True):
        ids = [tokenizer.eos_token_id, *tokenizer(text, add_special_tokens=False)["input_ids"]]
        with torch.inference_mode():
            logits = model(torch.tensor([ids])).logits[0].log_softmax(dim=-1)
        alone = -sum(logits[place, ids[place + 1]].item() for place in range(len(ids) - 1))
        assert tokens == len(ids) - 1
        assert total == pytest.approx(alone, rel=1e-4)


def test_the_interval_of_paired_rates_is_fair():
    assert paired_interval(3, 1, 0, 1) == pytest.approx(
        tuple(-end for end in paired_interval(3, 0, 1, 1)[::-1])
    )
    low, high = paired_interval(5, 0, 0, 0)
    assert low < -0.3
    assert high > 0.3
    assert paired_interval(0, 15, 0, 0)[1] < -0.6


def test_the_interval_of_paired_rates_holds_the_truth_at_least_as_often_as_it_says():
    """Exactly, over all outcomes of 10 questions that each system gets right independently."""
    n, first, second = 10, 0.6, 0.4
    covered = 0.0
    chances = [first * second, first * (1 - second), (1 - first) * second]
    for both in range(n + 1):
        for lost in range(n - both + 1):
            for gained in range(n - both - lost + 1):
                neither = n - both - lost - gained
                low, high = paired_interval(both, lost, gained, neither)
                if low <= second - first <= high:
                    left = 1 - chances[0]
                    chance = binom.pmf(both, n, chances[0])
                    chance *= binom.pmf(lost, n - both, chances[1] / left)
                    chance *= binom.pmf(gained, n - both - lost, chances[2] / (left - chances[1]))
                    covered += chance
    assert 0.93 < covered <= 1


SENTENCES = Sentences([f"Sentence {i}." for i in range(30)], "made here", "CC0-1.0", "0" * 64)
BASE_NLL = [(20.0 + i % 5, 10) for i in range(30)]


def test_what_is_lost_and_gained_is_told_and_nothing_more():
    right = [question.right[0] for question in QUESTIONS]
    lost = [
        question.wrong[0] if question.kind == "reasoning" else question.right[0]
        for question in QUESTIONS
    ]
    worse = [(nll * 1.2, tokens) for nll, tokens in BASE_NLL]
    training = {
        "settings": {"learning_rate": 2e-4, "replay": 0.1},
        "trainable": 1_000,
        "total": 100_000,
        "epochs_done": 3,
        "steps": 90,
        "best_step": 60,
    }
    facts = compare(QUESTIONS, right, lost, SENTENCES, BASE_NLL, worse, training)
    json.dumps(facts, allow_nan=False)
    rows = {row["test"]: row for row in facts["rows"]}
    assert list(rows) == [*KINDS.values(), ALL_QUESTIONS, PERPLEXITY]
    reasoning = rows[KINDS["reasoning"]]
    assert (reasoning["lost"], reasoning["degradation_percent"]) == (5, 100)
    assert reasoning["verdict"] == "worse"
    assert rows[KINDS["general"]]["verdict"] == "no difference shown"
    base = math.exp(sum(nll for nll, _ in BASE_NLL) / 300)
    assert rows[PERPLEXITY]["base"] == pytest.approx(base)
    assert rows[PERPLEXITY]["degradation_percent"] == pytest.approx(100 * (base**0.2 - 1))
    assert rows[PERPLEXITY]["verdict"] == "worse"
    shown = [each["claim"] for each in facts["hypotheses"] if each["shown"]]
    assert any("general English" in claim for claim in shown)
    assert any("arithmetic and logic" in claim for claim in shown)
    assert len(facts["hypotheses"]) == 5
    assert [each["mitigation"] for each in facts["mitigations"]] == [
        "replay",
        "a lower learning rate",
        "fewer epochs",
    ]
    assert facts["mitigations"][0]["figure"].startswith("10 %")
    assert "0.0002" in facts["mitigations"][1]["figure"]


def test_the_same_answers_show_no_forgetting_and_a_base_without_success_no_percentage():
    wrong = [question.wrong[0] for question in QUESTIONS]
    facts = compare(QUESTIONS, wrong, wrong, SENTENCES, BASE_NLL, BASE_NLL)
    assert {row["verdict"] for row in facts["rows"]} == {"no difference shown"}
    assert facts["rows"][0]["degradation_percent"] is None
    assert not any(each["shown"] for each in facts["hypotheses"])
    assert "no loss is shown" in facts["mitigations"][0]["figure"]
