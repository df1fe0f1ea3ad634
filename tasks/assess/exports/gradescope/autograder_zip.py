"""The zip that an instructor uploads as a Gradescope autograder."""

import json
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tasks.assess.exports.gradescope import lookup
from tasks.assess.exports.gradescope.results_json import results_json
from tasks.assess.results import MilestoneResult
from tasks.errors import BadInput
from tasks.files import whole_or_nothing

# Without a Python of its own a base image has one that apt brings.
SETUP = """#!/usr/bin/env bash
set -e
command -v python3 > /dev/null || { apt-get update && apt-get install -y python3; }
"""
RUN = """#!/usr/bin/env bash
root="${AUTOGRADER_ROOT:-/autograder}"
exec python3 "$root/source/lookup.py"
"""
# So that the same grades give the same bytes.
MOMENT = (1980, 1, 1, 0, 0, 0)
PLAIN, EXECUTABLE = 0o644, 0o755


@dataclass(frozen=True)
class Packed:
    """What is in the zip.

    Attributes:
        graded: students whose grade it hands out.
        left_out: students for whom there is no score, or no folder.
        alike: groups of students who handed in the same files and have different scores. A
            lookup by files cannot tell them apart, so none of them is handed a grade.
    """

    graded: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    alike: list[list[str]] = field(default_factory=list)


def write_autograder(
    path: Path, results: Iterable[MilestoneResult], submissions: Mapping[str, Path]
) -> Packed:
    """Write the autograder of one milestone.

    It holds no student's name: grades are named by what the submission holds.

    Args:
        path: of the zip.
        results: of one milestone, one a student.
        submissions: student to the folder that was graded.

    Raises:
        BadInput: the results are of several milestones.
    """
    results = sorted(results, key=lambda one: one.student)
    milestones = sorted({one.milestone for one in results})
    if len(milestones) > 1:
        raise BadInput(
            f"A Gradescope autograder is for one milestone, and these grades are of "
            f"{', '.join(milestones)}: name one with --milestone."
        )
    packed, by_key, grades = Packed(), defaultdict(dict), {}
    for result in results:
        content = results_json(result)
        folder = submissions.get(result.student)
        if content is None or folder is None or not folder.is_dir():
            packed.left_out.append(result.student)
            continue
        by_key[lookup.submission_key(folder)][result.student] = content
    for key, handed_in in by_key.items():
        if len({content["score"] for content in handed_in.values()}) > 1:
            packed.alike.append(sorted(handed_in))
            continue
        grades[key] = next(iter(handed_in.values()))
        packed.graded.extend(handed_in)
    packed.graded.sort()
    with whole_or_nothing(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        _add(archive, "setup.sh", SETUP, EXECUTABLE)
        _add(archive, "run_autograder", RUN, EXECUTABLE)
        _add(archive, "lookup.py", Path(lookup.__file__).read_text(encoding="utf-8"), PLAIN)
        for key in sorted(grades):
            text = json.dumps(grades[key], indent=1, ensure_ascii=False, allow_nan=False)
            _add(archive, f"grades/{key}.json", text, PLAIN)
    return packed


def _add(archive: zipfile.ZipFile, name: str, text: str, mode: int) -> None:
    entry = zipfile.ZipInfo(name, MOMENT)
    entry.external_attr = (0o100000 | mode) << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, text)
