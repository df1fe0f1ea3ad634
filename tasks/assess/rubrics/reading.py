"""Finds rubric files and loads them."""

from collections.abc import Collection, Iterable
from pathlib import Path

from tasks.assess.rubrics.rubric import Criterion, Rubric
from tasks.assess.yaml_file import read_yaml
from tasks.errors import BadInput
from tasks.locate import PROJECT_ROOT

FOLDER = PROJECT_ROOT / "data" / "rubrics"


def read_rubric(path: Path, known_probes: Collection[str] | None = None) -> Rubric:
    """A rubric file.

    Args:
        path: the YAML.
        known_probes: names in the registry; None leaves them unchecked.

    Raises:
        BadInput: it cannot be read, breaks a rule, or names an unknown probe.
    """
    rubric = read_yaml(path, Rubric, "a rubric's keys (id, title, levels, criteria …)")
    if known_probes is not None:
        unknown = [probe for probe in rubric.probes() if probe not in known_probes]
        if unknown:
            raise BadInput(
                f"{path}: there is no probe '{unknown[0]}'; known are "
                f"{', '.join(sorted(known_probes))}."
            )
    return rubric


def find_rubric(name: str, beside: Path | None = None) -> Path:
    """The file of a rubric by its name ("milestone1"), or by its path.

    Args:
        name: without a suffix: in `beside`/rubrics, then in data/rubrics of the project; with
            one: a path from `beside`, or from here.
        beside: the course's folder.

    Raises:
        BadInput: there is none.
    """
    given = Path(name).expanduser()
    if given.suffix in (".yaml", ".yml"):
        tried = [given] if given.is_absolute() or beside is None else [beside / given]
    else:
        folders = [FOLDER] if beside is None else [beside / "rubrics", FOLDER]
        tried = [folder / f"{given.name}.yaml" for folder in folders]
    found = next((path for path in tried if path.is_file()), None)
    if found is None:
        places = " or ".join(str(path) for path in tried)
        raise BadInput(f"There is no rubric '{name}': looked for {places}.")
    return found


def shipped_milestones() -> list[Rubric]:
    """The project's rubrics of numbered milestones, by their numbers."""
    rubrics = [read_rubric(path) for path in sorted(FOLDER.glob("*.yaml"))]
    numbered = [rubric for rubric in rubrics if rubric.milestone is not None]
    return sorted(numbered, key=lambda rubric: rubric.milestone or 0)


def find_criterion(name: str, rubrics: Iterable[Rubric]) -> tuple[Rubric, Criterion]:
    """The criterion that a person names: its id, or milestone and id as "milestone1/architecture".

    Raises:
        BadInput: no rubric has it, or several have.
    """
    rubrics = list(rubrics)
    of, _, wanted = name.rpartition("/")
    found = [
        (rubric, criterion)
        for rubric in rubrics
        for criterion in rubric.criteria
        if criterion.id == wanted and (not of or of == rubric.id)
    ]
    if len(found) == 1:
        return found[0]
    if found:
        several = ", ".join(f"{rubric.id}/{criterion.id}" for rubric, criterion in found)
        raise BadInput(f"Several milestones have a criterion '{name}': give one of {several}.")
    known = ", ".join(
        f"{rubric.id}/{criterion.id}" for rubric in rubrics for criterion in rubric.criteria
    )
    raise BadInput(f"There is no criterion '{name}'; there are {known}.")
