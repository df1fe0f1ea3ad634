"""Answers that stop before they end."""

import re

from tasks.finetune.curation.fault import Fault
from tasks.finetune.curation.prose import (
    FENCE,
    INLINE_CODE,
    LIST_ITEM,
    URL,
    lines,
    open_fence,
    word_set,
)
from tasks.finetune.rows import Row

# A shorter last line is a caption, a value or a signature; a longer one is a sentence.
_SENTENCE_WORDS = 6
_CLOSERS = "\"'\u201d\u2019»)]}*_`"
_TERMINAL = (".", "!", "?", "…", "。", "।", "؟", ":-)", ";-)", ":)", ";)")
_DANGLING = word_set(
    """a an the and or but nor because although whereas if unless of with from into onto for by
    than your my our their his her this these those that which whose is are was were be been
    being has have had will would can could should may might must as at to such also either
    neither between then through via per including e.g i.e etc,"""
)
_CONTINUED = re.compile(
    r"(?i)(?:\[\s*(?:\.\.\.|…|continued?|truncated|more)\s*\]|\((?:continued|truncated|more)\)"
    r"|\bread more\b\.*|\(cont(?:'d|\.)\)|\bto be continued\b\.*|\b\w+,?\s?(?:\.{3}|…)\s*more)\s*$"
)
_ATTRIBUTION = re.compile(r"(?:--|—|\u2013)\s?[A-Z][\w.]*(?: [A-Z][\w.]*){0,3}$")
_TECHNICAL = re.compile(
    r"[/\\=$@#|{}\[\]~^+<>]|\w[._:]\w|^--?\w|\d|^[A-Z][A-Z_]+$|\w\(\)$|[a-z][A-Z]"
)


class Truncated:
    """Blocks rows whose output was cut off."""

    name = "truncated"

    def check(self, row: Row) -> Fault | None:
        """The end of an output that is none."""
        reason = why_cut_off(row["output"])
        return Fault(reason, f"… {' '.join(row['output'].split())[-80:]}") if reason else None


def ends_legally(output: str) -> bool:
    """Whether the output ends where a text may end."""
    return not why_cut_off(output)


def why_cut_off(output: str) -> str:
    """What shows that the output was cut off, or "".

    A text may end with a sentence, a closed block of code, a list, a table or an address, and
    with a short line such as a caption or a value. It was cut off where a block of code stays
    open, where a word or a mark that needs another one comes last, or where its last sentence
    has no end.
    """
    text = output.rstrip()
    if open_fence(text):
        return "code block not closed"
    every = [(line, is_code) for line, is_code in lines(text) if line.strip()]
    if not every:
        return ""
    last, is_code = every[-1]
    if is_code or FENCE.match(last):
        return ""
    return _why_unfinished(last.strip(), every[:-1])


def _why_unfinished(last: str, before: list[tuple[str, bool]]) -> str:
    """What the last line of prose lacks, or ""."""
    if _CONTINUED.search(last):
        return "says that it goes on elsewhere"
    if last.endswith(_TERMINAL) or last.rstrip(_CLOSERS).rstrip().endswith(_TERMINAL):
        return ""
    if last.endswith((":", "\uff1a")):
        return "announces what does not follow"
    if last.endswith(("(", "[", "{", ",", "—", "\u2013", "&")) or re.search(r"\w-$|\s-$", last):
        return "ends in mid-sentence"
    if _left_open(last):
        return "bracket or inline code not closed"
    if last.startswith("|") or URL.search(last.split()[-1]) or last.endswith(tuple(_CLOSERS)):
        return ""
    words = re.sub(LIST_ITEM, "", last).split() if LIST_ITEM.match(last) else last.split()
    if words and words[-1].lower() in _DANGLING:
        return "ends in mid-sentence"
    if LIST_ITEM.match(last) or re.match(r"#{1,6} ", last):
        return "last list item has no end" if _others_end(before) else ""
    return "last sentence has no end" if _is_sentence(last, words) else ""


def _is_sentence(line: str, words: list[str]) -> bool:
    """Whether it is prose that wants an end: no code, no signature, no caption."""
    if line.endswith(";") or _ATTRIBUTION.search(line) or _TECHNICAL.search(words[-1]):
        return False
    # A word in the middle that is code shows a command or an output that nobody fenced.
    if sum(bool(_TECHNICAL.search(word)) for word in words) >= 0.3 * len(words):
        return False
    return bool(re.search(r"\w{2}[.!?] [A-Z]", line)) or len(words) >= _SENTENCE_WORDS


def _left_open(line: str) -> bool:
    """Whether a bracket or inline code begins in the line's prose and does not end."""
    outside = INLINE_CODE.sub("", line)
    # `word' is how many old texts quote.
    stray = re.sub(r"``?[^`']+''?", "", outside)
    return outside.count("(") > outside.count(")") or ("`" in stray and line[-1] not in _CLOSERS)


def _others_end(before: list[tuple[str, bool]]) -> bool:
    """Whether the list whose last item has no end has two or more others that all have one."""
    others = [line.rstrip() for line, is_code in before if not is_code and LIST_ITEM.match(line)]
    return len(others) >= 2 and all(
        line.rstrip(_CLOSERS).endswith((".", "!", "?")) for line in others
    )
