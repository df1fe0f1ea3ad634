"""The Prefect tasks of the fine-tuning flow, one a stage."""

import hashlib
import json
from pathlib import Path
from typing import Any

from prefect.tasks import exponential_backoff

from tasks import files, publish
from tasks.caching import stage
from tasks.finetune import (
    data_card,
    drift,
    judged,
    model_summary,
    rows,
    source_quality,
    splitting,
    summary,
)
from tasks.finetune.audit import figures as audit_figures
from tasks.finetune.audit import page, tokens
from tasks.finetune.curation import curate as curation
from tasks.finetune.curation import language, pii
from tasks.finetune.curation.settings import CurationSettings
from tasks.finetune.data_card import TASK, TITLE
from tasks.finetune.sources import gathering
from tasks.finetune.sources.hub import HubUnreachable
from tasks.finetune.sources.spec import SourceSpec
from tasks.finetune.splits import SPLITS
from tasks.finetune.writing import read_assignment, read_split, split_file, write_splits
from tasks.pointers import FilePointer, StageResult
from tasks.runs import Outcome, Run


def _only_where_the_hub_is_away(_task: Any, _run: Any, state: Any) -> bool:
    return isinstance(state.result(raise_on_failure=False), HubUnreachable)


@stage(
    work=[gathering, pii],
    name="read",
    task_run_name="read-{name}",
    retries=3,
    retry_delay_seconds=exponential_backoff(backoff_factor=2),
    retry_jitter_factor=0.5,
    retry_condition_fn=_only_where_the_hub_is_away,
)
def read(
    *, name: str, spec: dict[str, Any], inputs: list[FilePointer], folder: Path
) -> StageResult:
    """Read one source."""
    written = {
        "rows": folder / "sources" / f"{name}.parquet",
        "refused": folder / "sources" / f"{name}-refused.jsonl",
    }
    figures = gathering.gather([SourceSpec.restored(spec)], *written.values(), mask=pii.masked)
    return StageResult.of(written, figures, figures.pop("warnings"))


@stage(work=[gathering, rows], name="gather")
def gather(*, read: list[StageResult], folder: Path) -> StageResult:
    """The rows of all sources in one table, in reading order."""
    written = {"rows": folder / "rows.parquet", "refused": folder / "refused.jsonl"}
    with rows.write_rows(written["rows"]) as write:
        for part in read:
            for batch in rows.read_batches(part.path("rows")):
                write(batch)
    _join(written["refused"], [part.path("refused") for part in read])
    figures = gathering.added_up([part.figures for part in read])
    table = [summary.source_row(source) for source in figures["sources"]]
    publish.table("sources", table, summary.gathered_verdict(figures))
    return StageResult.of(written, figures)


@stage(work=[curation, judged, source_quality], name="curate")
def curate(
    *, taken: FilePointer, gathered: list[dict[str, Any]], settings: dict[str, Any], folder: Path
) -> StageResult:
    """Clean the rows and block the faulty ones."""
    written = {
        "curated": folder / "curated.parquet",
        "curation_quarantine": folder / "quarantine_curation.jsonl",
        "clusters": folder / "clusters.json",
        "judged": folder / "judged.parquet",
        "source_quality": folder / "source_quality.csv",
    }
    figures = curation.curate(
        taken.path,
        written["curated"],
        written["curation_quarantine"],
        CurationSettings(**settings),
        clusters=written["clusters"],
    )
    judged.write_judged(written["curated"], written["judged"])
    table = source_quality.source_table(gathered, figures["sources"])
    with files.whole_or_nothing(written["source_quality"]) as temporary:
        table.to_csv(temporary, index=False)
    verdict = summary.curated_verdict(figures)
    publish.table("curation", summary.reason_rows(figures), verdict)
    publish.table("source-quality", table.to_dict("records"), verdict)
    return StageResult.of(written, figures)


@stage(work=[splitting], name="split")
def split(
    *,
    curated: StageResult,
    previous: FilePointer,
    seed: int,
    shares: tuple[float, float, float],
    folder: Path,
) -> StageResult:
    """Split the curated rows, in the folder of the run."""
    written = {
        **{name: split_file(folder / "splits", name) for name in SPLITS},
        "split_quarantine": folder / "quarantine_split.jsonl",
        "split_table": folder / "splits.csv",
    }
    figures, table = splitting.split_rows(
        curated.path("curated"),
        curation.read_clusters(curated.path("clusters")),
        folder / "splits",
        written["split_quarantine"],
        seed=seed,
        shares=shares,
        previous=json.loads(previous.path.read_text(encoding="utf-8")),
    )
    with files.whole_or_nothing(written["split_table"]) as temporary:
        table.to_csv(temporary, index=False)
    publish.table("splits", table.to_dict("records"), summary.split_verdict(figures))
    return StageResult.of(written, figures)


@stage(work=[audit_figures, page, tokens, language, pii], name="audit")
def audit(
    *,
    gathered: StageResult,
    curated: StageResult,
    splits: StageResult,
    tokenizer: FilePointer | None,
    warnings: list[str],
    folder: Path,
) -> StageResult:
    """Measure what came in, what was blocked and what is in the splits, and write the audit."""
    quarantine = folder / "quarantine.jsonl"
    parts = [gathered.path("refused"), curated.path("curation_quarantine")]
    _join(quarantine, [*parts, splits.path("split_quarantine")])
    measured = audit_figures.measure(
        taken=gathered.path("rows"),
        quarantine=quarantine,
        splits=splits.path("train").parent,
        tokenizer=tokens.load_tokenizer(tokenizer.path) if tokenizer else None,
        find_pii=pii.find,
        language_of=lambda text: language.foreign_language(text) or "en",
        clusters=curation.read_clusters(curated.path("clusters")),
    )
    summary.check_sum(gathered.figures, measured.figures)
    pictures = page.draw(folder, measured)
    facts = {
        "title": TITLE,
        "figures": measured.figures,
        "contamination": splits.figures["contamination"],
        "moved": splits.figures["moved"],
        "warnings": warnings,
        "pictures": pictures,
    }
    written = {name: folder / f"audit.{name}" for name in ("html", "md", "json")}
    page.write_html(written["html"], **facts)
    page.write_markdown(written["md"], **facts)
    files.write_json(written["json"], measured.figures)
    verdict = summary.audit_verdict(measured.figures)
    publish.pictures("audit", pictures, verdict)
    publish.markdown("audit", summary.audit_markdown(measured.figures), verdict)
    named = {f"audit_{name}": path for name, path in written.items()}
    named |= {path.stem: path for path in pictures.values()} | {"quarantine": quarantine}
    return StageResult.of(named, {"rows": measured.figures["rows"]})


@stage(work=[data_card, splitting], name="publish splits")
def publish_splits(
    *,
    splits: StageResult,
    audited: StageResult,
    specs: list[dict[str, Any]],
    seed: int,
    shares: tuple[float, float, float],
    command: str,
    folder: Path,
) -> StageResult:
    """Put the splits that passed the gates into the data folder, with their card."""
    source = splits.path("train").parent
    card = folder / "DATA_CARD.md"
    told = write_splits(
        folder, ((name, row) for name in SPLITS for row in read_split(source, name))
    )
    data_card.write_data_card(
        card,
        title=TITLE,
        task=TASK,
        figures=json.loads(audited.path("audit_json").read_text(encoding="utf-8")),
        contamination=splits.figures["contamination"],
        sources=specs,
        splits=told,
        seed=seed,
        shares=shares,
        command=command,
    )
    written = {f"data {name}": split_file(folder, name) for name in SPLITS}
    return StageResult.of(written | {"data card": card}, {"files": told})


def previous_splits(
    data_dir: Path, store: Path, curated: StageResult, **settings: Any
) -> FilePointer:
    """The splits of the run before, as they were when these curated rows were first split.

    The data folder is what this run overwrites, so its content cannot be a part of a cache key:
    a second run would find other files than the first did.

    Raises:
        BadInput: the files in the data folder are no splits.
    """
    inputs = [curated.files[name].sha256 for name in ("curated", "clusters")]
    text = json.dumps([*inputs, str(data_dir), settings], sort_keys=True)
    snapshot = store / "previous" / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.json"
    if not snapshot.is_file():
        files.write_json(snapshot, read_assignment(data_dir))
    return FilePointer.to(snapshot)


def drift_warnings(store: Path, audited: StageResult) -> list[str]:
    """How the data moved since the run before in this output folder; remembers this one."""
    now = json.loads(audited.path("audit_json").read_text(encoding="utf-8"))
    remembered = store / "audit_before.json"
    before = json.loads(remembered.read_text(encoding="utf-8")) if remembered.is_file() else None
    files.write_json(remembered, now)
    return drift.warnings(now, before) if before else []


def summarise(run: Run, *, command: str, config: dict[str, Any], seed: int) -> Outcome:
    """Write `record.json` and the summary on the run page."""
    results = run.results
    lines = summary.lines(results, run.folder) + model_summary.lines(results, run.folder)
    text = summary.markdown(results, run.cached, run.warnings, lines)
    files.write_text(run.folder / "summary.md", text)
    publish.markdown("summary", text, model_summary.verdict(results) or lines[0])
    run.add("summary", StageResult.of({"summary": run.folder / "summary.md"}, {}))
    run.record(
        flow="finetune",
        command=command,
        config=config,
        data=summary.data_entries(results),
        metrics=summary.metrics(results) | model_summary.metrics(results),
        seed=seed,
    )
    return Outcome(lines=lines, folder=run.folder)


def _join(target: Path, parts: list[Path]) -> None:
    """One quarantine file out of those of the stages."""
    with files.whole_or_nothing(target) as temporary, open(temporary, "wb") as joined:
        for part in parts:
            joined.write(part.read_bytes())
