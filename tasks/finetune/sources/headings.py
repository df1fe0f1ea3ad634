"""Question headings of FAQ documents."""

import re

# "4.1.", "3)", "Q12:", "4.1 Why": how FAQs number their questions. "2.4 kernels" is none.
_NUMBER = re.compile(
    r"^\s*(?:[Qq]\s*\d*\s*[.:)]\s+|(?:[Qq]\s*)?\d+(?:\.\d+)*[.:)]\s+|\d+(?:\.\d+)+\s+(?=[A-Z\"']))"
)


def question_of(heading: str) -> str:
    """A heading's text on one line, without the number before it."""
    return _NUMBER.sub("", " ".join(heading.split()))


def is_question(text: str) -> bool:
    """Whether a text ends as a question, brackets and quotes behind it apart."""
    return text.rstrip(" \"')]\u201d\u2019").endswith("?")


def fenced(code: str) -> str:
    """A fenced code block; the fence is longer than any run of back-ticks inside."""
    longest = max((len(run) for run in re.findall("`{3,}", code)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}\n{code}\n{fence}"
