"""Better a fine-tuned model by its failures: one change, another training, an honest comparison.

python flows/iterate.py                        the change that the failures of run "default" ask for
python flows/iterate.py --run small --change longer-training

The change is chosen by failures on validation rows and judged on test rows. Whatever comes of it
is kept in data/iterations/, so that nothing is tried twice.
"""

import sys

import tasks.environment  # noqa: F401  isort: skip — Prefect reads its settings when imported

from prefect import flow

from flows.finetune_model import evaluated, trained
from tasks import command_line
from tasks.command_line import command_for
from tasks.errors import BadInput
from tasks.finetune.config import MAX_RUN_NAME, FinetuneConfig
from tasks.finetune.iteration import stages
from tasks.finetune.iteration.choose import Choice, choose
from tasks.finetune.iteration.compare import refuse_unknown_metric
from tasks.finetune.iteration.config import IterateConfig
from tasks.finetune.iteration.former import Former
from tasks.finetune.iteration.retrospective import (
    lesson,
    read_records,
    tried,
    write_retrospective,
)
from tasks.finetune.splits import SPLITS
from tasks.pointers import FilePointer, StageResult
from tasks.runs import Outcome, Run

SCRIPT = "flows/iterate.py"


@flow(name="iterate")
def iterate(config: IterateConfig) -> Outcome:
    """Choose a change, make it, train, and compare with the run before."""
    refuse_unknown_metric(config.decides)
    former = former_of(config)
    choice = chosen(config, former)
    after = changed(former, choice)
    run = Run(
        config.resolved_output_dir() / after.run,
        config.resolved_output_dir() / ".cache",
        config.refresh,
    )
    clusters = FilePointer.to(former.folder / "clusters.json")
    splits, after = repaired(config, former, choice, after, run, clusters)
    trained(after, run, splits)
    evaluated(after, run, splits, clusters)
    failures = run.stage(
        stages.failures,
        train=splits["train"],
        val=splits["val"],
        answers_val=run.results["answer"].files["answers_val"],
        clusters=clusters,
        most={"train": after.max_train_rows, "val": after.max_val_rows},
        max_new_tokens=after.max_new_tokens,
        bounds=former.failures["bounds"],
    )
    compared = run.stage(
        stages.compare,
        before=StageResult.of(
            {"answers": former.evaluated.answers, "scores": former.evaluated.scores}
        ),
        after=StageResult.of(
            {
                "answers": run.results["answer"].path("answers"),
                "scores": run.results["evaluate"].path("scores"),
            }
        ),
        test=splits["test"],
        most=after.max_test_rows,
        clusters=clusters,
        decides=config.decides,
        seed=config.seed,
    )
    return concluded(config, former, choice, run, failures, compared)


def former_of(config: IterateConfig) -> Former:
    """The run that is to be bettered."""
    return Former.read(config.resolved_output_dir() / config.run)


def chosen(config: IterateConfig, former: Former) -> Choice:
    """The one change."""
    return choose(
        former.evidence(config.more_rows is not None),
        tried(read_records(config.records_folder()), former.training_sha256),
        wanted=config.change,
    )


def changed(former: Former, choice: Choice) -> FinetuneConfig:
    """The run's settings with the change in them, under a name of their own.

    Raises:
        BadInput: the name would be too long.
    """
    name = f"{former.folder.name}-{choice.name}"
    if len(name) > MAX_RUN_NAME:
        raise BadInput(
            f"the name {name} of the run with the change has {len(name)} characters, of at most "
            f"{MAX_RUN_NAME}: make the run {former.folder.name} again under a shorter name"
        )
    return FinetuneConfig.model_validate(
        former.config.model_dump() | choice.settings | {"run": name}
    )


def repaired(
    config: IterateConfig,
    former: Former,
    choice: Choice,
    after: FinetuneConfig,
    run: Run,
    clusters: FilePointer,
) -> tuple[dict[str, FilePointer], FinetuneConfig]:
    """The splits to train on; after a change of the data all of its rows are taken."""
    splits = {name: FilePointer.to(former.split(name)) for name in SPLITS}
    if not choice.data:
        return splits, after
    made = run.stage(
        stages.repair,
        name=choice.data,
        train=splits["train"],
        most=after.max_train_rows,
        failures=former.failed(),
        held_out=former.held_out(),
        clusters=clusters,
        more=FilePointer.to(config.more_rows.expanduser()) if config.more_rows else None,
    )
    splits["train"] = made.files["train"]
    return splits, after.model_copy(update={"max_train_rows": None})


def concluded(
    config: IterateConfig,
    former: Former,
    choice: Choice,
    run: Run,
    failures: StageResult,
    compared: StageResult,
) -> Outcome:
    """Keep what was tried and what came of it, whether it helped or not."""
    command = command_for(SCRIPT, config)
    repair = run.results.get("repair")
    _, told = write_retrospective(
        config.records_folder(),
        choice,
        before=former.folder.name,
        before_training=former.training_sha256,
        after=run.folder.name,
        command=command,
        settings_before=former.training["settings"],
        data=repair.figures if repair else {},
        training_before=former.training,
        training_after=run.results["train"].figures,
        classes_before=former.failures["classes"],
        classes_after=failures.figures["classes"],
        threshold=former.failures["threshold"],
        comparison=compared.figures,
    )
    learned = lesson(
        choice, compared.figures, former.failures["classes"], failures.figures["classes"]
    )
    stages.publish_retrospective(told, learned)
    run.record(
        flow="iterate",
        command=command,
        config=config.model_dump(mode="json"),
        data=[{"splits_of": former.folder.name}],
        metrics={"change": choice.name, "comparison": compared.figures},
        seed=config.seed,
    )
    lines = [f"{choice.name}: {choice.why}", learned, f"Kept: {told}"]
    return Outcome(lines=lines, folder=run.folder)


def check(config: IterateConfig) -> None:
    """Refuse what a look can tell is bad, before Prefect starts.

    Raises:
        BadInput: there is no such finished run, no such metric, no such change, or none is left;
            or the name of the run would be too long.
    """
    refuse_unknown_metric(config.decides)
    if config.more_rows is not None and not config.more_rows.expanduser().is_file():
        raise BadInput(f"--more-rows {config.more_rows}: there is no such file.")
    former = former_of(config)
    changed(former, chosen(config, former))


if __name__ == "__main__":
    sys.exit(command_line.main(iterate, IterateConfig, check=check))
