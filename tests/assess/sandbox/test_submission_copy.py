"""What of a submission is copied, and what is refused."""

import os
import socket
from pathlib import Path

import pytest

from tasks.assess.sandbox import submission_copy
from tasks.assess.sandbox.submission_copy import SubmissionRefused, copy_submission


@pytest.fixture
def submission(tmp_path: Path) -> Path:
    folder = tmp_path / "student"
    (folder / "core").mkdir(parents=True)
    (folder / "core" / "tensor.py").write_text("class Tensor: ...")
    (folder / "build.py").write_text("import core")
    return folder


def copied_files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_regular_files_are_copied(submission: Path, tmp_path: Path) -> None:
    told = copy_submission(submission, tmp_path / "copy")
    assert copied_files(tmp_path / "copy") == ["build.py", "core/tensor.py"]
    assert (tmp_path / "copy" / "core" / "tensor.py").read_text() == "class Tensor: ..."
    assert (told.files, told.size, told.left_out) == (2, 28, [])


def test_links_pipes_and_sockets_are_left_out(submission: Path, tmp_path: Path) -> None:
    (tmp_path / "key").mkdir()
    (tmp_path / "key" / "answers.txt").write_text("seven")
    (submission / "file_link").symlink_to(tmp_path / "key" / "answers.txt")
    (submission / "core" / "folder_link").symlink_to(tmp_path / "key")
    (submission / "circle").symlink_to(submission)
    (submission / "dangling").symlink_to("nowhere")
    os.mkfifo(submission / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(submission / "socket"))
        told = copy_submission(submission, tmp_path / "copy")
    assert copied_files(tmp_path / "copy") == ["build.py", "core/tensor.py"]
    assert sorted(told.left_out) == [
        "circle",
        "core/folder_link",
        "dangling",
        "file_link",
        "pipe",
        "socket",
    ]


def test_what_others_left_behind_is_skipped(submission: Path, tmp_path: Path) -> None:
    for name in ("__pycache__/tensor.cpython-311.pyc", ".git/config", "core/old.pyc"):
        (submission / name).parent.mkdir(exist_ok=True)
        (submission / name).write_text("x")
    copy_submission(submission, tmp_path / "copy")
    assert copied_files(tmp_path / "copy") == ["build.py", "core/tensor.py"]


def test_a_link_in_place_of_the_folder_is_refused(submission: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(submission)
    with pytest.raises(SubmissionRefused, match="no folder of its own"):
        copy_submission(tmp_path / "link", tmp_path / "copy")


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SubmissionRefused, match="nobody"):
        copy_submission(tmp_path / "nobody", tmp_path / "copy")


@pytest.mark.parametrize(
    ("limit", "value", "said"),
    [
        ("MOST_FILES", 1, "more than 1 files"),
        ("MOST_BYTES", 20, "larger than"),
        ("DEEPEST", 0, "deep: core"),
    ],
)
def test_limits(
    submission: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    limit: str,
    value: int,
    said: str,
) -> None:
    monkeypatch.setattr(submission_copy, limit, value)
    with pytest.raises(SubmissionRefused, match=said):
        copy_submission(submission, tmp_path / "copy")


def test_a_sparse_file_of_ten_gigabytes_is_refused_early(submission: Path, tmp_path: Path) -> None:
    with open(submission / "weights.npz", "wb") as file:
        file.truncate(10 * 1024**3)
    with pytest.raises(SubmissionRefused, match="larger than 300 MB"):
        copy_submission(submission, tmp_path / "copy")
    assert not (tmp_path / "copy" / "weights.npz").exists()
