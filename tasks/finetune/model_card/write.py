"""Write MODEL_CARD.md from a run's figures; nothing is written by hand but the sentences."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from huggingface_hub import ModelCard
from markupsafe import Markup

from tasks.errors import StageFailed
from tasks.files import write_text
from tasks.finetune.model_card.limits import limitations
from tasks.finetune.model_card.metadata import card_data, is_number, metadata_faults
from tasks.finetune.model_card.placeholders import placeholders
from tasks.finetune.model_card.usage import usage_code
from tasks.finetune.splits import SPLITS
from tasks.pages import inert, markdown_environment

TEMPLATES = Path(__file__).parent / "templates"
NOT_MEASURED = "not measured"
ORIGINS = {
    "hub": "the model hub, at this revision",
    "folder": "a folder on the machine that trained",
    "package": "a Python package that ships the model",
}

Facts = Mapping[str, Any]


def write_model_card(
    path: Path,
    *,
    name: str,
    dataset: str,
    task: str,
    command: str,
    model: Facts,
    training: Facts,
    evaluation: Facts,
    errors: Facts,
    forgetting: Facts,
    baselines: Facts,
    figures: Facts,
    sources: Sequence[Facts],
    splits: Mapping[str, Facts],
) -> None:
    """Write the card; the folder lora_adapter is expected beside it.

    Args:
        path: of the Markdown file.
        name: of the adapter.
        dataset: what the data is called.
        task: one sentence: what the model was to learn.
        command: that makes the adapter again.
        model, training, evaluation, errors, forgetting, baselines: facts of the run.
        figures: of the data's audit (`audit.figures.measure`).
        sources: the specs of the data as dicts.
        splits: of `writing.write_splits`.

    Raises:
        StageFailed: something is left open in the text, or the hub would refuse the metadata.
    """
    model = dict(model) | {"name": _published(model)}
    limits = limitations(
        model=model,
        training=training,
        evaluation=evaluation,
        errors=errors,
        forgetting=forgetting,
        baselines=baselines,
        figures=figures,
        sources=sources,
    )
    environment = markdown_environment(TEMPLATES)
    environment.filters |= {"figure": figure, "setting": setting, "duration": duration}
    body = environment.get_template("model_card.md.j2").render(
        name=name,
        dataset=dataset,
        task=task,
        command=command,
        model=model,
        origin=ORIGINS[model["origin"]],
        training=training,
        evaluation=evaluation,
        errors=errors,
        forgetting=forgetting,
        baselines=baselines,
        figures=figures,
        sources=sources,
        splits=splits,
        split_names=SPLITS,
        limits=limits,
        code=Markup(usage_code(model)),  # noqa: S704 — made by us, names in it as Python literals
    )
    data = card_data(
        name=name,
        model=model,
        evaluation=evaluation,
        dataset=dataset,
        test_sha256=splits["test"]["sha256"],
        data_licences=[row["name"] for row in figures["licenses"] if row["train"]],
        languages=list((figures["languages"] or {}).get("after", {})),
    )
    card = ModelCard(f"---\n{data.to_yaml()}\n---\n\n{body}")
    names = [row["source"] for row in figures["sources"]]
    names += [row["name"] for kind in ("domains", "licenses") for row in figures[kind]]
    faults = metadata_faults(str(card)) + placeholders(card.text, names)
    if faults:
        raise StageFailed(f"The model card is not whole: {'; '.join(faults[:5])}")
    write_text(path, str(card))


def _published(model: Facts) -> str:
    """The base model's name; of a folder that is given by its path, the last part alone."""
    path = Path(model["name"])
    is_path = path.is_absolute() or model["name"].startswith((".", "~"))
    return path.name if model["origin"] == "folder" and is_path else model["name"]


def figure(value: float | None, digits: int = 3) -> Markup:
    """A measured number with at least so many significant digits, or that there is none."""
    if not is_number(value):
        return Markup(NOT_MEASURED)  # noqa: S704 — a constant
    whole = abs(value) >= 10**digits or float(value).is_integer()
    return Markup(f"{value:,.0f}" if whole else f"{value:.{digits}g}")  # noqa: S704 — a number


def setting(value: Any) -> Markup:
    """A hyperparameter as text that is never empty."""
    if value in (None, "", [], "none"):
        return Markup("not used")
    if isinstance(value, bool):
        return Markup("yes" if value else "no")  # noqa: S704 — constants
    if isinstance(value, list | tuple):
        return Markup(inert(", ".join(map(str, value))))  # noqa: S704 — made inert
    return Markup(inert(str(value)))  # noqa: S704 — made inert


def duration(seconds: float) -> Markup:
    """Seconds, from two minutes on in minutes."""
    text = f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.1f} minutes"
    return Markup(text)  # noqa: S704 — a number
