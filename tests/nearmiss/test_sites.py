"""Sites are compared by rates, with intervals."""

import json

import pytest

from tasks.nearmiss import sites
from tasks.nearmiss.rates import poisson_rate


def done(video, site, hours, users, interactions, events=0):
    return {
        "video": video,
        "site": site,
        "state": sites.COMPLETED,
        "message": "",
        "hours": hours,
        "road_users": users,
        "interactions": interactions,
        "events": events,
        "High": events,
        "Medium": 0,
        "Low": 0,
        "frames_per_sec": 50.0,
        "folder": video,
    }


def test_a_rate_has_the_exact_interval_of_a_count():
    # Garwood (1936), table of 95 % limits of a Poisson count: 0: 0 to 3.69; 10: 4.80 to 18.39.
    assert poisson_rate(0, 1) == pytest.approx((0, 0, 3.689), abs=0.01)
    assert poisson_rate(10, 2) == pytest.approx((5, 4.795 / 2, 18.39 / 2), abs=0.01)


def test_the_order_is_by_rate_and_not_by_count():
    videos = sites.videos_table(
        [
            done("long.mp4", "busy road", hours=10, users=5000, interactions=20),
            done("short.mp4", "quiet lane", hours=0.5, users=10, interactions=3),
        ]
    )
    ranking = sites.rank_sites(videos)
    assert ranking["site"].tolist() == ["quiet lane", "busy road"]
    assert ranking["per_hour"].tolist() == [6, 2]
    assert ranking["per_1000_users"].tolist() == [300, 4]
    assert ranking["rank_by_users"].tolist() == [1, 2]
    assert "quiet lane (6.0" in sites.verdict(videos, ranking)


def test_where_nothing_was_found_no_site_leads():
    videos = sites.videos_table(
        [done(f"{n}.mp4", n, hours=1, users=9, interactions=0) for n in ("a", "b")]
    )
    said = sites.verdict(videos, sites.rank_sites(videos))
    assert said == "2 of 2 videos completed. No near-miss was found at any site."


def test_videos_of_one_site_are_added_up_and_failed_ones_left_out():
    videos = sites.videos_table(
        [
            done("a/1.mp4", "a", hours=1, users=40, interactions=1),
            done("a/2.mp4", "a", hours=3, users=60, interactions=1),
            sites.failed_row("b/1.mp4", "b", "b/1.mp4: the file is empty."),
        ]
    )
    (site,) = sites.rank_sites(videos).itertuples()
    assert (site.videos, site.hours, site.near_misses, site.per_hour) == (2, 4, 2, 0.5)
    assert site.per_1000_users == 20
    text = sites.as_markdown(videos, sites.rank_sites(videos))
    assert "the file is empty" in text


def test_a_site_without_road_users_has_no_rate_by_them():
    videos = sites.videos_table([done("empty.mp4", "empty", hours=1, users=0, interactions=0)])
    ranking = sites.rank_sites(videos)
    assert ranking["per_1000_users"].isna().all()
    json.loads(ranking.to_json(orient="records"))
    assert sites.as_lines(videos, ranking)


def test_names_from_outside_stay_text():
    videos = sites.videos_table([sites.failed_row("<b>|x.mp4", "s", "<script>")])
    text = sites.as_markdown(videos, sites.rank_sites(videos))
    assert "<script>" not in text
    assert "<b>" not in text


@pytest.mark.parametrize(
    ("video", "by", "site"),
    [
        ("cams/north/1.mp4", "folder", "north"),
        ("cams/north/1.mp4", "video", "1.mp4"),
        ("https://example.org/north/1.mp4?key=2", "video", "1.mp4"),
    ],
)
def test_what_a_site_is(video, by, site):
    assert sites.site_names([video], by) == {video: site}


@pytest.mark.parametrize(
    ("by", "names"),
    [
        (
            "video",
            {
                "/may/north/1.mp4": "may/north/1.mp4",
                "/june/north/1.mp4": "june/north/1.mp4",
                "/june/south/1.mp4": "south/1.mp4",
                "/june/south/2.mp4": "2.mp4",
                "https://example.org/get?video=1": "https://example.org/get?video=1",
                "https://example.org/get?video=2": "https://example.org/get?video=2",
            },
        ),
        (
            "folder",
            {
                "/may/north/1.mp4": "may/north",
                "/may/north/2.mp4": "may/north",
                "/june/north/1.mp4": "june/north",
                "/june/south/1.mp4": "south",
                "/north/1.mp4": "/north",
            },
        ),
    ],
)
def test_sites_of_one_name_are_told_apart_by_their_paths(by, names):
    assert sites.site_names(list(names), by) == names
