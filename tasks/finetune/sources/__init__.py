"""Where question/answer rows come from: one reader a kind of source, and one way through them."""

from collections.abc import Iterator
from itertools import chain, islice

from tasks.errors import BadInput
from tasks.finetune.rows import Row, RowIds
from tasks.finetune.sources.balance import balanced
from tasks.finetune.sources.columns import Columns, find_columns
from tasks.finetune.sources.html import read_html
from tasks.finetune.sources.hub import read_hub
from tasks.finetune.sources.jsonl import read_jsonl
from tasks.finetune.sources.licenses import is_allowed
from tasks.finetune.sources.locations import MissingSource
from tasks.finetune.sources.pod import read_pod
from tasks.finetune.sources.records import (
    Damaged,
    Reader,
    Record,
    SourceFigures,
    Unreadable,
    excerpt,
)
from tasks.finetune.sources.spec import FROM_COLUMN, SourceSpec
from tasks.finetune.sources.table import read_table
from tasks.finetune.sources.text_files import is_damaged

READERS: dict[str, Reader] = {
    "manual": read_jsonl,
    "synthetic": read_jsonl,
    "faq": read_jsonl,
    "jsonl": read_jsonl,
    "table": read_table,
    "faq_pod": read_pod,
    "faq_html": read_html,
    "hub": read_hub,
}
# The columns of a source are those that its first records have.
FIRST_RECORDS = 100
# So many damaged records without a sound one, and the source is refused as a whole.
HOPELESS_RECORDS = 1000


class SourceReading:
    """The rows of one source and the rows that it refuses, in order; read it once.

    `figures` are complete when the iteration has ended.

    Raises, while it is read:
        BadInput: the source as a whole cannot be used.
        MissingSource: a BadInput; the file is not there, or holds no row.
        HubUnreachable: a data set cannot be had from the hub; trying again may help.
    """

    def __init__(self, spec: SourceSpec) -> None:
        self.spec = spec
        self.figures = SourceFigures(spec.name, spec.kind, spec.url, spec.license)
        self._ids = RowIds()

    def __iter__(self) -> Iterator[Row | Unreadable]:
        rows: Iterator[Row | Unreadable] = self._rows()
        if self.spec.max_share is not None:
            rows = balanced(rows, self.spec.max_share)
        for row in rows:
            self._count(row)
            yield row

    def _rows(self) -> Iterator[Row | Unreadable]:
        records = islice(READERS[self.spec.kind](self.spec, self.figures), self.spec.limit)
        first = list(islice(records, FIRST_RECORDS))
        sound = [record for record in first if isinstance(record, Record)]
        if not sound:
            for record in islice(records, HOPELESS_RECORDS):
                first.append(record)
                if isinstance(record, Record):
                    sound.append(record)
                    break
        if not sound:
            if not first:
                raise MissingSource(f"Source {self.spec.name} has no row: fill or remove it.")
            raise BadInput(
                f"Source {self.spec.name}: none of its first {len(first)} rows can be read (the "
                f"first: {first[0].reason}, {first[0].place}); mend the file."
            )
        columns = find_columns(self.spec, sound, self.figures)
        for record in chain(first, records):
            self.figures.rows_read += 1
            yield self._row(record, columns)

    def _row(self, record: Record | Damaged, columns: Columns) -> Row | Unreadable:
        if isinstance(record, Damaged):
            return self._refused(record.reason, record.place, record.text)
        try:
            texts = {key: columns.text_of(record, key) for key in columns.names}
        except ValueError as error:
            return self._refused(str(error), record.place, str(record.fields))
        row = self._filled(texts)
        texts_of_row = (row["instruction"], row["input"], row["output"])
        if any(is_damaged(value) for value in row.values()):
            return self._refused(
                "damaged text: bytes that are not in the file's encoding, or half a character",
                record.place,
                " ".join(texts_of_row),
            )
        row["row_id"] = self._ids.next_id(self.spec.name, *texts_of_row)
        if not self._license_is_allowed(row["license"]):
            reason = f"licence not allowed: {row['license'] or 'none stated'}"
        elif self.spec.keep_domains is not None and row["domain"] not in self.spec.keep_domains:
            reason = f"domain not wanted: {row['domain'] or 'none'}"
        else:
            return row
        return Unreadable(row["row_id"], self.spec.name, reason, excerpt(" ".join(texts_of_row)))

    def _filled(self, texts: dict[str, str]) -> Row:
        spec = self.spec
        instruction, given_input = texts.get("instruction", ""), texts.get("input", "")
        if spec.first_line_is_instruction:
            instruction, _, body = instruction.strip().partition("\n")
            given_input = "\n\n".join(text for text in (body.strip(), given_input) if text)
        return {
            "row_id": "",
            "source": spec.name,
            "kind": spec.row_kind,
            "domain": self._domain(texts.get("domain", "")),
            "license": self._license(texts.get("license", "")),
            "url": texts.get("url", "") or spec.url,
            "instruction": instruction,
            "input": given_input,
            "output": texts.get("output", ""),
        }

    def _domain(self, value: str) -> str:
        for rule in self.spec.domain_rules:
            if rule.contains.lower() in value.lower():
                return rule.domain
        if self.spec.domain_rules:
            return self.spec.domain
        return value.strip() or self.spec.domain

    def _license(self, value: str) -> str:
        if self.spec.license and self.spec.license != FROM_COLUMN:
            return self.spec.license
        for rule in self.spec.license_rules:
            if rule.contains.lower() in value.lower():
                return rule.license
        return "" if self.spec.license_rules else value.strip()

    def _license_is_allowed(self, license: str) -> bool:
        allowed = self.spec.allowed_licenses
        return allowed == "any" or is_allowed(license, allowed)

    def _refused(self, reason: str, place: str, text: str) -> Unreadable:
        row_id = self._ids.next_id(self.spec.name, text, "", "")
        # What is kept of it must be writable as UTF-8.
        shown = excerpt(text).encode("utf-8", "replace").decode("utf-8")
        reason = reason.encode("utf-8", "replace").decode("utf-8")
        return Unreadable(row_id, self.spec.name, f"{reason} ({place})", shown)

    def _count(self, row: Row | Unreadable) -> None:
        if isinstance(row, Unreadable):
            self.figures.rows_refused += 1
            self.figures.refused_by_reason[row.category] += 1
        else:
            self.figures.rows_kept += 1
            self.figures.kept_by_domain[row["domain"]] += 1
            self.figures.kept_by_license[row["license"]] += 1


def read_source(spec: SourceSpec) -> SourceReading:
    """The rows of one source, each a Row or an Unreadable; its `figures` when all are read."""
    return SourceReading(spec)
