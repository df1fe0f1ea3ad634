"""What an answer about computers must get right: the key facts of its reference, found in it.

A key fact is a piece of the reference that is either right or wrong, whatever the wording around
it. Eight kinds are known, one file each, in which the kind's rules stand:

    address   URL, host with a scheme, IPv4, IPv6 or MAC address
    code      error code: 0x80070005, ORA-00942, ENOENT, "status 203", KB5001330
    path      of Unix and Windows, registry key, name of a file
    key       keyboard: Ctrl+Alt+Del, F8
    command   first word of a line of shell code, with its sub-command: journalctl, git revert
    option    -r, --long, and /scannow behind a Windows command
    number    of two digits or more, with a point, or with a unit: 443, 3.11, 5 %, two weeks
    name      identifier, acronym, capitalised name inside a sentence, inline code of one word

They are looked for in that order, and what one kind takes (but a command) no later one sees. A fact
of the reference that the question states already is none: repeating the question answers nothing.

A fact counts as found where the answer states it in any of its usual forms: "80 percent" for
"80 %", `-fr` for `-rf`, `/etc/postfix/main.cf` for `main.cf`, "0x00000005" for "0x5". Not found
are the same amount in another unit, synonyms, an option written out (`--all` for `-a`), and a
capitalised name as the small word that it may be otherwise (the menu Message, a message). Rules
see form, not sense: a fact that the answer denies counts as found.
"""

from collections.abc import Iterator
from typing import NamedTuple

from tasks.finetune.evaluation.key_facts import (
    addresses,
    codes,
    commands,
    keys,
    names,
    numbers,
    options,
    paths,
)

KINDS = {
    "address": addresses,
    "code": codes,
    "path": paths,
    "key": keys,
    "command": commands,
    "option": options,
    "number": numbers,
    "name": names,
}
CASE_COUNTS = ("option", "path")  # -a and -A are two options
TAKEN = "\0"  # stands for what a kind has taken; no pattern matches it


class Fact(NamedTuple):
    """A key fact: its kind, the form in which it is compared, and as it was written."""

    kind: str
    key: str
    text: str


class Statement:
    """A text that may state facts, read once."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.keys: dict[str, set[str]] = {kind: set() for kind in KINDS}
        for fact in _find(text):
            self.keys[fact.kind].add(fact.key)

    def __contains__(self, fact: Fact) -> bool:
        found = self.keys[fact.kind]
        return fact.key in found or KINDS[fact.kind].stated(fact.key, self.text, found)


def key_facts(text: str, question: str = "") -> list[Fact]:
    """The key facts of a text that the question does not state, each once, as they come by kind."""
    asked = Statement(question)
    facts: dict[str, Fact] = {}
    for fact in _find(text):
        if fact not in asked:
            facts.setdefault(fact.key if fact.kind in CASE_COUNTS else fact.key.casefold(), fact)
    implied = {
        word
        for fact in facts.values()
        if fact.kind == "command" and " " in fact.key
        for word in fact.key.casefold().split()
    }
    return [fact for fact in facts.values() if fact.key.casefold() not in implied]


def missing(facts: list[Fact], answer: str) -> list[Fact]:
    """The facts that an answer does not state."""
    said = Statement(answer)
    return [fact for fact in facts if fact not in said]


def _find(text: str) -> Iterator[Fact]:
    """Every fact of a text, kind by kind, repeats too."""
    left = text
    for kind, module in KINDS.items():
        taken = list(module.find(left))
        for start, end, key in (found for found in taken if found.key):
            yield Fact(kind, key, " ".join(text[start:end].split()))
        if kind == "command":
            continue  # which words were a command tells the options of Windows from paths
        for start, end, _ in taken:
            left = left[:start] + TAKEN * (end - start) + left[end:]
