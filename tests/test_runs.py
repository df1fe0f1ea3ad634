"""The folder of a run belongs to one input."""

import json
import os
import threading

import pytest

from tasks.runs import OWNER_FILE, folder_for

SHA, OTHER = "a" * 64, "b" * 64


def test_a_fresh_name_gets_a_folder_of_that_name(tmp_path):
    assert folder_for(tmp_path, "crossing", SHA) == tmp_path / "crossing"
    assert os.listdir(tmp_path / "crossing") == [OWNER_FILE]


def test_a_folder_is_taken_before_its_run_has_a_record(tmp_path):
    assert folder_for(tmp_path, "crossing", SHA) == tmp_path / "crossing"
    assert folder_for(tmp_path, "crossing", OTHER) == tmp_path / f"crossing-{OTHER[:8]}"
    again = folder_for(tmp_path, "crossing", SHA)  # as after a kill
    assert again == tmp_path / "crossing"


def test_of_many_inputs_at_once_one_gets_the_folder(tmp_path):
    inputs = [f"{number:064x}"[::-1] for number in range(16)]
    found, start = {}, threading.Barrier(len(inputs))

    def claim(sha256):
        start.wait()
        found[sha256] = folder_for(tmp_path, "crossing", sha256)

    threads = [threading.Thread(target=claim, args=(each,)) for each in inputs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found.values())) == len(inputs)
    (owner,) = [each for each, folder in found.items() if folder == tmp_path / "crossing"]
    assert (tmp_path / "crossing" / OWNER_FILE).read_text() == owner


def test_a_claim_that_a_kill_left_empty_stops_no_run(tmp_path):
    (tmp_path / "crossing").mkdir()
    (tmp_path / "crossing" / OWNER_FILE).touch()
    assert folder_for(tmp_path, "crossing", SHA) == tmp_path / "crossing"
    assert folder_for(tmp_path, "crossing", OTHER) != tmp_path / "crossing"


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
