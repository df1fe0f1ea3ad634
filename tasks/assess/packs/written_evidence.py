"""Evidence that is written for people: failure cases and the reflection."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from tasks.assess.packs.base import EvidenceProbe, Looked, pieces
from tasks.assess.packs.headings import sections, word_count
from tasks.assess.packs.work import Work, find_work, text_of
from tasks.assess.results import Outcome, ProbeResult
from tasks.assess.rubrics.rubric import Assignment

FAILURES = re.compile(
    r"fail(?:ure|ed|s|ing)?\b|failure|error[-_ ](?:analysis|case)|\berrors\b|mistake"
    r"|false[-_ ](?:positive|alarm|negative)|missed|bad[-_ ]case|worst|causes?\b",
    re.IGNORECASE,
)
REFLECTION = re.compile(
    r"reflect|lessons?[-_ ]learn|what (?:i|we) learn|retrospect|next time", re.IGNORECASE
)
FEWEST_WORDS = 15
TABLES = (".csv", ".tsv", ".json", ".jsonl")
DOCUMENTS = (".md", ".html", ".htm", ".txt", ".rst")
BINARY = (".parquet", ".png", ".jpg", ".jpeg", ".mp4", ".pdf")


class RunFailureCases(EvidenceProbe):
    """A file, or a section of a document, that shows where the result fails."""

    name = "run_failure_cases"
    found = "Every run shows the cases in which it fails."
    advice = "Show the worst cases one by one: what came out, what was right, and why."

    def look(self, work: Work) -> Looked:
        where = [name for name, _ in written_about(work, FAILURES)]
        return pieces(
            [(bool(where), "failure cases: a file or a section on them")], found=where[:5]
        )


class RunReflection(EvidenceProbe):
    """Where the reflection is and how long, for the person who judges it; decides nothing."""

    name = "run_reflection"
    found = ""
    advice = "A person reads the reflection; these figures only inform."

    def look(self, work: Work) -> Looked:
        found = list(written_about(work, REFLECTION))
        return pieces([(bool(found), "a reflection")], words=sum(words for _, words in found))

    def inspect(self, submission: Path, assignments: Sequence[Assignment]) -> ProbeResult:
        """Pending, with the words of each assignment's reflection."""
        everything = Assignment(id="submission", title="Submission", folder=".")
        whole = list(written_about(find_work(submission, everything), REFLECTION))
        words = {one.id: self._looked(find_work(submission, one)) for one in assignments}
        without = [name for name, held in words.items() if held.right < held.asked]
        total = sum(count for _, count in whole)
        where = ", ".join(name for name, _ in whole[:8]) or "nowhere"
        told = f"For the person who judges: {total} words of reflection, in {where}."
        if without and whole:
            told += f" Without one of their own: {', '.join(without)}."
        return self.result(
            Outcome.PENDING, None, told, {"words": total, "without_one": without, "n": len(words)}
        )


def written_about(work: Work, subject: re.Pattern[str]) -> Iterator[tuple[str, int]]:
    """(file, words) of what is written about a subject: whole files by name, else sections."""
    for path in work.files:
        suffix = path.suffix.lower()
        named = subject.search(path.stem.replace("_", " "))
        if named and suffix in BINARY and path.stat().st_size > 0:
            yield work.inner(path), 0
            continue
        if suffix not in TABLES + DOCUMENTS:
            continue
        text = text_of(path)
        if text is None:
            continue
        if named and suffix in TABLES:
            if sum(bool(line.strip()) for line in text.splitlines()) > 1 or len(text) > 200:
                yield work.inner(path), word_count(text)
            continue
        words = word_count(text) if named else _words_below(text, subject, suffix)
        if suffix in DOCUMENTS and words >= FEWEST_WORDS:
            yield work.inner(path), words


def _words_below(text: str, subject: re.Pattern[str], suffix: str) -> int:
    """Words in sections whose heading names the subject."""
    return sum(
        word_count(one.body)
        for one in sections(text, suffix in (".html", ".htm"))
        if subject.search(one.heading)
    )
