"""The report page: what it says, and that text from outside stays text."""

import re

import numpy as np
import pandas as pd
import pytest

from tasks.nearmiss import limitations, plots, report, summary
from tasks.nearmiss.scoring import NearMissDetector, events_table

VIDEO = {
    "name": "<script>alert(1)</script>.mp4",
    "frames": 100,
    "declared_frames": 100,
    "fps": 25.0,
    "width": 320,
    "height": 240,
    "duration_sec": 4.0,
    "codec": "h264",
    "variable_frame_times": False,
    "sha256": "ab" * 32,
}
CAMERA = {"kind": "static", "n": 7, "lost": 0, "largest_shift_px": 0.2, "moving": False}
DETECT = {
    "frames": 100,
    "processed_frames": 50,
    "detections_per_class": {"car": 90},
    "engine": "openvino-fp32",
    "frame_ms": {"n": 50, "mean": 40.0, "median": 40.0, "sd": 1.0},
    "camera": CAMERA,
    "detector": "yolo",
    "classes_are_guesses": False,
    "damaged_packets": 0,
    "guessed_times": 0,
}
TRACKS = {
    "unique_ids": 2,
    "ids_per_class": {"car": 2},
    "track_length": {"n": 2, "mean": 45.0, "median": 45.0},
    "objects_at_peak": 2,
    "peak_frame": 0,
}


def some_events() -> pd.DataFrame:
    detector = NearMissDetector(cooldown_frames=1)
    for frame in range(12):
        objects = {
            1: {"class": "car", "bbox": [0, 0, 9, 9], "center": (0, 0)},
            2: {"class": "<b>bus", "bbox": [0, 0, 9, 9], "center": (200 - 15 * frame, 0)},
        }
        detector.process_frame(frame, objects, frame / 10)
    return events_table(detector.events)


def write(folder, events, **changed) -> str:
    figures = summary.event_figures(events)
    frame = np.full((240, 320, 3), 99, np.uint8)
    tracks = pd.DataFrame({"center_x": [1.0, 300.0], "center_y": [5.0, 200.0]})
    plots.timeline(folder / "timeline.png", events, 4.0)
    plots.risk_distribution(folder / "risk.png", events)
    plots.frequency(folder / "frequency.png", events, 4.0)
    plots.heatmap(folder / "heat.png", [tracks], frame)
    facts = {
        "title": VIDEO["name"],
        "video": VIDEO,
        "is_made_scene": False,
        "truth": None,
        "tracks": TRACKS,
        "detect": DETECT,
        "levels": figures["levels"],
        "rate": summary.rate(len(events), 4.0),
        "warnings": [],
        "limitations": [],
        "assumptions": limitations.ALWAYS,
        "interactions": pd.DataFrame(),
        "scale": "Measured in pixels.",
        "rejected": 0,
        "has_review": False,
    } | changed
    pictures = {path.stem: path for path in sorted(folder.glob("*.png"))}
    report.write_report(folder / "report.html", pictures=pictures, events=events, **facts)
    return (folder / "report.html").read_text(encoding="utf-8")


def test_text_from_outside_stays_text(tmp_path):
    page = write(tmp_path, some_events(), warnings=["<img src=x onerror=alert(1)>"])
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "<b>bus" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;.mp4" in page


def test_the_page_needs_nothing_from_the_internet(tmp_path):
    page = write(tmp_path, some_events())
    sources = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(sources) == 6
    beside = {"annotated_video.mp4", "rejected.csv"}
    assert all(s.startswith("data:image/") or s in beside for s in sources)
    assert "http" not in page


def test_every_event_has_a_button_with_its_time(tmp_path):
    events = some_events()
    page = write(tmp_path, events)
    times = [float(time) for time in re.findall(r'data-time="([^"]+)"', page)]
    top = events.sort_values("risk_score", ascending=False, kind="stable").head(5)
    assert times == top["timestamp_sec"].tolist() + events["timestamp_sec"].tolist()


def test_no_events_have_a_page_of_their_own(tmp_path):
    page = write(tmp_path, events_table([]))
    assert "No near-miss was found" in page
    assert "normal result" in page
    assert "data-time=" not in page


def test_the_made_scene_says_so(tmp_path):
    from tasks.nearmiss.sources import made_scene

    page = write(tmp_path, some_events(), is_made_scene=True, truth=made_scene.truth())
    assert "This is a made scene, not real traffic" in page
    assert "bus and the crossing person" in page


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"classes_are_guesses": True}, "classes are guesses"),
        (
            {"camera": CAMERA | {"kind": "moving", "moving": True, "lost": 8}},
            "8 of 15 measurements",
        ),
        ({"camera": CAMERA | {"kind": "drifting"}}, "drifts by up to 0.2 px"),
        ({"camera": CAMERA | {"kind": "unknown", "moving": None}}, "could not be measured"),
        ({"detections_per_class": {"car": 3}}, "Few detections: 0.06 a frame"),
        ({"damaged_packets": 4}, "4 damaged parts"),
        ({"guessed_times": 2}, "times of 2 frames"),
    ],
)
def test_limitations_come_from_the_run_s_own_figures(changed, expected):
    quiet = {"is_made_scene": False, "pedestrian_pairs_skipped": 0}
    assert limitations.of_run(detect=DETECT, **quiet) == []
    (found,) = limitations.of_run(detect=DETECT | changed, **quiet)
    assert expected in found


def test_skipped_pedestrian_pairs_are_said():
    (found,) = limitations.of_run(is_made_scene=False, detect=DETECT, pedestrian_pairs_skipped=3)
    assert "n = 3" in found


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "00:00.0"), (59.96, "01:00.0"), (61.24, "01:01.2"), (3600, "60:00.0")]
)
def test_clock(seconds, text):
    assert report.clock(seconds) == text


@pytest.mark.parametrize(
    ("events", "interval"), [(0, [0.0, 3.7]), (1, [0.0, 5.6]), (10, [4.8, 18.4])]
)
def test_rate_has_the_exact_poisson_interval(events, interval):
    """Garwood's interval for a count, here for one hour, to one decimal."""
    found = summary.rate(events, 3600)
    assert found == {"per_hour": float(events), "interval_95": interval, "n": events}
