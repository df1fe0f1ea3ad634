"""What a source is: its YAML in data/sources/, or a data file that is given as it is."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, model_validator

from tasks.errors import BadInput
from tasks.locate import PROJECT_ROOT

DEFAULT_FOLDER = PROJECT_ROOT / "data" / "sources"
FROM_COLUMN = "from column"
YAML_SUFFIXES = {".yaml", ".yml"}
KIND_OF_SUFFIX = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "table",
    ".tsv": "table",
    ".json": "table",
    ".parquet": "table",
    ".pod": "faq_pod",
    ".html": "faq_html",
    ".htm": "faq_html",
}
ROW_KIND = {
    "manual": "manual",
    "synthetic": "synthetic",
    "faq": "faq",
    "faq_pod": "faq",
    "faq_html": "faq",
    "jsonl": "file",
    "table": "file",
    "hub": "hub",
}

Kind = Literal["manual", "synthetic", "faq", "jsonl", "table", "faq_pod", "faq_html", "hub"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class ColumnNames(_Strict):
    """Which columns of the source hold what. What is left out is guessed from the names.

    A name with dots reaches into a nested value ("METADATA.tags"); several names of one text are
    joined by an empty line.
    """

    instruction: str | list[str] | None = None
    output: str | list[str] | None = None
    input: str | list[str] | None = None
    license: str | None = None
    url: str | None = None


class DomainRule(_Strict):
    """Rows whose domain column contains this text (in any case) are of this domain."""

    contains: str = Field(min_length=1)
    domain: str


class LicenseRule(_Strict):
    """Rows whose licence column contains this text (in any case) have this licence."""

    contains: str = Field(min_length=1)
    license: str


class SourceSpec(_Strict):
    """One source of question/answer rows."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=60)
    """Its name in every row, figure and card."""
    kind: Kind
    """How it is read; manual, synthetic and faq are JSONL files of that origin."""
    location: str = Field(min_length=1)
    """A file or folder: absolute, beside the YAML, in the project, in data/, $DATA_DIR or
    ../shared/data. For kind hub the id of the data set."""
    description: str = ""
    """One sentence for the data card."""
    enabled: bool = True
    """Whether it is read at all."""
    required: bool = False
    """Whether a run without it is refused; otherwise its absence is a warning."""
    order: int = 100
    """Sources are read in this order; of duplicates, the first read is kept."""
    license: str = ""
    """An SPDX identifier, or "from column"."""
    license_rules: list[LicenseRule] = []
    """Licences by the text in the licence column; the first that fits."""
    allowed_licenses: list[str] | Literal["any"] = "any"
    """Rows under any other licence are refused."""
    url: str = ""
    """Where the source comes from, unless a column says it row by row."""
    limit: int | None = Field(default=None, ge=1)
    """Read at most this many rows, the first."""
    columns: ColumnNames = ColumnNames()
    first_line_is_instruction: bool = False
    """The instruction column holds a title, a line break and a body: the body becomes the input."""
    domain: str = ""
    """The domain of rows that no rule or column gives one."""
    domain_column: str | None = None
    """The column that names a row's domain, or that `domain_rules` look into."""
    domain_rules: list[DomainRule] = []
    """Domains by the text in the domain column; the first that fits."""
    keep_domains: list[str] | None = None
    """Rows of other domains are refused."""
    max_share: float | None = Field(default=None, gt=0, le=1)
    """The largest share that one domain may have of the source's kept rows."""
    encoding: str | None = None
    """The encoding of text files, where it is guessed wrongly."""
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    """The separator of a CSV file, where it is guessed wrongly."""
    prompt: str = ""
    """For synthetic rows: what the generator was asked for."""
    review: str = ""
    """For manual and synthetic rows: how they were checked."""
    revision: str | None = None
    """Hub: the commit to read. It names the cached copy, so that a run can be repeated."""
    subset: str | None = None
    """Hub: the configuration's name."""
    split: str = "train"
    """Hub: the split to read."""
    where: dict[str, list[str]] = {}
    """Hub, Parquet data sets: only rows whose column has one of these values are fetched."""

    _folder: Path = PrivateAttr(default=PROJECT_ROOT)

    @model_validator(mode="after")
    def _check(self) -> "SourceSpec":
        if self.kind == "hub" and not self.revision:
            raise ValueError("a hub source needs a `revision`, a commit of the data set")
        if self.domain_rules and not self.domain_column:
            raise ValueError("`domain_rules` need a `domain_column` to look into")
        if self.license_rules and self.license != FROM_COLUMN:
            raise ValueError(f'`license_rules` need `license: "{FROM_COLUMN}"`')
        if self.kind == "synthetic" and not self.prompt:
            raise ValueError("a synthetic source needs the `prompt` that it was made with")
        return self

    def stored(self) -> dict[str, Any]:
        """The source as JSON-able values, with the folder that it was read from."""
        return self.model_dump(mode="json") | {"folder": str(self._folder)}

    @classmethod
    def restored(cls, stored: dict[str, Any]) -> "SourceSpec":
        """The source of `stored`."""
        values = dict(stored)
        folder = Path(values.pop("folder"))
        spec = cls.model_validate(values)
        spec._folder = folder
        return spec

    @property
    def row_kind(self) -> str:
        """The `kind` of its rows: manual, synthetic, faq, hub or file."""
        return ROW_KIND[self.kind]

    @property
    def folder(self) -> Path:
        """The folder that a relative location is looked for in first."""
        return self._folder


def load_specs(paths: Sequence[Path] = ()) -> list[SourceSpec]:
    """The enabled sources in reading order: of data/sources/, or of these files and folders.

    A path is a YAML spec, a data file (its columns are guessed), or a folder of either, in which
    data files that a YAML there names are not taken twice. A source named by its own path is read
    even where `enabled` is false.

    Raises:
        BadInput: a path that is missing or of no known kind, a YAML that is wrong, a folder
            without a source, a name given twice.
    """
    specs = [spec for path in paths or [DEFAULT_FOLDER] for spec in _specs_of(Path(path))]
    by_name: dict[str, SourceSpec] = {}
    for spec in specs:
        if spec.name in by_name:
            raise BadInput(
                f"Two sources are named '{spec.name}' ({by_name[spec.name].location} and "
                f"{spec.location}): rename one of them."
            )
        by_name[spec.name] = spec
    return sorted(specs, key=lambda spec: spec.order)


def read_spec(path: Path) -> SourceSpec:
    """One source's YAML. Raises BadInput where it cannot be read or breaks a rule."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror}).") from error
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        where = getattr(error, "problem_mark", None)
        line = f" (line {where.line + 1})" if where else ""
        raise BadInput(f"{path}: is not valid YAML{line}.") from error
    if not isinstance(content, dict):
        raise BadInput(f"{path}: must hold a source's keys (name, kind, location …).")
    try:
        spec = SourceSpec.model_validate(content)
    except ValidationError as error:
        raise BadInput(f"{path}: {_first_complaint(error)}.") from error
    spec._folder = path.parent.resolve()
    return spec


def spec_of_file(path: Path) -> SourceSpec:
    """A source made of a bare data file: named after it, required, its columns guessed."""
    kind = KIND_OF_SUFFIX.get(path.suffix.lower())
    if kind is None:
        raise BadInput(
            f"{path}: is no source; give a YAML, or a file ending in "
            f"{', '.join(sorted(KIND_OF_SUFFIX))}."
        )
    name = re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-")[:60].strip("-") or "file"
    return SourceSpec(name=name, kind=kind, location=str(path.resolve()), required=True)


def existing(path: Path) -> Path | None:
    """The path, `~` expanded, where it exists; a name that no file could have does not."""
    try:
        expanded = path.expanduser()
        return expanded if expanded.exists() else None
    except (OSError, RuntimeError, ValueError):  # a name too long, `~nobody`
        return None


def _specs_of(path: Path) -> list[SourceSpec]:
    found = existing(path) or existing(PROJECT_ROOT / path)
    if found is None:
        raise BadInput(f"{path}: there is no such source file or folder.")
    if found.is_dir():
        return _specs_of_folder(found)
    if not found.is_file():
        raise BadInput(f"{path}: is neither a file nor a folder.")
    if found.suffix.lower() in YAML_SUFFIXES:
        return [read_spec(found)]
    return [spec_of_file(found)]


def _specs_of_folder(folder: Path) -> list[SourceSpec]:
    files = sorted(path for path in folder.iterdir() if path.is_file())
    specs = [read_spec(path) for path in files if path.suffix.lower() in YAML_SUFFIXES]
    named = {(folder / spec.location).resolve() for spec in specs if spec.kind != "hub"}
    specs += [
        spec_of_file(path)
        for path in files
        if path.suffix.lower() in KIND_OF_SUFFIX and path.resolve() not in named
    ]
    if not specs:
        raise BadInput(f"{folder}: holds no source, neither a YAML nor a data file.")
    enabled = [spec for spec in specs if spec.enabled]
    if not enabled:
        raise BadInput(f"{folder}: every source in it says `enabled: false`; enable one.")
    return enabled


def _first_complaint(error: ValidationError) -> str:
    first: Any = error.errors(include_input=False, include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return f"unknown key '{place}'"
    if first["type"] == "missing":
        return f"key '{place}' is missing"
    message = first["msg"].removeprefix("Value error, ")
    return f"{place}: {message}" if place else message
