"""A full disk, a folder that cannot be written and a failing encoder each get one sentence."""

import os
import subprocess

import numpy as np
import pyarrow as pa
import pytest

from flows.nearmiss import check, nearmiss
from tasks import command_line
from tasks.files import UNFINISHED
from tasks.nearmiss import detection, encode
from tasks.nearmiss.config import NearMissConfig

FILL = "fill"


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 32 MB, or a skip where none may be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = mount("-t", "tmpfs", "-o", "size=32m", "tmpfs", folder)
    if mounted.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)  # noqa: S607


def mount(*arguments):
    try:
        return subprocess.run(
            ["mount", *arguments],  # noqa: S607
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        pytest.skip("there is no mount command here")


def leave_free(disk, size):
    """Fill the disk up to this many bytes."""
    (disk / FILL).unlink(missing_ok=True)
    state = os.statvfs(disk)
    with open(disk / FILL, "wb") as file:
        file.truncate(0)
        os.posix_fallocate(file.fileno(), 0, state.f_bavail * state.f_frsize - size)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Six seconds of noise, whose annotated video needs megabytes."""
    path = tmp_path_factory.mktemp("clip") / "crossing.mp4"
    random = np.random.default_rng(3)
    with encode.VideoWriter(path, 20, 320, 240) as writer:
        for index in range(120):
            writer.write(random.integers(0, 256, (240, 320, 3), dtype=np.uint8), index / 20)
    return path


def run(capsys, clip, folder):
    """Exit code and what was said on stderr."""
    words = ["--video", str(clip), "--output-dir", str(folder), "--detector", "motion"]
    code = command_line.main(nearmiss, NearMissConfig, check=check, arguments=words)
    return code, capsys.readouterr().err.splitlines()


def contents(folder):
    """Every finished file below a folder with its content."""
    return {
        path.relative_to(folder): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != FILL and ".cache" not in path.parts
    }


@pytest.mark.slow
def test_a_disk_that_fills_up_while_the_video_is_written(small_disk, clip, prefect_server, capsys):
    leave_free(small_disk, 6_500_000)
    code, said = run(capsys, clip, small_disk / "out")
    assert code == 1
    assert said[-1] == (
        f"{small_disk / 'out'}: the disk is full; free some space and run again. "
        "Finished stages are cached."
    )
    assert not any("Traceback" in line for line in said)
    before = contents(small_disk)
    names = {path.name for path in before}
    assert "tracks.parquet" in names
    assert "annotated_video.mp4" not in names
    assert not any(name.startswith(UNFINISHED) for name in names)

    (small_disk / FILL).unlink()
    code, said = run(capsys, clip, small_disk / "out")
    assert code == 0, said
    after = contents(small_disk)
    assert {path: after[path] for path in before} == before
    assert "annotated_video.mp4" in {path.name for path in after}


def test_a_disk_that_is_full_from_the_start(small_disk, clip, prefect_server, capsys):
    leave_free(small_disk, 4096 * 4)
    code, said = run(capsys, clip, small_disk / "out")
    assert code == 1
    assert "the disk is full" in said[-1]
    assert not any(path.name.startswith(UNFINISHED) for path in small_disk.rglob("*"))


@pytest.mark.parametrize("rows", [1_000, 200_000])
def test_a_table_that_finds_no_room_lets_go_of_its_temporary_file(small_disk, rows):
    """Few rows fail when the file is closed, many while they are written."""
    path = small_disk / "detections.parquet"
    path.write_text("old")
    leave_free(small_disk, 4096)
    schema = pa.schema([("x", pa.float64())])
    with pytest.raises(OSError, match="No space left"), detection._table(path, schema) as take:
        take([(number,) for number in np.random.default_rng(1).random(rows).tolist()])
    assert sorted(os.listdir(small_disk)) == sorted([FILL, path.name])
    assert path.read_text() == "old"


def test_a_folder_that_cannot_be_written_is_refused_before_prefect_starts(small_disk, clip, capsys):
    (small_disk / "out").mkdir()
    (small_disk / "out" / "kept.txt").write_text("kept")
    assert mount("-o", "remount,ro", small_disk).returncode == 0
    for folder in (small_disk / "out", small_disk / "new" / "out"):
        code, said = run(capsys, clip, folder)
        assert code == 2
        assert said == [
            f"--output-dir {folder}: cannot be written (Read-only file system); "
            "name another folder."
        ]
    assert (small_disk / "out" / "kept.txt").read_text() == "kept"


def test_an_output_folder_that_is_a_file_is_refused(tmp_path, clip, capsys):
    for folder in (clip, clip / "out"):
        code, said = run(capsys, clip, folder)
        assert code == 2
        assert said == [
            f"--output-dir {folder}: cannot be written (Not a directory); name another folder."
        ]


@pytest.mark.slow
def test_an_encoder_that_fails(tmp_path, clip, prefect_server, capsys, monkeypatch):
    monkeypatch.setattr(encode, "QUALITY", "no such quality")
    code, said = run(capsys, clip, tmp_path / "out")
    assert code == 1
    assert said[-1] == (
        "annotated_video.mp4: the video encoder does not start for pictures of 320x240 "
        "(Invalid argument)."
    )
    assert not any("Traceback" in line for line in said)
    names = {path.name for path in contents(tmp_path / "out")}
    assert "tracks.parquet" in names
    assert "annotated_video.mp4" not in names
    assert not any(name.startswith(UNFINISHED) for name in names)
