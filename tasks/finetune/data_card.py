"""data/DATA_CARD.md: what the data is, where it comes from, how it was made, and its limits.

Every number in it is one of the run's figures; nothing is written by hand but the sentences.
"""

from collections.abc import Mapping, Sequence
from math import sqrt
from pathlib import Path
from typing import Any

from tasks.files import write_text
from tasks.finetune.splits import SPLITS
from tasks.pages import markdown_environment

TEMPLATES = Path(__file__).parent / "templates"
# From this share on one domain is named as a bias.
MUCH_OF_ONE_DOMAIN = 0.25
COPYLEFT = ("GPL", "-SA", "MPL", "EUPL", "share-alike", "identical notice")

TITLE = "IT and software troubleshooting: questions and answers"
TASK = "Answer questions on IT and software troubleshooting, with the steps and commands to take."


def write_data_card(
    path: Path,
    *,
    title: str,
    task: str,
    figures: Mapping[str, Any],
    contamination: Mapping[str, Any],
    sources: Sequence[Mapping[str, Any]],
    splits: Mapping[str, Mapping[str, Any]],
    seed: int,
    shares: tuple[float, float, float],
    command: str,
) -> None:
    """Write the card.

    Args:
        path: of the Markdown file.
        title: what the data is called.
        task: one sentence: what a model is to learn from it.
        figures: of `audit.figures.measure`.
        contamination: of `Contamination.figures`.
        sources: the specs as dicts: name, kind, description, license, url, prompt and review of
            each; the other keys are ignored.
        splits: of `writing.write_splits`.
        seed: that the split was made with.
        shares: of train, val and test that were asked for.
        command: that makes the data again.
    """
    counted = {source["source"]: source for source in figures["sources"]}
    nothing = {"incoming": 0, "quarantined": 0, "kept": 0, "licenses": {}}
    nothing |= dict.fromkeys(SPLITS, 0)
    environment = markdown_environment(TEMPLATES)
    text = environment.get_template("data_card.md.j2").render(
        title=title,
        task=task,
        figures=figures,
        contamination=contamination,
        sources=[
            {key: source.get(key) or "" for key in ("name", "kind", "description", "license")}
            | {key: source.get(key) or "" for key in ("url", "prompt", "review")}
            | {"counts": counted.get(str(source["name"]), nothing)}
            for source in sources
        ],
        splits=splits,
        seed=seed,
        shares=shares,
        command=command,
        limits=limits(figures, sources),
    )
    write_text(path, text)


def limits(figures: Mapping[str, Any], sources: Sequence[Mapping[str, Any]]) -> list[str]:
    """What the figures show that somebody who trains on the data or trusts its test must know."""
    kept = figures["rows"]["kept"]
    if not kept:
        return ["No row was kept."]
    return [
        *_one_sided(figures, kept),
        *_made_by_a_model(figures, sources, kept),
        *_small_held_out(figures),
        *_copyleft(figures, kept),
        *_languages(figures, kept),
        *_unknown_words(figures),
        *_cut(figures, kept),
    ]


def _one_sided(figures: Mapping[str, Any], kept: int) -> list[str]:
    return [
        f"{_percent(domain['kept'], kept)} of the rows are of the domain {domain['name']}; answers "
        "in other domains rest on less."
        for domain in figures["domains"]
        if domain["kept"] > MUCH_OF_ONE_DOMAIN * kept
    ]


def _made_by_a_model(
    figures: Mapping[str, Any], sources: Sequence[Mapping[str, Any]], kept: int
) -> list[str]:
    made = {source["name"] for source in sources if source["kind"] == "synthetic"}
    rows = sum(source["kept"] for source in figures["sources"] if source["source"] in made)
    if not rows:
        return []
    return [
        f"{_percent(rows, kept)} of the rows are synthetic: plausible in form, and as right as "
        "their review made them."
    ]


def _small_held_out(figures: Mapping[str, Any]) -> list[str]:
    rows = figures["rows"]["test"]
    if not rows:
        return ["There is no test row."]
    # The widest normal interval of a share, that at one half.
    half = 100 * 1.96 * sqrt(0.25 / rows)
    return [
        f"The test split has {rows} rows: a share measured on it is uncertain by up to "
        f"{half:.0f} points either way (95 %)."
    ]


def _copyleft(figures: Mapping[str, Any], kept: int) -> list[str]:
    rows = sum(
        licence["kept"]
        for licence in figures["licenses"]
        if any(mark.lower() in licence["name"].lower() for mark in COPYLEFT)
    )
    if not rows:
        return []
    return [
        f"{_percent(rows, kept)} of the rows are under licences that ask for the same licence "
        "again; whoever passes the data or a model of it on must look at them."
    ]


def _languages(figures: Mapping[str, Any], kept: int) -> list[str]:
    languages = (figures["languages"] or {}).get("after", {})
    if not languages:
        return []
    most = max(languages, key=lambda name: languages[name])
    return [f"{_percent(languages[most], kept)} of the rows are in one language ({most})."]


def _unknown_words(figures: Mapping[str, Any]) -> list[str]:
    known = figures["vocabulary"]["test"]["text_known"]
    if known is None:
        return []
    return [f"{100 * (1 - known):.1f} % of the running words of the test split are not in train."]


def _cut(figures: Mapping[str, Any], kept: int) -> list[str]:
    tokens = figures["tokens"]
    if not tokens or not tokens["cut_rows"]:
        return []
    return [
        f"{_percent(tokens['cut_rows'], kept)} of the rows are longer than {tokens['limit']} "
        "tokens and lose their end in training with that limit."
    ]


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %"
