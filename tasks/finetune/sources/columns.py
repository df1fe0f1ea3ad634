"""Which of a source's columns hold the question, the answer and the rest."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tasks.errors import BadInput
from tasks.finetune.sources.records import Record, SourceFigures
from tasks.finetune.sources.spec import FROM_COLUMN, SourceSpec

# Names in the order of preference, in lower case and with underscores.
NAMES = {
    "instruction": (
        "instruction", "question", "prompt", "query", "user", "problem", "issue", "title",
        "subject", "summary", "short_description", "ticket_subject", "text",
    ),
    "output": (
        "output", "answer", "response", "completion", "resolution", "solution", "reply",
        "accepted_answer", "best_answer", "assistant", "resolution_notes", "close_notes", "target",
    ),
    "input": (
        "input", "context", "body", "description", "question_body", "details",
        "ticket_description",
    ),
    "license": ("license", "licence"),
    "url": ("url", "link", "source_url"),
    "domain": ("domain", "category", "topic", "product", "queue"),
}  # fmt: skip
NEEDED = ("instruction", "output")


@dataclass(frozen=True)
class Columns:
    """The columns that fill each key of a row."""

    names: dict[str, tuple[str, ...]]

    def text_of(self, record: Record, key: str) -> str:
        """The key's text in a record; several columns are joined by an empty line.

        Raises:
            ValueError: a column holds a list or an object.
        """
        texts = [_text(value_of(record.fields, name), name) for name in self.names.get(key, ())]
        return "\n\n".join(text for text in texts if text)


def find_columns(spec: SourceSpec, first: Iterable[Record], figures: SourceFigures) -> Columns:
    """The spec's columns, and guesses by name for those that it leaves out; both noted.

    Args:
        first: the source's first records, in whose columns it is looked.

    Raises:
        BadInput: no column for the question or the answer, or a named one that is not there.
    """
    first = list(first)
    there = list(dict.fromkeys(name for record in first for name in record.fields))
    names: dict[str, tuple[str, ...]] = {}
    for key in NAMES:
        named = _named(spec, key)
        if named:
            names[key] = named
            _refuse_absent(spec, key, named, first, there)
        elif guess := _guess(key, there, {name for taken in names.values() for name in taken}):
            names[key] = (guess,)
            if guess != key:
                figures.columns_guessed.append(key)
    for key in NEEDED:
        if key not in names:
            raise BadInput(
                f"Source {spec.name} has no column that looks like the "
                f"{'question' if key == 'instruction' else 'answer'} (there are: "
                f"{', '.join(map(str, there)) or 'none'}): name it under `columns: {key}:` in a "
                "YAML, see data/sources/README.md."
            )
    if spec.license == FROM_COLUMN and "license" not in names:
        raise BadInput(
            f"Source {spec.name} takes its licences from a column, but has none named license "
            f"(there are: {', '.join(map(str, there))}): name it under `columns: license:`."
        )
    figures.columns = {key: " + ".join(columns) for key, columns in names.items()}
    used = {name.split(".")[0] for columns in names.values() for name in columns}
    figures.columns_unused = [str(name) for name in there if name not in used]
    return Columns(names)


def value_of(fields: dict[str, Any], name: str) -> Any:
    """A field by its name, or by a path with dots into nested objects; None where it is not."""
    if name in fields:
        return fields[name]
    value: Any = fields
    for part in name.split("."):
        if not isinstance(value, dict) or part not in value:
            return None
        value = value[part]
    return value


def _has(fields: dict[str, Any], name: str) -> bool:
    """Whether there is such a field, empty or not."""
    parent, _, last = name.rpartition(".")
    inner = value_of(fields, parent) if parent else None
    return name in fields or (isinstance(inner, dict) and last in inner)


def _named(spec: SourceSpec, key: str) -> tuple[str, ...]:
    if key == "domain":
        return (spec.domain_column,) if spec.domain_column else ()
    given = getattr(spec.columns, key)
    return (given,) if isinstance(given, str) else tuple(given or ())


def _refuse_absent(
    spec: SourceSpec, key: str, named: tuple[str, ...], first: list[Record], there: list[str]
) -> None:
    for name in named:
        if not any(_has(record.fields, name) for record in first):
            raise BadInput(
                f"Source {spec.name} has no column '{name}' for the {key} (there are: "
                f"{', '.join(map(str, there))}): correct its YAML."
            )


def _guess(key: str, there: list[str], taken: set[str]) -> str | None:
    normal = {_normal(name): name for name in reversed(there) if name not in taken}
    return next((normal[name] for name in NAMES[key] if name in normal), None)


def _normal(name: Any) -> str:
    return re.sub(r"[^a-z0-9]+", "_", str(name).lower()).strip("_")


def _text(value: Any, name: str) -> str:
    if value is None or (isinstance(value, float) and value != value):
        return ""
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ", ".join(value)
    if isinstance(value, (list, dict)):
        kind = "an object" if isinstance(value, dict) else "a list"
        raise ValueError(f"not text: column '{name}' holds {kind}")
    return str(value)
