"""The form of an answer, apart from what it says: what a tuned model learns first."""

import re

from tasks.finetune.curation.prose import FENCE, INLINE_CODE, LIST_ITEM, lines, prose
from tasks.finetune.curation.words import count_words

# Ways of a chat model to begin that no reference needs.
_CHAT_OPENING = re.compile(
    r"\W*(?:sure\b|certainly\b|of course\b|absolutely\b|great question|thank you|thanks for"
    r"|i'?m sorry|i apologi[sz]e|i(?:'d| would) be (?:happy|glad)|as an ai|i understand"
    r"|it (?:seems|sounds|looks|appears) (?:like|that|as)|to (?:help|assist|resolve|troubleshoot"
    r"|solve|fix|address) (?:you|this|the)|here (?:are|is)|based on)",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"[.!?](?=\s|$)")
_BOLD = re.compile(r"\*\*(?![\s*])[^*\n]+(?<!\s)\*\*")

FORMAT = ("words", "list", "code_block", "inline_code", "bold")
STYLE = ("chat_opening", "words_a_sentence")
LABELS = {
    "words": "words",
    "list": "answers with a list",
    "code_block": "answers with a block of code",
    "inline_code": "answers with inline code",
    "bold": "answers with bold words",
    "chat_opening": "answers that begin with a phrase of chat",
    "words_a_sentence": "words a sentence of prose",
}


def form(text: str) -> dict[str, float]:
    """The features of a text named in `FORMAT` and `STYLE`; rates are 0 or 1."""
    sentences = max(1, len(_SENTENCE_END.findall(prose(text))))
    return {
        "words": float(count_words(text)),
        "list": float(any(LIST_ITEM.match(line) for line, is_code in lines(text) if not is_code)),
        "code_block": float(any(FENCE.match(line) for line, is_code in lines(text) if is_code)),
        "inline_code": float(INLINE_CODE.search(_outside_code(text)) is not None),
        "bold": float(_BOLD.search(_outside_code(text)) is not None),
        "chat_opening": float(_CHAT_OPENING.match(text) is not None),
        "words_a_sentence": count_words(prose(text)) / sentences,
    }


def _outside_code(text: str) -> str:
    return "\n".join(line for line, is_code in lines(text) if not is_code)
