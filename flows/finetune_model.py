"""The model part of fine-tuning, which flows compose: train, evaluate, understand, describe."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tasks.finetune import model_stages as stages
from tasks.finetune.config import FinetuneConfig
from tasks.finetune.language_model.locate import find_locally
from tasks.finetune.understanding.errors import overrides
from tasks.finetune.understanding.forgetting import questions, replay, sentences
from tasks.pointers import FilePointer, StageResult
from tasks.runs import Run

Splits = Mapping[str, FilePointer]


def trained(config: FinetuneConfig, run: Run, splits: Splits) -> StageResult:
    """Find the model, and train an adapter on it.

    Raises:
        BadInput: general rows are to be mixed in, and their file is missing or damaged.
    """
    general = general_rows(config)
    model = run.stage(
        stages.model,
        name=config.model,
        revision=config.revision,
        source=source_files(config),
        folder=model_folder(config),
    )
    if config.until != "train":
        run.stage(
            stages.fit,
            model=model,
            test=splits["test"],
            val=splits["val"],
            most=(config.max_test_rows, config.max_val_rows),
            max_new_tokens=config.max_new_tokens,
            overrides=overrides_file(config),
            timed=(splits["train"], config.max_train_rows, config.training().model_dump())
            if config.measure_speed
            else None,
        )
    return run.stage(
        stages.train,
        model=model,
        train=splits["train"],
        val=splits["val"],
        most=(config.max_train_rows, config.max_val_rows),
        settings=config.training().model_dump(),
        general=general,
    )


def evaluated(config: FinetuneConfig, run: Run, splits: Splits, clusters: FilePointer) -> None:
    """Let base and tuned model answer, gate the answers, and compare them."""
    model = run.results["model"]
    answered = run.stage(
        stages.answer,
        model=model,
        trained=run.results["train"],
        test=splits["test"],
        val=splits["val"],
        most=(config.max_test_rows, config.max_val_rows),
        max_new_tokens=config.max_new_tokens,
        engine=config.engine,
    )
    expected, most = answered.figures["answers"], config.max_new_tokens
    pass_answers(run, answered.files["answers"], expected, most)
    run.stage(
        stages.evaluate,
        model=model,
        answered=answered,
        test=splits["test"],
        clusters=clusters,
        most=config.max_test_rows,
        max_new_tokens=config.max_new_tokens,
        seed=config.seed,
    )


def measured(config: FinetuneConfig, run: Run, splits: Splits) -> None:
    """Training and generation beside plain ones, in turns."""
    run.stage(
        stages.speed,
        model=run.results["model"],
        trained=run.results["train"],
        train=splits["train"],
        test=splits["test"],
        most=(config.max_train_rows, config.max_test_rows),
        settings=config.training().model_dump(),
        kind=run.results["answer"].figures["generation"]["kind"],
        max_new_tokens=config.max_new_tokens,
    )


def pass_answers(run: Run, answers: FilePointer, expected: int, max_new_tokens: int) -> None:
    """Stop where answers are missing, there twice, too long, or without a finite loss."""
    run.check(
        "answers",
        answers,
        row_id=["row_id", "system"],
        answers=expected,
        max_new_tokens=max_new_tokens,
    )


def understood(config: FinetuneConfig, run: Run, splits: Splits, clusters: FilePointer) -> None:
    """What was forgotten, what prompting gives, and why answers fail."""
    model, answered = run.results["model"], run.results["answer"]
    engine = answered.figures["generation"]["kind"]
    run.stage(
        stages.remember,
        model=model,
        trained=run.results["train"],
        questions=FilePointer.to(questions.FILE),
        sentences=sentences.find_sentences().sha256,
        engine=engine,
    )
    prompted = run.stage(
        stages.prompt,
        model=model,
        train=splits["train"],
        test=splits["test"],
        most=(config.max_train_rows, config.max_test_rows),
        max_new_tokens=config.max_new_tokens,
        engine=engine,
    )
    run.stage(
        stages.analyse,
        model=model,
        trained=run.results["train"],
        answered=answered,
        evaluated=run.results["evaluate"],
        prompted=prompted,
        splits=dict(splits),
        clusters=clusters,
        overrides=overrides_file(config),
        most={
            "train": config.max_train_rows,
            "val": config.max_val_rows,
            "test": config.max_test_rows,
        },
        max_new_tokens=config.max_new_tokens,
        remembered=run.results["remember"],
    )


def described(config: FinetuneConfig, run: Run, specs: list[dict[str, Any]], command: str) -> None:
    """Write the model card."""
    run.stage(
        stages.model_card,
        run_name=config.run,
        model=run.results["model"],
        trained=run.results["train"],
        evaluated=run.results["evaluate"],
        remembered=run.results["remember"],
        analysed=run.results["analyse"],
        audited=run.results["audit"],
        specs=specs,
        splits=run.results["publish splits"].figures["files"],
        command=command,
    )


def source_files(config: FinetuneConfig) -> list[FilePointer]:
    """Files of the model where it is on this machine; none where the hub has it."""
    found = find_locally(config.model, config.revision)
    if found is None:
        return []
    if found.path.is_file():
        return [FilePointer.to(found.path)]
    return [FilePointer.to(path) for path in sorted(found.path.iterdir()) if path.is_file()]


def general_rows(config: FinetuneConfig) -> FilePointer | None:
    """The general rows that are mixed into those to train, where any are asked for.

    Raises:
        BadInput: their file is missing or damaged.
    """
    if not config.replay:
        return None
    replay.read_replay(replay.FILE)
    return FilePointer.to(replay.FILE)


def overrides_file(config: FinetuneConfig) -> FilePointer | None:
    """A person's verdicts on failed answers, where the data folder has any."""
    path = config.resolved_data_dir() / overrides.FILE.name
    return FilePointer.to(path) if path.is_file() else None


def model_folder(config: FinetuneConfig) -> Path:
    """Where the model is kept as a plain folder, for every run of this output folder."""
    name = re.sub(r"[^A-Za-z0-9.-]+", "-", config.model).strip("-.")[-80:]
    return config.resolved_output_dir() / ".models" / name
