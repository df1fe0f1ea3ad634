"""Limitations and biases that a run's own figures show, each with its figure."""

from collections.abc import Mapping, Sequence
from typing import Any

from tasks.finetune.model_card.metadata import CONDITIONS, is_number

# From this share of the training rows on a domain is named as a bias.
MUCH_OF_ONE_DOMAIN = 0.1
# Below this many test rows of a domain nothing can be said about it.
FEW_TEST_ROWS = 10
SMALL_MODEL = 1_000_000_000

Facts = Mapping[str, Any]


def limitations(
    *,
    model: Facts,
    training: Facts,
    evaluation: Facts,
    errors: Facts,
    forgetting: Facts,
    baselines: Facts,
    figures: Facts,
    sources: Sequence[Facts],
) -> list[str]:
    """What somebody who uses the adapter must know; at least five, the gravest first.

    Args:
        model, training, evaluation, errors, forgetting, baselines: facts of the run.
        figures: of the data's audit.
        sources: the specs of the data as dicts, of which name and kind are read.
    """
    return [
        *_missing_facts(evaluation),
        *_failures(errors),
        *_not_better(evaluation),
        *_few_test_rows(evaluation, errors, figures),
        *_forgotten(forgetting),
        *_prompting(baselines),
        *_ends(evaluation),
        *_window(training),
        *_domains(figures),
        *_synthetic(figures, sources),
        *_language(figures),
        *_licences(figures),
        *_four_bit(model),
        *_size(model),
        *_one_run(training),
        "Harm: the adapter was not trained to refuse, and no test of toxic, biased or dangerous "
        f"answers was among the {evaluation['n']} test questions.",
    ]


def metric_row(evaluation: Facts, key: str) -> Facts | None:
    """The row of a metric by its key in `evaluation.metrics`; None where it was not measured."""
    return next((row for row in evaluation["rows"] if row["key"] == key), None)


def share_of(value: float) -> str:
    """A share as a percentage."""
    return f"{100 * value:.1f} %"


def _missing_facts(evaluation: Facts) -> list[str]:
    row = metric_row(evaluation, "key_facts")
    if row is None or not is_number(row["tuned"]):
        return []
    return [
        f"Wrong and missing facts: of the commands, names, numbers and error codes of the "
        f"reference answers it gives {share_of(row['tuned'])} ({row['n']} answers); the others are "
        "missing or replaced by others that read as well. Check every answer before acting on it."
    ]


def _failures(errors: Facts) -> list[str]:
    classes = {name: count for name, count in errors["classes"].items() if count}
    if not classes or not errors["n_low"]:
        return []
    most = max(classes, key=lambda name: classes[name])
    by_people = len(errors["overrides_applied"])
    judged = f"rules judged them, and people {by_people} of them"
    return [
        f"Failures: among the {errors['n_low']} lowest-scoring of {errors['n']} answers the most "
        f"frequent kind is {most.replace('_', ' ')} ({classes[most]}), as "
        f"{judged if by_people else 'rules and not people judged them'}."
    ]


def _not_better(evaluation: Facts) -> list[str]:
    worse = [row["metric"] for row in evaluation["rows"] if row["verdict"] == "worse"]
    same = [row["metric"] for row in evaluation["rows"] if row["verdict"] == "no difference shown"]
    told = []
    if worse:
        told.append(f"Worse than the base model in {', '.join(worse)}.")
    if same:
        told.append(f"No difference to the base model was shown in {', '.join(same)}.")
    return told


def _few_test_rows(evaluation: Facts, errors: Facts, figures: Facts) -> list[str]:
    row = metric_row(evaluation, "rougeL")
    wide = ""
    if row and is_number(row["low"]) and is_number(row["high"]):
        wide = (
            f"; the interval of the gain in {row['metric']} is {row['high'] - row['low']:.3f} wide"
        )
    answered = errors["domains"]
    rare = [each for each in figures["domains"] if answered.get(each["name"], 0) < FEW_TEST_ROWS]
    told = [
        f"A small test: {evaluation['n']} questions in {evaluation['clusters']} groups{wide}. "
        "Scores compare an answer with one reference; a right answer in other words scores low."
    ]
    if rare:
        told.append(
            f"Unmeasured domains: {len(rare)} of {len(figures['domains'])} domains have fewer than "
            f"{FEW_TEST_ROWS} answered test questions, so nothing is known of them by themselves."
        )
    return told


def _forgotten(forgetting: Facts) -> list[str]:
    rows = [row for row in forgetting["rows"] if is_number(row["degradation_percent"])]
    if not rows:
        return []
    worse = [
        f"{row['test']} (by {row['degradation_percent']:.1f} %, {row['n']} items)"
        for row in rows
        if row["verdict"] == "worse"
    ]
    if worse:
        return [f"Forgetting: worse than the base model in {', '.join(worse)}."]
    largest = max(rows, key=lambda row: row["degradation_percent"])
    return [
        f"Forgetting is not shown in {len(rows)} tests, which is weak evidence: the smallest has "
        f"{min(row['n'] for row in rows)} items, and the largest loss measured is "
        f"{max(largest['degradation_percent'], 0):.1f} % ({largest['test']})."
    ]


def _prompting(baselines: Facts) -> list[str]:
    scores = {row["system"]: row for row in baselines["rows"]}
    tuned = scores.get("tuned")
    if tuned is None:
        return []
    # Of the base model's own prompt the evaluation says more.
    others = {name: each for name, each in baselines["against_tuned"].items() if name != "base"}
    names = {name: f"{name.replace('_', ' ')} ({scores[name]['rougeL']:.3f})" for name in others}
    better = [names[name] for name, each in others.items() if each["shown"] and each["value"] < 0]
    as_good = [names[name] for name, each in others.items() if not each["shown"]]
    told = []
    if better:
        told.append(
            f"Prompting the base model does better: the adapter's ROUGE-L of {tuned['rougeL']:.3f} "
            f"is below that of {', '.join(better)}, compared question by question."
        )
    if as_good:
        told.append(
            "Prompting the base model may do as well: compared question by question, no difference "
            f"is shown between a ROUGE-L of {tuned['rougeL']:.3f} and {', '.join(as_good)}."
        )
    return told


def _ends(evaluation: Facts) -> list[str]:
    row = metric_row(evaluation, "ended")
    if row is None or not is_number(row["tuned"]) or row["tuned"] >= 1:
        return []
    return [
        f"Answers without an end: {share_of(1 - row['tuned'])} of the test answers were cut off at "
        "the limit of new tokens."
    ]


def _window(training: Facts) -> list[str]:
    window = training["settings"].get("max_length")
    if not window:
        return []
    return [
        f"Length: trained on no more than {window} tokens of question and answer together; longer "
        "ones and conversations of several turns were not tried."
    ]


def _domains(figures: Facts) -> list[str]:
    train = figures["rows"]["train"]
    large = [
        f"{domain['name']} ({share_of(domain['train'] / train)})"
        for domain in figures["domains"]
        if train and domain["train"] >= MUCH_OF_ONE_DOMAIN * train
    ]
    if not large:
        return []
    return [
        f"Bias of subject: much of the training rows is about {', '.join(large)}; elsewhere the "
        "adapter knows less and does not say so."
    ]


def _synthetic(figures: Facts, sources: Sequence[Facts]) -> list[str]:
    made = {source["name"] for source in sources if source["kind"] == "synthetic"}
    rows = sum(source["train"] for source in figures["sources"] if source["source"] in made)
    if not rows:
        return []
    return [
        f"Bias of style: {share_of(rows / figures['rows']['train'])} of the training rows were "
        "written by a model, and the adapter learns its manner and its errors."
    ]


def _language(figures: Facts) -> list[str]:
    languages = (figures["languages"] or {}).get("after", {})
    if not languages:
        return []
    most = max(languages, key=lambda name: languages[name])
    share = languages[most] / sum(languages.values())
    return [
        f"Bias of language: {share_of(share)} of the rows are in one language ({most}); it was "
        "tested in no other."
    ]


def _licences(figures: Facts) -> list[str]:
    rows = sum(
        licence["train"]
        for licence in figures["licenses"]
        if any(mark in licence["name"].lower() for mark in CONDITIONS)
    )
    if not rows:
        return []
    return [
        f"Licences: {share_of(rows / figures['rows']['train'])} of the training rows are under "
        "licences with conditions, such as to share alike; whoever passes the adapter on must "
        "judge whether these reach it."
    ]


def _four_bit(model: Facts) -> list[str]:
    if not model["once_4bit"]:
        return []
    return [
        "Weights: the base model's had been rounded to 4 bits before this run took them, so that "
        "scores with the publisher's own weights will differ somewhat from those here."
    ]


def _size(model: Facts) -> list[str]:
    if model["parameters"] >= SMALL_MODEL:
        return []
    return [
        f"Size: the base model has {model['parameters'] / 1e6:,.0f} million parameters, too few to "
        "reason over several steps or to know much beyond what it was shown."
    ]


def _one_run(training: Facts) -> list[str]:
    seed = training["settings"].get("seed")
    named = "" if seed is None else f" with the seed {seed}"
    return [
        f"One run: the figures are of a single training of {training['steps']} steps{named}; the "
        "intervals cover the choice of test questions, not that of the seed."
    ]
