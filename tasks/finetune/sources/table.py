"""Tables: CSV, JSON array and Parquet, told apart by the file's name."""

from collections.abc import Iterator

from tasks.errors import BadInput
from tasks.finetune.sources.delimited import read_delimited
from tasks.finetune.sources.json_array import read_json_array
from tasks.finetune.sources.locations import source_files
from tasks.finetune.sources.parquet import read_parquet
from tasks.finetune.sources.records import Damaged, Record, SourceFigures
from tasks.finetune.sources.spec import SourceSpec

READ_BY_SUFFIX = {
    ".csv": read_delimited,
    ".tsv": read_delimited,
    ".json": read_json_array,
    ".parquet": read_parquet,
}


def read_table(spec: SourceSpec, figures: SourceFigures) -> Iterator[Record | Damaged]:
    """The rows of a table, or of every table in a folder.

    Raises:
        BadInput: see the readers; also a file of another kind.
    """
    for path in source_files(spec, set(READ_BY_SUFFIX), figures):
        read = READ_BY_SUFFIX.get(path.suffix.lower())
        if read is None:
            raise BadInput(
                f"{path} (source {spec.name}) is no table: give one that ends in "
                f"{', '.join(READ_BY_SUFFIX)}."
            )
        yield from read(spec, path, figures)
