"""The model card says what the facts say, leaves nothing open, and its metadata is the hub's."""

import math
from html import escape

import pytest
from huggingface_hub import ModelCard
from markdown_it import MarkdownIt
from run_facts import DIGEST, facts, figures, metric

from tasks.errors import StageFailed
from tasks.finetune.model_card.limits import limitations
from tasks.finetune.model_card.metadata import licence_of_adapter, metadata_faults
from tasks.finetune.model_card.placeholders import placeholders
from tasks.finetune.model_card.usage import usage_code
from tasks.finetune.model_card.write import write_model_card

HOSTILE = "<script>alert(1)</script> | [link](http://example.org) TODO"


@pytest.fixture
def write(tmp_path):
    def written(**changes) -> str:
        path = tmp_path / "MODEL_CARD.md"
        write_model_card(path, **(facts() | changes))
        return path.read_text(encoding="utf-8")

    return written


def html_of(card: str) -> str:
    return MarkdownIt("commonmark").enable("table").render(ModelCard(card).text)


def test_the_sections_are_there(write):
    html = html_of(write())
    for title in (
        "Model details",
        "Intended use",
        "Out of scope",
        "Training data",
        "Training procedure",
        "Evaluation",
        "Forgetting",
        "Limitations and biases",
        "How to use",
    ):
        assert f"<h2>{title}</h2>" in html
    assert "<h3>Hardware and time</h3>" in html
    assert html.count("<h1>") == 1


def test_numbers_are_those_of_the_facts(write):
    html = html_of(write())
    right = '<td style="text-align:right">'
    assert f"<td>ROUGE-L</td>\n{right}0.142</td>\n{right}0.181</td>" in html
    assert (
        f"{right}0.025 to 0.052</td>\n{right}154</td>\n<td>improved</td>\n<td>perhaps</td>" in html
    )
    assert "<td>Perplexity (lower is better)</td>" in html
    assert "<td>rank</td>\n<td>16</td>" in html
    assert "1,843,200 (1.4 % of 136,358,208)" in html
    assert "34.0 minutes" in html
    assert "61 answers of the tuned model score low (ROUGE-L below 0.15)" in html
    assert f"<td>arithmetic</td>\n{right}0.4</td>\n{right}0.2</td>\n{right}50</td>" in html
    assert f"{right}50</td>\n{right}-0.5 to 0.1</td>\n{right}5</td>\n<td>worse</td>" in html
    assert f"<td>test.jsonl</td>\n{right}154</td>\n<td>{DIGEST}</td>" in html


def test_the_time_of_a_training_that_was_stopped_says_so(write):
    training = facts()["training"]
    assert "went on from step" not in write(training=training)
    html = html_of(write(training=training | {"resumed_from": 120}))
    assert (
        "<td>34.0 minutes, over more than one process: it was stopped and went on from step 120"
        "</td>" in html
    )


def test_the_metadata_holds_the_results(write):
    card = write()
    assert metadata_faults(card) == []
    data = ModelCard(card).data
    assert data.base_model == "HuggingFaceTB/SmolLM2-135M-Instruct"
    assert data.library_name == "peft"
    assert data.language == ["en"]
    results = {result.metric_name: result for result in data.eval_results}
    assert results["ROUGE-L"].metric_value == pytest.approx(0.181)
    assert results["ROUGE-L"].metric_type == "rouge"
    assert results["BLEU (nltk)"].metric_type == "bleu"
    assert {result.dataset_split for result in results.values()} == {"test"}


def test_a_folder_is_no_base_model_of_the_hub(write):
    model = facts()["model"] | {"name": "work/model", "origin": "folder", "revision": None}
    assert ModelCard(write(model=model)).data.base_model is None


def test_the_card_tells_no_path_of_the_machine(write):
    model = facts()["model"] | {"name": "/srv/private/tiny", "origin": "folder", "revision": ""}
    card = write(model=model)
    assert "/srv" not in card
    assert "so set it" in card


def test_a_licence_with_conditions_is_not_hidden():
    assert licence_of_adapter("Apache-2.0", ["CC0-1.0", "MIT"]) == ("apache-2.0", None)
    assert licence_of_adapter("apache-2.0", ["CC-BY-SA-3.0"])[0] == "other"
    assert licence_of_adapter(None, [])[0] == "unknown"
    assert licence_of_adapter("My own", []) == ("other", "my-own")


@pytest.mark.parametrize(
    ("good", "bad", "named"),
    [
        ("license: other", "license: free", "license 'free'"),
        ("license_name:", "license_called:", "no license_name"),
        ("- en", "- english", "'english' is no language"),
        ("base_model: HuggingFaceTB/", "base_model: ../", "is no name on the hub"),
        ("value: 0.181", "value: none", "has no finite number"),
        ("- lora", "- 7", "which is no text"),
        ("- task:", "- job:", "cannot be read"),
    ],
)
def test_metadata_that_the_hub_would_refuse_is_found(write, good, bad, named):
    card = write()
    assert good in card
    assert named in " ".join(metadata_faults(card.replace(good, bad, 1)))
    assert metadata_faults("# A card without metadata")


def test_limits_follow_from_the_figures():
    told = _limits(facts())
    assert len(told) >= 5
    together = " ".join(told)
    for words in (
        "reference answers it gives 12.0 %",
        "the most frequent kind is hallucination (30)",
        "No difference to the base model was shown in Key facts",
        "worse than the base model in arithmetic (by 50.0 %, 5 items)",
        "few shot (0.171)",
        "13.0 % of the test answers were cut off",
        "python (98.2 %)",
        "28.2 % of the training rows were written by a model",
        "1 of 2 domains have fewer than 10",
        "5.0 % of the training rows are under licences with conditions",
        "with the seed 7",
    ):
        assert words in together


def test_people_who_judged_failures_are_named_beside_the_rules(write):
    assert "What went wrong in them, by rules:" in write()
    assert "as rules and not people judged them" in " ".join(_limits(facts()))
    errors = facts()["errors"] | {"overrides_applied": ["test:1", "test:2"]}
    card = write(errors=errors)
    assert "What went wrong in them, as rules judged them, and people 2 of them:" in card
    assert "(30), as rules judged them, and people 2 of them." in card.replace("\\", "")
    assert "not people" not in card


def test_prompts_are_judged_by_the_paired_comparison_and_not_by_overlapping_intervals():
    given = facts()
    few_shot = given["baselines"]["against_tuned"]["few_shot"]
    assert "no difference is shown between a ROUGE-L of 0.181 and few shot" in " ".join(
        _limits(given)
    )
    few_shot |= {"low": 0.002, "shown": True}
    rows = {row["system"]: row for row in given["baselines"]["rows"]}
    assert rows["few_shot"]["rougeL_high"] > rows["tuned"]["rougeL_low"]
    assert "Prompting" not in " ".join(_limits(given))
    few_shot |= {"value": -0.01, "low": -0.02, "high": -0.001}
    assert "does better: the adapter's ROUGE-L of 0.181 is below" in " ".join(_limits(given))


def test_prompts_are_judged_where_all_questions_are_in_one_group(write):
    baselines = facts()["baselines"]
    for row in baselines["rows"]:
        row |= {"rougeL_low": None, "rougeL_high": None, "bleu_low": None, "bleu_high": None}
    for each in baselines["against_tuned"].values():
        each |= {"low": None, "high": None, "shown": False}
    assert "may do as well: compared question by question" in write(baselines=baselines)


def test_limits_that_do_not_hold_are_not_named():
    given = facts()
    given["sources"] = []
    given["figures"]["licenses"] = given["figures"]["licenses"][:1]
    given["baselines"] = {"rows": [], "verdicts": []}
    given["evaluation"]["rows"] = [metric("ended", "EOS rate", 0.5, 1.0, 0.4, 0.6)]
    together = " ".join(_limits(given))
    for words in ("written by a model", "conditions", "Prompting", "cut off", "No difference"):
        assert words not in together
    given["model"]["once_4bit"] = True
    assert "rounded to 4 bits" in " ".join(_limits(given))


def test_a_run_that_measured_little_still_has_five_limits(write):
    given = facts()
    nothing = {"n": 5, "domains": {}, "n_low": 0, "threshold": "", "classes": {}, "hypotheses": []}
    given["errors"] = nothing
    given["forgetting"] = {"rows": [], "hypotheses": [], "mitigations": []}
    given["baselines"] = {"rows": [], "verdicts": []}
    given["figures"]["languages"] = None
    assert len(_limits(given)) >= 5
    assert "This run did not measure it." in write(
        **{key: given[key] for key in ("errors", "forgetting", "baselines", "figures")}
    )


def test_what_was_not_measured_is_said_and_not_left_out(write):
    evaluation = facts()["evaluation"]
    evaluation["rows"].append(metric("bits_a_byte", "Bits a byte", 0.0, math.nan, 0.0, 0.0))
    card = write(evaluation=evaluation)
    assert "| Bits a byte | 0 | not measured | - |" in card
    assert "Bits a byte" not in str(ModelCard(card).data)


def test_a_hypothesis_is_told_with_whether_it_is_shown(write):
    card = write()
    assert "\n| Long references fail more. | rho is -0.4 | no more | yes |\n" in card
    assert "\n| No row has arithmetic. | 0 | no more | no |\n" in card


def test_text_from_outside_is_inert(write):
    given = facts()
    given["figures"]["domains"][0]["name"] = HOSTILE.replace(" TODO", "")
    given["model"]["note"] = "**bold** <b>"
    html = html_of(write(figures=given["figures"], model=given["model"]))
    assert "<script" not in html
    assert "<a href" not in html
    assert "<b>" not in html
    assert "<strong>" not in html


def test_a_card_with_an_open_place_is_not_written(write, tmp_path):
    training = facts()["training"] | {"interpretation": "TODO"}
    with pytest.raises(StageFailed, match=r"not whole: line \d+: TODO"):
        write(training=training)
    assert not (tmp_path / "MODEL_CARD.md").exists()


@pytest.mark.parametrize("name", ["None", "null", "TODO", "TBD", "n/a", "<your name>"])
def test_a_name_in_the_data_is_no_open_place(write, name):
    given = figures()
    for kind, key in (("domains", "name"), ("sources", "source")):
        given[kind][0][key] = name
    errors = facts()["errors"]
    errors["hypotheses"][0] |= {
        "claim": f"Rows of the source {name} are harder: they are written in another way.",
        "evidence": f"Low-scoring by source: {name} 40 %, made 12 %.",
    }
    html = html_of(write(figures=given, errors=errors))
    assert f"<td>{escape(name)}</td>" in html
    assert f"about {escape(name)} (98.2 %)" in html


def test_an_open_place_is_found_beside_a_name_that_looks_like_one(write):
    given = figures()
    given["domains"][0]["name"] = "TODO"
    with pytest.raises(StageFailed, match="TODO"):
        write(figures=given, training=facts()["training"] | {"interpretation": "TODO"})


def test_a_value_that_lacks_is_found_beside_a_row_of_that_name():
    assert placeholders("| None | 3 |", ["None"]) == []
    assert placeholders("| rate | None |", ["None"])
    assert placeholders("| None | None |", ["None"])
    assert placeholders("Licence: None", ["None"])


@pytest.mark.parametrize(
    "text",
    [
        "Licence: [More Information Needed]",
        "TODO write this",
        "by <your name>",
        "in {{ field }}",
        "Lorem ipsum dolor",
        "Results: to be added",
        "| rate | None |",
        "| a | nan | b |",
        "| a | b |\n| --- | ---: |\n\nNothing",
        "| |  |",
        "# One\n\n## Two\n\n# Three\n\ntext",
        "# One\n\ntext\n\n## Last",
        "Seed: None",
        "use ${NAME}",
    ],
)
def test_placeholders_are_found(text):
    assert placeholders(text)


@pytest.mark.parametrize(
    "text",
    [
        "# One\n\n## Two\n\nNone of the answers is right.",
        "| a | b |\n| --- | --- |\n| not measured | 3 |",
        "```python\nx = None\n# a comment\n```",
        "# One\n\n```\n# Two\n```",
        "a [link](page.md) and a < b > c",
        "It needs more information than it has.",
    ],
)
def test_finished_text_has_none(text):
    assert placeholders(text) == []


def test_the_code_pins_only_what_comes_from_the_hub():
    model = facts()["model"]
    assert f'revision = "{model["revision"]}"' in usage_code(model)
    assert "revision" not in usage_code(model | {"origin": "package"})
    compile(usage_code(model | {"name": 'it\'s "here"\\n'}), "card", "exec")


def _limits(given: dict) -> list[str]:
    wanted = ("model", "training", "evaluation", "errors", "forgetting", "baselines")
    return limitations(**{key: given[key] for key in (*wanted, "figures", "sources")})
