"""Complete run folders, as a student would hand them in; tests break one thing at a time."""

import json
from collections.abc import Callable
from pathlib import Path

import av
import nbformat
import numpy as np

from tasks.assess.rubrics.rubric import Assignment, Rubric
from tasks.pointers import FilePointer
from tasks.records import write_record

SHA256 = "ab" * 32
WORDS = "The model was asked what nobody had shown it and it gave an answer that was wrong twice. "


def make_submission(folder: Path, rubric: Rubric) -> Path:
    """A submission in which nothing is missing."""
    for assignment in rubric.assignments:
        make_run(folder / (assignment.folder or assignment.id), assignment)
    return folder


def make_run(folder: Path, assignment: Assignment) -> None:
    """One assignment's folder, with a record written as our flows write theirs."""
    folder.mkdir(parents=True)
    for pattern in assignment.files:
        if pattern != "record.json":
            make_file(folder / pattern.replace("*", "made"))
    make_file(folder / "results.md")
    (folder / "failure_cases.csv").write_text("case,why\n1,too dark\n", encoding="utf-8")
    (folder / "reflection.md").write_text(f"# Reflection\n\n{WORDS * 3}\n", encoding="utf-8")
    write_record(
        folder / "record.json",
        flow=assignment.flow,
        command=f"python flows/{assignment.flow}.py",
        config={"stride": 2},
        data=[{"source": "clip.mp4", "licence": "CC0-1.0", "files": [{"sha256": SHA256}]}],
        seed=1,
        timings={"detect": {"seconds": 3.5, "cached": False}},
        metrics={
            "recall": {"value": 0.9, "n": 40, "low": 0.77, "high": 0.96},
            "frames_per_second": 31.0,
        },
        outputs={"results": FilePointer.to(folder / "results.md")},
        warnings=[],
    )
    edit_record(folder, lambda record: record["code"].update(commit="c0ffee1" * 5, dirty=False))


def edit_record(folder: Path, change: Callable[[dict], object]) -> None:
    """Change a run's record."""
    path = folder / "record.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    change(record)
    path.write_text(json.dumps(record), encoding="utf-8")


def make_file(path: Path) -> None:
    """A file that its reader takes for a good one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".mp4":
        make_video(path, seconds=4)
    elif path.suffix == ".ipynb":
        make_notebook(path, [1, 2, 3])
    elif path.suffix == ".md":
        path.write_text(f"# {path.stem}\n\n{WORDS * 10}\n", encoding="utf-8")
    else:
        path.write_text("a,b\n1,2\n", encoding="utf-8")


def make_video(path: Path, seconds: int) -> None:
    """A grey video with one picture a second."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=1)
        stream.width = stream.height = 32
        stream.pix_fmt = "yuv420p"
        picture = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 90, np.uint8), format="rgb24")
        for at in range(seconds):
            picture.pts = at
            container.mux(stream.encode(picture))
        container.mux(stream.encode())


def make_notebook(path: Path, counts: list[int | None], error: str = "", source: str = "") -> None:
    """A notebook whose code cells have these numbers; the last one may end with an error."""
    cells = [nbformat.v4.new_markdown_cell("# Title")]
    for count in counts:
        cells.append(nbformat.v4.new_code_cell(source or "1 + 1", execution_count=count))
    cells.append(nbformat.v4.new_code_cell(""))
    if error:
        cells[-2].outputs = [nbformat.v4.new_output("error", ename=error, evalue="no")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
