"""Interactions in the flow: calibration, filters, review, labels, tracks without a video."""

import json

import pandas as pd
import pytest
import yaml
from nearmiss_clip import make_clip

from flows.nearmiss import check, nearmiss
from tasks import command_line
from tasks.errors import BadInput
from tasks.nearmiss.config import NearMissConfig
from tasks.nearmiss.interactions.filters import FILTERS
from tasks.nearmiss.interactions.presets import PRESETS


def crossing(path, extra=""):
    """Two cars that cross close behind one another, and a person apart, at 20 frames a second."""
    lines = ["frame,track_id,class,x,y"]
    for frame in range(80):
        time = frame / 20
        lines.append(f"{frame},1,car,{-30 + 12 * time:.3f},0")
        lines.append(f"{frame},2,car,3.5,{-24 + 8 * time:.3f}")
        lines.append(f"{frame},3,person,40,{5 + 1.2 * time:.3f}")
    path.write_text("\n".join(lines) + "\n" + extra)
    return path


def run(folder, **settings):
    return nearmiss(NearMissConfig(output_dir=folder, **settings), return_state=True)


def test_the_config_names_every_preset_and_filter():
    fields = NearMissConfig.model_fields
    assert set(fields["preset"].annotation.__args__) == set(PRESETS)
    (names,) = fields["disable_filters"].annotation.__args__
    assert set(names.__args__) == set(FILTERS)


def test_tracks_without_a_video(tmp_path, prefect_server):
    file = crossing(tmp_path / "crossing.csv", "5,9,dragon,0,0\n6,1,car,nan,0\n")
    state = run(tmp_path / "out", tracks=file, units="m", fps=20)
    assert state.is_completed(), state.message
    folder = tmp_path / "out" / "crossing"
    (row,) = pd.read_csv(folder / "interactions.csv").itertuples()
    assert (row.track_id_1, row.track_id_2, row.units) == (1, 2, "m")
    # Car 1 leaves the crossing's corner as car 2 comes: worked out from the two straight paths.
    assert row.pet_sec == pytest.approx(0.06, abs=0.05)
    assert row.conflict_angle_deg == pytest.approx(90, abs=2)
    assert row.speed_1_kmh == pytest.approx(3.6 * row.speed_1, abs=1e-3)
    assert not (folder / "events.csv").exists(), "events are measured in pixels"
    quarantine = pd.read_csv(folder / "quarantine.csv")
    assert quarantine["row"].tolist() == [242, 243]
    page = (folder / "report.html").read_text()
    assert f"stills/{row.interaction_id}.png" in page
    assert (folder / "stills" / f"{row.interaction_id}.png").is_file()
    assert "<video" not in page


def test_tracks_in_pixels_give_events_too(tmp_path, prefect_server):
    # Two cars drive at each other at 200 px/s each; both stop 40 px apart, after 0.9 s.
    rows = ["frame,track_id,class,x,y"]
    for frame in range(40):
        gone = min(10 * frame, 180)
        rows += [f"{frame},1,car,{gone},0", f"{frame},2,car,{400 - gone},0"]
    file = tmp_path / "head_on.csv"
    file.write_text("\n".join(rows))
    state = run(tmp_path / "out", tracks=file, units="px", fps=20)
    assert state.is_completed(), state.message
    folder = tmp_path / "out" / "head_on"
    (event,) = pd.read_csv(folder / "events.csv").itertuples()
    assert (event.object_id_1, event.object_id_2) == (1, 2)
    assert event.closing_speed_px_s == pytest.approx(400)
    assert event.distance_px == pytest.approx(40)
    assert event.ttc_sec == pytest.approx(0.1)
    assert event.risk_level == "High"
    assert pd.read_csv(folder / "interactions.csv")["speed_1_kmh"].isna().all()
    assert "Events by the places in the picture" in (folder / "report.html").read_text()
    record = json.loads((folder / "record.json").read_text())
    assert record["metrics"]["events"]["total"] == 1


def test_a_calibration_gives_metres(tmp_path, prefect_server):
    clip = make_clip(tmp_path / "clip.mp4")
    points = [([0, 239], [0, 0]), ([319, 239], [8, 0]), ([319, 40], [8, 10]), ([0, 40], [0, 10])]
    content = {"units": "m", "points": [{"image": i, "ground": g} for i, g in points]}
    file = tmp_path / "camera.yaml"
    file.write_text(yaml.safe_dump(content))
    settings = {"video": [str(clip)], "detector": "motion", "stride": 1}
    state = run(tmp_path / "out", calibration=str(file), **settings)
    assert state.is_completed(), state.message
    record = json.loads((tmp_path / "out" / "clip" / "record.json").read_text())
    assert "4 points" in (tmp_path / "out" / "clip" / "report.html").read_text()
    assert record["config"]["calibration"] == str(file)
    collinear = [{"image": [x, x], "ground": [x, 2 * x]} for x in (10, 50, 100, 200)]
    file.write_text(yaml.safe_dump({"units": "m", "points": collinear}))
    failed = run(tmp_path / "out", calibration=str(file), **settings)
    assert isinstance(failed.result(raise_on_failure=False), BadInput)
    auto = run(tmp_path / "auto", calibration="auto", **settings)
    assert auto.is_completed(), auto.message
    record = json.loads((tmp_path / "auto" / "clip" / "record.json").read_text())
    assert any("--calibration auto was not possible" in w for w in record["warnings"])


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--tracks", "TRACKS", "--units", "m"], "needs --fps"),
        (["--tracks", "nowhere.csv", "--fps", "10"], "no such file"),
        (["--tracks", "TRACKS", "--fps", "10", "--video", "a.mp4"], "cannot go together"),
        (["--tracks", "TRACKS", "--fps", "0"], "--fps"),
        (["--tracks", "TRACKS", "--fps", "10", "--units", "miles"], "--units"),
        (["--calibration", "nowhere.yaml"], "no such file"),
        (["--labels", "nowhere.json"], "no such file"),
        (["--preset", "magic"], "--preset"),
        (["--disable-filters", "magic"], "--disable-filters"),
    ],
)
def test_bad_input_gets_one_sentence_and_code_2(arguments, expected, tmp_path, capsys):
    tracks = crossing(tmp_path / "t.csv")
    words = [str(tracks) if word == "TRACKS" else word for word in arguments]
    code = command_line.main(nearmiss, NearMissConfig, check=check, arguments=words)
    said = capsys.readouterr().err
    assert code == 2
    assert expected in said
    assert len(said.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", "empty"),
        ("frame,track_id,class\n1,1,car\n", "x"),
        ("frame,track_id,class,x,y\n1,1,dragon,0,0\n", "dragon"),
    ],
)
def test_tracks_that_cannot_be_used_are_bad_input(content, expected, tmp_path, prefect_server):
    file = tmp_path / "tracks.csv"
    file.write_text(content)
    state = run(tmp_path / "out", tracks=file, units="m", fps=20)
    error = state.result(raise_on_failure=False)
    assert isinstance(error, BadInput)
    assert expected in str(error) or "row" in str(error)


def test_a_threshold_on_the_command_line_wins_over_the_preset(tmp_path, prefect_server):
    file = crossing(tmp_path / "crossing.csv")
    settings = {"tracks": file, "units": "m", "fps": 20}
    assert run(tmp_path / "out", interaction_pet=0.01, **settings).is_completed()
    folder = tmp_path / "out" / "crossing"
    assert pd.read_csv(folder / "interactions.csv").empty
    assert len(pd.read_csv(folder / "rejected.csv")) == 1
    assert run(tmp_path / "out", disable_filters=["conflict"], **settings).is_completed()
    assert len(pd.read_csv(folder / "interactions.csv")) == 1


def test_speeds_on_the_ground_are_shown_in_kilometres_an_hour(tmp_path, prefect_server):
    file = crossing(tmp_path / "crossing.csv")
    state = run(tmp_path / "out", tracks=file, units="m", fps=20)
    page = (tmp_path / "out" / "crossing" / "report.html").read_text()
    assert "43 km/h, 29 km/h" in page  # 12 m/s and 8 m/s
    assert "Measured in metres" in state.result().lines[0]
