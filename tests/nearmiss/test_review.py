"""The review page: who is on it, what is in it, and that text stays text."""

import json
import math
import re

import pytest
from html_page import Page
from review_data import FPS, SHA, candidate, crossing_tracks, interaction, table, write_video

from tasks.nearmiss.review.clips import write_clips
from tasks.nearmiss.review.labels import Labels
from tasks.nearmiss.review.page import choose, write_review
from tasks.nearmiss.review.stills import write_stills

EVIL = "<script>alert('x')</script>"


def kept_table():
    scores = {"High": (0.9, 0.8, 0.75, 0.71), "Medium": (0.6, 0.5), "Low": (0.2, 0.1)}
    return table(
        *(
            interaction(f"k-{level}-{n}", risk_level=level, risk_score=score)
            for level, of_level in scores.items()
            for n, score in enumerate(of_level)
        )
    )


def rejected_table():
    return table(
        *(candidate(f"r-d-{n}", "duration", risk_score=0.9 - n / 10) for n in range(5)),
        candidate("r-s-0", "stationary", risk_score=0.3),
        candidate("r-c-0", "confidence", risk_score=0.35),
    )


def facts_of(text):
    return json.loads(re.search(r'id="facts">(.*?)</script>', text).group(1))


def page(tmp_path, kept, rejected, **facts):
    target = tmp_path / "review.html"
    write_review(target, kept, rejected, **{"title": "clip.mp4", "video_sha256": SHA, **facts})
    return target.read_text("utf-8")


def test_levels_and_filters_take_turns_and_the_riskiest_comes_first():
    kept, rejected = choose(kept_table(), rejected_table())
    assert kept["interaction_id"].tolist() == [
        "k-High-0", "k-High-1", "k-Medium-0", "k-Medium-1", "k-Low-0",
    ]  # fmt: skip
    assert rejected["interaction_id"].tolist() == ["r-d-0", "r-d-1", "r-d-2", "r-c-0", "r-s-0"]


def test_the_choice_does_not_depend_on_the_order_of_the_rows():
    rows = rejected_table().assign(risk_score=0.5)
    shuffled = rows.sample(frac=1, random_state=2)
    first, second = choose(rows, rows)[1], choose(shuffled, shuffled)[1]
    assert first["interaction_id"].tolist() == second["interaction_id"].tolist()


def test_scores_that_are_missing_come_last_and_few_candidates_are_all_shown():
    rows = table(
        interaction("a", risk_score=math.nan), interaction("b", risk_score=0.1, risk_level=None)
    )
    kept, rejected = choose(rows, table())
    assert kept["interaction_id"].tolist() == ["b", "a"]
    assert rejected.empty


def test_the_page_shows_each_candidate_with_its_evidence(tmp_path):
    video = write_video(tmp_path / "source.mp4")
    both = choose(kept_table().head(1), rejected_table().head(1))
    wanted = table(*both[0].to_dict("records"), *both[1].to_dict("records"))
    clips = write_clips(video, wanted, crossing_tracks(), tmp_path / "clips", fps=FPS)
    text = page(tmp_path, kept_table().head(1), rejected_table().head(1), clips=clips)
    found = Page(text)
    assert [clip["src"] for clip in found.all("video")] == [
        "clips/k-High-0.mp4",
        "clips/r-d-0.mp4",
    ]
    assert all((tmp_path / clip["src"]).is_file() for clip in found.all("video"))
    assert all(clip["poster"].startswith("data:image/jpeg;base64,") for clip in found.all("video"))
    assert len([i for i in found.all("img") if i["src"].startswith("data:image/jpeg")]) == 2
    assert "contact was 0.8 s away (0.6 to 1.1)" in found.words
    assert "Rejected by duration." in found.words
    assert "1 of 1 kept and 1 of 1 rejected" in found.words


def test_nothing_on_the_page_comes_from_elsewhere(tmp_path):
    found = Page(page(tmp_path, kept_table(), rejected_table()))
    assert not found.all("link")
    for _, attributes in found.elements:
        for name in ("src", "href", "poster"):
            assert not re.match(r"\w*:?//", attributes.get(name) or "")


def test_without_a_video_there_are_stills(tmp_path):
    kept = kept_table().head(2)
    stills = write_stills(kept, crossing_tracks(), tmp_path)
    found = Page(page(tmp_path, kept, table(), stills=stills))
    assert len([i for i in found.all("img") if i["src"].startswith("data:image/png")]) == 2
    assert not found.all("video")
    assert "No candidate was rejected." in found.words


def test_with_neither_the_page_says_so(tmp_path):
    found = Page(page(tmp_path, kept_table(), rejected_table()))
    assert found.words.count("There is neither a clip nor a trajectory") == 10


def test_nothing_at_all_is_a_page_too(tmp_path):
    assert "No candidate was kept." in Page(page(tmp_path, table(), table())).words


def test_text_from_outside_stays_text(tmp_path):
    kept = table(interaction("k1", class_1=EVIL, conflict_type=EVIL, risk_level=EVIL))
    rejected = table(candidate("r1", EVIL, class_2=EVIL, reason=EVIL))
    rejected["reason"] = EVIL
    text = page(tmp_path, kept, rejected, title=EVIL)
    assert EVIL not in text
    found = Page(text)
    assert len(found.all("script")) == 2
    assert EVIL in found.words


def test_facts_for_the_script_are_inert(tmp_path):
    text = page(tmp_path, table(interaction("k1")), table(), video_sha256="</script><b>")
    assert facts_of(text)["video_sha256"] == "</script><b>"


def test_values_that_are_missing_are_not_shown_as_nan(tmp_path):
    gone = dict.fromkeys(["pet_sec", "max_drac", "ttc_low_sec", "score_low"], math.nan)
    kept = table(interaction("k1", min_ttc_sec=math.inf, **gone))
    text = Page(page(tmp_path, kept, table())).words
    assert not re.search(r"\b(nan|inf|None)\b", text)
    assert "none: never on course to touch" in text


def test_uncalibrated_values_carry_a_warning(tmp_path):
    assert "Not calibrated" in page(tmp_path, table(interaction("k1", units="px")), table())
    assert "Not calibrated" not in page(tmp_path, table(interaction("k1")), table())


def test_every_candidate_has_three_answers_and_a_note(tmp_path):
    found = Page(page(tmp_path, kept_table(), rejected_table()))
    radios = [field for field in found.all("input") if field["type"] == "radio"]
    assert [field["value"] for field in radios] == ["right", "wrong", "unsure"] * 10
    assert len({field["name"] for field in radios}) == 10
    assert len(found.all("textarea")) == 10


def test_the_scripts_facts_make_labels_that_can_be_read(tmp_path):
    facts = facts_of(page(tmp_path, kept_table(), rejected_table()))
    answers = [{**entry, "answer": "right", "note": ""} for entry in facts["candidates"]]
    found = Labels(format=facts["format"], video_sha256=facts["video_sha256"], answers=answers)
    assert len(found.answers) == 10


def test_another_runs_candidates_have_another_memory(tmp_path):
    first = facts_of(page(tmp_path, table(interaction("k1")), table()))
    second = facts_of(page(tmp_path, table(interaction("k1", start_frame=3)), table()))
    assert first["key"] != second["key"]


@pytest.mark.parametrize("name", ["../x", "k1"])
def test_ids_have_to_be_safe_and_unique_over_both_tables(tmp_path, name):
    with pytest.raises(ValueError, match=r"twice|name of a file"):
        page(tmp_path, table(interaction("k1")), table(candidate(name, "duration")))
    assert not (tmp_path / "review.html").exists()


def test_the_page_is_the_same_each_time(tmp_path):
    assert page(tmp_path, kept_table(), rejected_table()) == page(
        tmp_path, kept_table(), rejected_table()
    )
