"""Which files of a folder are new and whole, and where they go; without the near-miss flow."""

import json
import os
import subprocess
import sys

import pytest
from videos import make_clip

from tasks.errors import BadInput, StageFailed
from tasks.nearmiss.inbox import Arrival, Handled, Inbox, is_video_name, videos_in, what_is_missing
from tasks.nearmiss.inbox_config import InboxConfig
from tasks.nearmiss.inbox_ledger import Ledger, only_one

SETTLE, PATIENCE = 10, 600
START = 1_000_000.0


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """The bytes of a small MP4 whose index comes first, so that a part of it opens."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    return make_clip(path, frames=40, options={"movflags": "+faststart"}).read_bytes()


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "inbox"
    path.mkdir()
    return path


def inbox(folder, **changed) -> Inbox:
    settings = {"inbox": folder, "settle_sec": SETTLE, "patience_sec": PATIENCE}
    return Inbox(InboxConfig(**(settings | changed)))


def look(folder, now, **changed) -> tuple[Inbox, dict]:
    """One look by a process of its own: the inbox, and what it says of each file."""
    looking = inbox(folder, **changed)
    looking.look(now)
    return looking, {name: looking.examine(name, now) for name in looking.names()}


def settled(folder, **changed) -> tuple[Inbox, dict]:
    """Two looks, so far apart that everything has settled."""
    look(folder, START, **changed)
    return look(folder, START + SETTLE, **changed)


def names(folder) -> set[str]:
    return {path.name for path in folder.iterdir() if path.is_file()} - {"inbox.json"}


def contents(folder) -> list[dict]:
    return list(json.loads((folder / "inbox.json").read_text())["contents"].values())


# --- which files ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["a.mp4", "A.MP4", "a b,c.mkv", "drive.part.2.mp4", "tmp.mp4", "x.y.z.avi", "[1].ts"]
)
def test_videos_are_seen_by_their_suffix(name):
    assert is_video_name(name)


@pytest.mark.parametrize(
    "name",
    [
        ".a.mp4",
        "~a.mp4",
        "a.mp4.part",
        "a.mp4.crdownload",
        "a.mp4.tmp",
        "a.part.mp4",
        "a.TMP.mp4",
        "notes.txt",
        "mp4",
        ".mp4",
    ],
)
def test_hidden_temporary_and_other_names_are_left(name):
    assert not is_video_name(name)


def test_links_and_folders_are_left(folder, tmp_path, clip):
    (tmp_path / "outside.mp4").write_bytes(clip)
    (folder / "link.mp4").symlink_to(tmp_path / "outside.mp4")
    (folder / "loop.mp4").symlink_to(folder / "loop.mp4")
    (folder / "folder.mp4").mkdir()
    os.mkfifo(folder / "pipe.mp4")
    (folder / "real.mp4").write_bytes(clip)
    assert videos_in(folder) == ["real.mp4"]


def test_a_name_that_is_not_utf8_is_told_of_and_left(folder, clip):
    with open(os.fsencode(folder) + b"/caf\xe9.mp4", "wb") as file:
        file.write(clip)
    looking, found = settled(folder)
    assert found == {}
    (told,) = looking.misnamed
    assert (told.video, told.state) == ("caf?.mp4", "waiting")
    assert "UTF-8" in told.reason


# --- when a file is whole ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.avi", "a.mov", "a.webm", "a.ts"])
def test_nothing_is_missing_in_a_whole_video(tmp_path, name):
    codec = "libvpx" if name.endswith("webm") else "libx264"
    path = make_clip(tmp_path / name, frames=60, codec=codec)
    assert what_is_missing(path) == (None, True)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.avi", "a.mov"])
@pytest.mark.parametrize("share", [0.01, 0.3, 0.6, 0.9])
def test_a_part_of_a_video_is_not_whole(tmp_path, name, share):
    """60 frames at 5 a second: 12 s, so that Matroska lacks more than the tolerance at 0.6."""
    whole = make_clip(tmp_path / name, frames=60, fps=5, size=(320, 240), key_every=1)
    content = whole.read_bytes()
    whole.write_bytes(content[: int(share * len(content))])
    if name == "a.mkv" and share == 0.9:  # 1.2 s are missing: within the tolerance
        assert what_is_missing(whole) == (None, True)
    else:
        assert what_is_missing(whole)[0]


def test_a_part_whose_index_comes_first_is_not_whole(tmp_path, clip):
    (tmp_path / "a.mp4").write_bytes(clip[: int(0.8 * len(clip))])
    missing, opens = what_is_missing(tmp_path / "a.mp4")
    assert opens
    assert "of its 40 frames" in missing


def test_a_new_file_has_to_settle(folder, clip):
    (folder / "a.mp4").write_bytes(clip)
    looking, found = look(folder, START)
    assert found["a.mp4"].state == "waiting"
    assert looking.seconds_to_settle(START) == SETTLE
    looking, found = look(folder, START + SETTLE - 1)
    assert found["a.mp4"].state == "waiting"
    looking, found = look(folder, START + SETTLE)
    assert isinstance(found["a.mp4"], Arrival)
    assert looking.seconds_to_settle(START + SETTLE) == 0


@pytest.mark.parametrize("change", ["grows", "is written again", "the clock goes back"])
def test_a_change_begins_the_settling_again(folder, clip, change):
    path = folder / "a.mp4"
    path.write_bytes(clip)
    look(folder, START)
    later = START + SETTLE
    if change == "grows":
        path.write_bytes(clip + b"\0")
    elif change == "is written again":
        path.write_bytes(clip)
        os.utime(path, ns=(1, 1))
    else:
        later = START - 100
    assert look(folder, later)[1]["a.mp4"].state == "waiting"
    assert isinstance(look(folder, later + SETTLE)[1]["a.mp4"], Arrival)


def test_a_copy_that_stalls_is_left_and_taken_when_it_is_whole(folder, clip):
    path = folder / "a.mp4"
    path.write_bytes(clip[: len(clip) // 2])
    _, found = settled(folder)
    assert found["a.mp4"].state == "waiting"
    _, found = look(folder, START + PATIENCE - 1)
    assert found["a.mp4"].state == "waiting"
    path.write_bytes(clip)
    look(folder, START + PATIENCE)
    _, found = look(folder, START + PATIENCE + SETTLE)
    assert isinstance(found["a.mp4"], Arrival)
    assert not (folder / "quarantine").exists()


def test_after_long_a_part_that_opens_is_taken_and_what_does_not_open_is_broken(folder, clip):
    (folder / "cut.mp4").write_bytes(clip[: int(0.8 * len(clip))])
    (folder / "broken.mp4").write_bytes(clip[:200])
    (folder / "empty.mp4").touch()
    look(folder, START)
    _, found = look(folder, START + PATIENCE)
    assert isinstance(found["cut.mp4"], Arrival)
    assert found["broken.mp4"].state == found["empty.mp4"].state == "quarantined"
    quarantine = folder / "quarantine"
    expected = {"broken.mp4", "broken.mp4.txt", "empty.mp4", "empty.mp4.txt"}
    assert names(quarantine) == expected
    note = (quarantine / "empty.mp4.txt").read_text()
    assert "Why: " in note
    assert "the file is empty" in note
    assert "When: 2" in note
    assert "What to do: Copy the whole file" in note


def test_a_file_that_vanishes_is_no_error(folder, clip):
    (folder / "a.mp4").write_bytes(clip)
    (folder / "b.mp4").write_bytes(clip)
    look(folder, START)
    looking = inbox(folder)
    looking.look(START + SETTLE)
    (folder / "a.mp4").unlink()
    assert looking.examine("a.mp4", START + SETTLE).state == "gone"
    video = looking.examine("b.mp4", START + SETTLE)
    looking.begin(video)
    (folder / "b.mp4").unlink()
    assert looking.quarantine(video, "It failed.", "").state == "gone"
    assert list((folder / "quarantine").iterdir() if (folder / "quarantine").exists() else []) == []
    assert contents(folder) == []


# --- once each -----------------------------------------------------------------------------------


def process(folder, name="a.mp4", now=START, **changed) -> Handled:
    """Take a file through as a look with a good run would."""
    look(folder, now, **changed)
    looking, found = look(folder, now + SETTLE, **changed)
    looking.begin(found[name])
    return looking.done(found[name], folder / "results", "Two near-misses.")


def test_a_processed_video_is_moved_and_noted(folder, clip):
    (folder / "a.mp4").write_bytes(clip)
    done = process(folder)
    assert done == Handled("a.mp4", "processed", "Two near-misses.", str(folder / "results"))
    assert names(folder / "processed") == {"a.mp4"}
    (content,) = contents(folder)
    assert content["state"] == "processed"
    assert content["name"] == "a.mp4"
    assert content["folder"] == str(folder / "results")
    assert content["file"] == str(folder / "processed" / "a.mp4")
    assert settled(folder)[1] == {}


def test_the_same_content_is_not_processed_again_whatever_its_name(folder, clip):
    (folder / "a.mp4").write_bytes(clip)
    process(folder)
    for name in ("b.mp4", "a.mp4"):
        (folder / name).write_bytes(clip)
        _, found = settled(folder)
        assert found[name].state == "repeat"
        assert "as a.mp4" in found[name].reason
    assert names(folder / "processed") == {"a.mp4", "b.mp4", "a-2.mp4"}
    assert contents(folder)[0]["repeats"] == ["b.mp4"]


def test_another_content_of_the_same_name_is_processed(folder, clip):
    (folder / "a.mp4").write_bytes(clip)
    process(folder)
    make_clip(folder / "a.mp4", frames=15)
    assert isinstance(settled(folder)[1]["a.mp4"], Arrival)


def test_two_files_of_one_content_in_one_look_are_one_video(folder, clip):
    (folder / "a.mp4").write_bytes(clip)
    (folder / "b.mp4").write_bytes(clip)
    look(folder, START)
    looking = inbox(folder)
    looking.look(START + SETTLE)
    first = looking.examine("a.mp4", START + SETTLE)
    looking.begin(first)
    looking.done(first, folder, "")
    assert looking.examine("b.mp4", START + SETTLE).state == "repeat"


def test_a_kept_video_stays_and_is_told_of_once(folder, clip):
    (folder / "a.mp4").write_bytes(clip)
    process(folder, keep=True)
    (folder / "b.mp4").write_bytes(clip)
    _, found = settled(folder, keep=True)
    assert found["a.mp4"] is None
    assert found["b.mp4"].state == "repeat"
    assert set(settled(folder, keep=True)[1].values()) == {None}
    assert names(folder) == {"a.mp4", "b.mp4"}


def test_a_video_that_is_changed_during_its_run_is_not_taken_for_done(folder, clip):
    (folder / "a.mp4").write_bytes(clip)
    looking, found = settled(folder)
    looking.begin(found["a.mp4"])
    (folder / "a.mp4").write_bytes(clip + b"\0")
    assert looking.done(found["a.mp4"], folder, "").state == "waiting"
    assert contents(folder) == []
    assert names(folder) == {"a.mp4"}


# --- failures ------------------------------------------------------------------------------------


def test_a_video_put_back_from_quarantine_is_tried_again(folder, clip):
    (folder / "a.mp4").write_bytes(clip)
    looking, found = settled(folder)
    looking.begin(found["a.mp4"])
    handled = looking.quarantine(found["a.mp4"], "The gate failed.", "Look.")
    assert handled.state == "quarantined"
    assert "a.mp4.txt" in handled.reason
    (folder / "quarantine" / "a.mp4").rename(folder / "a.mp4")
    assert isinstance(settled(folder)[1]["a.mp4"], Arrival)
    assert names(folder / "quarantine") == {"a.mp4.txt"}


def test_a_video_that_takes_the_process_down_is_put_aside_after_some_attempts(folder, clip):
    (folder / "a.mp4").write_bytes(clip)
    look(folder, START)
    for _ in range(2):
        looking, found = look(folder, START + SETTLE, attempts=2)
        looking.begin(found["a.mp4"])  # and the process ends here
    _, found = look(folder, START + SETTLE, attempts=2)
    assert found["a.mp4"].state == "quarantined"
    assert "2 times" in (folder / "quarantine" / "a.mp4.txt").read_text()


def test_only_blamed_attempts_count(folder, clip):
    (folder / "a.mp4").write_bytes(clip)
    looking, found = settled(folder, attempts=2)
    for blame, left in ((False, 2), (False, 2), (True, 1), (True, 0)):
        looking.begin(found["a.mp4"])
        looking.postpone(found["a.mp4"], "No weights.", blame=blame)
        assert looking.attempts_left(found["a.mp4"]) == left


def test_a_video_that_cannot_be_moved_is_still_done(folder, clip):
    (folder / "a.mp4").write_bytes(clip)
    (folder / "processed").write_text("a file where the folder should be")
    with pytest.raises(StageFailed, match="cannot be moved"):
        process(folder)
    assert contents(folder)[0]["state"] == "processed"
    (folder / "processed").unlink()
    assert settled(folder)[1]["a.mp4"].state == "repeat"
    assert names(folder / "processed") == {"a.mp4"}


# --- the folder, its ledger, its lock ------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"inbox": "nowhere/at/all"}, "no such folder"),
        ({"processed": "."}, "--processed"),
        ({"quarantine": ""}, "--quarantine"),
    ],
)
def test_an_inbox_that_cannot_be_used_is_bad_input(folder, changed, sentence):
    with pytest.raises(BadInput, match=sentence):
        inbox(folder, **changed)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"contents": {"a": 1}}', '{"other": 1}'])
def test_a_broken_ledger_is_bad_input_and_stays(folder, text):
    (folder / "inbox.json").write_text(text)
    with pytest.raises(BadInput, match=r"inbox\.json"):
        inbox(folder)
    assert (folder / "inbox.json").read_text() == text


def test_an_empty_folder_has_an_empty_ledger(folder):
    assert Ledger.read(folder) == Ledger()


HOLD = """
import sys, time
from pathlib import Path
from tasks.nearmiss.inbox_ledger import only_one
with only_one(Path(sys.argv[1])) as alone:
    print(alone, flush=True)
    time.sleep(60)
"""


def test_the_lock_keeps_others_out_and_ends_with_its_process(folder):
    command = [sys.executable, "-c", HOLD, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "True\n"
        with only_one(folder) as alone:
            assert not alone
        other.kill()
    with only_one(folder) as alone:
        assert alone
