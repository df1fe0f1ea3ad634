"""Rules that score an answer right or wrong, each a function of the answer and what it asks for.

They judge what was asked and no more: a right answer that breaks the asked form is wrong for an
instruction, and right for a question that asked for no form.
"""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

_NUMBER = re.compile(r"(?<![\w.,])-?\d+(?:,\d{3})*(?:\.\d+)?(?![\w]|[.,]\d)")
_NUMBER_WORDS = {
    **{"zero": 0, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7},
    **{"eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12},
}  # "one" is mostly a pronoun
_WORD = re.compile(rf"\b(?:{'|'.join(_NUMBER_WORDS)})\b", re.IGNORECASE)
_NEGATION = re.compile(
    r"(?:\bnot|n't|n\u2019t|\bnever|\brather than|\binstead of)\s+(?:\w+\s+){0,2}$"
)
_CORRECTION = re.compile(r"\b(?:actually|rather|correction:?|wait,?)\s+(?:the\s+)?$")
_FENCED = re.compile(r"```(?:json)?\s*\n(.*?)\n?```", re.DOTALL)
# A full stop inside e.g., i.e., a number or an initial ends no sentence.
_SENTENCE_END = re.compile(r"(?<!\be\.g)(?<!\bi\.e)(?<!\b[A-Z])[.!?]+(?=\s|$|[\"'\u201d\u2019)*])")
_OUTER = " \t\n\"'\u201c\u201d\u2018\u2019*_`.!"


def names(answer: str, accepted: Sequence[str], rejected: Sequence[str]) -> bool:
    """The first of the listed names that the answer affirms is an accepted one.

    A name counts as a whole word in any case, and not after "not", "never" or "instead of" and at
    most two words between. An answer that takes itself back ("but it is actually ...") with a
    rejected name affirms nothing.
    """
    found = [
        (match.start(), name in accepted)
        for name in (*accepted, *rejected)
        for match in re.finditer(rf"(?<![\w.-]){re.escape(name)}(?!\w|[.,]\d)", answer, re.I)
        if not _NEGATION.search(answer[: match.start()].casefold())
    ]
    taken_back = any(
        not is_accepted and _CORRECTION.search(answer[:place].casefold())
        for place, is_accepted in found
    )
    return bool(found) and min(found)[1] and not taken_back


def number(answer: str, value: float) -> bool:
    """The last number of the answer is the value: what follows a calculation is its result.

    A whole number up to twelve may be a word. Numbers after "because" or "since" are a reason,
    not the result.
    """
    found = [
        (match.start(), float(match[0].replace(",", ""))) for match in _NUMBER.finditer(answer)
    ]
    found += [
        (match.start(), float(_NUMBER_WORDS[match[0].casefold()]))
        for match in re.finditer(rf"(?i)\b(?:{'|'.join(_NUMBER_WORDS)})\b", answer)
        if match[0].casefold() != "one"  # mostly a pronoun
    ]
    return bool(found) and max(_before_reason(answer, found))[1] == value


def only(answer: str, accepted: Sequence[str]) -> bool:
    """The answer is one of the accepted words and nothing else but quotes and a full stop."""
    return answer.strip(_OUTER).casefold() in {word.casefold() for word in accepted}


def numbered_list(answer: str, count: int) -> bool:
    """The answer's lines are exactly `count`, numbered 1, 2, 3 and so on."""
    lines = [line.strip() for line in answer.strip().split("\n") if line.strip()]
    return len(lines) == count and all(
        re.match(rf"{place}[.)] \S", line) for place, line in enumerate(lines, start=1)
    )


def one_sentence(answer: str, about: Sequence[str], least_words: int) -> bool:
    """Exactly one sentence, which ends, has at least so many words, and one of them is `about`."""
    text = answer.strip()
    ends = [match.end() for match in _SENTENCE_END.finditer(text)]
    words = re.findall(r"\w+", text.casefold())
    return (
        len(ends) == 1
        and not text[ends[0] :].strip(_OUTER)
        and len(words) >= least_words
        and any(word in words for word in about)
    )


def json_object(answer: str, values: dict[str, Any]) -> bool:
    """The answer is a JSON object, fenced or not, equal to `values` with its types."""
    text = answer.strip()
    fenced = _FENCED.fullmatch(text)
    try:
        found = json.loads(fenced[1] if fenced else text)
    except json.JSONDecodeError:
        return False
    return json.dumps(found, sort_keys=True) == json.dumps(values, sort_keys=True)


def verbatim(answer: str, text: str) -> bool:
    """The answer is the text in the same case, but for quotes and a full stop."""
    return " ".join(answer.split()).strip(_OUTER) == text.strip(_OUTER)


def begins_with(answer: str, accepted: Sequence[str]) -> bool:
    """The first word of the answer is one of the accepted ones, in any case."""
    first = re.match(r"\W*(\w+)", answer)
    return bool(first) and first[1].casefold() in {word.casefold() for word in accepted}


RULES: dict[str, Callable[..., bool]] = {
    rule.__name__: rule
    for rule in (
        names,
        number,
        only,
        numbered_list,
        one_sentence,
        json_object,
        verbatim,
        begins_with,
    )
}


def _before_reason(answer: str, found: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """The numbers before a "because", or all where none stands before it."""
    reason = re.search(r"(?i)\b(?:because|since)\b", answer)
    if not reason:
        return found
    return [each for each in found if each[0] < reason.start()] or found
