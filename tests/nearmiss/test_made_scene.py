"""The default input: deterministic, with a truth that its own paths give."""

import itertools

import numpy as np

from tasks.files import sha256_of
from tasks.nearmiss.ingest import probe
from tasks.nearmiss.sources import made_scene


def test_the_scene_is_the_same_file_each_time(made_scene_file, tmp_path):
    made_scene.make(tmp_path / "again.mp4")
    assert sha256_of(tmp_path / "again.mp4") == sha256_of(made_scene_file)


def test_the_scene_is_what_it_says(made_scene_file):
    metadata = probe(made_scene_file)
    size = (metadata.width, metadata.height, metadata.fps, metadata.duration_sec)
    assert size == (1280, 720, 25, 6)


def test_the_truth_names_the_one_vehicle_that_meets_a_person():
    truth = made_scene.truth()["near_miss"]
    assert truth["classes"] == ["bus", "person"]
    actors = {actor.name: actor for actor in made_scene.ACTORS}
    bus, person = (actors[name] for name in truth["actors"])
    at = truth["time_sec"]
    closest = np.hypot(*np.subtract(bus.center(at), person.center(at)))
    assert abs(closest - truth["smallest_distance_px"]) < 0.5
    for earlier_or_later in (at - 0.2, at + 0.2):
        apart = np.subtract(bus.center(earlier_or_later), person.center(earlier_or_later))
        assert np.hypot(*apart) > closest


def test_nobody_else_comes_near_the_bus():
    actors = {actor.name: actor for actor in made_scene.ACTORS}
    bus = actors["bus"]
    walkers = [actor for name, actor in actors.items() if "walker" in name]
    assert len(walkers) == 2
    times = np.arange(0, made_scene.DURATION_SEC, 0.1)
    for walker, time in itertools.product(walkers, times):
        assert np.hypot(*np.subtract(bus.center(time), walker.center(time))) > 300
