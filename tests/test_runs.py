"""The folder of a run belongs to one input."""

import json

import pytest

from tasks.runs import folder_for

SHA, OTHER = "a" * 64, "b" * 64


def test_a_fresh_name_gets_a_folder_of_that_name(tmp_path):
    assert folder_for(tmp_path, "crossing", SHA) == tmp_path / "crossing"
    assert not (tmp_path / "crossing").exists()


@pytest.mark.parametrize(
    ("owner", "name"), [(SHA, "crossing"), (OTHER, f"crossing-{SHA[:8]}")], ids=["same", "other"]
)
def test_a_taken_folder_is_used_again_by_the_same_input_only(tmp_path, owner, name):
    (tmp_path / "crossing").mkdir()
    record = {"flow": "nearmiss", "data": [{"sha256": owner}]}
    (tmp_path / "crossing" / "record.json").write_text(json.dumps(record))
    assert folder_for(tmp_path, "crossing", SHA) == tmp_path / name


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'{"data": [{"sha',
        b"\xff\xfe\x00",
        b"{}",
        b"[]",
        b"null",
        b'{"data": null}',
        b'{"data": []}',
        b'{"data": {}}',
        b'{"data": [{}]}',
        b'{"data": ["text"]}',
    ],
)
def test_a_record_that_cannot_be_read_does_not_stop_the_run(tmp_path, content):
    (tmp_path / "crossing").mkdir()
    (tmp_path / "crossing" / "record.json").write_bytes(content)
    assert folder_for(tmp_path, "crossing", SHA) == tmp_path / "crossing"


def test_a_folder_in_the_records_place_does_not_stop_the_run(tmp_path):
    (tmp_path / "crossing" / "record.json").mkdir(parents=True)
    assert folder_for(tmp_path, "crossing", SHA) == tmp_path / "crossing"
