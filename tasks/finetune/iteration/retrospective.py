"""The record of an iteration: kept whether the change helped or not.

Each is two files in data/iterations/: NNN-change.json, which later iterations read so as not to
try the same again, and NNN-change.md for people.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from markupsafe import Markup

from tasks.errors import BadInput
from tasks.files import write_json, write_text
from tasks.finetune.iteration.choose import Choice, normalised
from tasks.finetune.model_card.write import duration, figure, setting
from tasks.pages import markdown_environment

TEMPLATES = Path(__file__).parent / "templates"
KEYS = ("change", "before", "after", "settings", "data", "training", "failures", "comparison")
# Training settings that alter which tokens of validation the loss is counted on.
COUNTED_ON = ("loss_on",)
_FILE = re.compile(r"(\d{3,})-[a-z0-9-]+\.json")


def write_retrospective(
    folder: Path,
    choice: Choice,
    *,
    before: str,
    before_training: str,
    after: str,
    command: str,
    settings_before: Mapping[str, Any],
    data: Mapping[str, Any],
    training_before: Mapping[str, Any],
    training_after: Mapping[str, Any],
    classes_after: Mapping[str, int],
    classes_before: Mapping[str, int],
    threshold: str,
    comparison: Mapping[str, Any],
) -> tuple[Path, Path]:
    """Write the next record of the folder.

    Args:
        folder: of the records; made where it is missing.
        choice: the change and why.
        before, after: names of the runs.
        before_training: sha256 of the facts of the training before, which tells runs of one name
            apart.
        command: that makes the iteration again.
        settings_before: of training, in which `choice.settings` is applied.
        data: figures of `repair.Repaired`; empty where the rows stayed.
        training_before, training_after: facts of both trainings.
        classes_before, classes_after: failure class to low-scoring answers of validation.
        threshold: what scores low, before and after.
        comparison: of `compare.compare`, on the test questions.

    Returns:
        The JSON file and the Markdown file.
    """
    record = {
        "change": asdict(choice),
        "before": before,
        "before_training": before_training,
        "after": after,
        "command": command,
        "settings": {
            name: {"before": settings_before.get(name), "after": value}
            for name, value in choice.settings.items()
        },
        "data": dict(data),
        "training": {
            when: {key: facts.get(key) for key in ("best_eval_loss", "best_step", "seconds")}
            for when, facts in (("before", training_before), ("after", training_after))
        },
        "failures": {"before": dict(classes_before), "after": dict(classes_after)},
        "threshold": threshold,
        "comparison": dict(comparison),
        "lesson": lesson(choice, comparison, classes_before, classes_after),
    }
    name = f"{_next_number(folder):03d}-{choice.name}"
    environment = markdown_environment(TEMPLATES)
    environment.filters |= {"figure": figure, "setting": setting, "duration": duration}
    template = environment.get_template("retrospective.md.j2")
    # Made of numbers, names of metrics and a normalised class: nothing in it can be markup.
    lesson_text = Markup(record["lesson"])  # noqa: S704
    text = template.render(
        record | {"lesson": lesson_text, "losses_compare": not _counted_otherwise(record)}
    )
    json_file, markdown_file = folder / f"{name}.json", folder / f"{name}.md"
    write_json(json_file, record)
    write_text(markdown_file, text)
    return json_file, markdown_file


def read_records(folder: Path) -> list[dict[str, Any]]:
    """The records of a folder in their order; empty where it is missing.

    Raises:
        BadInput: a record is damaged.
    """
    records = []
    for path in _files(folder):
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise BadInput(f"{path} cannot be read ({error}): restore or remove it") from None
        if not isinstance(record, dict) or any(key not in record for key in KEYS):
            raise BadInput(f"{path} is no record of an iteration: restore or remove it")
        records.append(record)
    return records


def tried(records: list[dict[str, Any]], before_training: str) -> set[str]:
    """Names of the changes that were tried on the run of this training."""
    return {
        record["change"]["name"]
        for record in records
        if record.get("before_training") == before_training
    }


def lesson(
    choice: Choice,
    comparison: Mapping[str, Any],
    classes_before: Mapping[str, int],
    classes_after: Mapping[str, int],
) -> str:
    """One or two sentences that the figures allow, and no more."""
    (decided,) = [row for row in comparison["rows"] if row["key"] == comparison["decides"]]
    low, high = decided["low"], decided["high"]
    interval = "" if low is None or high is None else f", 95 % interval {low:+.3f} to {high:+.3f}"
    moved = "" if decided["difference"] is None else f" by {decided['difference']:+.3f}"
    told = f"{decided['metric']} moved{moved}{interval}: the change {comparison['verdict']}."
    if not comparison["is_enough"]:
        told += (
            f" {comparison['clusters']} groups of test questions are too few for anything to be "
            "called shown."
        )
    if choice.failure_class:
        was, now = (
            _count(classes, choice.failure_class) for classes in (classes_before, classes_after)
        )
        named = choice.failure_class.replace("_", " ")
        told += f" Validation answers of the class that it was to lessen, {named}: {was} before, "
        told += f"{now} after."
    if comparison["worse"]:
        told += f" It made worse: {', '.join(comparison['worse'])}."
    return told


def _counted_otherwise(record: Mapping[str, Any]) -> bool:
    """Whether the losses on validation before and after are of different tokens."""
    changed = record["settings"]
    return any(
        name in changed and changed[name]["before"] != changed[name]["after"] for name in COUNTED_ON
    )


def _count(classes: Mapping[str, int], failure_class: str) -> int:
    return sum(count for name, count in classes.items() if normalised(name) == failure_class)


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    found = [path for path in folder.iterdir() if _FILE.fullmatch(path.name)]
    return sorted(found, key=_number)


def _number(path: Path) -> int:
    return int(path.name.split("-")[0])


def _next_number(folder: Path) -> int:
    return max((_number(path) for path in _files(folder)), default=0) + 1
