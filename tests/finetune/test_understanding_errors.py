"""Failed answers are sorted by rules that give evidence, and a person overrules them."""

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest
from understanding_cases import TRAINING, answer_and_score, case, row, seed_rows, training_rows

from tasks.errors import BadInput
from tasks.finetune.understanding.cases import join
from tasks.finetune.understanding.errors.analyse import analyse
from tasks.finetune.understanding.errors.classes import (
    NAMES,
    formatting,
    hallucination,
    incomplete,
    off_topic,
)
from tasks.finetune.understanding.errors.hypotheses import hypotheses
from tasks.finetune.understanding.errors.low_scoring import (
    LEAST,
    ROUGE_L_BOUND,
    Bounds,
    bounds_of,
    low_scoring,
)
from tasks.finetune.understanding.errors.overrides import read_overrides
from tasks.finetune.understanding.errors.plot import plot
from tasks.finetune.understanding.errors.side_by_side import best_and_worst, why_bad
from tasks.finetune.understanding.errors.sorting import Verdict, sort
from tasks.finetune.understanding.errors.training_text import TrainingText

GOOD = (
    "Look for the commit that deleted the file with `git log -- notes.txt`, and take it from the "
    "commit before with `git checkout`. Then commit the file again."
)


@pytest.fixture(scope="module")
def known():
    return TrainingText(training_rows())


@pytest.fixture(scope="module")
def seeds():
    return seed_rows(150)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ("", "empty"),
        ("  \n ", "empty"),
        ("Restore it.<|im_end|>", "<|im_end|>"),
        ("Restore it.\n### Instruction:\nHow do I", "### Instruction:"),
        ("Run this:\n```bash\ngit log", "never closed"),
        ("Use `git log -N -N -N -N -N -N -N -N -N", "over and over"),
        ("Install DLL_FALLS_DLL_FALLS_DLL_FALLS_DLL_FALLS_DLL_FALLS_DLL_FALLS_", "without a break"),
        ("\n".join(f"{i}. Open the folder again" for i in range(1, 6)), "5 times"),
        ("It is a file in git. So it is. " * 3, "3 times"),
        (
            "The file is part of the index, and the index is part of the file. The commit is part "
            "of the index, and the index is part of the commit. The history is part of the index, "
            "and the index is part of the history of the file.",
            "round in circles",
        ),
    ],
)
def test_no_text_marks_of_the_prompt_and_loops_are_formatting_failures(known, answer, says):
    verdict = sort(case(answer), known)
    assert verdict.name == formatting.NAME
    assert says in verdict.evidence


@pytest.mark.parametrize(
    "answer",
    [
        GOOD,
        "| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n| 5 | 6 |",
        "Write 1000000000000 and ----------------------- and go on.",
        "```bash\ngit log\n```\nThen commit.",
    ],
)
def test_well_formed_text_is_no_formatting_failure(known, answer):
    assert formatting.evidence(case(answer), known) == ""


def test_references_that_people_accepted_are_well_formed(known, seeds):
    said = [formatting.evidence(case(each["output"]), known) for each in seeds]
    assert not [evidence for evidence in said if evidence]


def test_a_long_run_from_training_is_an_artefact_unless_the_base_model_says_it_too(known):
    learned = TRAINING[0][2]
    answer = case(f"Deleted files come back. {learned}")
    verdict = sort(answer, known)
    assert verdict.name == "overfitting artefact"
    assert "train:0" in verdict.evidence
    assert "windows pings the printer over snmp" in verdict.evidence
    assert sort(answer, known, base_answer=learned).name != "overfitting artefact"
    of_reference = replace(answer, reference=learned)
    assert sort(of_reference, known).name != "overfitting artefact"


def test_a_run_of_twelve_words_is_a_common_phrase(known):
    words = [
        "Windows",
        "pings",
        "the",
        "printer",
        "over",
        "SNMP.",
        "Open",
        "the",
        "port",
        "settings,",
        "clear",
        "the",
    ]
    run = known.longest_run(" ".join(words), ())
    assert run.words == 12
    assert "overfitting artefact" not in sort(case(" ".join(words)), known).also


def test_another_matter_is_off_topic_and_evidence_names_the_words(known):
    verdict = sort(
        case(
            "The word comes from Indian cuisine, where curry, rice, coriander and turmeric are "
            "cooked slowly together in a large iron pan."
        ),
        known,
    )
    assert verdict.name == off_topic.NAME
    assert "%" in verdict.evidence or "none" in verdict.evidence


def test_answers_of_other_rows_are_off_topic_and_halves_of_the_right_one_are_not(seeds):
    known = TrainingText(seeds)
    swapped, own = [], []
    for place, each in enumerate(seeds):
        other = seeds[(place + len(seeds) // 2) % len(seeds)]
        assert other["domain"] != each["domain"]
        question = {"instruction": each["instruction"], "reference": each["output"]}
        swapped.append(bool(off_topic.evidence(case(other["output"], **question), known)))
        words = each["output"].split()
        half = " ".join(words[len(words) // 2 :])
        own.append(bool(off_topic.evidence(case(half, **question), known)))
    # A long answer to another question may have enough everyday words of the field to pass; that a
    # right one is called off-topic must not happen.
    assert sum(swapped) >= 2 / 3 * len(swapped)
    assert not any(own)


def test_commands_that_no_text_has_are_hallucinated(known):
    verdict = sort(case(GOOD + " Or run `git unfile --revive /etc/gitfiles.conf`."), known)
    assert verdict.name == hallucination.NAME
    assert "--revive" in verdict.evidence
    assert "/etc/gitfiles.conf" in verdict.evidence


def test_what_training_or_the_reference_has_is_not_hallucinated(known):
    assert hallucination.evidence(case(GOOD + " See `git status` and `df -h`."), known) == ""


@pytest.mark.parametrize(
    ("answer", "reference", "is_opposite"),
    [
        ("Yes, you can load it.", "No. DLLs are not portable.", True),
        ("No, it cannot.", "Yes, this is possible.", True),
        ("Absolutely! Load it.", "Mostly not.", True),
        ("Yes, but slowly.", "Yes.", False),
        ("No. 5 is the one.", "Nothing else helps.", False),
        ("Notice the box.", "Yes.", False),
    ],
)
def test_the_opposite_yes_or_no_is_a_hallucination(known, answer, reference, is_opposite):
    found = hallucination.evidence(case(answer, reference=reference), known)
    assert ("begins with" in found) == is_opposite


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"ended": False, "truncated": True, "answer_tokens": 200}, "after 200"),
        ({"answer": "Look for the commit with git log and then take the"}, "its end is none"),
        ({"answer": "Use git checkout."}, "words where the reference has"),
        (
            {
                "key_facts": 0.0,
                "key_facts_total": 2,
                "key_facts_missing": ("git log", "git checkout"),
            },
            "2 of 2 key facts, such as git log, git checkout",
        ),
    ],
)
def test_what_stops_early_or_leaves_out_most_is_incomplete(known, changes, says):
    verdict = sort(replace(case(GOOD), **changes), known)
    assert verdict.name == incomplete.NAME
    assert says in verdict.evidence


def test_what_no_rule_finds_is_left_to_a_person(known):
    verdict = sort(case(GOOD, rouge_l=0.123), known)
    assert verdict == Verdict("other", "No rule found a fault; ROUGE-L is 0.12.", {})


def test_the_first_class_wins_and_the_others_are_kept(known):
    answer = case("Yes -N -N -N -N -N -N -N -N -N", reference="No.", ended=False)
    verdict = sort(answer, known)
    assert verdict.name == formatting.NAME
    assert list(verdict.also) == [hallucination.NAME, incomplete.NAME]


def test_low_scoring_are_all_below_the_bound_and_at_least_twenty():
    scores = [0.01 * number for number in range(60)]
    cases = [case(GOOD, row_id=f"test:{i}", rouge_l=score) for i, score in enumerate(scores)]
    low, threshold = low_scoring(cases, bounds_of(cases)), str(bounds_of(cases))
    assert len(low) == LEAST
    assert max(each.rouge_l for each in low) == pytest.approx(0.19)
    assert "0.190" in threshold
    lower = [replace(each, rouge_l=each.rouge_l / 2) for each in cases]
    low, threshold = low_scoring(lower, bounds_of(lower)), str(bounds_of(lower))
    assert len(low) == 30
    assert all(each.rouge_l < ROUGE_L_BOUND for each in low)
    assert str(ROUGE_L_BOUND) in threshold


def test_none_of_several_key_facts_is_low_at_a_higher_score():
    cases = [case(GOOD, row_id=f"test:{i}", rouge_l=0.1) for i in range(25)]
    without = case(GOOD, row_id="without", rouge_l=0.18, key_facts=0.0, key_facts_total=3)
    some = replace(without, row_id="some", key_facts=0.4)
    every = [*cases, without, some]
    ids = {each.row_id for each in low_scoring(every, bounds_of(every))}
    assert "without" in ids
    assert "some" not in ids


def test_few_rows_are_all_looked_at_and_none_is_best_and_worst(known):
    cases = [case(GOOD, row_id=f"test:{i}", rouge_l=0.5 + i / 10) for i in range(3)]
    low = low_scoring(cases, bounds_of(cases))
    assert len(low) == 3
    verdicts = {each.row_id: sort(each, known) for each in low}
    best, worst = best_and_worst(cases, {}, verdicts)
    assert [each["row_id"] for each in best] == ["test:2", "test:1"]
    assert [each["row_id"] for each in worst] == ["test:0"]


@pytest.fixture
def overrides_file(tmp_path):
    def write(text):
        path = tmp_path / "overrides.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_a_person_overrules_the_rules(known, overrides_file):
    path = overrides_file("'test:1': {class: hallucination, who: Jo, why: No such option exists.}")
    override = read_overrides({"test:1"}, path)["test:1"]
    verdict = sort(case(GOOD), known, override=override)
    assert verdict.name == "hallucination"
    assert (verdict.overruled, verdict.who) == ("other", "Jo")
    assert verdict.evidence == "No such option exists."


def test_what_a_person_overruled_is_not_said_again(known):
    def told(found, also, said):
        verdict = Verdict(said, "No such option exists.", also, overruled=found, who="Jo")
        return why_bad(case(GOOD), None, verdict)

    text = told("other", {"other": "No rule found a fault."}, "hallucination")
    assert text.startswith("Hallucination, as Jo decided: no such option exists.")
    assert "as well" not in text
    also = {"hallucination": "It invents an option.", "incomplete": "It stops."}
    assert "It is incomplete as well: it stops." in told("hallucination", also, "other")


def test_an_override_is_for_the_answer_that_was_judged(overrides_file):
    text = "'test:1': {class: other, who: Jo, why: It is right., answer_begins: Look for}"
    override = read_overrides({"test:1"}, overrides_file(text))["test:1"]
    assert override.concerns(GOOD)
    assert not override.concerns("Another answer.")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("'test:1': {class: wrong, who: Jo, why: x}", "'wrong'.*none of.*hallucination"),
        ("'test:9': {class: other, who: Jo, why: x}", "test:9 is not in the test split"),
        ("'test:1': {class: other, who: '', why: x}", "no mapping"),
        ("'test:1': {class: other, who: Jo}", "no mapping"),
        ("'test:1': {class: other, who: Jo, why: x, severity: 3}", "no mapping"),
        ("- a\n- b", "no mapping"),
        ("a: [", "no mapping"),
        ("!!python/object/apply:os.getcwd []", "no mapping"),
    ],
)
def test_wrong_overrides_are_bad_input(overrides_file, text, says):
    with pytest.raises(BadInput, match=says):
        read_overrides({"test:1"}, overrides_file(text))


def test_the_shipped_overrides_are_empty_and_a_missing_file_is_none(tmp_path):
    assert read_overrides(set()) == {}
    assert read_overrides(set(), tmp_path / "none.yaml") == {}


def test_answers_and_scores_are_joined_in_the_order_of_the_split():
    rows = [row("b", "git", "Why?", "So."), row("a", "git", "How?", "Thus.")]
    pairs = [answer_and_score(row_id, "base", "x", 0.3) for row_id in ("a", "b")]
    found = join(rows, [pair[0] for pair in pairs], [pair[1] for pair in pairs])
    assert list(found["base"]) == ["b", "a"]
    assert found["base"]["a"].reference == "Thus."
    assert found["base"]["a"].key_facts is None
    with pytest.raises(BadInput, match="no row or no score"):
        join(rows, [pair[0] for pair in pairs], [pairs[0][1]])


@pytest.fixture(scope="module")
def tuned(seeds):
    """Longer references are answered worse, and every third answer is cut off."""
    cases = {}
    for place, each in enumerate(seeds[:36]):
        words = len(each["output"].split())
        cases[each["row_id"]] = case(
            each["output"][: 40 + 3 * place],
            row_id=each["row_id"],
            instruction=each["instruction"],
            reference=each["output"],
            domain=each["domain"],
            prompt_tokens=20 + place % 7,
            ended=place % 3 != 0,
            truncated=place % 3 == 0,
            rouge_l=0.6 / (1 + words / 60),
        )
    return cases


def test_the_analysis_holds_every_low_answer_and_measured_hypotheses(tuned, seeds, tmp_path):
    known = TrainingText(seeds[60:])
    base = {row_id: replace(each, system="base") for row_id, each in tuned.items()}
    facts = analyse(tuned, base, known)
    json.dumps(facts, allow_nan=False)
    assert sum(facts["classes"].values()) == facts["n_low"] == len(facts["low"]) >= LEAST
    assert list(facts["classes"]) == list(NAMES)
    assert len(facts["best"]) == len(facts["worst"]) == 5
    for each in [*facts["best"], *facts["worst"]]:
        assert 2 <= len([part for part in each["why"].split(". ") if part]) <= 12
    assert len(facts["hypotheses"]) >= 3
    by_name = {each["name"]: each for each in facts["hypotheses"]}
    length = by_name["length of the reference"]
    assert length["shown"]
    assert length["value"] < -0.9
    assert "n = 36" in length["figure"]
    assert "long references" in length["claim"]
    assert not by_name["length of the prompt"]["shown"]
    plot(tmp_path / "errors.png", facts, tuned)
    assert cv2.imread(str(tmp_path / "errors.png")).std() > 10


def test_a_better_run_has_fewer_failures_by_the_bounds_of_the_run_before(tuned, seeds):
    known = TrainingText(seeds[60:])
    base = {row_id: replace(each, system="base") for row_id, each in tuned.items()}
    before = analyse(tuned, base, known)
    better = {row_id: replace(each, rouge_l=each.rouge_l + 0.2) for row_id, each in tuned.items()}
    given = Bounds(**json.loads(json.dumps(before["bounds"])))
    after = analyse(better, base, known, bounds=given)
    # Bounds of its own are raised until they take enough answers in, however good these are.
    assert after["n_low"] < analyse(better, base, known)["n_low"]
    assert after["n_low"] < before["n_low"]
    assert after["threshold"] == before["threshold"]
    good = {row_id: replace(each, rouge_l=each.rouge_l + 0.5) for row_id, each in tuned.items()}
    none = analyse(good, base, known, bounds=given)
    assert (none["n_low"], sum(none["classes"].values())) == (0, 0)


def test_an_override_counts_only_for_a_low_scoring_answer(tuned, seeds, overrides_file):
    known = TrainingText(seeds[120:])
    tuned = dict(list(tuned.items())[:25])
    in_order = sorted(tuned, key=lambda row_id: tuned[row_id].rouge_l)
    low, high = in_order[0], in_order[-1]
    text = "\n".join(f"'{each}': {{class: other, who: Jo, why: Fine.}}" for each in (low, high))
    overrides = read_overrides(set(tuned), overrides_file(text))
    facts = analyse(tuned, {}, known, overrides)
    assert facts["overrides_applied"] == [low]
    assert facts["overrides_not_applied"] == [high]
    assert next(each for each in facts["low"] if each["row_id"] == low)["who"] == "Jo"


def test_no_answers_are_bad_input(known):
    with pytest.raises(BadInput, match="no answer of the tuned model"):
        analyse({}, {}, known)


def test_a_group_of_one_answer_shows_nothing(known):
    """One that was cut off and is low by construction, of 60."""
    cases = [case(GOOD, row_id=f"test:{n}", truncated=n == 0, rouge_l=0.1 + n) for n in range(60)]
    found = hypotheses(cases, [n < 20 for n in range(60)], known)
    assert "limit of new tokens" not in {each["name"] for each in found}


def test_one_group_of_near_duplicates_shows_no_hypothesis(tuned, seeds):
    cases = list(tuned.values())
    failed = [each.rouge_l < 0.3 for each in cases]
    alike = dict.fromkeys(tuned, "one")
    found = hypotheses(cases, failed, TrainingText(seeds[60:]), alike)
    assert found
    assert not any(each["shown"] for each in found)
    assert any("too few independent answers" in each["figure"] for each in found)


def test_the_worst_of_equal_sources_is_judged_as_the_worst_of_many(known):
    """Ten sources of ten answers, of which a fifth are low by chance."""
    shown = 0
    for seed in range(20):
        chance = np.random.default_rng(seed)
        cases = [
            case(GOOD, row_id=f"test:{n}", source=f"source {n % 10}", rouge_l=0.5)
            for n in range(100)
        ]
        found = hypotheses(cases, chance.random(100) < 0.2, known)
        (source,) = [each for each in found if each["name"] == "source"]
        assert "99.5 % interval" in source["figure"]
        assert "for the worst of 10" in source["figure"]
        shown += source["shown"]
    assert shown <= 3, "by the plain 95 % interval it is shown in most"
