"""The run that is to be bettered is read only where all of its files are of one run."""

import tasks.environment  # noqa: F401  isort: skip — before Prefect

import json
import shutil
from dataclasses import asdict

import pytest
from run_facts import facts
from understanding_cases import training_rows

from flows.iterate import check
from tasks.errors import BadInput
from tasks.files import write_json
from tasks.finetune.config import FinetuneConfig
from tasks.finetune.iteration.config import IterateConfig
from tasks.finetune.iteration.former import Former
from tasks.finetune.training.settings import TrainingSettings
from tasks.finetune.understanding.errors.low_scoring import Bounds
from tasks.pointers import FilePointer
from tasks.records import write_record

LOW = {"row_id": "train:1", "class": "other"}


@pytest.fixture
def folder(tmp_path):
    """What a run to its card leaves, as far as an iteration reads it."""
    folder = tmp_path / "small"
    (folder / "splits").mkdir(parents=True)
    written = {
        "training": folder / "training.json",
        "analysis_json": folder / "analysis.json",
        "clusters": folder / "clusters.json",
        "answers": folder / "answers.parquet",
        "scores": folder / "scores.parquet",
    }
    written |= {name: folder / "splits" / f"{name}.jsonl" for name in ("train", "val", "test")}
    settings = {"settings": TrainingSettings().model_dump()}
    write_json(written["training"], facts()["training"] | settings)
    failures = {"classes": {"other": 1}, "low": [LOW], "bounds": asdict(Bounds())}
    write_json(written["analysis_json"], {"errors_val": failures})
    write_json(written["clusters"], {})
    rows = "".join(json.dumps(row) + "\n" for row in training_rows())
    for name in ("answers", "scores", "train", "val", "test"):
        written[name].write_text(rows, encoding="utf-8")
    record(folder, written)
    return folder


def record(folder, written):
    write_record(
        folder / "record.json",
        flow="finetune",
        command="python flows/finetune.py --run small",
        config=FinetuneConfig(run="small").model_dump(mode="json"),
        data=[],
        seed=1,
        timings={},
        metrics={},
        outputs={name: FilePointer.to(path) for name, path in written.items()},
        warnings=[],
    )


def test_a_whole_run_is_read(folder):
    former = Former.read(folder)
    assert former.config.run == "small"
    assert [row["row_id"] for row in former.failed()] == ["train:1"]
    assert former.evidence(more_rows=False).classes == {"other": 1}


@pytest.mark.parametrize(
    "path",
    [
        "training.json",
        "analysis.json",
        "clusters.json",
        "answers.parquet",
        "scores.parquet",
        "splits/train.jsonl",
        "splits/val.jsonl",
        "splits/test.jsonl",
    ],
)
def test_a_file_of_another_training_is_refused(folder, path):
    with open(folder / path, "a", encoding="utf-8") as file:
        file.write(" ")
    with pytest.raises(BadInput, match=f"{path} is not of the recorded run: finish the run first"):
        Former.read(folder)


def test_a_later_training_that_stopped_before_the_analysis_is_refused(folder):
    """`--until train` writes training and record again, and leaves the analysis lying there."""
    training = folder / "training.json"
    write_json(training, facts()["training"] | {"best_step": 10})
    later = {name: folder / "splits" / f"{name}.jsonl" for name in ("train", "val", "test")}
    record(folder, later | {"training": training, "clusters": folder / "clusters.json"})
    with pytest.raises(BadInput, match=r"analysis.json is not of .*finetune.py --run small"):
        Former.read(folder)


def test_a_folder_without_a_run_is_refused(tmp_path):
    with pytest.raises(BadInput, match="missing or damaged: finish the run first"):
        Former.read(tmp_path)
    write_json(tmp_path / "record.json", {"flow": "nearmiss"})
    with pytest.raises(BadInput, match="is no run of fine-tuning"):
        Former.read(tmp_path)


def asked(folder, **settings):
    return IterateConfig(
        output_dir=folder.parent, run=folder.name, records=folder / "records", **settings
    )


def test_what_a_look_can_tell_is_refused_before_anything_starts(folder):
    check(asked(folder, change="all-linear"))
    with pytest.raises(BadInput, match=r"'beauty' is no metric .* choose one of perplexity"):
        check(asked(folder, change="all-linear", decides="beauty"))
    longest = shutil.copytree(folder, folder.parent / ("r" * (80 - len("-all-linear"))))
    check(asked(longest, change="all-linear"))
    with pytest.raises(BadInput, match="has 82 characters, of at most 80"):
        check(asked(longest, change="rank-doubled"))
