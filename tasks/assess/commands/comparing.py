"""similarity: which submissions have code in common."""

from pathlib import Path

from tasks.assess.classroom import Classroom
from tasks.assess.config import SimilarityOf
from tasks.assess.course.roster import read_roster
from tasks.assess.similarity.ranking import rank
from tasks.assess.similarity.report import write_report
from tasks.runs import Outcome


def similarity(config: SimilarityOf) -> Outcome:
    """Rank pairs, for a person to look at."""
    room = Classroom.enter(config)
    settings = room.course.similarity
    base = config.base_code or _inside(room.course.folder, settings.base_code)
    before = config.previous_year or _inside(room.course.folder, settings.previous_year)
    ranking = rank(
        {one.student: one.folder for one in room.roster.students if one.folder},
        base=[base] if base else [],
        previous=_folders(before) if before else None,
        at_least=config.at_least,
    )
    of = f", {room.course.rubric(config.milestone).title}" if config.milestone else ""
    folder = config.resolved_output_dir() / room.name
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "similarity.html"
    write_report(path, ranking, title=f"{room.course.name}{of}")
    lines = [
        f"{pair.first.name} and {pair.second.name}: {pair.similarity:.0%} in common"
        for pair in ranking.pairs
    ]
    lines += [*ranking.notes, "Code in common has many reasons: look before you judge."]
    return Outcome(lines=[*lines, f"Both sides: {path}"], folder=folder)


def _inside(folder: Path, given: Path | None) -> Path | None:
    return None if given is None else folder / given.expanduser()


def _folders(year: Path) -> dict[str, Path]:
    return {one.student: one.folder for one in read_roster(year).students if one.folder}
