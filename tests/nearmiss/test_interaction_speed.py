"""The benchmark of many road users runs on what it makes."""

from tasks.nearmiss.evaluation.interaction_speed import busy_crossing, measure


def test_a_small_crossing_is_measured():
    tracks = busy_crossing(6)
    assert tracks["track_id"].nunique() == 6
    figures = measure(tracks)
    assert figures["seconds"] > 0
