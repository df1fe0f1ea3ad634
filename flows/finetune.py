"""Turn raw questions and answers into audited splits for fine-tuning.

python flows/finetune.py --until validate
python flows/finetune.py --until validate --sources tickets.csv --data-dir data/tickets
"""

import sys
from pathlib import Path

import tasks.environment  # noqa: F401  isort: skip — Prefect reads its settings when imported

from prefect import flow
from prefect.states import Failed, State

from tasks import command_line
from tasks.command_line import command_for
from tasks.finetune import stages
from tasks.finetune.audit.tokens import find_tokenizer
from tasks.finetune.config import FinetuneConfig
from tasks.finetune.sources.hub import HubUnreachable
from tasks.finetune.sources.locations import input_files
from tasks.finetune.sources.spec import SourceSpec, load_specs
from tasks.gates import FAILED_STATE, QualityGateFailed
from tasks.pointers import FilePointer, StageResult
from tasks.runs import Outcome, Run

SCRIPT = "flows/finetune.py"


@flow(name="finetune")
def finetune(config: FinetuneConfig) -> Outcome | State:
    """Gather, curate, split, audit: nothing reaches the data folder that a gate has not passed.

    Returns:
        The outcome; or, where a gate failed, a Failed state of that name.
    """
    specs = load_specs(config.sources)
    output_dir = config.resolved_output_dir()
    run = Run(output_dir / config.run, output_dir / ".cache", config.refresh)
    try:
        gathered = gather(specs, run)
        curated = run.stage(
            stages.curate,
            taken=gathered.files["rows"],
            gathered=gathered.figures["sources"],
            settings=config.curation().model_dump(),
        )
        if config.until == "validate":
            judge_sources(config, run)
            validated(config, specs, run, curated)
    except QualityGateFailed as failure:
        return Failed(message=str(failure), name=FAILED_STATE)
    return stages.summarise(
        run,
        command=command_for(SCRIPT, config),
        config=config.model_dump(mode="json"),
        seed=config.seed,
    )


def gather(specs: list[SourceSpec], run: Run) -> StageResult:
    """All sources in one table; a change of a source's file makes only that one be read again.

    Raises:
        HubUnreachable: a required data set cannot be had; an optional one is left out.
    """
    read = []
    for spec in specs:
        inputs = [FilePointer.to(path) for path in input_files(spec)]
        try:
            read.append(
                run.stage(
                    stages.read, label=spec.name, name=spec.name, spec=spec.stored(), inputs=inputs
                )
            )
        except HubUnreachable as error:
            if spec.required:
                raise
            run.warn([f"Left out: {error}"])
    return run.stage(stages.gather, read=read)


def judge_sources(config: FinetuneConfig, run: Run) -> None:
    """Stop where a source is missing, empty or too dirty to be mended row by row."""
    run.check(
        "qa_sources",
        run.results["curate"].files["source_quality"],
        row_id=["source"],
        max_personal=config.max_personal,
        max_duplicates=config.max_duplicates,
        max_cut_off=config.max_cut_off,
    )
    run.check("qa_raw", run.results["gather"].files["rows"], ["row_id"], min_rows=config.min_rows)


def validated(
    config: FinetuneConfig, specs: list[SourceSpec], run: Run, curated: StageResult
) -> None:
    """Gate the curated rows, split, gate the splits, audit, and publish."""
    run.check(
        "qa_curated",
        curated.files["judged"],
        row_id=["row_id"],
        **config.part("min_rows", "min_words", "max_words"),
    )
    asked = {"seed": config.seed, "shares": config.shares()}
    data_dir = config.resolved_data_dir()
    splits = run.stage(
        stages.split,
        curated=curated,
        previous=stages.previous_splits(data_dir, run.store, curated, **asked),
        **asked,
    )
    run.check("qa_splits", splits.files["split_table"], row_id=["split"], min_rows=config.min_rows)
    tokenizer = find_tokenizer(config.tokenizer)
    audited = run.stage(
        stages.audit,
        gathered=run.results["gather"],
        curated=curated,
        splits=splits,
        tokenizer=FilePointer.to(tokenizer) if tokenizer else None,
        warnings=list(run.warnings),
    )
    run.warn(stages.drift_warnings(run.store, audited))
    run.stage(
        stages.publish_splits,
        folder=data_dir,
        splits=splits,
        audited=audited,
        specs=[spec.stored() for spec in specs],
        command=command_for(SCRIPT, config),
        **asked,
    )


def check(config: FinetuneConfig) -> None:
    """Refuse what a look can tell is bad, before Prefect starts.

    Raises:
        BadInput: a source, the tokenizer or the data folder that is named cannot be used.
    """
    load_specs(config.sources)
    find_tokenizer(config.tokenizer and Path(config.tokenizer).expanduser())
    command_line.refuse_unwritable(config.resolved_data_dir(), "--data-dir")


if __name__ == "__main__":
    sys.exit(command_line.main(finetune, FinetuneConfig, check=check))
