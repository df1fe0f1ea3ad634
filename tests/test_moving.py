"""A file is moved, and nothing that is there is overwritten."""

import errno
from pathlib import Path

import pytest

from tasks.moving import move_into


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "in" / "clip.mp4"
    path.parent.mkdir()
    path.write_text("new")
    return path


def texts(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_it_keeps_its_name_where_that_is_free(tmp_path, source):
    assert move_into(tmp_path / "a" / "b", source) == tmp_path / "a" / "b" / "clip.mp4"
    assert texts(tmp_path / "a" / "b") == {"clip.mp4": "new"}
    assert not source.exists()


def test_what_is_there_stays_and_the_name_gets_a_number(tmp_path, source):
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "clip.mp4").write_text("old")
    (folder / "clip-2.mp4").write_text("older")
    assert move_into(folder, source) == folder / "clip-3.mp4"
    expected = {"clip.mp4": "old", "clip-2.mp4": "older", "clip-3.mp4": "new"}
    assert texts(folder) == expected


def test_a_note_lies_beside_it_and_overwrites_no_older_note(tmp_path, source):
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "clip.mp4.txt").write_text("of a video that somebody took away")
    assert move_into(folder, source, "why") == folder / "clip-2.mp4"
    assert texts(folder) == {
        "clip.mp4.txt": "of a video that somebody took away",
        "clip-2.mp4": "new",
        "clip-2.mp4.txt": "why",
    }


def test_a_file_that_vanished_leaves_nothing(tmp_path, source):
    source.unlink()
    assert move_into(tmp_path / "out", source, "why") is None
    assert texts(tmp_path / "out") == {}


def test_a_move_that_fails_leaves_the_file_where_it_was(tmp_path, source, monkeypatch):
    def refuse(self, target):
        raise PermissionError(errno.EACCES, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", refuse)
        with pytest.raises(PermissionError):
            move_into(tmp_path / "out", source)
    assert texts(tmp_path / "out") == {}
    assert source.read_text() == "new"


def test_another_file_system_gets_a_whole_copy(tmp_path, source, monkeypatch):
    honest = Path.replace

    def between_devices(self, target):
        if self.parent != Path(target).parent:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return honest(self, target)

    monkeypatch.setattr(Path, "replace", between_devices)
    assert move_into(tmp_path / "out", source) == tmp_path / "out" / "clip.mp4"
    assert texts(tmp_path / "out") == {"clip.mp4": "new"}
    assert not source.exists()


@pytest.mark.parametrize("letter", ["a", "字"])
def test_the_longest_name_still_gets_a_number_and_a_note(tmp_path, source, letter):
    name = letter * (251 // len(letter.encode())) + ".mp4"
    long = source.rename(source.with_name(name))
    move_into(tmp_path / "out", long, "why")
    source.with_name(name).write_text("again")
    moved = move_into(tmp_path / "out", source.with_name(name), "why")
    assert moved.read_text() == "again"
    assert len(list((tmp_path / "out").iterdir())) == 4
