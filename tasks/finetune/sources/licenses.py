"""Which licences a source's rows may have."""

import re
from collections.abc import Sequence

_NOTE = re.compile(r"\s+\([^()]*\)$")  # "GPL-2.0-or-later (OpenSSL exception)"


def is_allowed(license: str, allowed: Sequence[str]) -> bool:
    """Whether a licence is in the list, as it stands or read as an SPDX-like expression.

    A note in brackets behind it is set aside; of "A OR B" one must be allowed, of "A AND B" both;
    "A WITH exception" is allowed where A is, since an exception only permits more. Case does not
    count. Anything else in brackets must be in the list as it stands.
    """
    known = {_normal(name) for name in allowed}
    whole = _normal(license)
    if whole in known:
        return True
    expression = _normal(_NOTE.sub("", license.strip()))
    if not expression or "(" in expression:
        return False
    return any(
        all(_single_is_allowed(part, known) for part in alternative.split(" and "))
        for alternative in expression.split(" or ")
    )


def _single_is_allowed(license: str, known: set[str]) -> bool:
    return license.strip() in known or license.partition(" with ")[0].strip() in known


def _normal(license: str) -> str:
    return " ".join(license.lower().split())
