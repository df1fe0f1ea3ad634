import time

import numpy as np
import pandas as pd
import pytest

from tasks.errors import BadInput
from tasks.locate import PROJECT_ROOT
from tasks.nearmiss.tracks_input import OPTIONAL, read_tracks

PETS = PROJECT_ROOT.parent / "shared/data/mot/PETS09-S2L1/gt.txt"
HEADER = "frame,track_id,class,x,y"


@pytest.fixture
def write(tmp_path):
    def write(text, name="tracks.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def lines(*rows, header=HEADER):
    return "\n".join([header, *rows]) + "\n"


def test_plain_rows(write):
    tracks, quarantine = read_tracks(
        write(lines("5,1,car,2.5,3", "0,1,car,1,2", "0,0,Pedestrian,-4,1e1")), "px", 10
    )
    assert len(quarantine) == 1  # track 1 goes back in time
    tracks, quarantine = read_tracks(
        write(lines("0,1,car,1,2", "0,0,Pedestrian,-4,1e1", "5,1,car,2.5,3")), "m", 10
    )
    assert quarantine.empty
    assert tracks["frame_index"].tolist() == [0, 0, 5]
    assert tracks["timestamp_sec"].tolist() == [0, 0, 0.5]
    assert tracks["track_id"].tolist() == [0, 1, 1]
    assert tracks["class"].tolist() == ["person", "car", "car"]
    assert tracks["category"].tolist() == ["pedestrian", "vehicle", "vehicle"]
    assert tracks["confidence"].tolist() == [1, 1, 1]
    assert tracks["y"].tolist() == [10, 2, 3]
    assert tracks[OPTIONAL].isna().all(axis=None)


def test_optional_columns_in_any_order_and_dialect(write):
    text = '\ufeff"X" ; Y;track_id;frame;class;vx;vy;length;colour\r\n\r\n1;2;7;3;bus;4;5;;red\r\n'
    tracks, quarantine = read_tracks(write(text), "m", 25)
    assert quarantine.empty
    row = tracks.iloc[0]
    assert (row["x"], row["vx"], row["vy"], row["track_id"]) == (1, 4, 5, 7)
    assert np.isnan(row["length"])
    assert tracks.attrs["ignored_columns"] == ["colour"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("1,0,car,nan,2", "x is not a finite number"),
        ("1,0,car,1,inf", "y is not a finite number"),
        ("1,0,car,1,", "y is not a finite number"),
        ("1,0,car,1", "y is not a finite number"),
        ("1,0,car,1,two", "y is not a finite number"),
        ("1.5,0,car,1,2", "frame is not a whole number"),
        ("-1,0,car,1,2", "frame is below its first value, or too big"),
        ("99999999999,0,car,1,2", "frame is below its first value, or too big"),
        (",0,car,1,2", "frame is not a finite number"),
        ("1,a,car,1,2", "track_id is not a finite number"),
        ("1,0,dragon,1,2", "unknown class; known: person"),
        ("1,0,,1,2", "unknown class"),
        ("0,0,car,1,2", "the track has another row in this frame"),
        ("1,0,car,1,2,3", "too many fields"),
        ("1,0,car,1,2,3,4,5,6,7", "too many fields"),
        ("1,0,car,1000,2", "a jump in place that takes more than 100 m/s"),
    ],
)
def test_one_bad_row_goes_to_quarantine(write, row, reason):
    rows = ["0,0,car,1,2", row, "", "2,0,car,1,2", "3,0,car,1,2", "3,1,bus,5,5"]
    tracks, quarantine = read_tracks(write(lines(*rows)), "m", 10)
    assert len(tracks) == 4
    assert quarantine["row"].tolist() == [3]
    assert quarantine["reason"].iat[0].startswith(reason)
    assert quarantine["track_id"].iat[0] == row.split(",")[1]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ("0,1,,,,,,", "length is not above zero"),
        ("1,-1,,,,,,", "width is not above zero"),
        (",,inf,,,,,", "vx is not a finite number"),
        (",,1,,,,,", "only one of vx and vy"),
        (",,,,5,5,5,9", "box without a size"),
        (",,,,5,5,9,1", "box without a size"),
        (",,,,5,5,,9", "incomplete box"),
        ("long,,,,,,,", "length is not a finite number"),
    ],
)
def test_bad_optional_values(write, fields, reason):
    header = HEADER + ",length,width,vx,vy,x1,y1,x2,y2"
    rows = ["0,0,car,1,2,4,2,1,1,0,0,9,9", f"1,0,car,1,2,{fields}", "2,0,car,1,2,,,NaN,NaN,,,,"]
    tracks, quarantine = read_tracks(write(lines(*rows, header=header)), "px", 10)
    assert len(tracks) == 2
    assert quarantine["reason"].tolist() == [reason]


def test_as_few_rows_as_possible_are_out_of_time(write):
    frames = [0, 1, 900, 2, 3, 1, 4]
    # The second row of frame 1 is a repetition; 900 is the one that does not fit.
    rows = [f"{frame},0,car,1,2" for frame in frames]
    tracks, quarantine = read_tracks(write(lines(*rows)), "m", 10)
    assert tracks["frame_index"].tolist() == [0, 1, 2, 3, 4]
    assert quarantine["row"].tolist() == [4, 7]
    assert quarantine["reason"].tolist() == [
        "jumps in time within its track",
        "the track has another row in this frame",
    ]


def test_time_may_differ_between_tracks(write):
    rows = [f"{frame},{track},car,1,2" for track in (3, 1) for frame in range(4)]
    tracks, quarantine = read_tracks(write(lines(*rows)), "m", 10)
    assert quarantine.empty
    assert tracks["frame_index"].is_monotonic_increasing


def test_a_wrong_first_place_costs_one_row(write):
    rows = ["0,0,car,500,0"] + [f"{frame},0,car,{frame},0" for frame in range(1, 6)]
    tracks, quarantine = read_tracks(write(lines(*rows)), "m", 10)
    assert quarantine["row"].tolist() == [2]
    assert len(tracks) == 5
    tracks, quarantine = read_tracks(write(lines(*rows)), "px", 10)
    assert quarantine.empty


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "the file is empty"),
        (b"\n \n", "the file is empty"),
        (b"\x00\x01\x02", "is not a CSV"),
        (b"\xff\xfe\x80", "is not a CSV"),
        (b"frame,track_id,x,y\n1,2,3,4\n", "the column class is missing"),
        (b"a,b\n1,2\n", "the columns frame, track_id, class, x, y are missing"),
        (b"1,2,3,4\n", "are missing"),
        (HEADER.encode() + b"\n", "no rows"),
        (HEADER.encode() + b"\n\n\n", "no rows"),
        (HEADER.encode() + b",x\n1,2,car,1,2,3\n", "used twice"),
        (HEADER.encode() + b"\n0,0,cat,1,2\n", "no row can be used; the first, in line 2"),
    ],
)
def test_unusable_files(write, text, message):
    with pytest.raises(BadInput, match=message) as error:
        read_tracks(write(text), "m", 10)
    assert "\n" not in str(error.value)


def test_unusable_arguments(write, tmp_path):
    path = write(lines("0,0,car,1,2"))
    with pytest.raises(BadInput, match="Unknown units 'miles'"):
        read_tracks(path, "miles", 10)
    for fps in (0, -1, float("nan"), float("inf")):
        with pytest.raises(BadInput, match="frame rate"):
            read_tracks(path, "m", fps)
    with pytest.raises(BadInput, match="no such file"):
        read_tracks(tmp_path / "none.csv", "m", 10)
    with pytest.raises(BadInput, match="no such file"):
        read_tracks(tmp_path, "m", 10)


def test_motchallenge(write):
    text = "1,4,10,20,30,40,-1,-1,-1,-1\n2,4,11,20,0,40,1,-1,-1,-1\n2,5,1,2,3,4,0.5,-1,-1,-1\n"
    tracks, quarantine = read_tracks(write(text, "gt.txt"), "px", 5)
    assert quarantine["reason"].tolist() == ["box without a size"]
    assert quarantine["row"].tolist() == [2]
    row = tracks.iloc[0]
    assert row[["frame_index", "timestamp_sec", "track_id", "confidence"]].tolist() == [0, 0, 4, 1]
    assert row[["x", "y", "x1", "y1", "x2", "y2"]].tolist() == [25, 40, 10, 20, 40, 60]
    assert tracks["class"].tolist() == ["person", "person"]
    with pytest.raises(BadInput, match="use --units px"):
        read_tracks(write(text), "m", 5)


def test_motchallenge_with_classes(write):
    text = "1,1,0,0,9,9,1,3,1\n1,2,0,0,9,9,1,12,1\n1,3,0,0,9,9,0,1,1\n"
    tracks, quarantine = read_tracks(write(text), "px", 5)
    assert tracks["class"].tolist() == ["car"]
    assert [reason.split(";")[0] for reason in quarantine["reason"]] == [
        "unknown class",
        "marked as not to be counted",
    ]


@pytest.mark.skipif(not PETS.exists(), reason="the PETS09-S2L1 folder is not here")
def test_pets():
    pixels, quarantine = read_tracks(PETS, "px", 7)
    assert (len(pixels), len(quarantine)) == (4650, 0)
    metres, quarantine = read_tracks(PETS, "m", 7)
    assert (len(metres), len(quarantine)) == (4650, 0)
    assert metres["track_id"].nunique() == 19
    assert metres["x1"].isna().all()


def test_our_own_file_is_read_back(write):
    from tasks.nearmiss.tracking import write_motchallenge

    tracks = pd.DataFrame(
        {"frame_index": [0, 1], "track_id": [0, 0], "confidence": [0.5, 0.25]}
        | {"x1": [1.0, 2], "y1": [1.0, 2], "x2": [5.0, 6], "y2": [7.0, 8]}
    )
    path = write("")
    write_motchallenge(path, tracks)
    again, _ = read_tracks(path, "px", 10)
    pd.testing.assert_frame_equal(again[["x1", "y1", "x2", "y2"]], tracks[["x1", "y1", "x2", "y2"]])
    assert again["frame_index"].tolist() == [0, 1]


def test_random_bytes_and_mutations_never_crash(write):
    random = np.random.default_rng(0)
    base = lines(*[f"{f},{t},car,{f},{t}" for f in range(4) for t in range(2)]).encode()
    for _ in range(80):
        data = bytearray(base)
        for place in random.integers(0, len(data), 6):
            data[place] = int(random.choice(list(b'0,;"\n\r-.eNa\xff\t#x')))
        try:
            tracks, _ = read_tracks(write(bytes(data)), "m", 10)
        except BadInput as error:
            assert "\n" not in str(error)  # noqa: PT017
        else:
            assert len(tracks)
            assert not tracks.duplicated(["frame_index", "track_id"]).any()


def test_a_long_file_is_quick(write):
    count = 50_000
    table = pd.DataFrame({"frame": np.repeat(np.arange(count // 100), 100)})
    table["track_id"], table["class"] = np.tile(np.arange(100), count // 100), "car"
    table["x"] = table["y"] = 1.0
    path = write(table.to_csv(index=False))
    start = time.perf_counter()
    tracks, _ = read_tracks(path, "m", 10)
    spent = time.perf_counter() - start
    print(f"{count} rows in {spent:.2f} s")
    assert len(tracks) == count
    assert spent < 10
