"""The run that is to be bettered, as it left its files."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.errors import BadInput
from tasks.files import sha256_of
from tasks.finetune import slices
from tasks.finetune.config import FinetuneConfig
from tasks.finetune.iteration.changes import Evidence
from tasks.finetune.iteration.compare import Evaluated
from tasks.finetune.splits import SPLITS
from tasks.finetune.writing import split_file

SplitRow = dict[str, str]
TRAINING, ANALYSIS, CLUSTERS = "training.json", "analysis.json", "clusters.json"
ANSWERS, SCORES = "answers.parquet", "scores.parquet"


@dataclass(frozen=True)
class Former:
    """A finished run of fine-tuning.

    Attributes:
        config: of the run.
        folder: of its results.
        training: facts of the training.
        failures: facts of its failures on validation.
        clusters: row id to near-duplicate group.
    """

    config: FinetuneConfig
    folder: Path
    training: dict[str, Any]
    failures: dict[str, Any]
    clusters: dict[str, str]

    @classmethod
    def read(cls, folder: Path) -> "Former":
        """Read a run.

        Raises:
            BadInput: there is no such run, it has not come to its analysis or only to that of an
                earlier version, or its files are of several trainings.
        """
        name = folder.name
        record = _json(folder / "record.json", name)
        if record.get("flow") != "finetune":
            raise BadInput(f"{folder} is no run of fine-tuning: name one with --run")
        _refuse_other_files(folder, record["outputs"])
        failures = _json(folder / ANALYSIS, name)["errors_val"]
        if "bounds" not in failures:
            raise BadInput(
                f"{folder / ANALYSIS} does not say by which bounds answers score low: analyse the "
                f"run again with `python flows/finetune.py --run {name}`."
            )
        return cls(
            config=FinetuneConfig.model_validate(record["config"]),
            folder=folder,
            training=_json(folder / TRAINING, name),
            failures=failures,
            clusters=_json(folder / CLUSTERS, name),
        )

    def split(self, name: str) -> Path:
        """The file of a split."""
        return split_file(self.folder / "splits", name)

    @property
    def training_sha256(self) -> str:
        """Of the facts of its training: another training, or other data, has others."""
        return sha256_of(self.folder / TRAINING)

    def rows(self, name: str) -> list[SplitRow]:
        """The rows of a split that the run used."""
        return slices.rows_of(self.split(name), getattr(self.config, f"max_{name}_rows"))

    @property
    def evaluated(self) -> Evaluated:
        """What its evaluation left."""
        return Evaluated(self.folder / ANSWERS, self.folder / SCORES)

    def evidence(self, more_rows: bool) -> Evidence:
        """What is known of the run."""
        groups = Counter(
            self.clusters.get(row["row_id"], row["row_id"]) for row in self.rows("train")
        )
        return Evidence(
            classes=self.failures["classes"],
            training=self.training,
            more_rows=more_rows,
            related_rows=sum(count for count in groups.values() if count > 1),
        )

    def failed(self) -> list[SplitRow]:
        """The validation rows that were answered badly."""
        low = {entry["row_id"] for entry in self.failures["low"]}
        return [row for row in self.rows("val") if row["row_id"] in low]

    def held_out(self) -> list[SplitRow]:
        """All rows that must not be trained on, whether the run used them or not."""
        return [row for name in SPLITS[1:] for row in slices.rows_of(self.split(name))]


def _refuse_other_files(folder: Path, outputs: Mapping[str, Mapping[str, Any]]) -> None:
    """A later training, or a run that was killed, leaves new files beside old ones.

    Raises:
        BadInput: a file is not the one that the record names.
    """
    recorded = {output["path"]: output["sha256"] for output in outputs.values()}
    splits = [split_file(folder / "splits", name) for name in SPLITS]
    used = [folder / name for name in (TRAINING, ANALYSIS, CLUSTERS, ANSWERS, SCORES)]
    for file in (*used, *splits):
        path = file.relative_to(folder).as_posix()
        if not file.is_file() or sha256_of(file) != recorded.get(path):
            raise BadInput(
                f"{folder}: {path} is not of the recorded run: finish the run first with "
                f"`python flows/finetune.py --run {folder.name}`."
            )


def _json(path: Path, name: str) -> Mapping[str, Any]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise BadInput(
            f"{path} is missing or damaged: finish the run first, with python flows/finetune.py "
            f"--run {name}"
        ) from None
