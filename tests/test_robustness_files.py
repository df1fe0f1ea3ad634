"""What a killed writer leaves behind is found and removed; what a living one writes is not."""

import subprocess
import sys

import pytest

from tasks.files import UNFINISHED, remove_unfinished, whole_or_nothing
from tasks.locate import PROJECT_ROOT

WRITER = """
import sys, time
from pathlib import Path
from tasks.files import whole_or_nothing
with whole_or_nothing(Path(sys.argv[1])) as temporary:
    temporary.write_text("half")
    print("ready", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def writer(tmp_path):
    """Another process in the middle of writing clips/a.csv below the folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path / "clips" / "a.csv")],
        cwd=PROJECT_ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "ready\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def names(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_a_living_writers_file_stays_and_a_killed_ones_goes(tmp_path, writer):
    (tmp_path / "table.csv").write_text("finished")
    (unfinished,) = (tmp_path / "clips").iterdir()
    assert unfinished.name.startswith(UNFINISHED)
    remove_unfinished(tmp_path)
    assert unfinished.read_text() == "half"
    writer.kill()
    writer.wait()
    remove_unfinished(tmp_path)
    assert names(tmp_path) == ["table.csv"]


def test_what_this_process_writes_stays(tmp_path):
    with whole_or_nothing(tmp_path / "a.csv") as temporary:
        temporary.write_text("whole")
        remove_unfinished(tmp_path)
        assert temporary.read_text() == "whole"
    assert names(tmp_path) == ["a.csv"]


def test_files_of_others_and_folders_stay(tmp_path):
    (tmp_path / ".hidden-a.csv").write_text("mine")
    (tmp_path / f"{UNFINISHED}folder").mkdir()
    remove_unfinished(tmp_path)
    assert names(tmp_path) == [".hidden-a.csv"]
    assert (tmp_path / f"{UNFINISHED}folder").is_dir()


def test_a_folder_that_is_not_there_is_no_error(tmp_path):
    remove_unfinished(tmp_path / "nowhere")


def test_a_writer_that_writes_nothing_is_an_error_and_the_old_file_stays(tmp_path):
    """OpenCV on a full disk removes the file and raises nothing."""
    (tmp_path / "a.jpg").write_text("old")
    with (
        pytest.raises(OSError, match="nothing was written"),
        whole_or_nothing(tmp_path / "a.jpg") as temporary,
    ):
        temporary.unlink()
    assert names(tmp_path) == ["a.jpg"]
    assert (tmp_path / "a.jpg").read_text() == "old"
