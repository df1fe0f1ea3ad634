"""The ground plane from points and matrices."""

import json

import numpy as np
import pytest
import yaml

from tasks.errors import BadInput
from tasks.locate import PROJECT_ROOT
from tasks.nearmiss.ground.from_file import load_calibration, plane_from_matrix, plane_from_points
from tasks.nearmiss.measures import ttc_points

PETS = PROJECT_ROOT.parent / "shared/data/mot/PETS09-S2L1"
SIZE = (1280, 720)
FOCAL, HEIGHT = 1000.0, 6.0
# A level pinhole camera 6 m above the ground: pixels (x, y) to metres to the right and ahead.
LEVEL = np.array([[HEIGHT, 0, -HEIGHT * 640], [0, 0, HEIGHT * FOCAL], [0, 1, -360.0]])
GROUND = np.array([[-5, 20], [5, 20], [-6, 60], [6, 60.0]])


def pixels(places):
    """The camera of LEVEL, written the other way round."""
    right, ahead = np.asarray(places, float).T
    return np.column_stack([640 + FOCAL * right / ahead, 360 + FOCAL * HEIGHT / ahead])


def points(image=None, ground=None, **more):
    ground = GROUND if ground is None else np.asarray(ground, float)
    image = pixels(ground) if image is None else np.asarray(image, float)
    return {
        "units": "m",
        "points": [
            {"image": a, "ground": b} for a, b in zip(image.tolist(), ground.tolist(), strict=True)
        ],
        **more,
    }


@pytest.fixture
def load(tmp_path):
    def load(content, size=SIZE):
        path = tmp_path / "calibration.yaml"
        path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
        return load_calibration(path, size)

    return load


def random_places(count=200):
    random = np.random.default_rng(0)
    return np.column_stack([random.uniform(-8, 8, count), random.uniform(18, 80, count)])


def test_points_give_the_camera_back(load):
    plane = load(points(name="corner", note="by hand"))
    places = random_places()
    assert np.allclose(plane.to_ground(pixels(places)), places)
    assert np.allclose(plane.to_image(places), pixels(places))
    assert np.allclose(plane.to_image(plane.to_ground(pixels(places))), pixels(places))
    assert (plane.name, plane.note) == ("corner", "by hand")
    assert plane.describe().startswith("4 points, reprojection error 0.0 px, 0.00 m")
    assert json.loads(json.dumps(plane.figures()))["spare_points"] == 0


@pytest.mark.parametrize(("units", "factor"), [("m", 1), ("cm", 100), ("ft", 1 / 0.3048)])
def test_units(load, units, factor):
    content = points(image=pixels(GROUND), ground=GROUND * factor, units=units)
    assert np.allclose(load(content).to_ground(pixels(GROUND)), GROUND)


def test_map_coordinates_far_from_their_origin(load):
    far = np.array([500_000.0, 5_400_000.0])
    plane = load(points(image=pixels(GROUND), ground=GROUND + far))
    places = random_places()
    assert np.allclose(plane.to_ground(pixels(places)), places + far, atol=1e-4)
    again = plane_from_matrix(plane.image_to_ground, SIZE)
    assert np.allclose(again.to_ground(pixels(places)), places + far, atol=1e-4)


def test_matrix_and_its_sign(load):
    places = random_places()
    for factor in (1, -1, 1e-6):
        plane = load({"matrix": (factor * LEVEL).tolist()})
        assert np.allclose(plane.to_ground(pixels(places)), places)
        assert not plane.behind_horizon(pixels(places)).any()
        assert np.isnan(plane.position_sd([[640, 100]], 1)).all()
    assert plane.describe() == "a given matrix; its own error is not known"


def test_the_horizon(load):
    plane = load(points())
    above = [[640, 359], [0, 0], [640, 360]]
    assert plane.behind_horizon(above).all()
    assert np.isnan(plane.to_ground(above)).all()
    assert np.isnan(plane.jacobian(above)).all()
    assert not plane.behind_horizon([[640, 361]]).any()
    assert np.isnan(plane.to_image([[0, -5]])).all()  # behind the camera


def test_jacobian_is_the_derivative(load):
    plane = load(points())
    at, step = pixels(random_places(20)), 1e-4
    for axis in range(2):
        shift = step * np.eye(2)[axis]
        numeric = (plane.to_ground(at + shift) - plane.to_ground(at - shift)) / (2 * step)
        assert np.allclose(plane.jacobian(at)[:, :, axis], numeric, rtol=1e-4, atol=1e-8)


def test_metres_per_pixel_by_hand(load):
    """At 30 m: 3 cm across and z * z / (f h) = 15 cm along the view."""
    plane = load(points())
    assert plane.metres_per_pixel(pixels([[0, 30]])) == pytest.approx(np.sqrt(0.03 * 0.15))


def test_position_sd_against_random_draws(load):
    plane = load({"matrix": LEVEL.tolist()})
    at = pixels([[1, 25], [4, 40]])
    random = np.random.default_rng(0)
    for point, sd in zip(at, plane.position_sd(at, 1.5), strict=True):
        places = plane.to_ground(point + random.normal(0, 1.5, (20_000, 2)))
        largest = np.sqrt(np.linalg.eigvalsh(np.cov(places.T))[-1])
        assert sd == pytest.approx(largest, rel=0.05)
    assert plane.position_sd(at, [1.5, 3])[1] == pytest.approx(2 * plane.position_sd(at, 1.5)[1])


def test_position_sd_holds_the_calibrations_own_error():
    """Calibrate again and again with clicks that err by 2 px; compare where a pixel lands."""
    random = np.random.default_rng(1)
    places = np.array([[x, y] for x in (-6, 0, 6) for y in (20, 30, 45, 60)], float)
    at, truth = pixels([[2, 35]]), np.array([2.0, 35])
    off, stated = [], []
    for _ in range(40):
        clicks = pixels(places) + random.normal(0, 2, places.shape)
        plane = plane_from_points(clicks, places, SIZE)
        off.append(plane.to_ground(at)[0] - truth)
        stated.append(plane.position_sd(at, 0)[0])
    true_sd = np.sqrt(np.linalg.eigvalsh(np.cov(np.array(off).T))[-1])
    print(f"true {true_sd:.3f} m, stated {np.median(stated):.3f} m")
    assert np.median(stated) == pytest.approx(true_sd, rel=0.4)


def test_errors_are_reported(load):
    clicks = pixels(random_places(9))
    ground = random_places(9)
    clicks[3] += (8, -6)
    plane = load(points(clicks, ground))
    figures = plane.figures()
    assert figures["spare_points"] == 5
    assert 1 < figures["reprojection_px"]["rms"] < figures["reprojection_px"]["max"] < 10
    assert figures["reprojection_m"]["max"] > 0.05
    assert "largest" in plane.describe()


BAD = pixels(GROUND)


def changed(values, row, to):
    values = np.array(values, float)
    values[row] = to
    return values


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a: [1", "is not valid YAML"),
        ("[" * 5000, "is not valid YAML"),
        ("just text", "must hold"),
        ("", "must hold"),
        ("!!python/object/apply:os.system ['true']", "is not valid YAML"),
        ({"units": "m"}, "either points or a matrix"),
        ({**points(), "matrix": LEVEL.tolist()}, "not both"),
        (points(scale=3), "scale: Extra inputs"),
        ({"points": points()["points"]}, "units of the ground coordinates are missing"),
        (points(units="yards"), "units: Input should be 'm', 'cm' or 'ft'"),
        ({"units": "ft", "matrix": LEVEL.tolist()}, "leave units out"),
        (
            {"units": "m", "points": points()["points"][:3]},
            "at least four points are needed, got 3",
        ),
        ({"units": "m", "points": []}, "got 0"),
        ({"units": "m", "points": [{"image": [1, 2, 3], "ground": [1, 2]}]}, "points.1.image"),
        ({"units": "m", "points": [{"image": [1, "a"], "ground": [1, 2]}]}, "valid number"),
        (points(changed(BAD, 1, np.nan), GROUND), "finite number"),
        (points(changed(BAD, 1, np.inf), GROUND), "finite number"),
        (points(changed(BAD, 2, (640, 721)), GROUND), "point 3 .* is outside the picture"),
        (points(changed(BAD, 2, (-1, 500)), GROUND), "outside the picture of 1280 x 720"),
        (points(changed(BAD, 2, BAD[0]), GROUND), "same image coordinates"),
        (points(BAD, changed(GROUND, 2, GROUND[0])), "same ground coordinates"),
        (points(np.outer([1, 2, 3, 4], [100, 50]), GROUND), "image coordinates lie on one line"),
        (points(BAD, np.outer([1, 2, 3, 5], [1, 2])), "ground coordinates lie on one line"),
        (points(BAD, [[0, 0], [1, 1], [2, 2], [0, 3]]), "ground coordinates but those of point 4"),
        (points([[9, 9], [500, 80], [19, 19], [29, 29]]), "image coordinates but .* of point 2"),
        (points(BAD[[0, 1, 3, 2]], GROUND), "horizon .* swapped"),
        ({"matrix": [[1, 2], [3, 4]]}, "matrix"),
        ({"matrix": [[1, 2, 3], [2, 4, 6], [0, 0, 1]]}, "singular"),
        ({"matrix": [[1, 0, 0], [0, 1, 0], [0, 0, 0]]}, "horizon"),
        ({"matrix": np.zeros((3, 3)).tolist()}, "horizon|singular"),
        ({"matrix": [[1, 0, 0], [0, 1, 0], [0, 1, -720]]}, "horizon at the lower edge"),
        ({"matrix": [[1, 0, 0], [0, float("nan"), 0], [0, 0, 1]]}, "finite"),
    ],
)
def test_bad_calibrations(load, content, message):
    with pytest.raises(BadInput, match=message) as error:
        load(content)
    assert "\n" not in str(error.value)
    assert "calibration.yaml" in str(error.value)
    assert len(str(error.value)) < 250 + len(str(error.value).split(":")[0])


def test_points_that_fit_no_plane(load):
    ground, random = random_places(8), np.random.default_rng(5)
    clicks = np.clip(pixels(ground) + random.normal(0, 40, ground.shape), 0, SIZE)
    with pytest.raises(BadInput, match=r"reprojection error|horizon"):
        load(points(clicks, ground))
    clicks = pixels(ground)
    clicks[2] += (150, 100)
    with pytest.raises(BadInput, match=r"reprojection error .* most at point 3|horizon"):
        load(points(clicks, ground))


def test_missing_and_unreadable_files(tmp_path):
    with pytest.raises(BadInput, match="no such file"):
        load_calibration(tmp_path / "none.yaml", SIZE)
    with pytest.raises(BadInput, match="no such file"):
        load_calibration(tmp_path, SIZE)
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(BadInput, match="is not valid YAML"):
        load_calibration(binary, SIZE)
    large = tmp_path / "large.yaml"
    large.write_bytes(b"#" * 1_000_001)
    with pytest.raises(BadInput, match="too large"):
        load_calibration(large, SIZE)


def test_cars_that_keep_their_distance_only_meet_in_pixels(load):
    """Why it matters: two cars at 30 m and 35 m, both driving away at 10 m/s."""
    plane = load(points())
    places = np.array([[0, 30.0], [0, 35.0]])
    speeds = np.array([[0, 10.0], [0, 10.0]])
    seen = pixels(places)
    # The derivative of row = 360 + f h / z.
    seen_speeds = np.array([[0, -FOCAL * HEIGHT * 10 / z**2] for z in places[:, 1]])
    in_pixels = ttc_points(seen[:1], seen_speeds[:1], seen[1:], seen_speeds[1:])
    assert in_pixels[0] == pytest.approx(1.615, abs=0.01)
    ground = plane.to_ground(seen)
    speed = np.einsum("nij,nj->ni", plane.jacobian(seen), seen_speeds)
    assert np.allclose(ground, places)
    assert np.allclose(speed, speeds, atol=1e-4)
    # Rounded, since arithmetic leaves a closing speed of about 1e-14 m/s and no exact zero.
    on_ground = ttc_points(ground[:1], speed[:1].round(6), ground[1:], speed[1:].round(6))
    assert np.isinf(on_ground[0])


@pytest.mark.skipif(not PETS.exists(), reason="the PETS09-S2L1 folder is not here")
def test_pets(load):
    matrix = json.loads((PETS / "homography_image_to_ground.json").read_text())["H"]
    boxes = np.loadtxt(PETS / "gt.txt", delimiter=",")
    foot = np.column_stack([boxes[:, 2] + boxes[:, 4] / 2, boxes[:, 3] + boxes[:, 5]])
    plane = load({"matrix": matrix}, (768, 576))
    residual = np.linalg.norm(plane.to_ground(foot) - boxes[:, 7:9], axis=1)
    print(f"matrix: median {np.median(residual):.4f} m, p95 {np.percentile(residual, 95):.4f} m")
    assert np.median(residual) == pytest.approx(0.027, abs=0.005)
    inside = np.flatnonzero(((foot >= 0) & (foot <= (768, 576))).all(axis=1))
    some = inside[np.linspace(0, len(inside) - 1, 12).astype(int)]
    plane = load(points(foot[some], boxes[some, 7:9]), (768, 576))
    residual = np.linalg.norm(plane.to_ground(foot) - boxes[:, 7:9], axis=1)
    print(f"12 points: median {np.median(residual):.4f} m; {plane.describe()}")
    assert np.median(residual) < 0.06
