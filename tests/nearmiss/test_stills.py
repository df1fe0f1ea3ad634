"""Stills from trajectories."""

import math

import cv2
import pytest
from review_data import crossing_tracks, interaction, table

from tasks.nearmiss.review.stills import write_stills


def test_a_still_is_drawn_from_boxes(tmp_path):
    made = write_stills(table(interaction("k001", units="px")), crossing_tracks(), tmp_path)
    image = cv2.imread(str(made["k001"]))
    assert image.shape[1] > 600
    assert (image.min(axis=2) < 200).mean() > 0.005


def test_a_still_is_drawn_from_places_on_the_ground(tmp_path):
    tracks = crossing_tracks().assign(x=lambda t: t["x1"] / 10, y=lambda t: t["y2"] / 10)
    tracks = tracks.drop(columns=["x1", "y1", "x2", "y2"])
    assert list(write_stills(table(interaction("k001")), tracks, tmp_path)) == ["k001"]


def test_road_users_that_are_not_in_the_tracks_have_no_still(tmp_path):
    wanted = table(interaction("k001", track_id_1=8, track_id_2=9))
    assert write_stills(wanted, crossing_tracks(), tmp_path) == {}
    assert list(tmp_path.iterdir()) == []


def test_one_of_two_road_users_is_drawn_alone(tmp_path):
    wanted = table(interaction("k001", track_id_2=9, worst_sec=math.nan))
    assert list(write_stills(wanted, crossing_tracks(), tmp_path)) == ["k001"]


def test_class_names_are_no_markup(tmp_path):
    wanted = table(interaction("k001", class_1=r"$\frac$", class_2="<script>_^{"))
    assert list(write_stills(wanted, crossing_tracks(), tmp_path)) == ["k001"]


def test_an_unsafe_id_is_refused(tmp_path):
    with pytest.raises(ValueError, match="name of a file"):
        write_stills(table(interaction("../k")), crossing_tracks(), tmp_path)
