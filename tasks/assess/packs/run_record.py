"""What the record of a run must say about configuration, data, timings and cost."""

import math
import re
from collections.abc import Iterator
from typing import Any

from tasks.assess.packs.base import EvidenceProbe, Looked, no_record, pieces
from tasks.assess.packs.work import Work, same_flow

SHA256 = re.compile(r"[0-9a-f]{64}")
COST = re.compile(
    r"throughput|per_second|per_sec\b|_per_s\b|fps|frames_per|tokens_per|latency|p9[059]\b"
    r"|memory|_mb\b|\brss|cost|usd|euro|price|energy|kwh|gpu_hours|flops|seconds_per"
    r"|real_time|speed",
    re.IGNORECASE,
)


class RunConfiguration(EvidenceProbe):
    """The record says which flow ran, how to run it again, with what configuration and seed."""

    name = "run_configuration"
    found = "Every record names its flow, command, configuration and seed."
    advice = "Hand in the record.json that the flow writes, unchanged, with each run."

    def look(self, work: Work) -> Looked:
        record = work.record
        wanted = work.assignment.flow
        return no_record(work) or pieces(
            [
                (
                    bool(record.get("flow")) and same_flow(record, wanted),
                    f"a record of the flow '{wanted}' (it says '{record.get('flow')}')"
                    if wanted
                    else "`flow` in record.json",
                ),
                (_is_text(record.get("command")), "`command` in record.json"),
                (
                    isinstance(record.get("config"), dict) and bool(record["config"]),
                    "`config` in record.json, not empty",
                ),
                ("seed" in record, "`seed` in record.json"),
            ]
        )


class RunDataVersion(EvidenceProbe):
    """Every source of data has its sha256 and its licence."""

    name = "run_data_version"
    found = "Every source of data has a sha256 and a licence."
    advice = "Name every source under `data` in record.json, with sha256 and licence."

    def look(self, work: Work) -> Looked:
        missing = no_record(work)
        if missing:
            return missing
        data = work.record.get("data")
        entries = [one for one in data if isinstance(one, dict)] if isinstance(data, list) else []
        if not entries:
            return Looked(0, 1, ["sources under `data` in record.json"])
        checks = []
        for number, entry in enumerate(entries, start=1):
            name = str(entry.get("source") or entry.get("path") or f"entry {number}")[:80]
            hashed = any(SHA256.fullmatch(value) for _, value in _texts(entry))
            checks.append((hashed, f"sha256 of the data '{name}'"))
            if "source" in entry:
                licensed = any(
                    key.lower() in ("licence", "license") and value.strip()
                    for key, value in _texts(entry)
                )
                checks.append((licensed, f"licence of the data '{name}'"))
        return pieces(checks, sources=len(entries))


class RunTimings(EvidenceProbe):
    """The record has the seconds of each stage."""

    name = "run_timings"
    found = "Every record has the timings of its stages."
    advice = "Hand in the record of a run that did the work, not of one that found all of it done."

    def look(self, work: Work) -> Looked:
        missing = no_record(work)
        if missing:
            return missing
        timings = work.record.get("timings")
        stages = timings if isinstance(timings, dict) else {}
        seconds = {str(name): sum(_numbers(held), 0.0) for name, held in stages.items()}
        return pieces(
            [
                (bool(stages), "stages under `timings` in record.json"),
                (any(held > 0 for held in seconds.values()), "a stage that took longer than 0 s"),
            ],
            stages=len(stages),
        )


class RunCost(EvidenceProbe):
    """Speed, memory or money is measured."""

    name = "run_cost"
    found = "Every record has figures of speed, memory or cost."
    advice = "Measure throughput, latency, memory or money, and put it under `metrics`."

    def look(self, work: Work) -> Looked:
        missing = no_record(work)
        if missing:
            return missing
        named = {
            key
            for part in ("metrics", "timings")
            for key, value in _leaves(work.record.get(part), part)
            if COST.search(key) and _is_number(value)
        }
        return pieces(
            [(bool(named), "a figure of speed, memory or cost under `metrics`")],
            named=sorted(named)[:10],
        )


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """(path of keys joined by ".", value) of everything that is no container."""
    if isinstance(value, dict):
        for key, held in value.items():
            yield from _leaves(held, f"{path}.{key}")
    elif isinstance(value, list):
        for held in value:
            yield from _leaves(held, path)
    else:
        yield path, value


def _texts(value: Any) -> Iterator[tuple[str, str]]:
    """(last key, text) of all texts."""
    for path, held in _leaves(value):
        if isinstance(held, str):
            yield path.rpartition(".")[2], held


def _numbers(value: Any) -> Iterator[float]:
    return (float(held) for _, held in _leaves(value) if _is_number(held))
