"""Which rubrics are accepted, and which level a score has."""

import math
from pathlib import Path

import pytest
from grading_data import CRITERIA, LEVELS, rubric, rubric_content
from ruamel.yaml import YAML

from tasks.assess.rubrics.levels import exact, level_of, shown
from tasks.assess.rubrics.reading import (
    FOLDER,
    find_criterion,
    find_rubric,
    read_rubric,
    shipped_milestones,
)
from tasks.errors import BadInput

ASKED = {
    "milestone1": ("Basic Inference", 15, [40, 30, 20, 10]),
    "milestone2": ("Computer Vision", 20, [35, 25, 25, 15]),
    "milestone3": ("Full Training", 25, [30, 25, 25, 20]),
    "milestone4": ("Advanced Vision", 20, [40, 25, 20, 15]),
    "milestone5": ("Language Generation", 20, [35, 25, 25, 15]),
    "level3": (None, None, [30, 30, 25, 15]),
    "challenge": (None, None, None),
}


def _written(folder: Path, **changes) -> Path:
    path = folder / "rubric.yaml"
    with open(path, "w") as file:
        YAML(typ="safe", pure=True).dump(rubric_content(**changes), file)
    return path


@pytest.mark.parametrize("name", ASKED)
def test_every_shipped_rubric_is_valid_and_has_the_points_of_the_course(name):
    found = read_rubric(FOLDER / f"{name}.yaml")
    title, weight, points = ASKED[name]
    assert found.id == name
    assert found.course_weight == weight
    assert title in (None, found.title)
    assert points in (None, [criterion.points for criterion in found.criteria])
    assert [(level.name, level.at_least) for level in found.levels] == [
        ("Exemplary", 90),
        ("Proficient", 80),
        ("Developing", 70),
        ("Beginning", 60),
        ("Insufficient", 0),
    ]


def test_shipped_milestones_come_by_their_numbers_and_weigh_100_together():
    found = shipped_milestones()
    assert [one.milestone for one in found] == [1, 2, 3, 4, 5]
    assert math.fsum(one.course_weight for one in found) == 100
    ids = [criterion.id for one in found for criterion in one.criteria]
    assert len(set(ids)) == len(ids), "override --criterion names one criterion of the course"


def test_the_rubrics_of_the_milestones_name_each_registered_probe_and_no_other():
    registry = pytest.importorskip("tasks.assess.probes.registry")
    models = pytest.importorskip("tasks.assess.probes.whole_models")
    known = {**registry.PROBES, **models.STATIC_PROBES}
    used = {
        (probe, rubric.milestone) for rubric in shipped_milestones() for probe in rubric.probes()
    }
    for name, milestone in used:
        assert name in known, name
        assert milestone in known[name].milestones, (name, milestone)
    assert {name for name, _ in used} == set(known)


def test_the_rubrics_of_the_packs_name_each_probe_of_evidence_and_no_other():
    packs = pytest.importorskip("tasks.assess.packs.registry")
    known = set(packs.PACK_PROBES)
    used = [
        read_rubric(FOLDER / f"{name}.yaml", known).probes() for name in ("level3", "challenge")
    ]
    assert {probe for probes in used for probe in probes} == known


def test_level3_asks_for_seven_assignments_and_the_capstone():
    found = read_rubric(FOLDER / "level3.yaml")
    assert [one.id for one in found.assignments] == [f"C{i}" for i in range(1, 8)] + ["capstone"]
    assert len(read_rubric(FOLDER / "challenge.yaml").assignments) == 2


@pytest.mark.parametrize(
    ("score", "level"),
    [
        (100, "Exemplary"),
        (90, "Exemplary"),
        (math.nextafter(90, 0), "Proficient"),
        (89.5, "Proficient"),
        (80, "Proficient"),
        (79.999, "Developing"),
        (69.95, "Beginning"),
        (60, "Beginning"),
        (59.99, "Insufficient"),
        (0, "Insufficient"),
    ],
)
def test_a_score_is_not_rounded_before_its_level_is_chosen(score, level):
    assert level_of(score, rubric().levels).name == level


def test_a_shown_score_never_reads_like_the_next_level():
    assert shown(89.96) == 89.9
    assert shown(90) == 90.0
    assert shown(exact(0.1 * 3 * 300)) == 90.0
    assert shown(58.0) == 58.0
    assert shown(2.3) == 2.3


def test_noise_of_sums_does_not_cost_a_level():
    assert 3 * 0.3 * 100 < 90
    assert level_of(exact(3 * 0.3 * 100), rubric().levels).name == "Exemplary"


@pytest.mark.parametrize("score", [-0.1, 100.1, math.nan])
def test_what_is_no_score_has_no_level(score):
    with pytest.raises(ValueError, match="not from 0 to 100"):
        level_of(score, rubric().levels)


def _with_criterion(**changes):
    return {"criteria": [CRITERIA[0] | changes, *CRITERIA[1:]]}


def _with_level(place, **changes):
    levels = [dict(level) for level in LEVELS]
    levels[place] |= changes
    return {"levels": levels}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"criteria": CRITERIA[:2]}, "sum to 90, not to 100"),
        (_with_criterion(points=61, probes={"a": 61}), "sum to 101, not to 100"),
        (_with_criterion(probes={"a": 59}), "worth 59 points together, and the criterion 60"),
        (_with_criterion(probes={"a": 61, "b": -1}), "'b' must be worth more than 0"),
        (_with_criterion(probes={"a": math.nan}), "must be worth more than 0"),
        (_with_criterion(probes={}), "needs `probes`, or `human: true`"),
        (_with_criterion(human=True), "probes cannot give points"),
        (_with_criterion(informed_by=["style"]), "are `informed_by`"),
        (_with_criterion(id="accuracy"), "two criteria have the id 'accuracy'"),
        (_with_criterion(id="../x"), "criteria.0.id"),
        (_with_criterion(points=0), "criteria.0.points"),
        (_with_criterion(weight=60), "unknown key 'criteria.0.weight'"),
        (_with_level(0, at_least=91), "without a gap or an overlap"),
        (_with_level(1, below=89), "Proficient ends below 89 but Exemplary begins at 90"),
        (_with_level(1, at_least=70), "two levels begin at the same score"),
        (_with_level(1, name="exemplary"), "same name"),
        (_with_level(0, below=99), "scores up to 100 have no level"),
        (_with_level(4, at_least=10), "scores from 0 have no level"),
        (_with_level(2, below=None), "Developing ends nowhere"),
        ({"levels": []}, "at least one level"),
        ({"pass_mark": 65}, "not where a level begins"),
        ({"milstone": 1}, "unknown key 'milstone'"),
        ({"assignments": [{"id": "C1", "title": "x", "files": ["../../key"]}]}, "leads out"),
        ({"assignments": [{"id": "C1", "title": "x", "folder": "/etc"}]}, "leads out"),
    ],
)
def test_a_rubric_that_breaks_a_rule_is_refused_with_the_place(tmp_path, changes, says):
    with pytest.raises(BadInput) as caught:
        read_rubric(_written(tmp_path, **changes))
    assert says in str(caught.value)
    assert str(tmp_path / "rubric.yaml") in str(caught.value)


def test_levels_too_close_for_the_points_of_a_criterion_are_refused(tmp_path):
    tiny = {"id": "tiny", "title": "Tiny", "points": 0.01, "asks": "Little.", "probes": {"a": 0.01}}
    rest = CRITERIA[1] | {"points": 29.99, "probes": {"accuracy": 29.99}}
    with pytest.raises(BadInput, match="distinct"):
        read_rubric(_written(tmp_path, criteria=[CRITERIA[0], rest, CRITERIA[2], tiny]))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "must hold a rubric's keys"),
        ("- a\n", "must hold a rubric's keys"),
        ("id: [x\n", "is not valid YAML (line"),
        ("id: x\nid: y\n", "duplicate key"),
        ("title: x\n", "key 'id' is missing"),
        ("a: !!python/object:os.system x\n", "is not valid YAML"),
    ],
)
def test_a_file_that_is_no_rubric_is_refused(tmp_path, content, says):
    path = tmp_path / "broken.yaml"
    path.write_text(content)
    with pytest.raises(BadInput) as caught:
        read_rubric(path)
    assert says in str(caught.value)


def test_an_unknown_probe_is_refused_where_the_known_ones_are_given(tmp_path):
    path = _written(tmp_path)
    known = {"open_layers", "hidden_layers", "accuracy", "style"}
    assert read_rubric(path, known).id == "m1"
    with pytest.raises(BadInput, match="there is no probe 'style'"):
        read_rubric(path, known - {"style"})


def test_ratings_of_a_criterion_have_distinct_points():
    assert rubric().ratings(rubric().criteria[1]) == [
        ("Exemplary", 30.0),
        ("Proficient", 24.0),
        ("Developing", 21.0),
        ("Beginning", 18.0),
        ("Insufficient", 0.0),
    ]


def test_a_course_may_bring_rubrics_of_its_own(tmp_path):
    own = tmp_path / "rubrics"
    own.mkdir()
    (own / "milestone1.yaml").write_text("x")
    assert find_rubric("milestone1", tmp_path) == own / "milestone1.yaml"
    assert find_rubric("milestone2", tmp_path) == FOLDER / "milestone2.yaml"
    assert find_rubric("rubrics/milestone1.yaml", tmp_path) == own / "milestone1.yaml"
    with pytest.raises(BadInput, match="no rubric 'milestone9'"):
        find_rubric("milestone9", tmp_path)


def test_a_criterion_is_found_by_its_id_or_with_its_milestone():
    one, other = rubric(), rubric(id="m2")
    assert find_criterion("layers", [one])[1].title == "Layers"
    assert find_criterion("m2/layers", [one, other])[0] is other
    with pytest.raises(BadInput, match=r"m1/layers, m2/layers"):
        find_criterion("layers", [one, other])
    with pytest.raises(BadInput, match="no criterion 'm3/layers'"):
        find_criterion("m3/layers", [one, other])


def test_the_fingerprint_follows_what_the_rubric_says():
    assert rubric().fingerprint() == rubric().fingerprint()
    assert rubric(title="Second").fingerprint() != rubric().fingerprint()
