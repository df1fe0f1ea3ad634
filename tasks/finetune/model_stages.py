"""The Prefect tasks of the fine-tuning flow from the model on, one a stage."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefect import get_run_logger
from prefect.tasks import exponential_backoff

from tasks import files, publish
from tasks.caching import stage
from tasks.finetune import answering, model_summary, slices
from tasks.finetune import speed as measuring
from tasks.finetune.data_card import TASK, TITLE
from tasks.finetune.evaluation import evaluate as evaluating
from tasks.finetune.language_model import prepare
from tasks.finetune.language_model.locate import ModelUnreachable, find_language_model
from tasks.finetune.model_card import write as card
from tasks.finetune.training import interpretation, plots
from tasks.finetune.training import train as training
from tasks.finetune.training.settings import TrainingSettings
from tasks.finetune.understanding import analysis
from tasks.finetune.understanding.errors import overrides as overriding
from tasks.finetune.understanding.errors.overrides import read_overrides
from tasks.finetune.understanding.forgetting import compare as forgetting
from tasks.finetune.understanding.forgetting import replay
from tasks.finetune.understanding.forgetting.questions import read_questions
from tasks.finetune.understanding.forgetting.sentences import find_sentences
from tasks.pointers import FilePointer, StageResult

if TYPE_CHECKING:
    from tasks.finetune.training.callbacks import OnLog


def _only_where_the_hub_is_away(_task: Any, _run: Any, state: Any) -> bool:
    return isinstance(state.result(raise_on_failure=False), ModelUnreachable)


@stage(
    work=[prepare],
    name="model",
    retries=3,
    retry_delay_seconds=exponential_backoff(backoff_factor=2),
    retry_jitter_factor=0.5,
    retry_condition_fn=_only_where_the_hub_is_away,
)
def model(
    *, name: str, revision: str | None, source: list[FilePointer], folder: Path
) -> StageResult:
    """Find the model and write it as a plain folder. `source`: its files, where they are here."""
    del source  # counts in the cache's key
    facts = prepare.prepare(find_language_model(name, revision), folder)
    publish.markdown("model", model_summary.of_model(facts), model_summary.model_verdict(facts))
    written = {f"model {path.name}": path for path in sorted(folder.iterdir()) if path.is_file()}
    return StageResult.of(written, facts, [facts["note"]] if facts["note"] else [])


@stage(work=[answering, measuring, overriding, slices], name="fit")
def fit(
    *,
    model: StageResult,
    test: FilePointer,
    val: FilePointer,
    most: tuple[int | None, int | None],
    max_new_tokens: int,
    overrides: FilePointer | None,
    timed: tuple[FilePointer, int | None, dict[str, Any]] | None,
    folder: Path,
) -> StageResult:
    """Refuse, before training, what would stop the run after it.

    Args:
        most: rows of test and val.
        timed: rows to train on, the most of them, and the settings of training, where speed is to
            be measured.
    """
    del folder  # nothing is written
    if overrides:
        read_overrides([row["row_id"] for row in slices.rows_of(test.path)], overrides.path)
    if timed:
        train, most_rows, settings = timed
        count = len(slices.rows_of(train.path, most_rows))
        measuring.refuse_too_few(TrainingSettings(**settings), count)
    rows = {"test": slices.rows_of(test.path, most[0]), "val": slices.rows_of(val.path, most[1])}
    return StageResult.of({}, answering.refuse_too_long(folder_of(model), rows, max_new_tokens))


@stage(work=[training, interpretation, plots, replay, slices], name="train")
def train(
    *,
    model: StageResult,
    train: FilePointer,
    val: FilePointer,
    most: tuple[int | None, int | None],
    settings: dict[str, Any],
    general: FilePointer | None,
    folder: Path,
) -> StageResult:
    """Train the adapter. `most`: rows of training and of validation; `general`: to mix in."""
    asked = TrainingSettings(**settings)
    rows = slices.rows_of(train.path, most[0])
    mixed = replay.with_replay(
        rows, asked.replay, asked.seed, replay.read_replay(general.path) if general else None
    )
    with publish.progress("training", 0, unit="step") as progress:
        facts = training.train(
            folder_of(model),
            mixed,
            slices.rows_of(val.path, most[1]),
            asked,
            folder,
            on_log=tell_of_training(progress, get_run_logger().info),
            base_name=model.figures["name"],
        )
    facts |= {"rows": len(rows), "replayed": len(mixed) - len(rows)}
    facts["interpretation"] = interpretation.interpret(facts)
    adapter = folder / training.ADAPTER
    written = {f"adapter {path.name}": path for path in sorted(adapter.iterdir())}
    written |= {"loss_curves": folder / "loss_curves.png", "training": folder / "training.json"}
    plots.loss_curves(written["loss_curves"], facts)
    files.write_json(written["training"], facts)
    verdict = model_summary.training_verdict(facts)
    publish.markdown("training", model_summary.of_training(facts), verdict)
    publish.pictures("loss", {"loss curves": written["loss_curves"]}, verdict)
    return StageResult.of(written, facts)


def tell_of_training(progress: publish.Progress, say: Callable[[str], None]) -> "OnLog":
    """What shows every step as progress and says the loss of every evaluation."""

    def tell(step: int, steps: int, logged: dict[str, float]) -> None:
        progress(step, steps)
        if "eval_loss" in logged:
            say(f"Step {step} of {steps}: loss on validation {logged['eval_loss']:.3f}")

    return tell


@stage(work=[answering, slices], name="answer")
def answer(
    *,
    model: StageResult,
    trained: StageResult,
    test: FilePointer,
    val: FilePointer,
    most: tuple[int | None, int | None],
    max_new_tokens: int,
    engine: str,
    folder: Path,
) -> StageResult:
    """Let base and tuned model answer the test and the validation rows. `most`: of both."""
    written = {"answers": folder / "answers.parquet", "answers_val": folder / "answers_val.parquet"}
    splits = {
        written["answers"]: slices.rows_of(test.path, most[0]),
        written["answers_val"]: slices.rows_of(val.path, most[1]),
    }
    with publish.progress("answering", 2 * sum(map(len, splits.values())), "answer") as progress:
        facts = answering.answer_splits(
            folder_of(model), adapter_of(trained), splits, max_new_tokens, engine, progress
        )
    figures = {"generation": facts, "answers": 2 * len(splits[written["answers"]])}
    return StageResult.of(written, figures)


@stage(work=[evaluating, slices], name="evaluate")
def evaluate(
    *,
    model: StageResult,
    answered: StageResult,
    test: FilePointer,
    clusters: FilePointer,
    most: int | None,
    max_new_tokens: int,
    seed: int,
    folder: Path,
) -> StageResult:
    """Score the answers to the test rows, and compare base and tuned model."""
    rows = slices.rows_of(test.path, most)
    title = f"{model.figures['name']}: base and fine-tuned on {len(rows)} test questions"
    with publish.progress("scoring", 2 * len(rows), unit="answer") as progress:
        facts = evaluating.evaluate(
            answered.path("answers"),
            rows,
            json.loads(clusters.path.read_text(encoding="utf-8")),
            folder,
            title=title,
            max_new_tokens=max_new_tokens,
            seed=seed,
            on_row=progress,
        )
    written = {name: folder / file for name, file in evaluating.FILES.items()}
    written["evaluation"] = folder / "evaluation.json"
    files.write_json(written["evaluation"], facts)
    verdict = model_summary.evaluation_verdict(facts)
    publish.markdown("evaluation", model_summary.of_evaluation(facts, written["results"]), verdict)
    return StageResult.of(written, facts)


@stage(work=[measuring, slices], name="speed")
def speed(
    *,
    model: StageResult,
    trained: StageResult,
    train: FilePointer,
    test: FilePointer,
    most: tuple[int | None, int | None],
    settings: dict[str, Any],
    kind: str,
    max_new_tokens: int,
    folder: Path,
) -> StageResult:
    """Measure training and generation beside plain ones. `most`: rows of train and test."""
    facts = measuring.measure(
        folder_of(model),
        adapter_of(trained),
        slices.rows_of(train.path, most[0]),
        slices.rows_of(test.path, most[1]),
        TrainingSettings(**settings),
        kind,
        max_new_tokens,
    )
    written = {"speed": folder / "speed.json"}
    files.write_json(written["speed"], facts)
    publish.table("speed", measuring.rows(facts), measuring.verdict(facts))
    return StageResult.of(written, facts)


@stage(work=[answering, forgetting], name="remember")
def remember(
    *,
    model: StageResult,
    trained: StageResult,
    questions: FilePointer,
    sentences: str,
    engine: str,
    folder: Path,
) -> StageResult:
    """What base and tuned model still know besides the task. `sentences`: their sha256."""
    del sentences  # counts in the cache's key
    asked = read_questions(questions.path)
    general = find_sentences()
    both = [
        answering.remembered(folder_of(model), adapter, asked, general.texts, engine)
        for adapter in (None, adapter_of(trained))
    ]
    facts = forgetting.compare(
        asked,
        *(each.answers for each in both),
        general,
        *(each.nll for each in both),
        training=trained.figures,
    )
    written = {"forgetting": folder / "forgetting.json"}
    files.write_json(written["forgetting"], facts)
    publish.table("forgetting", facts["rows"], model_summary.forgetting_verdict(facts))
    return StageResult.of(written, facts)


@stage(work=[answering, slices], name="prompt")
def prompt(
    *,
    model: StageResult,
    train: FilePointer,
    test: FilePointer,
    most: tuple[int | None, int | None],
    max_new_tokens: int,
    engine: str,
    folder: Path,
) -> StageResult:
    """Let the base model answer the test rows from other prompts. `most`: of train and test."""
    rows = slices.rows_of(test.path, most[1])
    written = {"answers_prompted": folder / "answers_prompted.parquet"}
    with publish.progress("prompting", 2 * len(rows), unit="answer") as progress:
        figures = answering.answer_prompted(
            folder_of(model),
            rows,
            slices.rows_of(train.path, most[0]),
            written["answers_prompted"],
            max_new_tokens,
            engine,
            progress,
        )
    return StageResult.of(written, figures)


@stage(work=[analysis, slices], name="analyse")
def analyse(
    *,
    model: StageResult,
    trained: StageResult,
    answered: StageResult,
    evaluated: StageResult,
    prompted: StageResult,
    remembered: StageResult,
    splits: dict[str, FilePointer],
    clusters: FilePointer,
    overrides: FilePointer | None,
    most: dict[str, int | None],
    max_new_tokens: int,
    folder: Path,
) -> StageResult:
    """Why answers fail, what prompting would have given, and whether the model overfits."""
    judged = [row["row_id"] for row in slices.rows_of(splits["test"].path)]
    rows = {name: slices.rows_of(file.path, most[name]) for name, file in splits.items()}
    found = analysis.analyse(
        rows,
        json.loads(clusters.path.read_text(encoding="utf-8")),
        analysis.Answered(
            answers=answered.path("answers"),
            scores=evaluated.path("scores"),
            answers_val=answered.path("answers_val"),
            answers_prompted=prompted.path("answers_prompted"),
        ),
        trained.figures,
        read_overrides(judged, overrides.path) if overrides else {},
        without_mark=prompted.figures["without_mark"],
        examples=prompted.figures["examples"],
        max_new_tokens=max_new_tokens,
    )
    title = f"{model.figures['name']}: what the fine-tuned model gets wrong"
    written = analysis.write(folder, title, found, remembered.figures)
    verdict = model_summary.errors_verdict(found.errors)
    publish.table("errors", model_summary.error_rows(found.errors), verdict)
    publish.table("overfitting", found.checklist, model_summary.overfitting_verdict(found))
    publish.table("prompting", found.baselines["rows"], found.baselines["verdicts"][0])
    publish.pictures("analysis", {name: written[name] for name in analysis.PICTURES}, verdict)
    return StageResult.of(written, found.facts())


@stage(work=[card], name="model card")
def model_card(
    *,
    run_name: str,
    model: StageResult,
    trained: StageResult,
    evaluated: StageResult,
    remembered: StageResult,
    analysed: StageResult,
    audited: StageResult,
    specs: list[dict[str, Any]],
    splits: dict[str, Any],
    command: str,
    folder: Path,
) -> StageResult:
    """Write MODEL_CARD.md beside the adapter. `splits`: of `writing.write_splits`."""
    written = {"model_card": folder / "MODEL_CARD.md"}
    card.write_model_card(
        written["model_card"],
        name=f"{model.figures['name'].rsplit('/', 1)[-1]}-{run_name}",
        dataset=TITLE,
        task=TASK,
        command=command,
        model=model.figures,
        training=trained.figures | {"checklist": analysed.figures["checklist"]},
        evaluation=evaluated.figures,
        errors=analysed.figures["errors"],
        forgetting=remembered.figures,
        baselines=analysed.figures["baselines"],
        figures=json.loads(audited.path("audit_json").read_text(encoding="utf-8")),
        sources=specs,
        splits=splits,
    )
    text = written["model_card"].read_text(encoding="utf-8")
    publish.markdown("model-card", text, model_summary.evaluation_verdict(evaluated.figures))
    return StageResult.of(written, {})


def folder_of(model: StageResult) -> Path:
    """The folder that a model's files are in."""
    return model.path("model config.json").parent


def adapter_of(trained: StageResult) -> Path:
    """The folder of the adapter."""
    return trained.path("adapter adapter_config.json").parent
