"""The words of a text that carry its subject, by their stems."""

import re
from functools import cache
from typing import TYPE_CHECKING

from tasks.finetune.curation.prose import word_set

if TYPE_CHECKING:
    from nltk.stem import PorterStemmer

_WORD = re.compile(r"[^\W_](?:[\w+#-]*[^\W_+#-][+#]*|[+#]+)")
_GRAMMAR = word_set(
    """
    a about above after again all also although am an and another any are as at be because
    been before being below between both but by can cannot could did do does doing don done
    down during each either else even every few first following for from further get gets give
    given go going had has have having he her here hers him his how however i if in instead
    into is it its itself just last least less let like likely made make makes many may maybe
    me might more most much must my need needs neither never new no nor not now of off often
    on once one only or other others our out over own per perhaps please possible put same say
    second see several shall she should since so some something sometimes still such sure take
    than that the their them then there these they thing things this those though three
    through thus to together too two under until up upon us use used uses using usually very
    want was way ways we well were what when where whether which while who whole whom whose
    why will with within without would yes yet you your yours
    """
)


def content_words(text: str) -> list[str]:
    """Stems (Porter 1980) of the words that are no grammar, in order, repeats too.

    A number is no content word; an identifier with a digit, such as utf8, is one.
    """
    return [
        _stem(word)
        for word in _WORD.findall(text.casefold())
        if word not in _GRAMMAR and not word.isdigit()
    ]


@cache
def _stem(word: str) -> str:
    return str(_stemmer().stem(word))


@cache
def _stemmer() -> "PorterStemmer":
    from nltk.stem import PorterStemmer  # slow to import

    return PorterStemmer()
