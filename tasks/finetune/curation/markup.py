"""Mark-up of a page left in what should be plain text or Markdown."""

import re

from tasks.finetune.curation.fault import Fault
from tasks.finetune.curation.prose import prose
from tasks.finetune.rows import Row

# Only names that lay out a page: <file>, <Esc> and <device> stand for something to fill in.
_TAG = re.compile(
    r"(?i)</?(?:p|div|br|span|table|tbody|thead|tr|td|th|ul|ol|li|h[1-6]|a|img|font|center"
    r"|blockquote|pre|em|strong|section|article|iframe|style|script|html|body|head|meta|form"
    r"|nav|footer|header|button)(?:\s[^<>]*)?/?>"
)
_ATTRIBUTE = re.compile(r"(?i)<[a-z][a-z0-9]*\s[^<>]*\b(?:class|style|href|src|id|width)\s*=")
_ENTITY = re.compile(r"&(?:nbsp|amp|lt|gt|quot|apos|hellip|mdash|ndash|rsquo|ldquo|#\d{2,5});")
_BBCODE = re.compile(
    r"(?i)\[(b|i|u|code|quote|url|img|list|color|size)(?:=[^\]\n]*)?\](?:(?!\[\1\b).){0,500}?\[/\1\]",
    re.DOTALL,
)
_WIKI = re.compile(r"\{\{[A-Za-z][^{}\n]*\|[^{}\n]*\}\}|\[\[(?:File|Image|Category):[^\]\n]+\]\]")
_PAGE_FURNITURE = re.compile(
    r"(?im)^\s*(?:skip to (?:main )?content|cookie (?:policy|settings)|share (?:this|on)\b.{0,40}"
    r"|(?:(?-i:[A-Z])\w[\w ]{0,24} \| ){3,}(?-i:[A-Z])[\w ]{0,24}|all rights reserved\.?"
    r"|advertisement|jump to (?:navigation|search))\s*$"
)
_ANY_TAG = re.compile(r"<[^<>\n]*>")
_ABOUT_HTML = re.compile(
    r"(?i)\b(?:[xs]?html\d?|xml|svg|css|tags?|elements?|markup|hyper ?links?"
    r"|entit(?:y|ies)|escap\w+|web ?pages?)\b"
)


class Markup:
    """Blocks rows with HTML, BBCode or wiki mark-up outside code.

    Where the row is about HTML a tag or an entity is an example, so only tags with attributes
    of a page's layout count, and only from the third.
    """

    name = "markup"

    def check(self, row: Row) -> Fault | None:
        """The first kind of mark-up in instruction, input or output."""
        # Words inside a tag do not say what the text is about.
        words = _ANY_TAG.sub(" ", f"{row['instruction']} {prose(row['output'])}")
        about_html = _ABOUT_HTML.search(words)
        for field in ("instruction", "input", "output"):
            text = prose(row[field])
            attributes = _ATTRIBUTE.findall(text)
            tags = [found[0] for found in _TAG.finditer(text)]
            if len(attributes) >= 3 or (tags and not about_html):
                return Fault("html", f"{field}: {(tags or attributes)[0][:80]}")
            entity = _ENTITY.search(text)
            if entity and not about_html:
                return Fault("html entities", f"{field}: {entity[0]}")
            for reason, pattern in (
                ("bbcode", _BBCODE),
                ("wiki markup", _WIKI),
                ("page furniture", _PAGE_FURNITURE),
            ):
                found = pattern.search(text)
                if found:
                    return Fault(reason, f"{field}: {found[0].strip()[:80]}")
        return None
