"""Content hashes, and writes that leave either the whole new file or the old one."""

import hashlib
import json
import os

import pytest

from tasks.files import sha256_of, whole_or_nothing, write_json, write_text


@pytest.mark.parametrize("content", [b"", b"abc", bytes(range(256)) * 5000])
def test_sha256_is_that_of_the_content(tmp_path, content):
    path = tmp_path / "file.bin"
    path.write_bytes(content)
    assert sha256_of(path) == hashlib.sha256(content).hexdigest()


def test_a_finished_block_replaces_the_file(tmp_path):
    path = tmp_path / "table.parquet"
    path.write_text("old")
    with whole_or_nothing(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert os.listdir(tmp_path) == ["table.parquet"]


def test_the_temporary_file_lies_beside_the_target_and_keeps_its_suffix(tmp_path):
    path = tmp_path / "new" / "folder" / "video.mp4"
    with whole_or_nothing(path) as temporary:
        assert temporary.parent == path.parent
        assert temporary.suffix == ".mp4"
        assert temporary.name.startswith(".")


def fail_half_way(path, error):
    with whole_or_nothing(path) as temporary:
        temporary.write_text("half")
        raise error


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_in_the_block_leaves_the_old_file_and_no_temporary(tmp_path, error):
    path = tmp_path / "table.csv"
    path.write_text("old")
    with pytest.raises(error):
        fail_half_way(path, error)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["table.csv"]


def test_an_error_in_the_block_leaves_nothing_where_nothing_was(tmp_path):
    with pytest.raises(KeyError):
        fail_half_way(tmp_path / "a.csv", KeyError)
    assert os.listdir(tmp_path) == []


def test_a_target_that_is_a_folder_leaves_no_temporary(tmp_path):
    (tmp_path / "target").mkdir()
    with pytest.raises(OSError, match="target"), whole_or_nothing(tmp_path / "target"):
        pass
    assert os.listdir(tmp_path) == ["target"]


@pytest.mark.parametrize(
    ("umask", "permissions"), [(0o022, 0o644), (0o027, 0o640), (0o077, 0o600), (0o000, 0o666)]
)
def test_permission_bits_follow_the_umask(tmp_path, umask, permissions):
    before = os.umask(umask)
    try:
        write_text(tmp_path / "file.txt", "x")
        assert os.umask(umask) == umask, "the umask itself must stay"
    finally:
        os.umask(before)
    assert (tmp_path / "file.txt").stat().st_mode & 0o777 == permissions


def test_the_umask_is_read_without_being_set(tmp_path, monkeypatch):
    """It is one for all threads: two that set it and set it back may leave the other's value."""
    monkeypatch.setattr(os, "umask", lambda mask: pytest.fail(f"the umask was set to {mask:o}"))
    write_text(tmp_path / "file.txt", "x")


def test_text_is_utf8(tmp_path):
    write_text(tmp_path / "file.txt", "Größe 字\n")
    assert (tmp_path / "file.txt").read_bytes() == "Größe 字\n".encode()


def test_json_comes_back_as_it_went_in(tmp_path):
    value = {"name": "Kreuzung Süd", "rows": [1, 2.5, None, True], "nested": {"a": []}}
    write_json(tmp_path / "file.json", value)
    text = (tmp_path / "file.json").read_text(encoding="utf-8")
    assert json.loads(text) == value
    assert "Süd" in text
    assert text.endswith("}\n")


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_json_lacks_is_refused_and_the_old_file_kept(tmp_path, number):
    path = tmp_path / "file.json"
    write_json(path, {"rate": 0.5})
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(path, {"rate": number})
    assert json.loads(path.read_text()) == {"rate": 0.5}
    assert os.listdir(tmp_path) == ["file.json"]
