"""Validate a table against one of the hand-written suites in `expectations/`."""

import json
import logging
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from tasks.locate import PROJECT_ROOT

SUITES = PROJECT_ROOT / "expectations"
MAX_EXAMPLES = 10


@dataclass(frozen=True)
class Finding:
    """How one expectation fared.

    Attributes:
        expectation: what is expected, in plain English.
        severity: "critical", "warning" or "info".
        passed: whether it held.
        failed_rows: number of rows that break it; 0 where it is not about rows.
        rows: number of rows it was checked on.
        examples: up to ten offending rows: the identifying columns and the value.
        problem: why it could not be checked, where it could not.
    """

    expectation: str
    severity: str
    passed: bool
    failed_rows: int = 0
    rows: int = 0
    examples: list[dict[str, Any]] = field(default_factory=list)
    problem: str | None = None

    def as_row(self) -> dict[str, Any]:
        """A row for a table that a person reads."""
        row = asdict(self)
        row["examples"] = "; ".join(
            ", ".join(f"{name}={value}" for name, value in example.items())
            for example in self.examples
        )
        return row


def suite_file(name: str) -> Path:
    """The suite's file in `expectations/`."""
    return SUITES / f"{name}.json"


def validate(
    table: pd.DataFrame, suite: Path, row_id: list[str], parameters: dict[str, Any] | None = None
) -> list[Finding]:
    """Check every expectation of a suite on a table.

    Args:
        table: the rows to check.
        suite: JSON file: {"name": …, "expectations": [{"type", "description", "severity",
            "kwargs"}]}; a kwarg may be {"$PARAMETER": name}.
        row_id: columns that name a row to a person.
        parameters: values for the suite's parameters.

    Returns:
        One finding an expectation, in the suite's order.
    """
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "False")
    import great_expectations as gx  # takes 4 s, so only where a gate runs

    # This one sets its own level, to tell of a folder for pages that nobody asked for.
    logging.getLogger("great_expectations.data_context.types.base").setLevel(logging.WARNING)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    content = json.loads(suite.read_text(encoding="utf-8"))
    expectations = gx.ExpectationSuite(name=content["name"], expectations=content["expectations"])
    batch = (
        context.data_sources.add_pandas("tables")
        .add_dataframe_asset(content["name"])
        .add_batch_definition_whole_dataframe("whole")
        .get_batch({"dataframe": table})
    )
    outcome = batch.validate(
        context.suites.add(expectations),
        expectation_parameters=parameters or {},
        result_format={
            "result_format": "COMPLETE",
            "unexpected_index_column_names": [name for name in row_id if name in table.columns],
        },
    )
    findings = {
        result.expectation_config.description: _finding(result, len(table))
        for result in outcome.results
    }
    return [findings[expectation["description"]] for expectation in content["expectations"]]


def _finding(result: Any, rows: int) -> Finding:
    details = result.result or {}
    return Finding(
        expectation=result.expectation_config.description,
        severity=result.expectation_config.severity.value,
        passed=bool(result.success),
        failed_rows=int(details.get("unexpected_count") or 0),
        rows=int(details.get("element_count") or rows),
        examples=(details.get("unexpected_index_list") or [])[:MAX_EXAMPLES],
        problem=_problem(result.exception_info),
    )


def _problem(exception_info: dict[str, Any] | None) -> str | None:
    """The message of the exception that kept an expectation from being checked."""
    if not exception_info:
        return None
    if "raised_exception" in exception_info:
        return exception_info.get("exception_message")
    messages = [item.get("exception_message") for item in exception_info.values()]
    return next((message.strip() for message in messages if message), None)
