"""The data part of fine-tuning, which flows compose: gather, curate, judge, split, audit."""

from tasks.finetune import stages
from tasks.finetune.audit.tokens import find_tokenizer
from tasks.finetune.config import FinetuneConfig
from tasks.finetune.sources.hub import HubUnreachable
from tasks.finetune.sources.locations import input_files
from tasks.finetune.sources.spec import SourceSpec
from tasks.pointers import FilePointer, StageResult
from tasks.runs import Run


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
    config: FinetuneConfig, specs: list[SourceSpec], run: Run, curated: StageResult, command: str
) -> None:
    """Gate the curated rows, split, gate the splits, audit, and publish."""
    run.check(
        "qa_curated",
        curated.files["judged"],
        row_id=["row_id"],
        **config.part("min_rows", "min_words", "max_words"),
    )
    asked = {"seed": config.split_seed, "shares": config.shares()}
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
        command=command,
        **asked,
    )
