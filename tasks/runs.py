"""One run of a flow: its folder, the results of its stages so far, and its warnings."""

import fcntl
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from prefect import get_run_logger
from pydantic import BaseModel

from tasks.caching import Stage
from tasks.expectations import suite_file
from tasks.gates import gate
from tasks.pointers import FilePointer, StageResult
from tasks.records import write_record

OWNER_FILE = ".owner"  # holds the sha256 of the input whose results a folder is for


class Outcome(BaseModel):
    """What a flow gives back.

    Attributes:
        lines: what the terminal shows last.
        folder: where the results are.
    """

    lines: list[str]
    folder: Path


class Run:
    """Runs stages into one folder and keeps what the record has to tell.

    Attributes:
        folder: where the results go.
        store: of the cached pointers.
        refresh: whether every stage runs again.
        results: stage name to its result, in the order they ran.
        cached: stage name to whether the result was taken from the cache.
        warnings: what a reader of the results has to know.
    """

    def __init__(self, folder: Path, store: Path, refresh: bool):
        """
        Args:
            folder: for the results.
            store: for the cached pointers.
            refresh: run every stage again.
        """
        self.folder = folder
        self.results: dict[str, StageResult] = {}
        self.cached: dict[str, bool] = {}
        self.warnings: list[str] = []
        self.store = store
        self.refresh = refresh

    def stage(self, stage: Stage, label: str = "", **arguments: Any) -> StageResult:
        """Run a stage that writes into the folder, or into another one that is named `folder`.

        A label tells apart the results of a stage that runs several times.
        """
        name = f"{stage.name} {label}".strip()
        return self._run(name, stage, {"folder": self.folder, **arguments})

    def check(self, suite: str, table: FilePointer, row_id: list[str], **parameters: Any) -> None:
        """Pass a table through the gate of this name.

        Raises:
            QualityGateFailed: a critical expectation does not hold.
        """
        self._run(
            f"gate {suite}",
            gate,
            {
                "name": suite,
                "table": table,
                "suite": FilePointer.to(suite_file(suite)),
                "row_id": row_id,
                "parameters": parameters,
                "folder": self.folder,
            },
        )

    def add(self, name: str, result: StageResult) -> StageResult:
        """Note the result of something that is not cached."""
        self.results[name] = result
        self.warn(result.warnings)
        return result

    def warn(self, warnings: list[str]) -> None:
        """Keep warnings, and show them on the terminal and in the run's log."""
        for warning in warnings:
            get_run_logger().warning(warning)
        self.warnings += warnings

    def record(
        self,
        *,
        flow: str,
        command: str,
        config: dict[str, Any],
        data: list[dict[str, Any]],
        metrics: dict[str, Any],
        seed: int | None = None,
    ) -> None:
        """Write `record.json` into the folder: with what `records.write_record` takes, and the
        times, files and warnings of the stages so far."""
        files = {
            name: file for result in self.results.values() for name, file in result.files.items()
        }
        write_record(
            self.folder / "record.json",
            flow=flow,
            command=command,
            config=config,
            data=data,
            seed=seed,
            timings={
                name: {"seconds": round(result.seconds, 3), "cached": self.cached.get(name, False)}
                for name, result in self.results.items()
            },
            metrics=metrics,
            outputs={
                name: file
                for name, file in files.items()
                if file.path.is_relative_to(self.folder.resolve())
            },
            warnings=self.warnings,
        )

    def _run(self, name: str, stage: Stage, arguments: dict[str, Any]) -> StageResult:
        result, was_cached = stage(store=self.store, refresh=self.refresh, **arguments)
        self.cached[name] = was_cached
        return self.add(name, result)


def folder_for(output_dir: Path, name: str, sha256: str) -> Path:
    """The folder of an input's results: its name, or with a part of its sha256 behind it where
    another input of the same name already has that folder.

    The folder is made and is the input's from now on, so that of two runs at once only one gets
    it; a run of the same input, as after a kill, gets it again.
    """
    folder = output_dir / name
    return folder if _claim(folder, sha256) else output_dir / f"{name}-{sha256[:8]}"


def _claim(folder: Path, sha256: str) -> bool:
    """Whether a folder is that of this input, by now or from before."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / OWNER_FILE, "a+", encoding="utf-8") as file:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        owner = file.read()
        if not owner:
            owner = _recorded_input(folder) or sha256
            file.write(owner)
    return owner == sha256


def _recorded_input(folder: Path) -> str | None:
    """The sha256 of the input whose record lies in a folder; None where none can be read."""
    try:
        record = json.loads((folder / "record.json").read_text(encoding="utf-8"))
        return str(record["data"][0]["sha256"])
    except (OSError, ValueError, LookupError, TypeError):
        return None
