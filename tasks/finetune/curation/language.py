"""Whether a row is in English."""

import re
from collections.abc import Iterator
from functools import cache

from py3langid.langid import MODEL_FILE, LanguageIdentifier

from tasks.finetune.curation.fault import Fault
from tasks.finetune.curation.prose import prose, word_set
from tasks.finetune.rows import Row

# In English prose every third word is one of these; hardly any is a word of another language.
_ENGLISH = word_set(
    """the and of to is are was were be been that this these those it its for with you your not
    have has had can could should would will which what when where how why who does do did
    if then than there from by or but as at on they we my our their any some only use using
    used i don't can't isn't doesn't it's you're no yes into about after before between each
    more most other also may might must such"""
)
_ENGLISH_SHARE = 0.2
# Fewer words than this, and names and commands weigh more than the language.
_LEAST_WORDS = 8
# Characters after which the model does not change its mind.
_ENOUGH = 1000
_SURE = 0.95
_FOREIGN_SHARE = 0.3
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)?")
_TECHNICAL = re.compile(r"(?<!\S)(?:-\S*|[^\s/\\=$@#{}<>_|~^.]*(?:[/\\=$@#{}<>_|~^]|\.\w)\S*)")
_EMPTY_LINE = re.compile(r"\n\s*\n")
_UNSPACED = re.compile(
    "[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uff66-\uff9f]"
)
# Letters of all other scripts: from Greek to the Latin additions, and beyond.
_NO_LATIN = re.compile(r"(?=[^\W\d_])[\u0370-\u1dff\u2c00-\uffef]")


class Language:
    """Blocks rows of which a good part is surely in another language than English."""

    name = "language"

    def check(self, row: Row) -> Fault | None:
        """The language of the instruction, or of a third or more of the output's prose."""
        for field in ("instruction", "output"):
            found = foreign_language(row[field])
            if found:
                return Fault("not English", f"{field}: {found}")
        return None


def foreign_language(text: str) -> str:
    """ISO 639-1 code of a language other than English that much of a text's prose is in, or "".

    Paragraphs are judged one by one, without code, commands and addresses. One with as many
    common English words as English has is English; a model (py3langid) is asked only about the
    others, and believed only where it is sure.
    """
    foreign: dict[str, int] = {}
    total = 0
    for paragraph, words in _paragraphs(text):
        size = len(words) + len(_UNSPACED.findall(paragraph))
        total += size
        if size < _LEAST_WORDS and paragraph.isascii():
            continue
        common = sum(word.lower() in _ENGLISH for word in words)
        if common >= _ENGLISH_SHARE * max(size, 1):
            continue
        language, sure = _model().classify(" ".join(words)[:_ENOUGH])
        if len(_NO_LATIN.findall(paragraph)) > sum(map(len, words)) / 2:
            sure = 1.0  # The script says so; the model need only name the language.
        if language != "en" and sure >= _SURE and (common <= 1 or size >= 2 * _LEAST_WORDS):
            foreign[language] = foreign.get(language, 0) + size
    if total and sum(foreign.values()) >= _FOREIGN_SHARE * total:
        return max(foreign, key=lambda language: foreign[language])
    return ""


def _paragraphs(text: str) -> Iterator[tuple[str, list[str]]]:
    """Paragraphs of prose and their words, without tokens that are code or names."""
    for paragraph in _EMPTY_LINE.split(prose(text)):
        plain = _TECHNICAL.sub(" ", paragraph)
        words = [word for word in _WORD.findall(plain) if word[1:].islower() or not word.isascii()]
        if words:
            yield plain, words


@cache
def _model() -> LanguageIdentifier:
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
