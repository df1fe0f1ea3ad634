"""The record of a run: everything somebody else needs to get the same result."""

import importlib.metadata
import os
import platform
import re
import subprocess
from pathlib import Path
from typing import Any

from tasks.files import write_json
from tasks.locate import PROJECT_ROOT
from tasks.pointers import FilePointer

CPU_FEATURES = ("avx", "avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8")


def write_record(
    path: Path,
    *,
    flow: str,
    command: str,
    config: dict[str, Any],
    data: list[dict[str, Any]],
    seed: int | None,
    timings: dict[str, Any],
    metrics: dict[str, Any],
    outputs: dict[str, FilePointer],
    warnings: list[str],
) -> None:
    """Write `record.json`.

    Args:
        path: where to.
        flow: the flow's name.
        command: the exact command that runs it again.
        config: the resolved configuration, JSON-able.
        data: one entry a source: location, licence, sha256, counts.
        seed: of every random number, None where the flow draws none.
        timings: stage to seconds of work, orchestration apart.
        metrics: results, each rate and mean with its n and interval.
        outputs: every file, by name; paths are written relative to the record.
        warnings: what a reader has to know before using the result.
    """
    folder = path.parent.resolve()
    write_json(
        path,
        {
            "flow": flow,
            "command": command,
            "config": config,
            "data": data,
            "code": code_version(),
            "environment": environment(),
            "seed": seed,
            "timings": timings,
            "metrics": metrics,
            "outputs": {
                name: {
                    "path": os.path.relpath(file.path, folder),
                    "sha256": file.sha256,
                    "bytes": file.bytes,
                    "rows": file.rows,
                }
                for name, file in sorted(outputs.items())
            },
            "warnings": warnings,
        },
    )


def code_version() -> dict[str, Any]:
    """Commit of the project and whether the working tree differs from it; None outside git."""
    commit = _git("rev-parse", "HEAD")
    changes = _git("status", "--porcelain")
    return {"commit": commit, "dirty": None if changes is None else bool(changes)}


def environment() -> dict[str, Any]:
    """Python, the versions of the direct dependencies, CPU and threads."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "packages": _direct_packages(),
        "cpu": _cpu(),
        "threads": len(os.sched_getaffinity(0)),
    }


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(PROJECT_ROOT), *arguments],  # noqa: S607
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def _direct_packages() -> dict[str, str]:
    lines = (PROJECT_ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    names = [match[1] for line in lines if (match := re.match(r"([A-Za-z0-9_.-]+)==", line))]
    versions = {}
    for name in names:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = "missing"
    return versions


def _cpu() -> dict[str, Any]:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return {"model": platform.processor(), "features": []}
    model = re.search(r"model name\s*:\s*(.+)", text)
    flags = re.search(r"flags\s*:\s*(.+)", text)
    present = set(flags[1].split()) if flags else set()
    return {
        "model": model[1] if model else platform.processor(),
        "features": [feature for feature in CPU_FEATURES if feature in present],
    }
