"""Whether a model card is filled in."""

import re
from collections.abc import Iterator

from tasks.assess.packs.base import EvidenceProbe, Looked
from tasks.assess.packs.headings import prose_of_markdown, sections, word_count
from tasks.assess.packs.work import Work, text_of
from tasks.assess.rubrics.rubric import Assignment

CARD = re.compile(r"model[-_ ]?card", re.IGNORECASE)
PLACEHOLDER = re.compile(
    r"\[?more information (?:is )?needed\]?|\bto ?be (?:done|added|determined|filled|written)\b"
    r"|\blorem ipsum\b|\{\{.*?\}\}|\[(?:your|insert|add|fill|describe|enter|todo)\b[^\]\n]*\](?!\()"
    r"|<(?:your|insert|add|fill|describe|enter)\b[^>\n]*>|\bcoming soon\b",
    re.IGNORECASE,
)
MARK = re.compile(r"\b(?:TODO|TBD|TBA|FIXME|XXX+)\b|^\s*(?:[-*]\s*)?(?:\.{3}|…)\s*$")
INLINE_CODE = re.compile(r"`[^`\n]*`")
FEWEST_WORDS = 100
MOST_NAMED = 8
LONGEST_LINE = 4000


class ModelCardComplete(EvidenceProbe):
    """No placeholder, no empty section, and more than a few words."""

    name = "model_card_complete"
    found = "The model card is filled in."
    advice = "Fill in every section; say so where something was not measured."

    def asks(self, assignment: Assignment) -> bool:
        return any(CARD.search(pattern) for pattern in assignment.files)

    def look(self, work: Work) -> Looked:
        cards = [path for path in work.matching("*.md") if CARD.search(path.stem)]
        if not cards:
            return Looked(0, 1, ["a model card (MODEL_CARD.md)"])
        faults = [
            f"{fault} in {work.inner(path)}" for path in cards for fault in _faults(text_of(path))
        ]
        told = faults[:MOST_NAMED]
        if len(faults) > MOST_NAMED:
            told.append(f"{len(faults) - MOST_NAMED} more pieces")
        return Looked(int(not faults), 1, told, {"faults": len(faults)})


def _faults(text: str | None) -> Iterator[str]:
    if text is None:
        yield "readable text"
        return
    shown = INLINE_CODE.sub("", prose_of_markdown(text))
    for line in shown.splitlines():
        for found in (*PLACEHOLDER.finditer(line[:LONGEST_LINE]), *MARK.finditer(line)):
            yield f"text instead of '{' '.join(found[0].split())[:60]}'"
    for one in sections(text, is_html=False):
        if not one.body:
            yield f"text below '{one.heading[:60]}'"
    if word_count(shown) < FEWEST_WORDS:
        yield f"more than {word_count(shown)} words (at least {FEWEST_WORDS})"
