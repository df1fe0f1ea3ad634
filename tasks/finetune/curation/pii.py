"""Personal data and secrets in a text: found, masked, and a filter that blocks rows with them."""

import ipaddress
import re
from collections.abc import Iterator

import phonenumbers
from phonenumbers import Leniency, PhoneNumberMatcher, PhoneNumberType

from tasks.credentials import find_credentials
from tasks.finding import Finding
from tasks.finetune.curation.fault import Fault
from tasks.finetune.curation.prose import word_set
from tasks.finetune.rows import Row

KINDS = (
    "private key",
    "token",
    "password",
    "card number",
    "social security number",
    "e-mail",
    "IP address",
    "phone number",
    "high-entropy string",
)
"""Where two overlap the earlier one of these names both."""

_EMAIL = re.compile(
    r"(?<![\w.+%@/-])[\w.+%'-]{1,64}@(?P<domain>(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})\.)+"
    r"(?P<top>[A-Za-z]{2,24}))(?![\w@-]|\.\w)",
)
_EMAIL_SPELT = re.compile(
    r"\b[\w.+-]{2,64}\s?[\[({<]\s?at\s?[\])}>]\s?(?P<domain>[\w-]+"
    r"(?:(?:\s?[\[({<]\s?dot\s?[\])}>]\s?|\.)[\w-]+)+)",
    re.IGNORECASE,
)
# RFC 2606, 6761, 6762 and 8375, the vendors' made-up companies, and what stands for a name.
_RESERVED = re.compile(
    r"(?i)(?:^|\.)(?:example(?:\.(?:com|org|net|edu))?|test|invalid|localhost|local|localdomain|lan"
    r"|internal|intranet|corp|home|arpa|contoso\.\w+|fabrikam\.\w+|northwindtraders\.com"
    r"|adatum\.com|acme\.(?:com|org)|foo(?:bar)?\.(?:com|org|net|bar)|foo\.bar\.com"
    r"|(?:your|my|some|other|old|new)-?(?:company|domain|site|server|host|org|isp|provider|mail)?"
    r"[\w-]*\.\w+|domain\.(?:com|tld|org)|company\.(?:com|tld)|host\.(?:com|tld|domain))$"
)
# user@2x.png, getty@tty1.service: names of files and units.
_NO_TOP_DOMAIN = word_set(
    """service socket timer mount target device slice png jpg jpeg gif svg webp conf txt sh py js"""
)
_TECHNICAL_USERS = frozenset({"git", "hg", "svn", "cvs", "anoncvs", "anonymous"})

_TWO_DIGITS = re.compile(r"\d\d")
_DIGIT = re.compile(r"\d")
_DIGITS = re.compile(r"(?<![\w.:@#/=-])(?:\+|\(\+?)?\d[\d\s().\-/\u2010-\u2013]{5,22}\d(?![\w@])")
_PHONE_CUE = re.compile(
    r"(?i)(?:\b(?:phone|tel|telephone|telefon|mobile|cell|fax|hotline|whatsapp|sms|text me"
    r"|(?:call|ring|dial|reach|phone)(?:\s+(?:us|him|her|me|them|\w+))?(?:\s+(?:at|on|under))?)"
    r"(?:\s+(?:number|no))?\b[\s.:#-]*)$"
)
_NO_PHONE_BEFORE = re.compile(
    r"(?i)(?:\b(?:kb|version|v|ver|release|build|error|code|event(?:\s+id)?|port|pid|bug|ticket|case"
    r"|issue|id|isbn|rfc|serial|inode|block|sector|size|bytes|offset|key|lba)\b[\s:#=.]*|0x|[#$€£])$"
)
_DATE = re.compile(
    r"(?:19|20)\d\d[-/.](?:0?[1-9]|1[0-2])[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](?:19|20)\d\d"
)
_YEARS = re.compile(r"(?:19|20)\d\d\s*[-\u2013]\s*(?:19|20)\d\d$")
# Numbers that the regulators keep free for fiction: NANPA 555-01XX and Ofcom's drama numbers.
_FICTION = re.compile(
    r"1\d{3}55501\d\d|44(?:1632960|2079460|7700900|8081570|9098790|3069990|1(?:13|14|15|16|17|18|21|31"
    r"|41|51|61)4960|1914980|28964960|29201800)\d{2,3}"
)
_NO_PERSON = (
    PhoneNumberType.TOLL_FREE,
    PhoneNumberType.PREMIUM_RATE,
    PhoneNumberType.SHARED_COST,
    PhoneNumberType.UAN,
)
_NATIONAL = ("US", "GB")

_IPV4 = re.compile(r"(?<![\w.-])(?:\d{1,3}\.){3}\d{1,3}(?![\w-]|\.\d)(?P<prefix>/\d{1,2})?")
_IPV6 = re.compile(r"(?<![\w:.])(?:[0-9A-Fa-f]{1,4}:){2,7}(?::?[0-9A-Fa-f]{1,4}|:)*(?![\w:])")
_VERSION_BEFORE = re.compile(
    r"(?i)(?:\b(?:version|versions|ver|v|release|releases|build|firmware|driver|since|until|before"
    r"|after|upgrade|update|section|chapter|oid|schema)\b[\s:=.]*|[\w)]-|[<>=~^])$"
)
# These may come before a version or an address; a word about addresses nearby decides.
_VERSION_MAYBE_BEFORE = re.compile(r"(?i)\b(?:between|from|to|and|or)\b[\s:=.]*$")
_ADDRESS_WORD = re.compile(
    r"(?i)\b(?:ip|ipv[46]|address|addresses|addr|host|server|gateway|ping|dns|router|subnet|ssh|client"
    r"|tracer(?:t|oute)|nslookup|dig|route|proxy|vpn|from|firewall|interface|inet6?)\b"
)
# Everybody's, so they name nobody: the public resolvers that every guide mentions.
_PUBLIC_RESOLVERS = word_set(
    """8.8.8.8 8.8.4.4 1.1.1.1 1.0.0.1 9.9.9.9 149.112.112.112 208.67.222.222 208.67.220.220
    4.2.2.1 4.2.2.2 1.1.1.2 1.1.1.3 94.140.14.14 94.140.15.15 8.26.56.26 64.6.64.6
    2001:4860:4860::8888 2001:4860:4860::8844 2606:4700:4700::1111 2606:4700:4700::1001
    2620:fe::fe 2620:fe::9 1.2.3.4 4.3.2.1"""
)
_CARD = re.compile(
    r"(?<![\w.-])(?:[3-6]\d{3})(?:([ -]?)\d{4}\1\d{4}\1\d{4}|([ -]?)\d{6}\2\d{5})(?![\w.-]\d|\d)"
)
# The numbers that payment providers publish for trying their forms.
_TEST_CARDS = re.compile(
    r"4242424242424242|4111111111111111|5555555555554444|378282246310005|4012888888881881"
)
_SOCIAL = re.compile(r"(?<![\w-])(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])")
_TEST_SOCIAL = ("123-45-6789", "078-05-1120", "987-65-4321")


def find(text: str) -> list[Finding]:
    """Personal data and secrets in a text, in order of place; overlapping ones are one.

    Kinds are `KINDS`. Not found, because they name nobody: addresses of domains reserved for
    examples, private, documentation and well-known public IP addresses, version numbers, error
    codes, dates, hashes, fictional, toll-free and premium-rate telephone numbers.
    """
    found = find_credentials(text)
    found += _emails(text)
    if _DIGIT.search(text):
        found += _ip_addresses(text)
        found += _cards(text)
        found += [
            Finding("social security number", *match.span())
            for match in _SOCIAL.finditer(text)
            if match[0] not in _TEST_SOCIAL
        ]
        found += _phones(text)
    outermost: list[Finding] = []
    for finding in sorted(found, key=lambda each: each.start):
        if not outermost or finding.start >= outermost[-1].end:
            outermost.append(finding)
            continue
        last = outermost[-1]
        kind = min(last.kind, finding.kind, key=KINDS.index)
        outermost[-1] = Finding(kind, last.start, max(last.end, finding.end))
    return outermost


def masked(text: str) -> str:
    """The text with each finding replaced by its kind in square brackets."""
    parts, end = [], 0
    for finding in find(text):
        parts += [text[end : finding.start], f"[{finding.kind}]"]
        end = finding.end
    return "".join([*parts, text[end:]])


class PersonalData:
    """Blocks rows that hold personal data or a secret.

    Blocked, not masked: a model should learn neither the data nor to write "[e-mail]".
    """

    name = "pii"

    def check(self, row: Row) -> Fault | None:
        """The kind of the first finding; the value names only kinds and counts."""
        for field in ("instruction", "input", "output"):
            findings = find(row[field])
            if findings:
                kinds = sorted({finding.kind for finding in findings})
                return Fault(findings[0].kind, f"{field}: {len(findings)} ({', '.join(kinds)})")
        return None


def _emails(text: str) -> Iterator[Finding]:
    for match in _EMAIL.finditer(text):
        user = match[0].split("@")[0].lower()
        if user in _TECHNICAL_USERS or match["top"].lower() in _NO_TOP_DOMAIN:
            continue
        if not _RESERVED.search(match["domain"]):
            yield Finding("e-mail", *match.span())
    for match in _EMAIL_SPELT.finditer(text):
        domain = re.sub(r"(?i)\s?[\[({<]\s?dot\s?[\])}>]\s?", ".", match["domain"])
        if "." in domain and not _RESERVED.search(domain):
            yield Finding("e-mail", *match.span())


def _phones(text: str) -> Iterator[Finding]:
    for match in _DIGITS.finditer(text):
        start, end = match.span()
        number = match[0]
        digits = re.sub(r"\D", "", number)
        before = text[max(0, start - 40) : start]
        if (
            not 7 <= len(digits) <= 17
            or "\n" in number
            or not _TWO_DIGITS.search(number)
            or _NO_PHONE_BEFORE.search(before)
        ):
            continue
        if _IPV4.search(number) or _SOCIAL.search(number) or _is_date(number):
            continue
        if _is_telephone(number, bool(_PHONE_CUE.search(before))):
            yield Finding("phone number", start, end)


def _is_date(number: str) -> bool:
    return bool(_DATE.search(number) or _YEARS.match(number))


def _is_telephone(number: str, told: bool) -> bool:
    """Whether a run of digits is somebody's number.

    International ones with a plus must be valid; national ones, of the countries in `_NATIONAL`,
    must be valid and written in that country's groups; where the text says that a number
    follows, a written one of plausible length is enough.
    """
    number = number.strip()
    plus = "+" in number[:2]
    separated = bool(re.search(r"\d[\s().\-/]+\d", number))
    for region in (None,) if plus else _NATIONAL:
        if not plus and not separated:
            break
        leniency = Leniency.VALID if plus else Leniency.STRICT_GROUPING
        for found in PhoneNumberMatcher(number, region, leniency=leniency):
            kind = phonenumbers.number_type(found.number)
            whole = f"{found.number.country_code}{found.number.national_number}"
            return kind not in _NO_PERSON and not _FICTION.fullmatch(whole)
    if not told or not (plus or separated or number.startswith("0")):
        return False
    digits = re.sub(r"\D", "", number)
    return not re.match(r"1?8(?:00|88|77|66|55|44|33)|0?800|\d{3}555\d{4}$|555\d{4}$", digits)


def _ip_addresses(text: str) -> Iterator[Finding]:
    for match in _IPV4.finditer(text):
        address = match[0].split("/")[0]
        before = text[max(0, match.start() - 60) : match.start()]
        version = _VERSION_BEFORE.search(before) or (
            _VERSION_MAYBE_BEFORE.search(before) and not _ADDRESS_WORD.search(before[-25:])
        )
        if match["prefix"] or version or address.endswith((".0", ".255")):
            continue
        if _names_a_host(address):
            yield Finding("IP address", match.start(), match.start() + len(address))
    for match in _IPV6.finditer(text):
        if (
            len(match[0]) >= 6
            and "/" not in text[match.end() : match.end() + 1]
            and _names_a_host(match[0])
        ):
            yield Finding("IP address", *match.span())


def _names_a_host(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return parsed.is_global and not parsed.is_multicast and str(parsed) not in _PUBLIC_RESOLVERS


def _cards(text: str) -> Iterator[Finding]:
    for match in _CARD.finditer(text):
        digits = re.sub(r"\D", "", match[0])
        if _luhn(digits) and len(set(digits)) > 2 and not _TEST_CARDS.fullmatch(digits):
            yield Finding("card number", *match.span())


def _luhn(digits: str) -> bool:
    """The check digit of payment cards (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
