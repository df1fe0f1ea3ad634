"""The automatic ground plane, against cameras whose truth is known."""

import json

import numpy as np
import pandas as pd
import pytest

from tasks.locate import PROJECT_ROOT
from tasks.nearmiss.ground.from_sizes import CannotCalibrate, calibrate_from_sizes

SIZE = (1280, 720)
PETS = PROJECT_ROOT.parent / "shared/data/mot/PETS09-S2L1"


class Pinhole:
    """A camera written for the test alone: rotation matrix and all."""

    def __init__(self, focal, height, pitch_deg, size=SIZE):
        pitch = np.deg2rad(pitch_deg)
        forward = np.array([0, np.cos(pitch), -np.sin(pitch)])
        right = np.array([1.0, 0, 0])
        self.axes = np.stack([right, np.cross(forward, right), forward])
        self.position = np.array([0, 0, height])
        self.focal, self.size = focal, size

    def project(self, places):
        seen = (np.atleast_2d(places) - self.position) @ self.axes.T
        return self.focal * seen[:, :2] / seen[:, 2:] + np.array(self.size) / 2


def person(place, _heading, tall):
    """Two feet, shoulders and a head."""
    return place + tall * np.array([[-0.08, 0, 0], [0.08, 0, 0], [-0.13, 0, 0.8], [0.13, 0, 0.8],
                                    [0, 0, 1]])  # fmt: skip


def car(place, heading, tall):
    """Body, and a cabin towards the back."""
    along, across = heading, np.array([-heading[1], heading[0], 0])
    body = [(a, b, c) for a in (-2.2, 2.2) for b in (-0.9, 0.9) for c in (0, 0.6)]
    roof = [(a, b, 1) for a in (-1.5, 0.8) for b in (-0.7, 0.7)]
    return np.array([place + a * along + b * across + [0, 0, c * tall] for a, b, c in body + roof])


def scene(camera, *, people=0, cars=0, noise=0.03, seed=0, every_way=True, near=8.0, far=45.0):
    """Tracks at 10 a second of road users that cross the view, boxes with noise."""
    random, rows = np.random.default_rng(seed), []
    for number in range(people + cars):
        is_car = number >= people
        shape, speed = (car, 9.0) if is_car else (person, 1.4 * np.exp(random.normal(0, 0.15)))
        tall = 1.5 * np.exp(random.normal(0, 0.07)) if is_car else random.normal(1.70, 0.09)
        angle = random.uniform(0, 2 * np.pi) if every_way else np.pi / 2
        heading = np.array([np.cos(angle), np.sin(angle), 0])
        depth = random.uniform(near, far)
        place = np.array([random.uniform(-0.35, 0.35) * depth, depth, 0])
        for step in range(40):
            now = place + heading * speed * (step - 20) / 10
            if now[1] < 3:
                continue
            points = camera.project(shape(now, heading, tall))
            box = np.concatenate([points.min(axis=0), points.max(axis=0)])
            box += random.normal(0, 0.7 + noise * (box[3] - box[1]) / 2, 4)
            rows.append((number, step / 10, "car" if is_car else "person", *box))
    table = pd.DataFrame(
        rows, columns=["track_id", "timestamp_sec", "class", "x1", "y1", "x2", "y2"]
    )
    inside = (table["x1"] > 0) & (table["y1"] > 0) & (table["x2"] < SIZE[0] - 1)
    return table[inside & (table["y2"] < SIZE[1] - 1)]


def distance_ratios(plane, camera, seed=1):
    """Measured over true distances of neighbouring places that the camera sees."""
    random = np.random.default_rng(seed)
    one = np.column_stack([random.uniform(-6, 6, 400), random.uniform(10, 40, 400)])
    two = one + random.uniform(-5, 5, one.shape)

    def measured(places):
        pixels = camera.project(np.column_stack([places, np.zeros(len(places))]))
        inside = ((pixels >= 0) & (pixels <= camera.size)).all(axis=1)
        return np.where(inside[:, None], plane.to_ground(pixels), np.nan)

    ratio = np.linalg.norm(measured(one) - measured(two), axis=1)
    return ratio / np.linalg.norm(one - two, axis=1)


CAMERAS = [(1150, 6, 12), (1150, 10, 25), (800, 5, 15), (1900, 12, 18)]


@pytest.mark.parametrize(
    ("focal", "height", "pitch", "who"),
    [(*camera, {"people": 40}) for camera in CAMERAS]
    + [(*camera, {"cars": 25, "seed": 3}) for camera in CAMERAS[:1]]
    + [
        pytest.param(*camera, {"cars": 25, "seed": 3}, marks=pytest.mark.slow)
        for camera in CAMERAS[1:]
    ],
)
def test_scale_of_road_users_who_go_every_way(focal, height, pitch, who):
    camera = Pinhole(focal, height, pitch)
    plane = calibrate_from_sizes(scene(camera, **who), SIZE)
    ratios = distance_ratios(plane, camera)
    assert np.isfinite(ratios).sum() > 50
    low, median, high = np.nanpercentile(ratios, [5, 50, 95])
    print(f"distances x {median:.3f} ({low:.3f} to {high:.3f}); {plane.describe()}")
    assert median == pytest.approx(1, abs=0.15)
    assert plane.approximate
    assert 0.04 < plane.relative_scale_error < 0.4


@pytest.mark.parametrize("identities", [True, False])
def test_mixed_traffic_along_one_road(identities):
    """All go straight away from the camera, with the focal length near the assumed one."""
    camera = Pinhole(1150, 6, 12)
    table = scene(camera, people=10, cars=12, seed=3, every_way=False)
    if not identities:
        table = table.drop(columns=["track_id", "timestamp_sec"])
    plane = calibrate_from_sizes(table, SIZE)
    median = np.nanmedian(distance_ratios(plane, camera))
    print(f"distances x {median:.3f}; {plane.describe()}")
    assert median == pytest.approx(1, abs=0.15)


def test_it_repeats_and_says_what_it_rests_on():
    table = scene(Pinhole(1150, 6, 12), people=12)
    one, two = calibrate_from_sizes(table, SIZE), calibrate_from_sizes(table, SIZE)
    assert np.array_equal(one.image_to_ground, two.image_to_ground)
    assert np.array_equal(one.draws, two.draws)
    assert one.describe().startswith("approximate, from the usual sizes of ")
    assert json.loads(json.dumps(one.figures()))["approximate"] is True


@pytest.mark.slow
def test_the_stated_error_covers_the_true_one():
    """In 20 scenes, the true error is mostly below two stated standard deviations."""
    camera, within = Pinhole(1300, 7, 14), []
    for seed in range(20):
        plane = calibrate_from_sizes(scene(camera, people=9, cars=3, seed=seed), SIZE)
        error = abs(np.log(np.nanmedian(distance_ratios(plane, camera))))
        within.append(error < 2 * plane.relative_scale_error)
    print(f"{sum(within)} of {len(within)}")
    assert sum(within) >= 16


def test_the_camera_of_the_fit_agrees_with_the_pinhole():
    from tasks.nearmiss.ground.size_fit import Camera

    theirs, ours = Pinhole(1150, 6, 12), Camera(1150, np.deg2rad(12), 6.0, (640, 360))
    places = np.array([[3, 20, 0], [-4, 9, 1.5], [0, 40, 3.0]])
    assert np.allclose(ours.image(places), theirs.project(places))
    assert np.allclose(ours.ground(theirs.project(places * [1, 1, 0])), places[:, :2])


def test_too_few():
    with pytest.raises(CannotCalibrate, match="at least 6"):
        calibrate_from_sizes(scene(Pinhole(1150, 6, 12), people=3), SIZE)
    nobody = scene(Pinhole(1150, 6, 12), people=3).iloc[:0]
    with pytest.raises(CannotCalibrate, match="Only 0 road users"):
        calibrate_from_sizes(nobody, SIZE)
    bicycles = scene(Pinhole(1150, 6, 12), people=20).assign(**{"class": "bicycle"})
    with pytest.raises(CannotCalibrate, match="Only 0 road users"):
        calibrate_from_sizes(bicycles, SIZE)


def boxes(rows, heights):
    random = np.random.default_rng(0)
    x = random.uniform(100, 1100, len(rows))
    columns = {"class": "person", "x1": x, "y1": rows - heights, "x2": x + 20, "y2": rows}
    return pd.DataFrame(columns)


def test_no_depth():
    random = np.random.default_rng(0)
    table = boxes(random.uniform(400, 410, 200), random.normal(60, 3, 200))
    with pytest.raises(CannotCalibrate, match="equally far away"):
        calibrate_from_sizes(table, SIZE)


@pytest.mark.parametrize("slope", [0, -0.1])
def test_no_perspective(slope):
    """From straight above, or upside down, boxes do not grow towards the lower edge."""
    random = np.random.default_rng(0)
    rows = random.uniform(200, 700, 200)
    table = boxes(rows, 80 + slope * (rows - 450) + random.normal(0, 3, 200))
    with pytest.raises(CannotCalibrate, match="do not grow"):
        calibrate_from_sizes(table, SIZE)


@pytest.mark.skipif(not PETS.exists(), reason="the PETS09-S2L1 folder is not here")
def test_vtest_against_its_world_coordinates():
    boxes = np.loadtxt(PETS / "gt.txt", delimiter=",")
    table = pd.DataFrame({"track_id": boxes[:, 1], "timestamp_sec": boxes[:, 0] / 7})
    table["class"], table["x1"], table["y1"] = "person", boxes[:, 2], boxes[:, 3]
    table["x2"], table["y2"] = boxes[:, 2] + boxes[:, 4], boxes[:, 3] + boxes[:, 5]
    plane = calibrate_from_sizes(table, (768, 576))
    ours = plane.to_ground(np.column_stack([boxes[:, 2] + boxes[:, 4] / 2, table["y2"]]))
    errors = []
    for frame in np.unique(boxes[:, 0]):
        rows = np.flatnonzero(boxes[:, 0] == frame)
        one, two = np.triu_indices(len(rows), 1)
        true, measured = (
            np.linalg.norm(places[rows[one]] - places[rows[two]], axis=1)
            for places in (boxes[:, 7:9], ours)
        )
        errors.append((measured / true - 1)[(true > 0.5) & (true < 10)])
    errors = np.concatenate(errors)
    print(
        f"{len(errors)} distances below 10 m: median {np.median(errors):+.3f}, median of the "
        f"absolute {np.median(abs(errors)):.3f}, p95 {np.percentile(abs(errors), 95):.3f}; "
        f"{plane.describe()}"
    )
    assert abs(np.median(errors)) < 0.15
    assert np.percentile(abs(errors), 95) < 0.25
