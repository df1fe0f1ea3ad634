"""Data-quality gates: a table passes its suite of expectations, or the run ends there."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from tasks import expectations, publish
from tasks.caching import stage
from tasks.expectations import Finding
from tasks.files import write_json
from tasks.pointers import FilePointer, StageResult

FAILED_STATE = "QualityGateFailed"


class QualityGateFailed(Exception):
    """A critical expectation does not hold. The message says which, and on how many rows."""


def read_table(table: FilePointer) -> pd.DataFrame:
    """Read a CSV or Parquet table, or a JSON object as a table of one row, by its suffix."""
    if table.path.suffix == ".csv":
        return pd.read_csv(table.path)
    if table.path.suffix == ".json":
        return pd.DataFrame([json.loads(table.path.read_text(encoding="utf-8"))])
    return pd.read_parquet(table.path)


@stage(work=[expectations], name="gate", task_run_name="gate-{name}")
def gate(
    *,
    name: str,
    table: FilePointer,
    suite: FilePointer,
    row_id: list[str],
    parameters: dict[str, Any],
    folder: Path,
) -> StageResult:
    """Validate a table, publish and write the findings, then raise if a critical one failed.

    Raises:
        QualityGateFailed: after the findings are on the run page.
    """
    findings = expectations.validate(read_table(table), suite.path, row_id, parameters)
    failures = [finding for finding in findings if not finding.passed]
    publish.table(
        artifact_key(name),
        [finding.as_row() for finding in [*failures, *(f for f in findings if f.passed)]],
        verdict(name, findings),
    )
    target = folder / f"gate_{name}.json"
    write_json(target, [finding.as_row() for finding in findings])
    if any(finding.severity == "critical" for finding in failures):
        raise QualityGateFailed(verdict(name, findings))
    return StageResult(
        files={f"gate_{name}": FilePointer.to(target)},
        figures={"gate": name, "findings": [asdict(finding) for finding in findings]},
        warnings=[f"Gate {name}: {explain(finding)}" for finding in failures],
    )


def artifact_key(name: str) -> str:
    """Key of the artifact with a gate's findings: Prefect allows dashes and no underscores."""
    return f"gate-{name.replace('_', '-')}"


def explain(finding: Finding) -> str:
    """One failed finding in words."""
    if finding.problem:
        return f'"{finding.expectation}" could not be checked: {finding.problem}'
    if finding.failed_rows:
        return f'"{finding.expectation}" fails on {finding.failed_rows} of {finding.rows} rows'
    return f'"{finding.expectation}" does not hold'


def verdict(name: str, findings: list[Finding]) -> str:
    """One sentence: that the gate is passed, or which expectation failed and where to look."""
    failures = [finding for finding in findings if not finding.passed]
    critical = [finding for finding in failures if finding.severity == "critical"]
    if critical:
        others = f" (and {len(critical) - 1} more)" if len(critical) > 1 else ""
        return (
            f"Quality gate {name} failed: {explain(critical[0])}{others}; "
            f"the rows are in the artifact {artifact_key(name)} of this run."
        )
    if failures:
        return f"Gate {name} passed with {len(failures)} warning(s): {explain(failures[0])}."
    return f"Gate {name} passed: all {len(findings)} expectations hold."
