"""Prompting baselines get fair prompts, and are compared with intervals."""

import json
from dataclasses import replace

import cv2
import pytest
from understanding_cases import case, row, seed_rows, training_rows

from tasks.errors import BadInput
from tasks.finetune.language_model.load import load_tokenizer
from tasks.finetune.language_model.prompts import encode, format_prompt
from tasks.finetune.understanding.prompting.compare import compare
from tasks.finetune.understanding.prompting.plot import plot
from tasks.finetune.understanding.prompting.prompts import (
    CHAIN_OF_THOUGHT,
    EXAMPLES,
    FEW_SHOT,
    MAX_EXAMPLE_WORDS,
    answer_part,
    chain_of_thought,
    few_shot,
    keep_answer_parts,
    nearest,
)

ASKED = row("test:1", "git", "How do I undo a commit and keep the changes?", "")


@pytest.fixture(scope="module")
def tokenizer(tiny_model):
    return load_tokenizer(tiny_model, "left")


def test_the_examples_ask_something_like_the_question():
    found = nearest([ASKED], training_rows())["test:1"]
    assert len(found) == EXAMPLES
    assert found[0]["row_id"] == "train:1"


def test_long_rows_are_examples_only_where_there_are_no_shorter_ones():
    long = row("long", "git", ASKED["instruction"], "word " * MAX_EXAMPLE_WORDS)
    found = nearest([ASKED], [long, *training_rows()])["test:1"]
    assert "long" not in [each["row_id"] for each in found]
    found = nearest([ASKED], [long, *training_rows()[:2]])["test:1"]
    assert {each["row_id"] for each in found} == {"long", "train:0", "train:1"}
    assert len(nearest([ASKED], training_rows()[:1])["test:1"]) == 1


def test_few_shot_without_examples_is_said_to_be_zero_shot(cases):
    def costs(examples):
        return " ".join(compare(cases, examples=examples)["costs"])

    assert "few-shot is zero-shot here" in costs(0.0)
    assert "1.5 examples on average, of 3" in costs(1.5)
    assert "examples on average" not in costs(3.0)


def test_the_nearest_example_stands_last_before_the_question(tokenizer):
    examples = nearest([ASKED], training_rows())["test:1"]
    made = few_shot(ASKED, examples, tokenizer, max_tokens=100_000)
    assert made.row_ids == [each["row_id"] for each in examples][::-1]
    places = [made.prompt.index(each["output"]) for each in examples]
    assert places == sorted(places, reverse=True)
    assert made.prompt.rindex(ASKED["instruction"]) > places[0]


def test_examples_that_do_not_fit_are_left_out_the_furthest_first(tokenizer):
    examples = nearest([ASKED], training_rows())["test:1"]
    whole = len(encode(few_shot(ASKED, examples, tokenizer, 100_000).prompt, tokenizer))
    made = few_shot(ASKED, examples, tokenizer, whole - 1)
    assert made.row_ids == [examples[1]["row_id"], examples[0]["row_id"]]
    assert len(encode(made.prompt, tokenizer)) < whole
    assert few_shot(ASKED, examples, tokenizer, 1).prompt == format_prompt(ASKED, tokenizer)


def test_chain_of_thought_asks_for_steps_and_shows_the_input(tokenizer):
    prompt = chain_of_thought(ASKED | {"input": "fatal: bad revision"}, tokenizer)
    assert ASKED["instruction"] in prompt
    assert "fatal: bad revision" in prompt
    assert "step by step" in prompt


@pytest.mark.parametrize(
    ("text", "part", "is_marked"),
    [
        ("First the log.\nAnswer: use git log.", "use git log.", True),
        ("Steps.\n**Answer:** use\n- a\n- b", "use\n- a\n- b", True),
        ("### Final answer:\nRestart it.", "Restart it.", True),
        ("Answer: no.\nBut then.\nAnswer: yes.", "yes.", True),
        ("The answer is: 5", "5", True),
        ("Answer: restart.\nAnswer:", "restart.\nAnswer:", True),
        ("I would say that the answer: is open.", "I would say that the answer: is open.", False),
        ("Steps without an end", "Steps without an end", False),
        ("Answer:", "Answer:", False),
        ("", "", False),
    ],
)
def test_the_answer_part_follows_the_last_mark(text, part, is_marked):
    assert answer_part(text) == (part, is_marked)


def test_the_answer_part_replaces_the_text_and_keeps_its_costs():
    thought = {"row_id": "a", "answer": "Hm.\nAnswer: yes.", "answer_tokens": 9, "seconds": 2.0}
    kept, without = keep_answer_parts([thought, thought | {"answer": "Hm."}])
    assert kept == [thought | {"answer": "yes."}, thought | {"answer": "Hm."}]
    assert without == 1


@pytest.fixture(scope="module")
def cases():
    """The tuned model says more of the reference than the prompts do."""
    rows = seed_rows(40)

    def answered(system, share, rouge_l, **changes):
        made = {}
        for place, each in enumerate(rows):
            words = each["output"].split()
            made[each["row_id"]] = case(
                " ".join(words[: max(3, round(share * len(words)))]),
                row_id=each["row_id"],
                reference=each["output"],
                system=system,
                rouge_l=rouge_l + (place % 5) / 100,
                **changes,
            )
        return made

    return {
        "base": answered("base", 0.3, 0.2),
        FEW_SHOT: answered(FEW_SHOT, 0.3, 0.2, prompt_tokens=400, seconds=3.0),
        CHAIN_OF_THOUGHT: answered(CHAIN_OF_THOUGHT, 0.2, 0.15, answer_tokens=200, seconds=2.5),
        "tuned": answered("tuned", 0.8, 0.5),
    }


def test_systems_are_compared_with_intervals_and_costs(cases, tmp_path):
    facts = compare(cases, training_seconds=600, without_mark=4)
    json.dumps(facts, allow_nan=False)
    rows = {each["system"]: each for each in facts["rows"]}
    assert list(rows) == ["base", FEW_SHOT, CHAIN_OF_THOUGHT, "tuned"]
    for each in rows.values():
        assert each["rougeL_low"] <= each["rougeL"] <= each["rougeL_high"]
        assert each["bleu_low"] <= each["bleu_high"]
    assert rows["tuned"]["bleu"] > rows["base"]["bleu"] > rows[CHAIN_OF_THOUGHT]["bleu"]
    verdicts = "\n".join(facts["verdicts"])
    assert "No difference in ROUGE-L is shown between few-shot and zero-shot" in verdicts
    assert "Zero-shot is better than chain of thought in ROUGE-L" in verdicts
    assert "Fine-tuned is better than few-shot in BLEU" in verdicts
    assert len(facts["verdicts"]) == 10
    against = facts["against_tuned"]
    assert list(against) == ["base", FEW_SHOT, CHAIN_OF_THOUGHT]
    assert against[FEW_SHOT]["value"] == pytest.approx(0.3)
    assert against[FEW_SHOT]["low"] <= 0.3 + 1e-9
    assert all(each["shown"] for each in against.values())
    assert facts["wins"] == {"base": 0, FEW_SHOT: 0, CHAIN_OF_THOUGHT: 0, "tuned": 1}
    assert {each["best"] for each in facts["where"]} == {"tuned"}
    assert sum(each["n"] for each in facts["where"] if "references" in each["group"]) == 40
    costs = "\n".join(facts["costs"])
    assert "Few-shot reads 400 tokens" in costs
    assert "3.00 times as long" in costs
    assert "won back after 300 answers" in costs
    assert "4 answers of chain of thought" in costs
    plot(tmp_path / "baselines.png", facts)
    assert cv2.imread(str(tmp_path / "baselines.png")).std() > 10


def test_ties_are_shared_and_near_duplicates_widen_the_interval(cases):
    alike = {"base": cases["base"], "tuned": cases["base"]}
    facts = compare(alike)
    assert facts["wins"] == {"base": 0.5, "tuned": 0.5}
    assert all("No difference" in verdict for verdict in facts["verdicts"])
    clusters = {row_id: str(place // 8) for place, row_id in enumerate(cases["base"])}
    assert compare(alike, clusters)["clusters"] == 5
    assert compare(cases)["against_tuned"][FEW_SHOT]["shown"]
    assert not compare(cases, clusters)["against_tuned"][FEW_SHOT]["shown"], "five clusters"


def test_one_group_of_near_duplicates_shows_nothing_and_has_no_interval(cases):
    facts = compare(cases, dict.fromkeys(cases["base"], "one"))
    json.dumps(facts, allow_nan=False)
    assert facts["against_tuned"][FEW_SHOT]["low"] is None
    assert not facts["against_tuned"][FEW_SHOT]["shown"]
    assert all("no interval, for all are in one group" in each for each in facts["verdicts"])


def test_missing_systems_and_rows_are_bad_input(cases):
    with pytest.raises(BadInput, match="base and tuned"):
        compare({"base": cases["base"]})
    fewer = dict(list(cases["tuned"].items())[1:])
    with pytest.raises(BadInput, match="tuned did not answer the same rows"):
        compare({"base": cases["base"], "tuned": fewer})


def test_unmeasured_seconds_make_no_claim(cases):
    unmeasured = {
        system: {row_id: replace(each, seconds=float("nan")) for row_id, each in of_system.items()}
        for system, of_system in cases.items()
    }
    facts = compare(unmeasured, training_seconds=600)
    json.dumps(facts, allow_nan=False)
    assert not any("times as long" in cost or "won back" in cost for cost in facts["costs"])
