from __future__ import annotations

import pytest

from tasks.nearmiss.scenes import SceneError, load_scene

GOOD = """
name: good
kind: crossing
seed: 1
duration: 5
camera: {height: 8, tilt: 30, fov_deg: 60}
observation: {fps: 25}
users:
  - {id: a, class: car, path: [[-20, 0], [20, 0]], speed: 8}
"""


def _load(tmp_path, text):
    path = tmp_path / "good.yaml"
    path.write_text(text, encoding="utf-8")
    return load_scene(path)


def test_good_scene_gets_class_sizes(tmp_path):
    assert _load(tmp_path, GOOD).users[0].size == (4.4, 1.8, 1.5)


def test_degradation_fills_observation_but_the_scene_has_the_last_word(tmp_path):
    text = GOOD.replace("duration: 5", "duration: 5\ndegradation: moderate")
    seen = _load(tmp_path, text.replace("{fps: 25}", "{fps: 25, miss_rate: 0.2}")).observation
    assert (seen.jitter_px, seen.miss_rate, seen.occlusion) == (2.0, 0.2, True)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("seed: 1", "seed: 1\ncolour: red", "unknown key 'colour'"),
        ("speed: 8", "spede: 8", "unknown key 'users.0.spede'"),
        ("seed: 1\n", "", "key 'seed' is missing"),
        ("speed: 8", "speed: -1", "users.0.speed"),
        ("speed: 8", "speed: [[2, 5], [1, 5]]", "speed times that increase"),
        ("class: car", "class: tank", "users.0.class"),
        ("fps: 25", "fps: 90", "observation.fps"),
        ("tilt: 30", "tilt: 95", "camera.tilt"),
        ("fov_deg: 60", "fov_deg: 60, focal_px: 900", "focal_px or fov_deg"),
        ("[20, 0]]", "[20, 0], [20, 5], [0, 5]]", "no room for a radius"),
        ("[[-20, 0], [20, 0]]", "[[20, 0], [20, 0]]", "same waypoint twice"),
        ("[[-20, 0], [20, 0]]", "[[20, 0]]", "path of one waypoint"),
        ("[[-20, 0], [20, 0]]", "[[.nan, 0], [20, 0]]", "finite"),
        ("seed: 1", "seed: 1\nnear_misses: [[a, b]]", "near_misses names 'b'"),
        ("speed: 8}", "speed: 8}\n  - {id: a, class: car, path: [[0, 9]]}", "used twice"),
        ("name: good", "name: [", "not valid YAML"),
        ("path: [[-20, 0], [20, 0]], ", "", "either path or timed"),
    ],
)
def test_a_bad_scene_is_refused_in_one_sentence(tmp_path, old, new, said):
    assert old in GOOD
    with pytest.raises(SceneError) as caught:
        _load(tmp_path, GOOD.replace(old, new))
    message = str(caught.value)
    assert said in message
    assert message.startswith("good.yaml: ")
    assert message.endswith(".")
    assert "\n" not in message


def test_a_list_and_a_missing_file_are_refused(tmp_path):
    with pytest.raises(SceneError, match="one mapping"):
        _load(tmp_path, "- 1\n")
    with pytest.raises(SceneError, match="cannot be read"):
        load_scene(tmp_path / "none.yaml")
