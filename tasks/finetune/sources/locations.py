"""Where a source's files lie, and whether they are what their names say."""

import os
from pathlib import Path

from tasks.errors import BadInput
from tasks.files import sha256_of
from tasks.finetune.sources.records import SourceFigures
from tasks.finetune.sources.spec import SourceSpec, existing
from tasks.locate import PROJECT_ROOT, data_folders

# The first bytes of files that are often given under a text file's name.
MAGIC = {
    b"PK\x03\x04": "a ZIP or Excel file; unpack it, or save it as CSV",
    b"\xd0\xcf\x11\xe0": "an old Excel or Word file; save it as CSV",
    b"PAR1": "a Parquet file; let its name end in .parquet",
    b"\x1f\x8b": "a gzip file; unpack it",
    b"BZh": "a bzip2 file; unpack it",
    b"\xfd7zXZ": "an xz file; unpack it",
    b"(\xb5/\xfd": "a zstd file; unpack it",
    b"%PDF": "a PDF; extract its text first",
    b"SQLite format 3": "an SQLite database; export the table as CSV",
}


class MissingSource(BadInput):
    """A source's file or folder is not there, or holds nothing."""


def source_files(spec: SourceSpec, suffixes: set[str], figures: SourceFigures) -> list[Path]:
    """The source's file, or its folder's files with one of these suffixes, by name.

    Each one's path and sha256 go into the figures.

    Raises:
        MissingSource: it is in none of the places that are searched, or empty.
        BadInput: a folder without such a file, one that cannot be read.
    """
    found = _find(spec)
    if found.is_dir():
        files = sorted(
            path for path in found.rglob("*") if path.suffix.lower() in suffixes and path.is_file()
        )
        if not files:
            raise BadInput(
                f"{found} (source {spec.name}) holds no file ending in "
                f"{', '.join(sorted(suffixes))}."
            )
    else:
        files = [found]
    for path in files:
        if not path.is_file():
            raise BadInput(f"{path} (source {spec.name}) is neither a file nor a folder.")
        try:
            if path.stat().st_size == 0:
                raise MissingSource(f"{path} (source {spec.name}) is empty: fill or remove it.")
            figures.files.append({"path": shown(path), "sha256": sha256_of(path)})
        except OSError as error:
            raise BadInput(
                f"{path} (source {spec.name}) cannot be read: {error.strerror}."
            ) from error
    return files


def input_files(spec: SourceSpec) -> list[Path]:
    """Every file that the source may read: none where it is missing, or on the hub."""
    if spec.kind == "hub":
        return []
    try:
        found = _find(spec)
    except MissingSource:
        return []
    return (
        sorted(path for path in found.rglob("*") if path.is_file()) if found.is_dir() else [found]
    )


def refuse_other_formats(path: Path) -> None:
    """Raise BadInput for a text file that is in truth an archive, a workbook and the like."""
    with open(path, "rb") as file:
        start = file.read(16)
    for magic, what in MAGIC.items():
        if start.startswith(magic):
            raise BadInput(f"{path} is not what its name says: it is {what}.")


def shown(path: Path) -> str:
    """A path as it goes into figures: inside the project without the machine's part."""
    absolute = Path(os.path.abspath(path))  # as it is named, not where a link leads
    if absolute.is_relative_to(PROJECT_ROOT):
        return str(absolute.relative_to(PROJECT_ROOT))
    shared = PROJECT_ROOT.parent / "shared"
    if absolute.is_relative_to(shared):
        return str(Path("..") / absolute.relative_to(shared.parent))
    return str(path)


def _find(spec: SourceSpec) -> Path:
    location = Path(spec.location)
    if location.is_absolute() or spec.location.startswith("~"):
        folders = [Path()]
    else:
        folders = list(dict.fromkeys([spec.folder, PROJECT_ROOT, *data_folders()]))
    for folder in folders:
        if found := existing(folder / location):
            return found
    where = "missing" if folders == [Path()] else f"in none of {', '.join(map(str, folders))}"
    raise MissingSource(
        f"{spec.location} (source {spec.name}) is {where}: put it there, or set `enabled: false`."
    )
