"""Options of commands: -r, --recursive, and /scannow behind a command of Windows.

The letters of several short options in one word are compared in any order (`-rf`, `-fr`); the
value of --option=value is left out; the case counts, since -a and -A differ.
"""

import re
from collections.abc import Iterator

from tasks.finetune.evaluation.key_facts.forms import Found

_UNIX = re.compile(r"(?<![^\s`'\"(\[{|,/=])(?<!\w/)--?[A-Za-z][\w-]*")
_SLASH = re.compile(r"(?<=\s)/[A-Za-z?][A-Za-z]*(?![\w/\\])")
_WINDOWS_COMMANDS = re.compile(
    r"\b(?:attrib|bcdedit|bootrec|chkdsk|cipher|cleanmgr|cmd|defrag|del|dir|dism|diskpart|fc|find"
    r"|findstr|gpresult|gpupdate|icacls|ipconfig|lodctr|mountvol|msiexec|mstsc|net|netsh|nltest|"
    r"pnputil|powercfg|rd|reg|regsvr32|robocopy|sc|schtasks|setx|sfc|shutdown|slmgr|takeown|"
    r"taskkill|tasklist|vssadmin|w32tm|wevtutil|where|winrm|wmic|wsl|wusa|xcopy)(?:\.exe)?\s",
    re.IGNORECASE,
)


def find(text: str) -> Iterator[Found]:
    """Options; the key of several short ones has its letters sorted."""
    for match in _UNIX.finditer(text):
        option = match[0].rstrip("-")
        if len(option) > 1:
            yield Found(match.start(), match.start() + len(option), _key(option))
    for match in _SLASH.finditer(text):
        if behind_windows_command(text, match.start()):
            yield Found(match.start(), match.end(), match[0].lower())


def stated(key: str, text: str, found: set[str]) -> bool:
    """Nothing but the same option states it."""
    return False


def behind_windows_command(text: str, position: int) -> bool:
    """Whether a command of Windows stands before the position in its line."""
    line = text[text.rfind("\n", 0, position) + 1 : position]
    return _WINDOWS_COMMANDS.search(line) is not None


def _key(option: str) -> str:
    if option.startswith("--") or not option[1:].isalpha():
        return option
    return "-" + "".join(sorted(option[1:]))
