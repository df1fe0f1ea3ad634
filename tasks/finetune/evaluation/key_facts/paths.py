"""Paths of Unix and Windows, registry keys, and names of files by their ending."""

import re
from collections.abc import Iterator

from tasks.finetune.evaluation.key_facts.forms import Found
from tasks.finetune.evaluation.key_facts.options import behind_windows_command

_WORD = r"[\w.@+%$~{}*-]+"
_UNIX = re.compile(rf"(?<![\w/.:<>*\\\0-])(?:~|\.{{1,2}}|\$\{{?\w+\}}?)?/(?:{_WORD}/?)+")
_RELATIVE = re.compile(rf"(?<![\w/.:\\\0-])[a-z_][\w.-]*/(?:{_WORD}/)*[\w.-]+\.[a-z]\w{{0,9}}\b")
_WINDOWS = re.compile(
    r"(?<![\w\\])(?:[A-Za-z]:\\|\\\\|%\w+%\\|HK(?:LM|CU|CR|U|CC|EY_[A-Z_]+):?\\)"
    r"[^\s\"'`<>|,;()*]*"
)
_ENDING_WORDS = """
    bash_profile bashrc bat cer cf cfg cmd cnf conf crt css csv db dll dmg dylib env exe git gz
    h html ini iso jar js json key lnk lock log lua md msi php pl pem pid plist pm ppd ps1 psd1
    py pyc rb repo reg rs service sh so socket sock sql sqlite sys tar tgz timer toml ts txt vbs
    vhdx vmdk xml yaml yml zip zsh
"""
_ENDINGS = _ENDING_WORDS.split()
_FILE = re.compile(
    rf"(?<![\w/.:\\@-])[\w-][\w.+-]{{0,99}}\.(?:{'|'.join(_ENDINGS)})(?![\w.]{{0,9}}\w|\()"
)
_DOT_FILE = re.compile(r"(?<![\w/.\\)\]\0-])\.[a-z][a-z_-]{2,}\b")
_WINDOWS_OPTION = re.compile(r"/[A-Za-z?][A-Za-z]*")


def find(text: str) -> Iterator[Found]:
    """Paths and files; the key ends without a slash, and is in lower case for Windows."""
    taken = text
    for pattern in (_WINDOWS, _UNIX, _RELATIVE, _FILE, _DOT_FILE):
        for match in pattern.finditer(taken):
            path = _with_blanks(text, match) if pattern is _WINDOWS else match[0]
            path = path.rstrip(".,;:!?*'\"")
            key = path.rstrip("/\\")
            if "path/to" in key or len(key) < 3 or not re.search(r"\w", key):
                continue
            if pattern is _UNIX and _is_option(text, match.start(), key):
                continue
            yield Found(
                match.start(),
                match.start() + len(path),
                key.lower() if pattern is _WINDOWS else key,
            )
        taken = pattern.sub(lambda match: "\0" * len(match[0]), taken)


def stated(key: str, text: str, found: set[str]) -> bool:
    """A path that ends with the key states it: /etc/postfix/main.cf states main.cf."""
    return any(path.endswith((f"/{key}", f"\\{key.lower()}")) for path in found)


def _with_blanks(text: str, match: re.Match[str]) -> str:
    """The path up to the end of the inline code that it is the whole of: it may hold blanks."""
    end = text.find("`", match.end())
    whole = text[match.start() : end]
    is_whole = text[: match.start()].endswith("`") and end > 0 and "\n" not in whole
    return whole if is_whole else match[0]


def _is_option(text: str, start: int, key: str) -> bool:
    """Whether "/word" stands behind a Windows command in its line, which makes it an option."""
    return bool(_WINDOWS_OPTION.fullmatch(key)) and behind_windows_command(text, start)
