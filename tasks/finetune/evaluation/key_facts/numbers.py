"""Numbers: with a unit, or of two digits or more, or with a point (versions too).

A single digit without a unit is no fact: lists are full of them. Nor is the number of a list's
item, or one inside a word. "1,000" is 1000, "30-second" is 30 s, "two weeks" is 2 weeks.
"""

import re
from collections.abc import Iterator

from tasks.finetune.evaluation.key_facts.forms import Found

_UNITS = {
    "%": "% percent per cent",
    "bit": "bit bits",
    "byte": "B byte bytes",
    "kB": "kB KB kilobyte kilobytes",
    "MB": "MB megabyte megabytes",
    "GB": "GB gigabyte gigabytes",
    "TB": "TB terabyte terabytes",
    "KiB": "KiB",
    "MiB": "MiB",
    "GiB": "GiB",
    "TiB": "TiB",
    "kbit/s": "kbit/s kbps",
    "Mbit/s": "Mbit/s Mbps",
    "Gbit/s": "Gbit/s Gbps",
    "ms": "ms millisecond milliseconds",
    "s": "s sec secs second seconds",
    "min": "min mins minute minutes",
    "h": "h hr hrs hour hours",
    "day": "day days",
    "week": "week weeks",
    "month": "month months",
    "year": "year years",
    "Hz": "Hz",
    "kHz": "kHz",
    "MHz": "MHz",
    "GHz": "GHz",
    "V": "V volt volts",
    "W": "W watt watts",
    "mAh": "mAh",
    "°C": "°C degrees",
    "px": "px pixel pixels",
    "dpi": "dpi",
    "inch": "inch inches",
    "m": "m metre metres meter meters",
    "cm": "cm",
    "mm": "mm",
    "km": "km",
}
_CANONICAL = {
    form: unit
    for unit, forms in _UNITS.items()
    for form in (["%", "percent", "per cent"] if unit == "%" else forms.split())
}
_ANY_UNIT = "|".join(re.escape(form) for form in sorted(_CANONICAL, key=len, reverse=True))
_COUNTED = "one two three four five six seven eight nine ten eleven twelve"
_WORDS = {word: str(number) for number, word in enumerate(_COUNTED.split(), start=1)}
_DIGITS = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)*"
_WITH_UNIT = re.compile(
    rf"(?<![\w.,])(?:(?P<number>{_DIGITS})[ \u00a0\u202f-]?|(?P<word>(?i:{'|'.join(_WORDS)}))[ -])"
    rf"(?P<unit>{_ANY_UNIT})(?![\w/])"
)
_DATE = re.compile(r"(?<![\w.-])(?P<date>\d{4}-\d{2}-\d{2})(?:[T ][\d:.+-]+Z?)?(?![\w-])")
_TIME = re.compile(r"(?<![\w.:])\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?![\w:])")
_ITEM = re.compile(r"(?m)^[ \t]*(?:[#*_>]+[ \t]*)*\d{1,3}[.)](?=[\s*])")
_ALONE = re.compile(rf"(?<![\w.,])(?:{_DIGITS})(?![\w]|[.,]\d)")


def find(text: str) -> Iterator[Found]:
    """Numbers; the key is "number unit", "number", a date or a time of day."""
    taken = _ITEM.sub(_blank, text)
    for match in _DATE.finditer(taken):
        yield Found(match.start(), match.end(), match["date"])
    taken = _DATE.sub(_blank, taken)
    for match in _TIME.finditer(taken):
        yield Found(match.start(), match.end(), match[0])
    taken = _TIME.sub(_blank, taken)
    for match in _WITH_UNIT.finditer(taken):
        number = match["number"] or _WORDS[match["word"].lower()]
        unit = _CANONICAL[match["unit"]]
        yield Found(match.start(), match.end(), f"{_plain(number)} {unit}")
    taken = _WITH_UNIT.sub(_blank, taken)
    for match in _ALONE.finditer(taken):
        if len(match[0]) > 1:
            yield Found(match.start(), match.end(), _plain(match[0]))


def stated(key: str, text: str, found: set[str]) -> bool:
    """A number without a unit stands in the text, whatever is behind it."""
    if " " in key:
        return False
    plain = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text)
    return re.search(rf"(?<![\w.]){re.escape(key)}(?!\w|\.\d)", plain) is not None or any(
        other.startswith(f"{key} ") for other in found
    )


def _plain(number: str) -> str:
    """Digits without marks between thousands."""
    return number.replace(",", "")


def _blank(match: re.Match[str]) -> str:
    return "\0" * len(match[0])
