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
    # Importing it takes seconds, and most runs read no hub.
    from datasets.exceptions import DatasetNotFoundError

    try:
        with whole_or_nothing(path) as temporary, open(temporary, "w", encoding="utf-8") as file:
            for fields in islice(_stream(spec), spec.limit):
                # Escapes keep lone surrogates, which no UTF-8 file may hold.
                file.write(json.dumps(fields, default=str) + "\n")
    except DatasetNotFoundError as error:
        raise BadInput(
            f"The hub has no data set {spec.location} (source {spec.name}) at revision "
            f"{spec.revision} for us: check the id and the revision, or log in if it is gated."
        ) from error
    except (ValueError, FileNotFoundError) as error:
        raise BadInput(
            f"{spec.location} (source {spec.name}) cannot be read from the hub "
            f"({_one_line(error)}): check its `revision`, `subset`, `split` and `where`."
        ) from error
    except Exception as error:
        if not _is_network_error(error):
            raise
        raise HubUnreachable(
            f"The hub cannot be reached for {spec.location} (source {spec.name}: "
            f"{_one_line(error)}): run again with the network, give a downloaded file with "
            "--sources, or set `enabled: false`."
        ) from error


def _stream(spec: SourceSpec) -> Iterator[dict[str, Any]]:
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


def _is_network_error(error: Exception) -> bool:
    """Whether the network or the hub is at fault: datasets says ConnectionError, its parts more."""
    import aiohttp
    import httpx
    from huggingface_hub.errors import HfHubHTTPError

    kinds = (ConnectionError, TimeoutError, HfHubHTTPError, httpx.HTTPError, aiohttp.ClientError)
    return isinstance(error, kinds)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
