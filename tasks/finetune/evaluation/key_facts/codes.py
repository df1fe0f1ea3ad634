"""Error codes: those with a form of their own, and numbers behind a word such as "error"."""

import errno
import re
from collections.abc import Iterator

from tasks.finetune.evaluation.key_facts.forms import Found, stands_in

_FORMS = re.compile(
    r"(?<![\w-])(?:"
    r"(?P<hex>0[xX][0-9A-Fa-f]+)"
    r"|KB\d{6,7}"
    r"|[A-Z]{2,10}-\d{3,}(?:-\d+)?"  # ORA-00942, CVE-2021-44228
    r"|[A-Z]{1,4}\d{4,5}"  # LNK2019, E0308
    rf"|(?:{'|'.join(sorted(set(errno.errorcode.values())))})"
    r")(?![\w-])"
)
_BEHIND_A_WORD = re.compile(
    r"\b(?:error|errno|exit(?:ed|s)?|status|code|event(?: id)?|https?(?:/\d(?:\.\d)?)?|signal|"
    r"sqlstate|reply|response)\b"
    r"(?:[\s:=#\"'`(]{1,3}(?:code|status|id|number|with|is|was|no\.?)\b){0,2}"
    r"[\s:=#\"'`(]{1,3}(?P<number>\d[0-9A-Z]{0,5})(?![\w.])",
    re.IGNORECASE,
)
LEAST_ALONE = 3  # digits of a number that states a code without the word before it


def find(text: str) -> Iterator[Found]:
    """Codes by form and numbers behind a word; of hexadecimal ones without leading zeros."""
    for match in _FORMS.finditer(text):
        key = f"0x{int(match[0], 16):x}" if match["hex"] else match[0].upper()
        yield Found(match.start(), match.end(), key)
    for match in _BEHIND_A_WORD.finditer(text):
        if not match["number"].lower().startswith("0x"):
            yield Found(match.start(), match.end("number"), match["number"].upper())


def stated(key: str, text: str, found: set[str]) -> bool:
    """The code stands in the text, where it is too long to stand there for another reason."""
    return len(key) >= LEAST_ALONE and stands_in(key, text)
