"""Licences as they are written in the wild against a list of allowed ones."""

import pytest

from tasks.finetune.sources.licenses import is_allowed

ALLOWED = ["MIT", "GPL-2.0-only", "curl", "Public domain", "Vim (as stated)"]


@pytest.mark.parametrize(
    "license",
    [
        "MIT",
        "mit",
        " MIT ",
        "MIT OR Proprietary",
        "Proprietary or MIT",
        "MIT AND GPL-2.0-only",
        "curl (MIT-like)",
        "GPL-2.0-only WITH Classpath-exception-2.0",
        "public  domain",
        "Vim (as stated)",
    ],
)
def test_allowed(license):
    assert is_allowed(license, ALLOWED)


@pytest.mark.parametrize(
    "license",
    [
        "",
        "MIT-0",
        "GPL-2.0-or-later",
        "MIT AND Proprietary",
        "Proprietary (MIT)",
        "Vim",
        "(MIT OR Proprietary) AND Other",
        "Summit",
        "MIT, but not for war",
    ],
)
def test_not_allowed(license):
    assert not is_allowed(license, ALLOWED)
