"""Names of students that are none."""

from pathlib import Path

import pytest

from tasks.assess.sandbox.names import safe_name

TRICKS = [
    "",
    ".",
    "..",
    "../../etc/passwd",
    "/etc/passwd",
    "..\\..\\windows",
    "a/b",
    "a\x00b",
    "line\nbreak",
    "-rf",
    "~root",
    "$(reboot)",
    "; rm -rf .",
    ".hidden",
    "con",
    "NUL.txt",
    "x" * 5000,
    "\u2025/\uff0e\uff0e\uff0fup",
    "right\u202eleft",
    "=cmd()",
    "\ud800",
]


@pytest.mark.parametrize("name", TRICKS)
def test_a_trick_becomes_one_harmless_part_of_a_path(name: str, tmp_path: Path) -> None:
    made = safe_name(name)
    path = tmp_path / made
    path.write_text("graded")
    assert [one.name for one in tmp_path.iterdir()] == [made]
    assert path.resolve().parent == tmp_path.resolve()
    assert not made.startswith((".", "-", "="))
    assert len(made.encode()) < 255


def test_tricks_do_not_meet() -> None:
    assert len({safe_name(name) for name in [*TRICKS, "a_b", "x" * 4999]}) == len(TRICKS) + 2


@pytest.mark.parametrize("name", ["ada", "Grace.Hopper", "müller_2", "李雷", "s-123"])
def test_an_ordinary_name_stays(name: str) -> None:
    assert safe_name(name) == name


def test_a_name_with_a_space_stays_readable() -> None:
    assert safe_name("Ada Lovelace").startswith("Ada_Lovelace-")
