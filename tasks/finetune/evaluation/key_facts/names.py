"""Names: identifiers by their form, acronyms, names inside sentences, inline code of one word.

A capitalised word is a name inside a sentence only, since any word is capitalised at its start;
words that follow each other make one name ("Task Manager"), and the steps of a menu ("Settings >
Battery") one each. Three words in upper case are shouted, and common words in it are no acronyms.
"""

import re
from collections.abc import Iterator

from tasks.finetune.evaluation.key_facts.forms import Found, code, stands_in

_CALL = re.compile(r"(?<![\w.<])[A-Za-z_]\w*+(?:\.\w++)*+\(\)")  # os.getpid()
_WORD = re.compile(r"(?<![\w<])[A-Za-z]\w*+(?:::\w++)*+(?!>)")
_IDENTIFIER_MARK = re.compile(r"::|[A-Za-z0-9]_+[A-Za-z0-9]|[a-z][A-Z]")  # in Win32::ODBC, max_size
_ACRONYM = re.compile(r"(?<![\w<-])[A-Z][A-Z0-9]*[A-Z][A-Z0-9]*(?=s?(?![\w>]))")
_SHOUTING = re.compile(r"\b[A-Z]{2,}(?:[ \t]+[A-Z]{2,}){2,}\b")
_CAPITALISED = r"[A-Z][a-z0-9][\w+]*(?:-[A-Z]\w*)*"
_INSIDE = re.compile(
    rf"(?:(?<=[a-z0-9,] )|(?<=> )|(?<=\w\)\s))(?P<name>{_CAPITALISED}(?: {_CAPITALISED}){{0,5}})"
)
_BEFORE_STEP = re.compile(
    r"(?:\b(?:Open|Choose|Select|Click|Press|Use|In|On|Under|See|Check|Via|Tap) )?"
    rf"(?P<name>{_CAPITALISED}(?: {_CAPITALISED}){{0,5}})(?= >)"
)
_SHOUTED_WORDS = """
    ALL ALSO AND ANY ARE BEFORE BUT CAN DO DOES EACH EVERY FAQ FILE FOR FROM HASH HOST HOW ID IF
    IN IS IT ITS MAY MUST NAME NB NEVER NO NOT NOTE NOW OF OFF OK ON ONE ONLY OR OS PC PID SEE
    SO THE THEN THIS TO TODO URL US USA USER VERY WARNING WE WHAT WHEN WHY WILL WITH YES YOU
    YOUR
"""
_SHOUTED = frozenset(_SHOUTED_WORDS.split())
_NO_NAME_WORDS = """
    january february march april may june july august september october november december monday
    tuesday wednesday thursday friday saturday sunday the this that these those if you your it
    we he she they there then when what which who why how yes no not note see also and but or so
"""
_NO_NAMES = frozenset(_NO_NAME_WORDS.split())
_ONE_WORD = re.compile(r"[^\s<>\0]{2,40}")

_FORMS = (
    (_CALL, bool),
    (_WORD, _IDENTIFIER_MARK.search),
    (_ACRONYM, lambda word: word not in _SHOUTED),
)


def find(text: str) -> Iterator[Found]:
    """Names; the key is in lower case, but for capitalised names, which are words otherwise."""
    left = text
    for piece in code(text):
        word = piece.text.strip()
        if piece.is_inline and _ONE_WORD.fullmatch(word) and re.search(r"[A-Za-z]", word):
            end = piece.start + len(piece.text)
            yield Found(piece.start, end, word.lower())
            left = left[: piece.start] + "\0" * len(piece.text) + left[end:]
    left = _SHOUTING.sub(lambda match: "\0" * len(match[0]), left)
    for pattern, is_name in _FORMS:
        matches = [match for match in pattern.finditer(left) if is_name(match[0])]
        for match in matches:
            yield Found(match.start(), match.end(), match[0].lower().removesuffix("()"))
        for match in matches:
            left = left[: match.start()] + "\0" * len(match[0]) + left[match.end() :]
    for pattern in (_BEFORE_STEP, _INSIDE):
        for match in pattern.finditer(left):
            if match["name"].lower() not in _NO_NAMES:
                yield Found(match.start("name"), match.end("name"), match["name"])


def stated(key: str, text: str, found: set[str]) -> bool:
    """The name stands in the text, at a sentence's start too; a capitalised one capitalised."""
    return stands_in(key, text, any_case=key.islower())
