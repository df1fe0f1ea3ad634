"""Writes the class into a folder."""

import csv
from collections.abc import Iterable
from pathlib import Path

from made_class.expected import CLASS, Member

ROSTER = "roster.csv"


def write_class(folder: Path, members: Iterable[Member] = CLASS) -> dict[str, Path]:
    """One submission folder a student, and a roster; the folders by the students' names."""
    folder.mkdir(parents=True, exist_ok=True)
    folders = {}
    with open(folder / ROSTER, "w", newline="", encoding="utf-8") as file:
        roster = csv.writer(file)
        roster.writerow(("student", "folder"))
        for member in members:
            folders[member.student] = folder / member.folder
            member.write(folders[member.student])
            roster.writerow((member.student, member.folder))
    return folders
