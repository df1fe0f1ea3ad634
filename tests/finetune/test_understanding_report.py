"""The page of the analysis holds its figures, and outside text is inert in it."""

from dataclasses import replace

import pytest
from audit_data import HOSTILE
from html_page import Page
from understanding_cases import case, seed_rows, training_rows

from tasks.finetune.understanding.errors import plot as errors_plot
from tasks.finetune.understanding.errors.analyse import analyse
from tasks.finetune.understanding.errors.training_text import TrainingText
from tasks.finetune.understanding.forgetting.compare import compare as compare_forgetting
from tasks.finetune.understanding.forgetting.questions import read_questions
from tasks.finetune.understanding.forgetting.sentences import Sentences
from tasks.finetune.understanding.prompting import plot as prompting_plot
from tasks.finetune.understanding.prompting.compare import compare as compare_prompts
from tasks.finetune.understanding.report import write_report


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("analysis")
    tuned = {
        each["row_id"]: case(
            f"{HOSTILE} {each['output'][:90]}",
            row_id=each["row_id"],
            instruction=f"{HOSTILE} {each['instruction']}",
            input=HOSTILE,
            reference=each["output"],
            domain=f"$x^2$ {HOSTILE}",
            rouge_l=0.1 + place / 100,
        )
        for place, each in enumerate(seed_rows(24))
    }
    base = {row_id: replace(each, system="base") for row_id, each in tuned.items()}
    errors = analyse(tuned, base, TrainingText(training_rows()))
    questions = read_questions()
    answers = [HOSTILE for _ in questions]
    sentences = Sentences(["One.", "Two."], "made here", "CC0-1.0", "0" * 64)
    nll = [(9.0, 3), (8.0, 3)]
    forgetting = compare_forgetting(questions, answers, answers, sentences, nll, nll)
    baselines = compare_prompts({"base": base, "tuned": tuned})
    pictures = {"errors": folder / "errors.png", "baselines": folder / "baselines.png"}
    errors_plot.plot(pictures["errors"], errors, tuned)
    prompting_plot.plot(pictures["baselines"], baselines)
    write_report(folder / "analysis.html", HOSTILE, errors, forgetting, baselines, pictures)
    return Page((folder / "analysis.html").read_text(encoding="utf-8")), errors


def test_outside_text_is_inert_and_nothing_is_fetched(page):
    shown, _ = page
    assert "script" not in shown.tags
    assert HOSTILE in shown.text
    assert shown.links
    assert all(link.startswith("data:image/png;base64,") for link in shown.links)
    assert shown.tags.count("img") == 2


def test_every_low_answer_and_each_part_is_on_the_page(page):
    shown, errors = page
    for each in errors["low"]:
        assert each["row_id"] in shown.text
    for heading in ("Errors", "Forgetting", "Prompting instead of tuning", "When each wins"):
        assert heading in shown.text
    assert shown.tags.count("article") == 10
    assert "made here" in shown.text
