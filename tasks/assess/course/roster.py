"""Who is in a class: a folder with one submission folder a student, or a CSV that names them."""

import csv
import io
import unicodedata
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from tasks.errors import BadInput

COLUMNS = ("student", "name", "folder", "email", "consent", "extension", "submitted")
YES = {"yes", "y", "true", "1"}
NO = {"no", "n", "false", "0", ""}
LONGEST_NAME = 120
LARGEST_ROSTER_BYTES = 10 * 1024**2


class Student(BaseModel):
    """A student of a class.

    Attributes:
        student: the id in every report, grade and file.
        name: for people; the id where none is given.
        folder: of the submission; None where nothing is handed in.
        consent: whether the roster says that work may be shared; None where it says nothing.
        extension: days more than the others have.
        submitted: when the work was handed in, as the roster says; without an offset in the
            course's zone.
    """

    model_config = ConfigDict(frozen=True)

    student: str
    name: str
    folder: Path | None = None
    email: str = ""
    consent: bool | None = None
    extension: int = Field(default=0, ge=0, le=365)
    submitted: datetime | None = None


class Roster(BaseModel):
    """A class, in the order of its students' ids.

    Attributes:
        warnings: what was left out, and why.
    """

    model_config = ConfigDict(frozen=True)

    students: list[Student]
    warnings: list[str] = []

    def find(self, student: str) -> Student:
        """One student.

        Raises:
            BadInput: nobody has this id.
        """
        found = next((one for one in self.students if one.student == student), None)
        if found is None:
            some = ", ".join(one.student for one in self.students[:10])
            more = ", …" if len(self.students) > 10 else ""
            raise BadInput(f"There is no student '{student}' in the class ({some}{more}).")
        return found


def read_roster(path: Path) -> Roster:
    """The class that a folder or a CSV names.

    Raises:
        BadInput: it does not exist, names nobody, or names somebody twice.
    """
    if path.is_dir():
        students, warnings = _of_folder(path)
    elif path.is_file():
        students, warnings = _of_csv(path)
    else:
        raise BadInput(
            f"{path}: there is no such class; give a folder with one submission folder a student, "
            "or a CSV with a column 'student'."
        )
    if not students:
        raise BadInput(f"{path}: names no student.")
    _refuse_alike(path, students)
    return Roster(students=sorted(students, key=lambda one: one.student), warnings=warnings)


def _of_folder(path: Path) -> tuple[list[Student], list[str]]:
    students, warnings = [], []
    for entry in sorted(path.iterdir()):
        if entry.name.startswith((".", "__")):
            continue
        if entry.is_symlink():
            warnings.append(f"{entry.name!r} is a link and was left out.")
        elif not entry.is_dir():
            warnings.append(f"{entry.name!r} is no folder and was left out.")
        elif _complaint(entry.name):
            warnings.append(f"{entry.name!r} was left out: {_complaint(entry.name)}.")
        else:
            students.append(Student(student=entry.name, name=entry.name, folder=entry))
    return students, warnings


def _of_csv(path: Path) -> tuple[list[Student], list[str]]:
    rows = _rows(path)
    header = [cell.strip().casefold() for cell in rows[0][1]] if rows else []
    if "student" not in header:
        raise BadInput(
            f"{path}: has no column 'student' in its first line; columns are "
            f"student, and where wanted {', '.join(COLUMNS[1:])}."
        )
    twice = next((name for name in header if name in COLUMNS and header.count(name) > 1), None)
    if twice:
        raise BadInput(f"{path}: has two columns '{twice}'.")
    students = []
    for line, cells in rows[1:]:
        if len(cells) > len(header):
            raise BadInput(f"{path}, line {line}: has more cells than the first line has columns.")
        values = dict(zip(header, (cell.strip() for cell in cells), strict=False))
        students.append(_student(path, line, values))
    unknown = [name for name in header if name and name not in COLUMNS]
    return students, [f"Column {name!r} of {path.name} is not used." for name in unknown]


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """(line, cells) of every line that is not empty."""
    if path.stat().st_size > LARGEST_ROSTER_BYTES:
        raise BadInput(f"{path}: is too large for a roster.")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: is not UTF-8 text; save it as CSV in UTF-8.") from error
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror}).") from error
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        return [(reader.line_num, cells) for cells in reader if any(map(str.strip, cells))]
    except csv.Error as error:
        raise BadInput(f"{path}, line {reader.line_num}: is not valid CSV ({error}).") from error


def _student(path: Path, line: int, values: dict[str, str]) -> Student:
    student = values.get("student", "")
    complaint = _complaint(student)
    if complaint:
        raise BadInput(f"{path}, line {line}: the student {student!r} cannot stand: {complaint}.")
    return Student(
        student=student,
        name=values.get("name") or student,
        folder=_folder(path, line, values.get("folder") or student),
        email=values.get("email", ""),
        consent=_consent(path, line, values["consent"]) if values.get("consent") else None,
        extension=_extension(path, line, values.get("extension", "")),
        submitted=_submitted(path, line, values.get("submitted", "")),
    )


def _folder(path: Path, line: int, named: str) -> Path | None:
    """The submission's folder, None where it is not there; relative ones stay beside the CSV."""
    here = path.parent.resolve()
    try:
        given = Path(named).expanduser()
    except RuntimeError:
        raise BadInput(
            f"{path}, line {line}: the folder {named!r} begins with nobody's home."
        ) from None
    folder = given if given.is_absolute() else here / given
    if not given.is_absolute() and not folder.resolve().is_relative_to(here):
        raise BadInput(
            f"{path}, line {line}: the folder {named!r} leads out of {here}; give a folder beside "
            "the roster, or an absolute one."
        )
    if folder.is_symlink():
        raise BadInput(f"{path}, line {line}: the folder {named!r} is a link; give what it means.")
    return folder if folder.is_dir() else None


def _consent(path: Path, line: int, said: str) -> bool:
    if said.casefold() in YES:
        return True
    if said.casefold() in NO:
        return False
    raise BadInput(f"{path}, line {line}: consent {said!r} is neither yes nor no.")


def _extension(path: Path, line: int, said: str) -> int:
    if not said:
        return 0
    if not (said.isascii() and said.isdecimal() and int(said) <= 365):
        raise BadInput(f"{path}, line {line}: extension {said!r} is no number of days (0 to 365).")
    return int(said)


def _submitted(path: Path, line: int, said: str) -> datetime | None:
    try:
        return datetime.fromisoformat(said) if said else None
    except ValueError as error:
        raise BadInput(
            f"{path}, line {line}: submitted {said!r} is no time like 2027-01-31 18:00."
        ) from error


def _complaint(student: str) -> str:
    """Why an id cannot stand in paths, tables and pages; empty where it can."""
    if not student:
        return "it is empty"
    if len(student) > LONGEST_NAME:
        return f"it is longer than {LONGEST_NAME} characters"
    if student.startswith((".", "-", "~")):
        return "it begins with '.', '-' or '~'"
    if "/" in student or "\\" in student:
        return "it contains a slash"
    if any(unicodedata.category(one)[0] == "C" for one in student):
        return "it contains characters that cannot be seen"
    return ""


def _refuse_alike(path: Path, students: list[Student]) -> None:
    """Refuse ids that read the same, and two students with one folder."""
    seen: dict[str, str] = {}
    for one in students:
        key = unicodedata.normalize("NFKC", one.student).casefold()
        if key in seen:
            raise BadInput(f"{path}: names {one.student!r} twice (also as {seen[key]!r}).")
        seen[key] = one.student
    folders: dict[Path, str] = {}
    for one in students:
        if one.folder is None:
            continue
        real = one.folder.resolve()
        if real in folders:
            raise BadInput(
                f"{path}: {folders[real]!r} and {one.student!r} have the same folder {one.folder}."
            )
        folders[real] = one.student
