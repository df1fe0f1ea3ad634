"""Passwords, keys and tokens in a text."""

import math
import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from tasks.finding import Finding

# Prefixes that the issuers document, so that leaked tokens can be found.
_TOKENS = re.compile(
    r"""(?<![A-Za-z0-9_])(?:
        (?:AKIA|ASIA)[0-9A-Z]{16}(?![0-9A-Za-z])            # AWS access key
      | gh[pousr]_[A-Za-z0-9]{16,} | github_pat_\w{20,}     # GitHub
      | glpat-[\w-]{16,}                                    # GitLab
      | xox[abeoprs]-[\w-]{10,} | xapp-\d-[\w-]{10,}        # Slack
      | sk-(?:[a-z]+-)*[A-Za-z0-9_]{16,}[\w-]*              # OpenAI and others
      | [rsp]k_(?:live|test)_[A-Za-z0-9]{10,}               # Stripe
      | AIza[\w-]{30,} | ya29\.[\w-]{20,}                   # Google
      | hf_[A-Za-z]{30,} | npm_[A-Za-z0-9]{30,} | pypi-[\w-]{40,}
      | SG\.[\w-]{16,}\.[\w-]{16,}                          # SendGrid
      | dop_v1_[0-9a-f]{40,} | shp(?:at|ss|ca)_[0-9a-fA-F]{32}
      | eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}               # JSON web token
    )""",
    re.VERBOSE,
)
_PRIVATE_KEY = re.compile(
    r"(?:^|(?<=[\"'`]))[ \t>]*-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"
    r"(?:.*?-----END (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----|[\s\w+/=:,.-]*)"
    r"|-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----\s*[A-Za-z0-9+/=]{16,}"
    r"[\sA-Za-z0-9+/=]*",
    re.MULTILINE | re.DOTALL,
)
_PUBLIC_BLOCK = re.compile(
    r"-----BEGIN (?![^-]*PRIVATE)[A-Z0-9 ]+-----.*?(?:-----END [A-Z0-9 ]+-----|\Z)", re.DOTALL
)
_IN_ADDRESS = re.compile(
    r"\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@<>]+:(?P<value>[^\s/@<>]+)@", re.IGNORECASE
)
_AUTHORISATION = re.compile(
    r"(?i)\b(?:bearer|basic)\s+(?P<value>[A-Za-z0-9+/._~-]{16,}=*)|\bcurl\b.{0,80}?"
    r"\s-u\s+[\"']?[\w.@-]+:(?P<user>[^\s\"']{4,})"
)
_NAMES = (
    r"(?:pass(?:word|wd|phrase|code)?|pwd|psk|wpa_passphrase|secret|credential|api[_-]?key"
    r"|(?:access|secret|private|account|encryption|auth)[_-]?key|(?:auth|access|refresh|api)?[_-]?token)"
)
_ANY_NAME = re.compile(r"(?i)pass|pwd|psk|secret|credential|key|token")
_ASSIGNED = re.compile(
    rf"(?i)(?<![a-z])(?P<name>{_NAMES})[\"']?\s{{0,3}}(?P<sign>:=|=>|={{1,2}}|:)\s{{0,3}}"
    r"(?:(?P<quote>[\"'`])(?P<quoted>[^\"'`\n]{4,})(?P=quote)|(?P<bare>[^\s\"'`,;<>|&)]{4,}))"
)
_TOLD = re.compile(
    r"(?i)\b(?:password|passphrase|passcode)\s+(?:is|was)\s+(?:now\s+)?(?:set to\s+)?"
    r"[\"'`]?(?P<value>[^\s\"'`]{6,}[^\s\"'`.,;:!?)])"
)
_ON_COMMAND_LINE = re.compile(
    r"(?i)(?:\bmysql(?:dump|admin)?\b[^\n|;]{0,80}?\s-p|\bsshpass\s+-p\s*"
    r"|\bnet\s+user\s+\S+\s+|\bSecureString\s+(?:-String\s+)?)[\"']?(?P<value>[^\s\"'/]{6,})"
)
_PLACEHOLDER_WORDS = re.compile(
    r"(?i)(?:your|my|our|the|some|new|old|any|enter|insert|user|db|root|admin|example|sample|dummy"
    r"|fake|test)[\w .-]*"
    r"|\w*(?:password|passwd|passphrase|secret|passw|token|apikey|api_key|pwd|placeholder|example"
    r"|redacted|changeme|change_me|change-me|replace)\w*(?:here)?\W*"
    r"|pass|guest|pw|none|null|nil|true|false|yes|no|on|off|value|string|text|prompt|ask|stdin|required|empty"
    r"|hidden|encrypted|plain(?:text)?|bearer|oauth2?|basic|file|default|env|unset|foobar|foo|bar"
)
_REFERENCE = re.compile(
    r"^[$%{\[(<*@&]|\(|\)$|\[[\w'\"]*\]|->|::|^\w+\.\w+(?:\.\w+)*$|X{3,}|x{4,}|\.{3}|\*{3}|…"
)
_ALGORITHM = re.compile(
    r"(?i)^(?:sha|md5|aes|rsa|argon|pbkdf|utf|base|x509|ntlm|ipv|tls|wpa|oauth|kerberos|bcrypt"
    r"|scrypt|ssh|\d+[- ])"
)
_LONG = re.compile(r"(?<![\w+/=-])[A-Za-z0-9+/_-]{24,}={0,2}(?![\w+/=])")
_NOT_SECRET_BEFORE = re.compile(
    r"(?i)(?:sha\d*[:-]|md5[:-]|fingerprint[: ]+|ssh-[a-z0-9]+ |ecdsa-[\w-]+ |integrity[\"': =]+"
    r"|://\S*|[\w/.]/)$"
)


def find_credentials(text: str) -> list[Finding]:
    """Secrets in a text, in order of place; some may overlap.

    Kinds: "private key", "token" (by an issuer's prefix), "password" (in an address, assigned,
    or told) and "high-entropy string". What stands for a secret (<password>, $TOKEN, XXXX,
    changeme, AWS's own EXAMPLE key) is none, nor are hashes, fingerprints and public keys.
    """
    found = [Finding("private key", *match.span()) for match in _PRIVATE_KEY.finditer(text)]
    found += [
        Finding("token", *match.span())
        for match in _TOKENS.finditer(text)
        if not _stands_for_a_token(match[0])
    ]
    found += _passwords(text)
    found += _random_strings(text)
    return sorted(found, key=lambda finding: finding.start)


def _stands_for_a_token(token: str) -> bool:
    body = re.split(r"[_-]", token)[-1] or token
    return (
        "EXAMPLE" in token.upper()
        or len(set(body.lower())) <= 3
        or bool(re.search(r"(?i)x{6}", token))
    )


def _passwords(text: str) -> Iterator[Finding]:
    for find in (_in_addresses, _in_authorisations, _on_command_lines, _assigned, _told):
        for start, end in find(text):
            yield Finding("password", start, end)


def _in_addresses(text: str) -> Iterator[tuple[int, int]]:
    for match in _IN_ADDRESS.finditer(text):
        if not _is_placeholder(match["value"]):
            yield match.span("value")


def _in_authorisations(text: str) -> Iterator[tuple[int, int]]:
    for match in _AUTHORISATION.finditer(text):
        group = "value" if match["value"] else "user"
        if not _is_placeholder(match[group]) and (group == "user" or _digits(match[group])):
            yield match.span(group)


def _on_command_lines(text: str) -> Iterator[tuple[int, int]]:
    for match in _ON_COMMAND_LINE.finditer(text):
        if _mixed(match["value"]) and not _is_placeholder(match["value"]):
            yield match.span("value")


def _assigned(text: str) -> Iterator[tuple[int, int]]:
    if not _ANY_NAME.search(text):
        return
    for match in _ASSIGNED.finditer(text):
        group = "quoted" if match["quoted"] else "bare"
        value = match[group].rstrip(".,;:?")
        if _is_placeholder(value) or len(value) < 4 or " " in value:
            continue
        # After a colon prose may follow: only what is no word is a password there.
        is_prose = match["sign"] == ":" and group == "bare"
        is_word = not (_mixed(value) or re.fullmatch(r"\d{5,}", value)) or _ALGORITHM.match(value)
        if is_prose and is_word:
            continue
        if match["name"].lower().endswith(("key", "token")) and not _digits(value):
            continue
        yield match.start(group), match.start(group) + len(value)


def _told(text: str) -> Iterator[tuple[int, int]]:
    if not _ANY_NAME.search(text):
        return
    for match in _TOLD.finditer(text):
        value = match["value"]
        if _mixed(value) and not _ALGORITHM.match(value) and not _is_placeholder(value):
            yield match.span("value")


def _is_placeholder(value: str) -> bool:
    return bool(
        _REFERENCE.search(value)
        or _PLACEHOLDER_WORDS.fullmatch(value)
        or re.fullmatch(r"[A-Z_]+|[*x._-]+|(.)\1+", value)
    )


def _digits(value: str) -> bool:
    return bool(re.search(r"\d", value))


def _mixed(value: str) -> bool:
    """Whether it has letters and besides digits or marks as words have none."""
    letters = any(char.isalpha() for char in value)
    return letters and (_digits(value) or bool(re.search(r"\w[!$%^&*#@+?]+\w", value)))


def _random_strings(text: str) -> Iterator[Finding]:
    """Long runs of mixed characters that neither words nor hashes have."""
    public = [match.span() for match in _PUBLIC_BLOCK.finditer(text)]
    for match in _LONG.finditer(text):
        start, end = match.span()
        if any(low <= start < high for low, high in public):
            continue
        if _NOT_SECRET_BEFORE.search(text[max(0, start - 200) : start]):
            continue
        if _looks_random(match[0].rstrip("=")):
            yield Finding("high-entropy string", start, end)


def _looks_random(value: str) -> bool:
    if re.search(r"[0-9a-f]{24,}|[0-9A-F]{24,}", value):
        return False
    classes = [0 if c.islower() else 1 if c.isupper() else 2 if c.isdigit() else 3 for c in value]
    if not {0, 1, 2} <= set(classes) or classes.count(2) < 3 or classes.count(3) > len(value) / 6:
        return False
    counts = Counter(value)
    entropy = -sum(n / len(value) * math.log2(n / len(value)) for n in counts.values())
    changes = sum(a != b for a, b in pairwise(classes)) / (len(value) - 1)
    return entropy >= 3.8 and changes >= 0.42
