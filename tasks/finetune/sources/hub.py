"""Data sets of the Hugging Face hub: streamed once, then kept by their commit."""

import hashlib
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from tasks.errors import BadInput, StageFailed
from tasks.files import sha256_of, whole_or_nothing
from tasks.finetune.sources.json_text import parse_json
from tasks.finetune.sources.locations import shown
from tasks.finetune.sources.records import Record, SourceFigures
from tasks.finetune.sources.spec import SourceSpec
from tasks.locate import PROJECT_ROOT

CACHE_FOLDER = PROJECT_ROOT / "data" / "hub"


class HubUnreachable(StageFailed):
    """The hub could not be reached, or broke off. Trying again may help."""


def read_hub(
    spec: SourceSpec, figures: SourceFigures, cache: Path | None = None
) -> Iterator[Record]:
    """The rows of a data set on the hub, or of its copy in `cache` (data/hub/ by default).

    The copy is named by id, commit, split and selection, and is made whole or not at all.

    Raises:
        HubUnreachable: there is no copy, and the hub cannot be had.
        BadInput: the hub has no such data set, commit, split or file for us.
    """
    path = _cached_path(spec, cache or CACHE_FOLDER)
    if not path.is_file():
        _fetch(spec, path)
    figures.files.append({"path": shown(path), "sha256": sha256_of(path), "encoding": "utf-8"})
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            yield Record(f"{spec.location} row {number}", parse_json(line))


def _cached_path(spec: SourceSpec, folder: Path) -> Path:
    selection = json.dumps(
        [spec.location, spec.subset, spec.split, spec.limit, sorted(spec.where.items())]
    )
    digest = hashlib.sha256(selection.encode()).hexdigest()[:12]
    return folder / spec.name / f"{spec.revision}-{digest}.jsonl".replace("/", "-")


def _fetch(spec: SourceSpec, path: Path) -> None:
    try:
        with whole_or_nothing(path) as temporary, open(temporary, "w", encoding="utf-8") as file:
            for fields in islice(_stream(spec), spec.limit):
                file.write(json.dumps(fields, ensure_ascii=False, default=str) + "\n")
    except Exception as error:
        named = f"{spec.location} (source {spec.name})"
        if _is_refusal(error):
            raise BadInput(
                f"The hub has no data set {named} at revision {spec.revision} for us: check the "
                "id and the revision, or log in if it is gated."
            ) from error
        if _is_network_error(error):
            raise HubUnreachable(
                f"The hub cannot be reached for {named}: {_one_line(error)}; run again with the "
                "network, give a downloaded file with --sources, or set `enabled: false`."
            ) from error
        if isinstance(error, (ValueError, FileNotFoundError)):
            raise BadInput(
                f"{named} cannot be read from the hub ({_one_line(error)}): check its `revision`, "
                "`subset`, `split` and `where`."
            ) from error
        raise


def _stream(spec: SourceSpec) -> Iterator[dict[str, Any]]:
    # Importing it takes seconds, and most runs read no hub.
    from datasets import load_dataset

    options: dict[str, Any] = {}
    if spec.where:
        options["filters"] = [(column, "in", values) for column, values in spec.where.items()]
    return iter(
        load_dataset(
            spec.location,
            name=spec.subset,
            split=spec.split,
            revision=spec.revision,
            streaming=True,
            **options,
        )
    )


def _is_refusal(error: Exception) -> bool:
    """Whether the hub has answered that there is no such thing for us."""
    from datasets.exceptions import DatasetNotFoundError
    from huggingface_hub.errors import (
        RemoteEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    kinds = (
        DatasetNotFoundError,
        RemoteEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )
    return isinstance(error, kinds)


def _is_network_error(error: Exception) -> bool:
    """Whether the network or the hub itself is at fault, so that trying again may help."""
    import httpx2
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    kinds = (
        ConnectionError,
        TimeoutError,
        HfHubHTTPError,
        LocalEntryNotFoundError,
        httpx2.TransportError,
    )
    return isinstance(error, kinds)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
