"""Commands: the first word of each part of a line of shell code, with its sub-command.

A line is one of shell code where its block's fence names a shell, where it begins with a prompt,
where its first word is a command that everybody knows, or where an option follows a word in lower
case. Comments, prompts, `sudo`, assignments and words of the shell's own grammar are passed over.
PowerShell's commands (Restart-Service) are known by their verb wherever they stand, and in prose a
command that is no English word too is one behind a verb such as "run" or "use".
"""

import re
from collections.abc import Iterator

from tasks.finetune.evaluation.key_facts.command_words import (
    CMDLET_VERBS,
    ENGLISH,
    GRAMMAR,
    KNOWN,
    NO_SUB_COMMANDS,
    PASSED_OVER,
    WITH_SUB_COMMAND,
)
from tasks.finetune.evaluation.key_facts.forms import Code, Found, code, stands_in

_PROMPT = re.compile(
    r"\s*(?:[$%>]\s|\[?[\w.-]+@[\w.-]+[^$#]{0,40}[$#]\s|PS [^>]{0,80}>\s?|[A-Z]:\\[^>]{0,80}>\s?)"
)
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_COMMENT = re.compile(r"(?:^|(?<=\s))#.*$")
_PART = re.compile(r"(?:\|\||&&|[|;&]|\$\(|`)(?=\s|$)|(?<=\$\()|(?<=;)")
_WORD = re.compile(r"\S+")
_ASSIGNMENT = re.compile(r"\w+=\S*")
_COMMAND = re.compile(r"[a-z_][\w.+-]*|[A-Z][a-z]+-[A-Z]\w+", re.ASCII)
_CMDLET = re.compile(rf"(?<![\w-])(?:{'|'.join(CMDLET_VERBS)})-[A-Z][A-Za-z]+(?![\w-])")
_IN_PROSE = re.compile(
    r"\b(?:run|running|use|using|type|try|execute|issue|invoke|by|with)\s+(?:the\s+)?"
    rf"(?P<command>{'|'.join(sorted(map(re.escape, KNOWN - ENGLISH), key=len, reverse=True))})"
    r"(?P<sub>[ ][a-z][a-z-]+)?(?![\w.@-]*\w)",
)
_SUB_COMMAND = re.compile(r"[a-z][a-z0-9-]*")


def find(text: str) -> Iterator[Found]:
    """Commands; the key is "word" or "word sub-command"."""
    prose = text
    for piece in code(text):
        yield from _in_piece(piece)
        end = piece.start + len(piece.text)
        prose = prose[: piece.start] + " " * len(piece.text) + prose[end:]
    for match in _CMDLET.finditer(text):
        yield Found(match.start(), match.end(), match[0])
    for match in _IN_PROSE.finditer(prose):
        sub = (match["sub"] or "").strip()
        has_sub = match["command"] in WITH_SUB_COMMAND and sub and sub not in NO_SUB_COMMANDS
        end = match.end("sub") if has_sub else match.end("command")
        yield Found(match.start("command"), end, text[match.start("command") : end])


def stated(key: str, text: str, found: set[str]) -> bool:
    """The words of the command stand in the text, as code or not."""
    return stands_in(key, text)


def _in_piece(piece: Code) -> Iterator[Found]:
    """Commands of one line or one piece of inline code."""
    line = _COMMENT.sub(_blank, _QUOTED.sub(_blank, piece.text))
    prompt = _PROMPT.match(line)
    begin = prompt.end() if prompt and not piece.is_inline else 0
    is_shell = piece.is_shell or begin > 0
    for start, end in _parts(line, begin):
        words = [(m.start() + start, m[0]) for m in _WORD.finditer(line[start:end])]
        yield from _in_part(words, piece, is_shell)


def _in_part(words: list[tuple[int, str]], piece: Code, is_shell: bool) -> Iterator[Found]:
    """The command of one part, none or one; `words` with their places in the piece."""
    behind_wrapper = False
    while words:
        word = words[0][1]
        is_option = behind_wrapper and word.startswith("-")
        if not (word in PASSED_OVER or is_option or _ASSIGNMENT.fullmatch(word)):
            break
        behind_wrapper = word in {"sudo", "doas", "xargs"} or is_option
        words = words[1:]
    if not words:
        return
    (place, word), rest = words[0], words[1:]
    word = word.rstrip(",:)")
    has_option = bool(rest) and re.match(r"--?[A-Za-z]", rest[0][1]) is not None
    is_known = word in KNOWN or has_option
    if word in GRAMMAR or not _COMMAND.fullmatch(word) or not (is_shell or is_known):
        return
    start, end = piece.start + place, piece.start + place + len(word)
    if word in WITH_SUB_COMMAND and rest and _SUB_COMMAND.fullmatch(rest[0][1]):
        end = piece.start + rest[0][0] + len(rest[0][1])
        word = f"{word} {rest[0][1]}"
    yield Found(start, end, word)


def _parts(line: str, begin: int) -> Iterator[tuple[int, int]]:
    """Where the parts of a line begin and end, cut at pipes and the like."""
    for cut in _PART.finditer(line, begin):
        if cut.start() >= begin:
            yield begin, cut.start()
            begin = cut.end()
    yield begin, len(line)


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])
