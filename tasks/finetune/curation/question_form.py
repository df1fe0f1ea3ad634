"""An instruction asks, tells, or reports a problem; a heading does none of these."""

import re

from tasks.finetune.curation.fault import Fault
from tasks.finetune.curation.prose import word_set
from tasks.finetune.rows import Row

IMPERATIVES = word_set(
    """add advise analyse analyze answer apply arrange assess assume back build calculate
    categorise categorize change check choose clarify classify clean clear close combine
    come comment compare complete compose compute configure confirm connect consider
    construct convert copy correct count create debug decide define delete demonstrate
    derive describe design detect determine develop diagnose differentiate disable discuss
    distinguish divide do document download draft draw edit elaborate enable enumerate
    estimate evaluate examine expand explain extract fill find fix follow format formulate
    generate get give go group guess guide help highlight identify illustrate imagine
    implement improve infer install interpret introduce investigate justify keep label let
    list locate look make mention migrate move name note open order organise organize
    outline paraphrase pick plan point predict prepare present prevent produce proofread
    propose prove provide put rank rate read recommend recover reduce remove rename
    reorder replace rephrase report reset resolve respond restart restore review revise
    rewrite run say schedule search select separate set setup share shorten show simplify
    sketch solve sort specify split start state stop submit suggest summarise summarize
    switch take teach tell test think trace transform translate troubleshoot turn
    uninstall unlock update upgrade use utilize validate verify visualize walk work write"""
)
_BEFORE_VERB = re.compile(
    r"(?i)^(?:(?:please|kindly|briefly|now|then|first|next|also|and)\b[,:]?\s+"
    r"|(?:in|using|with|for|given|based on|from|as|step by step|without)\b[^,.?!\n]{0,120},\s+"
    r"|(?:can|could|would|will) you (?:please )?)+"
)
# "Use cases of", "name of the file", "set theory": here the word is a noun.
_NOUN_AFTER = re.compile(r"(?i)\s+(?:of|cases?|and|theory|source|pain|notes?|is|are|\d{4}\b)|\s*:")
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?", re.IGNORECASE)
_TROUBLE = re.compile(
    r"(?i)\b(?:not|cannot|\w+n't|never|nothing|no longer|unable|without (?:success|effect|error)"
    r"|fail(?:s|ed|ing|ures?)?|error|broken|breaks?|crash(?:es|ed|ing)?|hangs?|hung|froze(?:n)?"
    r"|freez(?:es|ing)|stuck|stop(?:s|ped)|slow(?:ly)?|wrong|missing|lost|corrupt(?:ed)?|corruption"
    r"|denied|refused|rejected|invalid|bad|timed? ?out|times out|problem|issue|trouble|lags?"
    r"|disconnect(?:s|ed|ing)?|drops?|vanish(?:es|ed)|disappear(?:s|ed)|no effect|expired|insecure"
    r"|locked out|unexpected(?:ly)?|warning|complain(?:s|ed)?|incompatible|suddenly|keeps?"
    r"|blue screen|overheat(?:s|ing)|unreachable|messes|says?|blank|black|instead of)\b"
)
# Many of them are a heading ("Known issues") where nobody has or sees them.
_TROUBLES = re.compile(
    r"(?i)\b(?:i|i'm|my|we|our|gets?|getting|gives?|has|have|having|sees?|seeing|shows?|reports?"
    r"|throws?|logs?)\b.{0,200}?\b(?:errors|problems|issues|warnings)\b"
)
# "I asked Git to ignore it, yet it is tracked": two facts that do not go together.
_CONTRADICTION = re.compile(
    r"(?i)\b(?:i|i'm|i've|i'd|my|we|we're|our)\b.{0,200}?"
    r"\b(?:but|yet|still|shows?|getting|seeing|and (?:my|the))\b"
    r"|\bbut when i\b|\bwhen i\b.{3,80}, (?:it|the)\b"
)
_ASKS = re.compile(r"(?i)^(?:how|why|which|who|whom|whose|where)\b(?! (?:i|we)\b)")
_ASKS_WHAT = re.compile(r"(?i)^what(?:'s)?\b(?! (?:i|we|you|they|a|an)\b)")
_AUXILIARY = r"do|does|did|is|are|was|were|can|could|should|shall|will|would|may|might|has|have|am"
_SUBJECT = (
    r"i|you|we|they|he|she|it|there|this|that|these|those|the|a|an|my|your|our|their|its|any|some"
    r"|anyone|someone|somebody|all|both|each|every"
)
_ASKS_WHEN = re.compile(rf"(?i)^when (?:{_AUXILIARY})\b")
_ASKS_YES_NO = re.compile(rf"(?i)^(?:{_AUXILIARY})(?:n't)? (?:{_SUBJECT})\b")
_REQUEST_TO_REPLY = re.compile(
    r"(?i)\b(?:i (?:also |just )?(?:want|need|wish)|(?:i'd|i would) like"
    r"|i(?:'m| am) (?:looking|trying))\b"
)


class QuestionForm:
    """Blocks rows whose instruction is neither a question, nor a request, nor a problem."""

    name = "question_form"

    def check(self, row: Row) -> Fault | None:
        """An instruction to which no answer can be expected."""
        if asks_something(row["instruction"]):
            return None
        return Fault("no question, request or problem", row["instruction"][:120])


def asks_something(instruction: str) -> bool:
    """Whether the instruction asks, tells to do, or reports a problem.

    It has a sentence that ends in a question mark or begins as a question, it begins with an
    imperative verb (a word such as "please" and a clause with a comma may come before), or it
    says in a sentence what does not work, as tickets do.
    """
    text = instruction.strip().strip("\"'*_`#").strip()
    if re.search(r"\?[\"')\]*_`]*(?:\s|$|/)", text):
        return True
    if any(_is_question(sentence) for sentence in re.split(r"(?<=[.!:\n])\s+", text)):
        return True
    if any(_first_verb(sentence) for sentence in re.split(r"(?<=[.!:\n])\s+", text)[:3]):
        return True
    if len(text.split()) < 2:
        return False
    return bool(
        any(each.search(text) for each in (_REQUEST_TO_REPLY, _TROUBLE, _TROUBLES, _CONTRADICTION))
    )


def completed_question(instruction: str) -> str:
    """The instruction with the question mark that it lacks, where it surely is a question.

    Only one line that ends in a word, so that nothing is put after code, a list or a sentence
    that ends otherwise.
    """
    text = instruction.rstrip()
    safe = "\n" not in text and re.search(r"[\w)\"'`]$", text) and not re.search(r"[.!?:;] ", text)
    return f"{text}?" if safe and _is_question(text.lstrip()) else instruction


def _is_question(sentence: str) -> bool:
    return any(
        pattern.search(sentence) for pattern in (_ASKS, _ASKS_WHAT, _ASKS_WHEN, _ASKS_YES_NO)
    )


def _first_verb(sentence: str) -> bool:
    word = _WORD.match(_BEFORE_VERB.sub("", sentence.lstrip("\"'*_`#- ")))
    if not word or word[0].lower() not in IMPERATIVES or _NOUN_AFTER.match(word.string, word.end()):
        return False
    return len(sentence.split()) >= 2
